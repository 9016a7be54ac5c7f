# === right: looks first
import errno
import os
import socket
import stat


def alive(path):
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(0.5)
    try:
        probe.connect(path)
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    finally:
        probe.close()
    return True


def bind_path(path):
    if os.path.lexists(path):
        if not stat.S_ISSOCK(os.lstat(path).st_mode) or alive(path):
            raise OSError(errno.EADDRINUSE, "in use", path)
        os.remove(path)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === right: pathlib, one more socket for the second try
import contextlib
import errno
import socket
from pathlib import Path


def bound(path):
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        sock.bind(path)
        stack.pop_all()
        return sock


class Place:
    def __init__(self, path):
        self.path = Path(path)

    def stale(self):
        if not self.path.is_socket():
            return False
        with socket.socket(socket.AF_UNIX) as asking:
            asking.setblocking(False)
            try:
                asking.connect(str(self.path))
            except ConnectionRefusedError:
                return True
            except (BlockingIOError, OSError):
                return False
        return False


def bind_path(path):
    try:
        return bound(path)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and Place(path).stale():
            Path(path).unlink()
            return bound(path)
        raise


# === right: looks in the kernel's table
import errno
import os
import socket
import stat


def in_use(path):
    with open("/proc/net/unix") as table:
        return any(line.rstrip("\n").endswith(" " + path) for line in table)


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not stat.S_ISSOCK(os.stat(path).st_mode) or in_use(path):
                raise
            os.unlink(path)
            sock.bind(path)
        return sock
    except OSError:
        sock.close()
        raise


# === wrong: bind alone ==> A socket's file was at the path, and nobody listened there: you raised OSError \(EADDRINUSE\)
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: SO_REUSEADDR is to help ==> A socket's file was at the path, and nobody listened there: you raised OSError \(EADDRINUSE\)
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(path)
    return sock


# === wrong: unlink without a look ==> Nothing was at the path: you raised FileNotFoundError \(ENOENT\), at `os.unlink\(path\)`
import os
import socket


def bind_path(path):
    os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    return sock


# === wrong: whatever is there goes ==> A server was listening at the path: you removed it
import os
import socket


def bind_path(path):
    if os.path.exists(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    return sock


# === wrong: whatever was in the way goes ==> A server was listening at the path: you removed it
import os
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError:
        os.unlink(path)
        sock.bind(path)
    return sock


# === wrong: a file is looked for, and a socket is none ==> A socket's file was at the path, and nobody listened there: you raised OSError \(EADDRINUSE\)
import os
import socket


def bind_path(path):
    if os.path.isfile(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    return sock


# === wrong: an ordinary file refuses, and goes ==> An ordinary file was at the path: you removed it
import errno
import os
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            with socket.socket(socket.AF_UNIX) as asking:
                asking.setblocking(False)
                if asking.connect_ex(path) != errno.ECONNREFUSED:
                    raise
            os.unlink(path)
            sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: waits for a server that is busy ==> its queue full: you were still blocked in `connect_ex` after 2 s
import errno
import os
import socket
import stat


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not stat.S_ISSOCK(os.stat(path).st_mode):
                raise
            with socket.socket(socket.AF_UNIX) as asking:
                if asking.connect_ex(path) == 0:
                    raise
            os.unlink(path)
            sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: no answer is taken for nobody ==> its queue full: you removed it
import errno
import os
import socket
import stat


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not stat.S_ISSOCK(os.stat(path).st_mode):
                raise
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(0.2)
                if asking.connect_ex(path) == 0:
                    raise
            os.unlink(path)
            sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: another kind of socket is taken for nobody ==> A datagram socket had the path, and was in use: you removed it
import errno
import os
import socket
import stat


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not stat.S_ISSOCK(os.stat(path).st_mode):
                raise
            with socket.socket(socket.AF_UNIX) as asking:
                asking.setblocking(False)
                if asking.connect_ex(path) in (0, errno.EAGAIN):
                    raise
            os.unlink(path)
            sock.bind(path)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: the one that asks stays open ==> never closes a socket \(`asking`\)
import errno
import os
import socket
import stat


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError as error:
        asking = socket.socket(socket.AF_UNIX)
        asking.setblocking(False)
        if not stat.S_ISSOCK(os.stat(path).st_mode) or asking.connect_ex(path) != errno.ECONNREFUSED:
            sock.close()
            raise
        os.unlink(path)
        sock.bind(path)
    return sock


# === wrong: its own stays open where it raises ==> where a server was listening at the path it leaves a socket \(`sock`\) open
import errno
import os
import socket
import stat


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError as error:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.setblocking(False)
            if not stat.S_ISSOCK(os.stat(path).st_mode) or asking.connect_ex(path) != errno.ECONNREFUSED:
                raise
        os.unlink(path)
        sock.bind(path)
    return sock


# === wrong: tidies up too early ==> Nothing was at the path: you bound the socket, and then its file was gone
import os
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    os.unlink(path)
    return sock


# === wrong: listens, too ==> The socket listens; it was to be bound, and no more
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen()
    return sock


# === wrong: another namespace ==> the socket that you returned is not bound to the path
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind("\0" + path)
    return sock


# === wrong: another error ==> A server was listening at the path: OSError \(EADDRINUSE\) was to be raised; you raised RuntimeError
import errno
import os
import socket


def bind_path(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except OSError:
        with socket.socket(socket.AF_UNIX) as asking:
            if asking.connect_ex(path) == 0:
                sock.close()
                raise RuntimeError("in use")
        os.unlink(path)
        sock.bind(path)
    return sock


# === wrong: makes the folder ==> The folder of the path was not there: FileNotFoundError was to be raised; you returned a socket
import errno
import os
import socket
import stat


def bind_path(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if not stat.S_ISSOCK(os.lstat(path).st_mode):
                raise
            with socket.socket(socket.AF_UNIX) as asking:
                asking.setblocking(False)
                if asking.connect_ex(path) != errno.ECONNREFUSED:
                    raise
            os.unlink(path)
            sock.bind(path)
    except BaseException:
        sock.close()
        raise
    return sock
