# === right: recv_into a buffer of the right size
def recv_exactly(sock, count):
    data, at = bytearray(count), 0
    view = memoryview(data)
    while at < count:
        got = sock.recv_into(view[at:])
        if got == 0:
            raise EOFError
        at += got
    return bytes(data)


# === right: a generator, joined
def pieces(sock, count):
    while count:
        piece = sock.recv(min(count, 7))
        if not piece:
            raise EOFError("too few")
        count -= len(piece)
        yield piece


def recv_exactly(sock, count):
    return b"".join(pieces(sock, count))


# === right: makefile without a buffer
def recv_exactly(sock, count):
    with sock.makefile("rb", buffering=0) as file:
        data = b""
        while len(data) < count:
            piece = file.read(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


# === wrong: one recv ==> in three pieces; you returned after the first: got 3 of 16
def recv_exactly(sock, count):
    return sock.recv(count)


# === wrong: the end of the stream is not noticed ==> going round .* `recv` returned b''.* again and again
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data


# === wrong: takes what it can get and cuts it ==> took bytes beyond the 16
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(4096)
        if not piece:
            raise EOFError
        data += piece
    return data[:count]


# === wrong: returns what came when the peer ends ==> ended after 3 of 16 bytes: EOFError was to be raised; you returned b"012"
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            break
        data += piece
    return data


# === wrong: makefile with a buffer ==> took bytes beyond the 16
def recv_exactly(sock, count):
    data = sock.makefile("rb").read(count)
    if len(data) < count:
        raise EOFError
    return data


# === wrong: swallows every error ==> reset the connection after 3 bytes: ConnectionResetError was to be raised; you raised EOFError
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        try:
            piece = sock.recv(count - len(data))
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise EOFError
        data += piece
    return data


# === wrong: decodes ==> you returned "0123456789abcdef", and bytes were asked for
def recv_exactly(sock, count):
    data = ""
    while len(data) < count:
        data += sock.recv(count - len(data)).decode()
    return data


# === wrong: asks for the whole count each time ==> 3 bytes, then 13 with more behind them; you returned .*: 19 of 16
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count)
        if not piece:
            raise EOFError
        data += piece
    return data


# === wrong: reads before it looks at count ==> 0 bytes were asked for
def recv_exactly(sock, count):
    data = sock.recv(count or 1)
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    if not data:
        raise EOFError
    return data


# === wrong: sets a timeout of its own and takes it for the end ==> Only 3 bytes came, .* TimeoutError was to be raised; you raised EOFError
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        try:
            piece = sock.recv(count - len(data))
        except TimeoutError:
            raise EOFError
        if not piece:
            raise EOFError
        data += piece
    return data


# === wrong: MSG_WAITALL instead of a loop ==> EOFError.* on a socket with a timeout, where the 16 bytes came in three pieces
import socket


def recv_exactly(sock, count):
    data = sock.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise EOFError
    return data


# === wrong: the reference's one recv of 1024 bytes ==> you returned after the first: got 3 of 16
def recv_exactly(sock, count):
    return sock.recv(1024)


# === wrong: closes when it is done ==> closes the socket that it was given
def recv_exactly(sock, count):
    with sock:
        data = b""
        while len(data) < count:
            piece = sock.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
    return data


# === wrong: sets a timeout of its own, to be safe ==> leaves the socket that it was given with another timeout
def recv_exactly(sock, count):
    sock.settimeout(5)
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


# === wrong: stops at a short piece ==> blocked in `recv` .*: all 16 bytes had come
def recv_exactly(sock, count):
    data = b""
    while True:
        piece = sock.recv(count)
        data += piece
        if len(piece) < count:
            return data


# === wrong: any error will do ==> EOFError was to be raised; you raised ConnectionError
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data


# === wrong: tries for ever when nothing comes ==> Only 3 bytes came, .*: each call raised TimeoutError, and you called again
def recv_exactly(sock, count):
    data = b""
    while len(data) < count:
        try:
            piece = sock.recv(count - len(data))
        except TimeoutError:
            continue
        if not piece:
            raise EOFError
        data += piece
    return data
