# === right: a connected socket: the kernel lets in its peer's datagrams alone
import socket
import time


def ask_udp(address, request, timeout, tries):
    host, port = address
    family, kind, _, _, server = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.connect(server)
        for _ in range(tries):
            deadline = time.monotonic() + timeout
            try:
                sock.send(request)
            except ConnectionRefusedError:
                pass
            while True:
                sock.settimeout(max(deadline - time.monotonic(), 0.000001))
                try:
                    return sock.recv(65536)
                except ConnectionRefusedError:
                    continue
                except TimeoutError:
                    break
        raise TimeoutError


# === right: a selector, and try and finally
import selectors
import socket
import time


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, 0, socket.SOCK_DGRAM)[0]
    selector = selectors.DefaultSelector()
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        for _ in range(tries):
            sock.sendto(request, server)
            end = time.monotonic() + timeout
            while selector.select(max(0, end - time.monotonic())):
                answer, source = sock.recvfrom(100_000)
                if source == server:
                    return answer
                if time.monotonic() >= end:
                    break
        raise TimeoutError("no answer")
    finally:
        sock.close()
        selector.close()


# === right: a class with a method for one try
import contextlib
import select
import socket
import time


class Asking:
    def __init__(self, address):
        info = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        self.server = info[4]
        self.sock = socket.socket(*info[:3])

    def close(self):
        self.sock.close()

    def once(self, request, timeout):
        self.sock.sendto(request, self.server)
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            if select.select([self.sock], [], [], left)[0]:
                answer, source = self.sock.recvfrom(65535)
                if source == self.server:
                    return answer
        return None


def ask_udp(address, request, timeout, tries):
    with contextlib.closing(Asking(address)) as asking:
        for _ in range(tries):
            answer = asking.once(request, timeout)
            if answer is not None:
                return answer
    raise TimeoutError
