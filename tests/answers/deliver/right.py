# === right: a deadline, and recv with a large buffer
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(head + piece)
                sent += 1
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    finally:
        sock.settimeout(before)
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
        except TimeoutError:
            return False
    return False


# === right: select, and a socket that does not block
import select
import struct
import time


def deliver(sock, pieces, timeout, tries):
    before = sock.gettimeout()
    sock.setblocking(False)
    try:
        heads = [struct.pack(">L", number) for number in range(len(pieces))]
        return sum(one(sock, head, piece, timeout, tries) for head, piece in zip(heads, pieces))
    finally:
        sock.settimeout(before)


def one(sock, head, piece, timeout, tries):
    for attempt in range(tries):
        sock.sendmsg([head, piece])
        deadline = time.monotonic() + timeout * 2**attempt
        while select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
            if sock.recv(64) == head:
                return attempt + 1
    raise TimeoutError


# === right: a class
import socket
import time


class Sender:
    def __init__(self, sock, timeout, tries):
        self.sock, self.timeout, self.tries = sock, timeout, tries
        self.sent = 0

    def send(self, number, piece):
        head = number.to_bytes(4, "big")
        for attempt in range(self.tries):
            self.sock.sendall(head + piece)
            self.sent += 1
            if self.wait(head, time.monotonic() + self.timeout * (1 << attempt)):
                return
        raise socket.timeout("no answer")

    def wait(self, head, deadline):
        buffer = bytearray(5)
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                size = self.sock.recv_into(buffer)
            except socket.timeout:
                return False
            if buffer[:size] == head:
                return True
        return False


def deliver(sock, pieces, timeout, tries):
    kept = sock.gettimeout()
    sender = Sender(sock, timeout, tries)
    try:
        for number, piece in enumerate(pieces):
            sender.send(number, piece)
    finally:
        sock.settimeout(kept)
    return sender.sent


# === right: selectors
import selectors
import struct
import time


def deliver(sock, pieces, timeout, tries):
    count = 0
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        for number, piece in enumerate(pieces):
            head, wait, done = struct.pack("!I", number), timeout, False
            for _ in range(tries):
                sock.send(head + piece)
                count += 1
                deadline = time.monotonic() + wait
                while not done and selector.select(max(0, deadline - time.monotonic())):
                    done = sock.recv(100) == head
                if done:
                    break
                wait += wait
            if not done:
                raise TimeoutError(f"{tries} tries")
    return count
