import contextlib
import errno
import socket

TRIES = 20


def same_port_both_families():
    """Return (v4, v6): TCP sockets bound to the same port number at 127.0.0.1 and ::1."""
    for _ in range(TRIES):
        with contextlib.ExitStack() as opened:  # closes what is in it, however the block ends
            v4 = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            v6 = opened.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
            v4.bind(("127.0.0.1", 0))  # the kernel picks one that is free here …
            try:
                v6.bind(("::1", v4.getsockname()[1]))  # … which need not be free there
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # without IPv6, another port is no better
                    raise
                continue  # both closed: a socket is bound once, and the next try takes new ones
            opened.pop_all()  # they are the caller's from here on
            return v4, v6
    raise OSError(errno.EADDRINUSE, f"no port in {TRIES} was free in both families")
