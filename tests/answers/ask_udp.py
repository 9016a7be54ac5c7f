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


# === wrong: asks once ==> TimeoutError.* where the first request was lost, and 15 tries
import socket


def ask_udp(address, request, timeout, tries):
    family, kind, _, _, server = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout)
        sock.sendto(request, server)
        return sock.recvfrom(65535)[0]


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


# === equivalent: 65535: one more ==> both are more than any datagram
# === equivalent: (left := (deadline - time.monotonic())) > 0: Gt swapped ==> the clock never shows the deadline to its last digit
