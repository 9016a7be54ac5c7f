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


# === wrong: the pieces without their numbers ==> began with b"firs": no piece has that number
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(piece)
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


# === wrong: the number in this machine's order ==> its lowest byte first
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("I", number)
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


# === wrong: numbered from 1 ==> Piece 0 came with the number 1: the first is 0
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces, 1):
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


# === wrong: no wait for the acknowledgment ==> sent piece 1 while piece 0 had not been acknowledged
import struct


def deliver(sock, pieces, timeout, tries):
    for number, piece in enumerate(pieces):
        sock.send(struct.pack("!I", number) + piece)
    for _ in pieces:
        sock.recv(4)
    return len(pieces)


# === wrong: no timeout ==> blocked in `recv` when the 2 s were over: piece 1 was lost
import struct


def deliver(sock, pieces, timeout, tries):
    for number, piece in enumerate(pieces):
        head = struct.pack("!I", number)
        sock.send(head + piece)
        while sock.recv(2048) != head:
            pass
    return len(pieces)


# === wrong: whatever comes is the acknowledgment ==> took an empty datagram for the acknowledgment of piece 0
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
            sock.recv(2048)
            return True
        except TimeoutError:
            return False
    return False


# === wrong: any number is the acknowledgment ==> came twice, and you took the second one for piece 1's
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
            if len(sock.recv(2048)) == 4:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: the empty datagram ends it ==> It raised EOFError, at `raise EOFError` where a datagram came that is no acknowledgment
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
            said = sock.recv(2048)
            if not said:
                raise EOFError
            if said == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: unpacks whatever comes ==> It raised error: unpack requires
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
            if struct.unpack("!I", sock.recv(2048)) == struct.unpack("!I", head):
                return True
        except TimeoutError:
            return False
    return False


# === wrong: asks for four bytes ==> took one byte too many for the acknowledgment
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
            if sock.recv(4) == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: sends again at an old acknowledgment ==> ot an empty datagram, which is no acknowledgment, and sent piece 0 again at once
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
            return False
        except TimeoutError:
            return False
    return False


# === wrong: sends again at an old number ==> the second made you send piece 1 again at once
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
            said = sock.recv(2048)
            if said == head:
                return True
            if len(said) == 4:
                return False
        except TimeoutError:
            return False
    return False


# === wrong: the same patience each time ==> each wait in vain is to be twice as long
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


# === wrong: the wait begins anew with whatever comes ==> each made the wait for piece 1 longer
import struct


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            for attempt in range(tries):
                sock.send(head + piece)
                sent += 1
                sock.settimeout(timeout * 2**attempt)
                try:
                    while sock.recv(2048) != head:
                        pass
                    break
                except TimeoutError:
                    continue
            else:
                raise TimeoutError
    finally:
        sock.settimeout(before)
    return sent


# === wrong: returns the number of pieces ==> You returned the number of pieces, where an acknowledgment came twice
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
    return len(pieces)


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


# === wrong: returns nothing ==> You returned None, and the number of datagrams sent was asked for
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


# === wrong: leaves its timeout on the socket ==> leaves the socket that it was given with another timeout
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    if True:
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


# === wrong: the timeout taken back only when all went well ==> when it raises it leaves the socket .* with another timeout
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    if True:
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


# === wrong: closes the socket ==> closes the socket that it was given
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
        sock.close()
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


# === wrong: takes every error for a loss ==> ConnectionRefusedError was to be raised; you raised TimeoutError
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                try:
                    sock.send(head + piece)
                except OSError:
                    pass
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
        except OSError:
            return False
    return False


# === wrong: goes on when the tries are used up ==> No acknowledgment came, and `tries` was 4: TimeoutError was to be raised; you returned
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
                continue
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


# === wrong: does not wait after the last try ==> gave up too early: each of the 4 tries has its wait
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for attempt in range(tries):
                sock.send(head + piece)
                sent += 1
                if attempt and attempt == tries - 1:
                    raise TimeoutError
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


# === wrong: one try more ==> `tries` was 4; you sent piece 0 once more
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries + 1):
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


# === equivalent: dropped: return False ==> the None that comes instead is false too


# === equivalent: 1: one more (2) ==> a datagram that is too long is not taken for the acknowledgment with six bytes read either
