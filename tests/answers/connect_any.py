# === right: create_connection, and the timeout taken back
import socket


def connect_any(host, port, timeout):
    sock = socket.create_connection((host, port), timeout)
    sock.settimeout(None)
    return sock


# === right: the loop with a with that lets go on success
import contextlib
import socket


def connect_any(host, port, timeout):
    error = None
    for info in socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM):
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(*info[:3]))
            sock.settimeout(timeout)
            try:
                sock.connect(info[4])
            except OSError as raised:
                error = raised
                continue
            sock.setblocking(True)
            stack.pop_all()
            return sock
    raise error


# === right: all kinds asked for, the streams taken
import socket


def attempts(host, port):
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port):
        if kind == socket.SOCK_STREAM:
            yield family, address


def connect_any(host, port, timeout):
    errors = []
    for family, address in attempts(host, port):
        sock = socket.socket(family)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            errors.append(error)
            sock.close()
        else:
            sock.settimeout(None)
            return sock
    raise errors[-1]


# === right: connect_ex without blocking, and poll
import errno
import os
import select
import socket


def attempt(family, kind, protocol, address, timeout):
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code == errno.EINPROGRESS:
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        code = errno.ETIMEDOUT
        if poll.poll(timeout * 1000):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        sock.close()
        raise OSError(code, os.strerror(code))
    sock.setblocking(True)
    return sock


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return attempt(family, kind, protocol, address, timeout)
        except OSError as error:
            last = error
    raise last


# === wrong: as the reference connects, IPv4 and no timeout ==> The host was an IPv6 address, and you raised gaierror|the first refuses, and at the second somebody listens
import socket


def connect_any(host, port, timeout):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.connect((host, port))
    return sock


# === wrong: create_connection alone ==> still has the timeout of 1 s
import socket


def connect_any(host, port, timeout):
    return socket.create_connection((host, port), timeout)


# === wrong: the first answer alone ==> It raised ConnectionRefusedError.* the first refuses, and at the second somebody listens
import socket


def connect_any(host, port, timeout):
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    sock.settimeout(timeout)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    sock.settimeout(None)
    return sock


# === wrong: one socket for all addresses ==> called `connect` again on the same socket
import socket


def connect_any(host, port, timeout):
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    sock = socket.socket(answers[0][0], socket.SOCK_STREAM)
    sock.settimeout(timeout)
    last = None
    for *_, address in answers:
        try:
            sock.connect(address)
            sock.settimeout(None)
            return sock
        except OSError as error:
            last = error
    sock.close()
    raise last


# === wrong: the failed stay open ==> when the first address refuses it (never closes|leaves) a socket \(`sock`\)
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
            sock.settimeout(None)
            return sock
        except OSError as error:
            last = error
    raise last


# === wrong: every kind of socket ==> returned a datagram socket
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.settimeout(None)
        return sock
    raise last


# === wrong: each address three times ==> tried each address several times
import socket


def connect_any(host, port, timeout):
    last = None
    for family, _, _, _, address in socket.getaddrinfo(host, port):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.settimeout(None)
        return sock
    raise last


# === wrong: one deadline for all ==> It raised TimeoutError.* each has `timeout` seconds of its own
import socket
import time


def connect_any(host, port, timeout):
    deadline = time.monotonic() + timeout
    last = TimeoutError("no time left")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        left = deadline - time.monotonic()
        if left <= 0:
            sock.close()
            raise TimeoutError("no time left")
        sock.settimeout(left)
        try:
            sock.connect(address)
        except ConnectionRefusedError as error:
            sock.close()
            last = error
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(None)
            return sock
    raise last


# === wrong: the time divided among the addresses ==> gave up on a silent address before its `timeout` seconds
import socket


def connect_any(host, port, timeout):
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last = None
    for family, kind, protocol, _, address in answers:
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout / len(answers))
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.settimeout(None)
        return sock
    raise last


# === wrong: no timeout ==> blocked in `connect`
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


# === wrong: only a refusal moves it on ==> It raised OSError \(ENETUNREACH\).* no way to the first of two addresses
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except (ConnectionRefusedError, TimeoutError) as error:
            sock.close()
            last = error
            continue
        sock.settimeout(None)
        return sock
    raise last


# === wrong: raises the first error ==> The first address was silent, the last refused: ConnectionRefusedError was to be raised; you raised TimeoutError
import socket


def connect_any(host, port, timeout):
    first = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            first = first or error
            continue
        sock.settimeout(None)
        return sock
    raise first


# === wrong: None where nobody answers ==> Both of the name's addresses refused: ConnectionRefusedError was to be raised; you returned None
import socket


def connect_any(host, port, timeout):
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
        else:
            sock.settimeout(None)
            return sock


# === wrong: an error of its own ==> ConnectionRefusedError was to be raised; you raised OSError
import socket


def connect_any(host, port, timeout):
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
        else:
            sock.settimeout(None)
            return sock
    raise OSError("could not connect")


# === wrong: forgets the error with its block ==> at `raise error` there was no error left
import socket


def connect_any(host, port, timeout):
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            continue
        sock.settimeout(None)
        return sock
    raise error


# === wrong: closes what it returns ==> You returned a closed socket where the host is one address .* a `with` that ends here
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as sock:
            sock.settimeout(timeout)
            try:
                sock.connect(address)
                sock.settimeout(None)
                return sock
            except OSError as error:
                last = error
    raise last


# === wrong: non-blocking at once ==> returned is non-blocking
import socket


def connect_any(host, port, timeout):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.setblocking(False)
            return sock
    raise last


# === wrong: IPv6 before IPv4, whatever the resolver says ==> connected to another address than was asked for, .* 127.0.0.1 and ::1, in this order
import socket


def connect_any(host, port, timeout):
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last = None
    for family, kind, protocol, _, address in sorted(answers, key=lambda answer: -answer[0]):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.settimeout(None)
        return sock
    raise last


# === wrong: gethostbyname ==> a socket of AF_INET has IPv4 alone|the first refuses, and at the second somebody listens
import socket


def connect_any(host, port, timeout):
    sock = socket.socket()
    sock.settimeout(timeout)
    sock.connect((socket.gethostbyname(host), port))
    sock.settimeout(None)
    return sock


# === equivalent: dropped: last = None ==> getaddrinfo raises where there is no address, so the loop has always set it
