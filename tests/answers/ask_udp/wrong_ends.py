# === wrong: recv of 1024 bytes, as in the reference ==> had 60,000 bytes; you returned 1,024: .* cut a datagram
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries):
            sock.send(request)
            try:
                return sock.recv(1024)
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: an empty answer is none ==> an empty datagram is a datagram like any other
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.connect(server)
        for _ in range(tries):
            sock.send(request)
            try:
                if answer := sock.recv(65535):
                    return answer
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: never closes ==> never closes a socket \(`sock`\): CPython happened
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind)
    sock.settimeout(timeout)
    sock.connect(server)
    for _ in range(tries):
        sock.send(request)
        try:
            return sock.recv(65535)
        except TimeoutError:
            pass
    raise TimeoutError


# === wrong: closes only where all is well ==> where no answer comes
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind)
    sock.settimeout(timeout)
    sock.connect(server)
    for _ in range(tries):
        sock.send(request)
        try:
            answer = sock.recv(65535)
        except TimeoutError:
            continue
        sock.close()
        return answer
    raise TimeoutError


# === wrong: the pair that recvfrom gives ==> You returned all that `recvfrom` gives
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        for _ in range(tries):
            sock.sendto(request, server)
            try:
                return sock.recvfrom(65535)
            except TimeoutError:
                pass
        raise TimeoutError
