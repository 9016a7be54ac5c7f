# === right: a thread that sends
import socket
import threading


def speak(message):
    left, right = socket.socketpair()

    def send():
        with left:
            left.sendall(message)

    sender = threading.Thread(target=send)
    sender.start()
    with right:
        data = b""
        while piece := right.recv(65536):
            data += piece
    sender.join()
    return data


# === right: a thread that reads
import socket
from concurrent.futures import ThreadPoolExecutor


def read_all(sock):
    pieces = []
    while True:
        piece = sock.recv(4096)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def speak(message):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(read_all, right)
            left.sendall(message)
            left.shutdown(socket.SHUT_WR)
            return reading.result()
    finally:
        left.close()
        right.close()


# === right: ready or not, with selectors
import selectors
import socket


def speak(message):
    left, right = socket.socketpair()
    rest, data = memoryview(message), bytearray()
    with left, right, selectors.DefaultSelector() as ready:
        left.setblocking(False)
        ready.register(left, selectors.EVENT_WRITE)
        ready.register(right, selectors.EVENT_READ)
        while len(data) < len(message):
            for key, _ in ready.select():
                if key.fileobj is right:
                    data += right.recv(1 << 16)
                elif rest:
                    rest = rest[left.send(rest) :]
                else:
                    ready.unregister(left)
    return bytes(data)


# === right: as much as there is room for, then all that came
import socket


def speak(message):
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    sent, data = 0, b""
    with left, right:
        while len(data) < len(message):
            try:
                sent += left.send(message[sent:])
            except BlockingIOError:
                pass
            try:
                data += right.recv(1 << 20)
            except BlockingIOError:
                pass
    return data


# === right: recv_into
import socket


def speak(message):
    left, right = socket.socketpair()
    buffer = bytearray(len(message))
    view, sent, got = memoryview(buffer), 0, 0
    with left, right:
        while got < len(message):
            sent += left.send(message[sent : sent + 8192])
            got += right.recv_into(view[got:])
    return bytes(buffer)


# === right: makefile at the reading end
import socket
import threading


class Sender(threading.Thread):
    def __init__(self, sock, message):
        super().__init__()
        self.sock, self.message = sock, message

    def run(self):
        self.sock.sendall(self.message)
        self.sock.close()


def speak(message):
    left, right = socket.socketpair()
    sender = Sender(left, message)
    sender.start()
    with right, right.makefile("rb") as file:
        data = file.read()
    sender.join()
    return data


# === equivalent: 4096: one more ==> a piece may be of any size that fits, and 4097 bytes fit
# === wrong: all is sent before anything is read ==> With 1 MiB, it was blocked in `sendall` .* more than the kernel keeps
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        left.shutdown(socket.SHUT_WR)
        data = b""
        while piece := right.recv(4096):
            data += piece
    return data


# === wrong: one recv ==> With an empty message, it was blocked in `recv`.*nothing was sent
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        return right.recv(1024)


# === wrong: one recv of what may be longer ==> Of 4096 bytes you returned the beginning alone
import socket


def speak(message):
    if not message:
        return b""
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        return right.recv(1024)


# === wrong: a thread, and one recv ==> Of 1 MiB you returned the beginning alone
import socket
import threading


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        sender = threading.Thread(target=left.sendall, args=(message,))
        sender.start()
        data = right.recv(len(message))
        right.setblocking(False)
        try:
            while right.recv(65536):
                pass
        except OSError:
            pass
        right.shutdown(socket.SHUT_RDWR)
        sender.join()
    return data


# === wrong: the end is never said ==> With 5 bytes, it was blocked in `recv` .*: nothing was left to read, and the sending end was still open
import socket
import threading


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        sender = threading.Thread(target=left.sendall, args=(message,))
        sender.start()
        data = b""
        while piece := right.recv(4096):
            data += piece
        sender.join()
    return data


# === wrong: waits for the sender before it reads ==> With 1 MiB: it was still running at `sender.join\(\)`
import socket
import threading


def speak(message):
    left, right = socket.socketpair()

    def send():
        left.sendall(message)
        left.close()

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    sender.join()
    with right:
        data = b""
        while piece := right.recv(4096):
            data += piece
    return data


# === wrong: one end is not closed ==> never closes a socket \(`right`\)|leaves a socket \(`right`\) open
import socket


def speak(message):
    left, right = socket.socketpair()
    data = b""
    with left:
        while len(data) < len(message):
            sent = len(data)
            left.sendall(message[sent : sent + 1000])
            data += right.recv(1000)
    return data


# === wrong: neither is closed ==> never closes a socket
import socket


def speak(message):
    left, right = socket.socketpair()
    received = b""
    for at in range(0, len(message), 1024):
        left.sendall(message[at : at + 1024])
        received += right.recv(1024)
    return received


# === wrong: nothing goes through a socket ==> You returned without having made a socket
def speak(message):
    return message


# === wrong: by way of an address ==> You called `bind`, which takes an address
import socket


def speak(message):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as left, server.accept()[0] as right:
            data = b""
            while len(data) < len(message):
                left.sendall(message[len(data) : len(data) + 1000])
                data += right.recv(1000)
    return data


# === wrong: text ==> It raised AttributeError: 'bytes' object has no attribute 'encode', at `left.sendall\(message.encode\(\)\)`
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message.encode())
        return right.recv(100)


# === wrong: returns text ==> You returned "hello", and bytes were asked for
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        return right.recv(100).decode()


# === wrong: prints it ==> You returned None, and bytes were asked for
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        print(right.recv(100))


# === wrong: a line at a time ==> Of 266 bytes.* you returned the beginning alone
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        left.shutdown(socket.SHUT_WR)
        with right.makefile("rb") as file:
            return file.readline()


# === wrong: a zero ends it, as in C ==> Of 266 bytes.* you returned the beginning alone
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        left.shutdown(socket.SHUT_WR)
        return right.recv(4096).split(b"\0")[0]


# === wrong: datagrams, one message each ==> It raised OSError \(EMSGSIZE\), at `left.send\(message\)`
import socket


def speak(message):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        left.send(message)
        return right.recv(1 << 20)


# === wrong: reads from the end that sends ==> it was blocked in `recv`
import socket


def speak(message):
    left, right = socket.socketpair()
    with left, right:
        left.sendall(message)
        return left.recv(100)


# === wrong: reads until the message is there, then once more ==> With an empty message, it was blocked in `recv`
import socket


def speak(message):
    left, right = socket.socketpair()
    data, sent = b"", 0
    with left, right:
        while True:
            sent += left.send(message[sent : sent + 4096])
            data += right.recv(4096)
            if len(data) >= len(message):
                return data
