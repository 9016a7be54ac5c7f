# === right: in one function
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except TimeoutError:
                silences += 1
                if silences == tries:
                    raise
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    silences = 0
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === right: a class and select
import select
import time


class Window:
    def __init__(self, sock, pieces, size, timeout, tries):
        self.sock, self.size, self.timeout, self.tries = sock, size, timeout, tries
        self.datagrams = [number.to_bytes(4, "big") + piece for number, piece in enumerate(pieces)]
        self.acked = self.following = self.sent = 0
        self.news()

    def news(self):
        self.equal = self.silences = 0
        self.deadline = time.monotonic() + self.timeout

    def send(self, number):
        self.sock.send(self.datagrams[number])
        self.sent += 1

    def fill(self):
        while self.following < len(self.datagrams) and self.following - self.acked < self.size:
            self.send(self.following)
            self.following += 1

    def again(self):
        self.send(self.acked)
        self.deadline = time.monotonic() + self.timeout

    def step(self):
        self.fill()
        if not select.select([self.sock], [], [], max(0, self.deadline - time.monotonic()))[0]:
            self.silences += 1
            if self.silences >= self.tries:
                raise TimeoutError("nobody answers")
            self.again()
            return
        said = int.from_bytes(self.sock.recv(4), "big")
        if said > self.acked:
            self.acked = said
            self.news()
        elif said == self.acked:
            self.equal += 1
            if self.equal == 3:
                self.again()


def deliver_window(sock, pieces, window, timeout, tries):
    sender = Window(sock, pieces, window, timeout, tries)
    while sender.acked < len(pieces):
        sender.step()
    return sender.sent


# === right: a thread that listens
import queue
import struct
import threading
import time


def listen(sock, said, over):
    while not over.is_set():
        try:
            said.put(struct.unpack("!I", sock.recv(64))[0])
        except TimeoutError:
            pass
        except OSError as error:
            said.put(error)
            return


def deliver_window(sock, pieces, window, timeout, tries):
    said, over, before = queue.Queue(), threading.Event(), sock.gettimeout()
    sock.settimeout(0.02)
    listener = threading.Thread(target=listen, args=(sock, said, over))
    listener.start()
    try:
        return run(sock, pieces, window, timeout, tries, said)
    finally:
        over.set()
        listener.join()
        sock.settimeout(before)


def run(sock, pieces, window, timeout, tries, said):
    sent = [0] * len(pieces)
    acked = equal = silences = 0
    deadline = time.monotonic() + timeout

    def send(number):
        sock.send(struct.pack("!I", number) + pieces[number])
        sent[number] += 1

    while acked < len(pieces):
        for number in range(acked, min(acked + window, len(pieces))):
            if not sent[number]:
                send(number)
        try:
            news = said.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            silences += 1
            if silences == tries:
                raise TimeoutError from None
            send(acked)
            deadline = time.monotonic() + timeout
            continue
        if isinstance(news, OSError):
            raise news
        if news > acked:
            acked, equal, silences = news, 0, 0
            deadline = time.monotonic() + timeout
        elif news == acked:
            equal += 1
            if equal == 3:
                send(acked)
                deadline = time.monotonic() + timeout
    return sum(sent)
