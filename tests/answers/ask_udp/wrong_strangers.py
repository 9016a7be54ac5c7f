# === wrong: takes what comes, from anybody ==> took a datagram from elsewhere for the answer
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        for _ in range(tries):
            sock.sendto(request, server)
            try:
                return sock.recvfrom(65535)[0]
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: compares the port alone ==> took a datagram from elsewhere for the answer
import socket
import time


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        for _ in range(tries):
            sock.sendto(request, server)
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    answer, sender = sock.recvfrom(65535)
                except TimeoutError:
                    break
                if sender[1] == server[1]:
                    return answer
        raise TimeoutError


# === wrong: compares the host alone ==> took a datagram from elsewhere for the answer
import socket
import time


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        for _ in range(tries):
            sock.sendto(request, server)
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    answer, sender = sock.recvfrom(65535)
                except TimeoutError:
                    break
                if sender[0] == server[0]:
                    return answer
        raise TimeoutError


# === wrong: a stranger's datagram uses up a try ==> one from elsewhere uses up no try
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        for _ in range(tries):
            sock.sendto(request, server)
            try:
                answer, sender = sock.recvfrom(65535)
            except TimeoutError:
                continue
            if sender == server:
                return answer
        raise TimeoutError


# === wrong: waits anew after each stranger's datagram ==> your wait never ended: it began anew with each
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        for _ in range(tries):
            sock.sendto(request, server)
            try:
                while True:
                    answer, sender = sock.recvfrom(65535)
                    if sender == server:
                        return answer
            except TimeoutError:
                pass
        raise TimeoutError


# === wrong: looks at the deadline, and waits for the whole timeout all the same ==> A datagram from elsewhere prolonged the wait
import socket
import time


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        for _ in range(tries):
            sock.sendto(request, server)
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                try:
                    answer, sender = sock.recvfrom(65535)
                except TimeoutError:
                    break
                if sender == server:
                    return answer
        raise TimeoutError


# === wrong: IPv4 alone ==> where the server's address was one of IPv6
import socket
import time


def ask_udp(address, request, timeout, tries):
    server = socket.gethostbyname(address[0]), address[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(tries):
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


# === wrong: compares with the address that it was given ==> gives the sender in numbers, which never equal a name
import socket
import time


def ask_udp(address, request, timeout, tries):
    family = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0][0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        for _ in range(tries):
            sock.sendto(request, address)
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    answer, sender = sock.recvfrom(65535)
                except TimeoutError:
                    break
                if sender[:2] == address:
                    return answer
    raise TimeoutError
