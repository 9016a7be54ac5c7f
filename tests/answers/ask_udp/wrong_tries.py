# === wrong: asks once ==> TimeoutError.* where the first request was lost, and 15 tries
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.sendto(request, server)
        return sock.recvfrom(65535)[0]


# === wrong: a refusal ends it ==> counts as no answer yet: TimeoutError was to be raised; you raised ConnectionRefusedError
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries):
            sock.send(request)
            try:
                return sock.recv(65535)
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: a refusal uses up a try ==> counts as no answer yet; you gave up before each try had waited
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries):
            try:
                sock.send(request)
                return sock.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                pass
        raise TimeoutError


# === wrong: gives up right after the last request ==> Nobody answered; you gave up before
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        sock.send(request)
        for attempt in range(tries):
            try:
                return sock.recv(65535)
            except TimeoutError:
                sock.send(request)
                if attempt == tries - 2:
                    raise


# === wrong: one try more ==> You were to send 3 times in all, and sent 4
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries + 1):
            sock.send(request)
            try:
                return sock.recv(65535)
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: None when nothing came ==> No answer came in three tries: TimeoutError was to be raised; you returned None
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries):
            sock.send(request)
            try:
                return sock.recv(65535)
            except TimeoutError:
                pass


# === wrong: no timeout at all ==> blocked in `recv` .*: the first request was lost
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.connect(server)
        for _ in range(tries):
            sock.send(request)
            return sock.recv(65535)


# === wrong: a socket for each try ==> Each try had a socket of its own
import socket
import time


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    for _ in range(tries):
        with socket.socket(family, kind) as sock:
            sock.sendto(request, server)
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    answer, sender = sock.recvfrom(65535)
                except TimeoutError:
                    break
                if sender == server:
                    return answer
    raise TimeoutError


# === wrong: any error is a lost datagram ==> EMSGSIZE.* was to be raised; you raised TimeoutError
import socket


def ask_udp(address, request, timeout, tries):
    import time

    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.connect(server)
        for _ in range(tries):
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    if left > 0.9 * timeout:
                        sock.send(request)
                    return sock.recv(65535)
                except OSError:
                    time.sleep(max(0, deadline - time.monotonic()))
        raise TimeoutError
