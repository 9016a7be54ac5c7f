import errno
import socket


def bind_first_free(ports):
    """Return a TCP socket bound to 127.0.0.1 and the first free port of `ports`; OSError where none is."""
    for port in ports:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)  # without SO_REUSEADDR, which would share
        try:
            sock.bind(("127.0.0.1", port))  # the kernel says what is free, and takes it in the same step
            return sock
        except BaseException as error:
            sock.close()  # whatever went wrong, nobody else has this socket to close it
            # A port that is taken is the next one's turn; what else is wrong, the caller has to know.
            if getattr(error, "errno", None) != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none of the ports is free")  # with the number: callers look at it
