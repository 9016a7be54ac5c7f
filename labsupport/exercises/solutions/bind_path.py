import errno
import os
import socket
import stat


def bind_path(path):
    """Return a Unix stream socket bound to `path`, in the place of a socket's file that nobody listens at."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            sock.bind(path)  # first: mostly nothing is there, and nothing has to be looked at
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not is_left_behind(path):
                raise
            os.unlink(path)
            sock.bind(path)  # the same socket: a bind that failed has given it no address
    except BaseException:
        sock.close()  # nobody else has it
        raise
    return sock


def is_left_behind(path):
    """Whether the file at `path` is a socket's, and nobody listens there."""
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        return False  # to connect to an ordinary file is refused, too; lstat: a link is none of ours
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)  # a server whose queue is full would let us wait
        return asking.connect_ex(path) == errno.ECONNREFUSED  # every other answer comes from somebody
