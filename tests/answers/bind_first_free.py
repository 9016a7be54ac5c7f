# === right: errno looked at, closed in each branch
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise
        except OverflowError:
            sock.close()
            raise
        return sock
    raise OSError(errno.EADDRINUSE, "nothing free")


# === right: one socket for all tries
import errno
import os
import socket


def bind_first_free(ports):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        for port in ports:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return sock
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    except Exception:
        sock.close()
        raise


# === right: recursion, the kernel's own error passed on
import errno
import socket


def bound(port):
    sock = socket.socket()
    try:
        sock.bind(("localhost", port))
    except:
        sock.close()
        raise
    return sock


def bind_first_free(ports):
    last = OSError(errno.EADDRINUSE, "no ports")
    for port in ports:
        try:
            return bound(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            last = error
    raise last


# === right: an ExitStack
import contextlib
import errno
import socket


def bind_first_free(ports):
    for port in iter(ports):
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                sock.bind(("127.0.0.1", port))
            except OSError as error:
                if error.args[0] == errno.EADDRINUSE:
                    continue
                raise
            stack.pop_all()
            return sock
    raise OSError(errno.EADDRINUSE, "Address already in use")


# === wrong: the first, or nothing ==> Another socket was bound to the first port: you raised EADDRINUSE, at `sock.bind\(.*; the second was free
import socket


def bind_first_free(ports):
    sock = socket.socket()
    sock.bind(("127.0.0.1", list(ports)[0]))
    return sock


# === wrong: asks with connect, and takes a refusal for free ==> Another socket was bound to the first port: you raised EADDRINUSE, at `sock.bind
import errno
import socket


def is_free(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def bind_first_free(ports):
    for port in ports:
        if is_free(port):
            sock = socket.socket()
            try:
                sock.bind(("127.0.0.1", port))
            except BaseException:
                sock.close()
                raise
            return sock
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: SO_REUSEADDR, because servers set it ==> you took the first port; the second was the first that was free. It was shared
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: SO_REUSEPORT ==> you took the first port; the second was the first that was free. It was shared
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: at every address, as the reference's server ==> You bound the socket to 0.0.0.0, every address of this machine; 127.0.0.1 was asked for
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: listens, too ==> The socket listens; it was to be bound, and no more
import socket


def bind_first_free(ports):
    for port in ports:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            pass


# === wrong: UDP ==> The socket is one of AF_INET and SOCK_DGRAM; it takes AF_INET and SOCK_STREAM
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        return sock


# === wrong: a port of the kernel's choice ==> All three ports were free: you took a port that was not among them; the first was
import socket


def bind_first_free(ports):
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


# === wrong: the lowest first ==> All three ports were free: you took the third port; the first was
import errno
import socket


def bind_first_free(ports):
    for port in sorted(ports):
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: the number, not the socket ==> You returned a number where all three ports were free, and a socket was asked for
import socket


def bind_first_free(ports):
    for port in ports:
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


# === wrong: closed by its with ==> You returned a closed socket where .*`with`
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return sock
            except OSError:
                continue
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: what failed stays open ==> where another socket was bound to the first port .*never closes a socket
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: by index and length ==> It raised TypeError: object of type 'list_iterator' has no len.* where the ports came from an iterator
import errno
import socket


def bind_first_free(ports):
    for at in range(len(ports)):
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", ports[at]))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: gone through twice ==> came from an iterator, which can be gone through once: you raised EADDRINUSE
import errno
import socket


def free(port):
    try:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
        return True
    except OSError:
        return False


def bind_first_free(ports):
    if any([free(port) for port in ports]):
        for port in ports:
            if free(port):
                sock = socket.socket()
                sock.bind(("127.0.0.1", port))
                return sock
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: None when none is free ==> None of the three ports was free: OSError \(EADDRINUSE\) was to be raised; you returned None
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    return None


# === wrong: an error without its number ==> None of the three ports was free: your OSError has no errno
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError("no free port")


# === wrong: the last error, and there was none ==> There was no port to try: OSError \(EADDRINUSE\) was to be raised; you raised (TypeError|UnboundLocalError)
import errno
import socket


def bind_first_free(ports):
    last = None
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
            last = error
    raise last


# === wrong: every error is the next one's turn ==> the second, 80, may not be used: PermissionError \(EACCES\) was to be raised; you returned a socket
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError:
            sock.close()
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: left open where the error is passed on ==> the second, 80, may not be used, it leaves a socket \(`sock`\) open
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sock.close()
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: only an OSError closes ==> the second, 70000, is no port, it leaves a socket \(`sock`\) open
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: what is no port is left out ==> the second, 70000, is no port: OverflowError was to be raised; you returned a socket
import errno
import socket


def bind_first_free(ports):
    for port in ports:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            return sock
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise
        except OverflowError:
            sock.close()
    raise OSError(errno.EADDRINUSE, "none")
