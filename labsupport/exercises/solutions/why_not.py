import errno
import socket


def why_not(address, timeout):
    """What came of trying to connect to `address` for `timeout` seconds, in a word."""
    try:
        # It takes a name or a literal of either family, and closes each socket that failed.
        with socket.create_connection(address, timeout):  # with: the one that succeeded is ours to close
            return "connected"
    except socket.gaierror:  # all of these are OSErrors: the particular ones first
        return "no such name"
    except ConnectionRefusedError:  # an RST came: the machine is there, and nobody listens
        return "refused"
    except TimeoutError:  # nothing came: Python's timeout, or the kernel's own ETIMEDOUT
        return "no answer"
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):  # these two have no class of their own
            return "unreachable"
        raise  # what has no word is not to be hidden behind one
