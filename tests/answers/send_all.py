# === right: a counter and slices of the bytes
def send_all(sock, data):
    at = 0
    while at < len(data):
        at += sock.send(data[at:])


# === right: small pieces, each sent whole
def send_piece(sock, piece):
    while piece:
        piece = piece[sock.send(piece) :]


def send_all(sock, data):
    for at in range(0, len(data), 8192):
        send_piece(sock, data[at : at + 8192])


# === right: waits until there is room
import selectors


def send_all(sock, data):
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        while data:
            if not selector.select(sock.gettimeout()):
                raise TimeoutError("no room")
            data = data[sock.send(data) :]


# === right: a class that keeps what is left
class Outbox:
    def __init__(self, data):
        self.left = bytearray(data)

    def send_some(self, sock):
        del self.left[: sock.send(self.left)]


def send_all(sock, data):
    outbox = Outbox(data)
    while outbox.left:
        outbox.send_some(sock)


# === wrong: the reference's one send ==> 40,000 bytes were to be sent, and the end never arrived: a `send` took a part
def send_all(sock, data):
    sock.send(data)


# === wrong: sendall ==> You called `sendall`: do with `send` alone
def send_all(sock, data):
    sock.sendall(data)


# === wrong: pieces, and none is looked at ==> 3 bytes at most: .* some in the middle are missing
def send_all(sock, data):
    for at in range(0, len(data), 1024):
        sock.send(data[at : at + 1024])


# === wrong: sends all of it again ==> after a `send` that took a part you sent bytes again that it had taken
def send_all(sock, data):
    sent = 0
    while sent < len(data):
        sent += sock.send(data)


# === wrong: goes on behind what was given ==> 3 bytes at most: .* a `send` took a part
def send_all(sock, data):
    while data:
        sock.send(data[:4096])
        data = data[4096:]


# === wrong: tries a second time, and no third ==> the end never arrived
def send_all(sock, data):
    taken = sock.send(data)
    if taken < len(data):
        sock.send(data[taken:])


# === wrong: returns how many ==> You returned 11, and None was asked for
def send_all(sock, data):
    sent = 0
    while sent < len(data):
        sent += sock.send(data[sent:])
    return sent


# === wrong: takes 0 for an error ==> RuntimeError.* where there was nothing to send
def send_all(sock, data):
    sent = 0
    while True:
        taken = sock.send(data[sent:])
        if taken == 0:
            raise RuntimeError("connection broken")
        sent += taken
        if sent == len(data):
            return


# === wrong: swallows every error ==> Nobody read, .* TimeoutError was to be raised; you returned None
def send_all(sock, data):
    try:
        while data:
            data = data[sock.send(data) :]
    except OSError:
        pass


# === wrong: takes a broken connection for the end ==> The peer closed before all was sent: .* you returned None
def send_all(sock, data):
    while data:
        try:
            data = data[sock.send(data) :]
        except ConnectionError:
            return


# === wrong: tries for ever when there is no room ==> Nobody read, .*: each call raised TimeoutError, and you called again, for ever
def send_all(sock, data):
    while data:
        try:
            data = data[sock.send(data) :]
        except TimeoutError:
            continue


# === wrong: makes it blocking, and leaves it so ==> another timeout: it had 1.5 s before
def send_all(sock, data):
    sock.setblocking(True)
    while data:
        data = data[sock.send(data) :]


# === wrong: closes, so that the peer sees the end ==> closes the socket that it was given
def send_all(sock, data):
    with sock:
        while data:
            data = data[sock.send(data) :]


# === wrong: shuts down, so that the peer sees the end ==> shuts down the socket that it was given
import socket


def send_all(sock, data):
    while data:
        data = data[sock.send(data) :]
    sock.shutdown(socket.SHUT_WR)


# === wrong: text, as the reference sends it ==> It raised AttributeError
def send_all(sock, data):
    data = data.encode()
    while data:
        data = data[sock.send(data) :]


# === wrong: one byte less ==> what arrived is b"hello, pee"
def send_all(sock, data):
    sent = 0
    while sent < len(data) - 1:
        sent += sock.send(data[sent:-1])
