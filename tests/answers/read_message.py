# === right: struct and recv_into
import struct


def read_message(sock):
    header = fill(sock, bytearray(4), at_start=True)
    if header is None:
        return None
    (length,) = struct.unpack("!I", header)
    if length > 1 << 20:
        raise ValueError("too long")
    return bytes(fill(sock, bytearray(length)))


def fill(sock, buffer, at_start=False):
    got, view = 0, memoryview(buffer)
    while got < len(buffer):
        count = sock.recv_into(view[got:])
        if count == 0:
            if at_start and got == 0:
                return None
            raise EOFError("the peer ended within a message")
        got += count
    return buffer


# === right: makefile without a buffer, a generator of pieces
import struct


def pieces(file, count):
    while count and (piece := file.read(min(count, 1000))):
        count -= len(piece)
        yield piece


def read_message(sock):
    with sock.makefile("rb", buffering=0) as file:
        header = b"".join(pieces(file, 4))
        if header == b"":
            return None
        if len(header) < 4:
            raise EOFError
        length = struct.unpack(">L", header)[0]
        if length > 1048576:
            raise ValueError(length)
        data = b"".join(pieces(file, length))
        if len(data) != length:
            raise EOFError
        return data


# === right: one class that keeps what has come
class Reader:
    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def until(self, count):
        while len(self.data) < count:
            piece = self.sock.recv(count - len(self.data))
            if not piece:
                return False
            self.data += piece
        return True

    def message(self):
        if not self.until(4):
            if self.data:
                raise EOFError("within the length")
            return None
        length = int.from_bytes(self.data[:4], "big")
        if length > 2**20:
            raise ValueError("beyond the limit")
        if not self.until(4 + length):
            raise EOFError("within the message")
        return self.data[4:]


def read_message(sock):
    return Reader(sock).message()


# === wrong: the reference's way: one recv ==> what you returned still begins with the four bytes of the length
def read_message(sock):
    return sock.recv(1024)


# === wrong: one recv for the header, one for the rest ==> It raised error: unpack requires .* came alone
import struct


def read_message(sock):
    header = sock.recv(4)
    if not header:
        return None
    (length,) = struct.unpack("!I", header)
    if length > 2**20:
        raise ValueError
    return sock.recv(length)


# === wrong: the header by one recv ==> It raised error: unpack requires a buffer of 4 bytes, at `\(length,\) = struct.unpack\("!I", header\)` when the first 1 of the 9 bytes came alone
import struct


def read_message(sock):
    header = sock.recv(4)
    if not header:
        return None
    (length,) = struct.unpack("!I", header)
    if length > 2**20:
        raise ValueError
    data = b""
    while len(data) < length:
        piece = sock.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


# === wrong: the machine's own order ==> its length as 00 00 01 02, and you took that for a number beyond the limit
import struct


def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    (length,) = struct.unpack("<I", header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === wrong: a signed number ==> announced 2\^32 - 1 bytes, beyond the limit: ValueError was to be raised; you returned b""
import struct


def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    (length,) = struct.unpack("!i", header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === wrong: an empty message taken for the end ==> a message of 0 bytes, which is not its end; you returned None, as if the peer had ended
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length) or None


# === wrong: recv for a message of 0 bytes ==> It raised EOFError.* when the peer sent a message of 0 bytes, which is not its end
def exactly(sock, count):
    data = sock.recv(count)
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    if not data:
        raise EOFError
    return data


def read_message(sock):
    header = exactly(sock, 4)
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === wrong: the orderly end is an error too ==> ended between two messages, as it may: that is None, not EOFError
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_message(sock):
    length = int.from_bytes(exactly(sock, 4))
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === wrong: every end is an orderly one ==> ended after 2 of the 9 bytes of a message; you returned None, as if nothing were missing
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_message(sock):
    try:
        length = int.from_bytes(exactly(sock, 4))
        if length > 2**20:
            raise ValueError
        return exactly(sock, length)
    except EOFError:
        return None


# === wrong: half a message is returned ==> ended after 6 of the 9 bytes of a message: EOFError was to be raised; you returned b"he"
def read_message(sock):
    header = b""
    while len(header) < 4:
        piece = sock.recv(4 - len(header))
        if not piece:
            if header:
                raise EOFError
            return None
        header += piece
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    data = b""
    while len(data) < length and (piece := sock.recv(length - len(data))):
        data += piece
    if length and not data:
        raise EOFError
    return data


# === wrong: no limit ==> and sent five of them, which is beyond the limit at once
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    return exactly(sock, int.from_bytes(header))


# === wrong: reads before it looks at the limit ==> blocked in `recv`.*which is beyond the limit at once
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    data = exactly(sock, int.from_bytes(header))
    if len(data) > 2**20:
        raise ValueError
    return data


# === wrong: the limit one too low ==> It raised ValueError.* a message of 2\^20 bytes, the longest that there is
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    length = int.from_bytes(header)
    if length >= 2**20:
        raise ValueError("too long")
    return exactly(sock, length)


# === wrong: makefile with a buffer ==> you took bytes of the second with the first
def read_message(sock):
    file = sock.makefile("rb")
    header = file.read(4)
    if not header:
        return None
    if len(header) < 4:
        raise EOFError
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return data


# === wrong: a reset taken for an orderly end ==> reset the connection between two messages: ConnectionResetError was to be raised; you returned None
def exactly(sock, count):
    data = b""
    while len(data) < count:
        try:
            piece = sock.recv(count - len(data))
        except ConnectionResetError:
            piece = b""
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === wrong: closes at the end ==> You closed the socket: the next message is to come on it
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    header = exactly(sock, 4)
    if header is None:
        return None
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    message = exactly(sock, length)
    sock.close()
    return message


# === wrong: a timeout of its own ==> You changed the socket's timeout, which is its owner's
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            if data or count != 4:
                raise EOFError
            return None
        data += piece
    return data


def read_message(sock):
    sock.settimeout(1)
    header = exactly(sock, 4)
    if header is None:
        return None
    length = int.from_bytes(header)
    if length > 2**20:
        raise ValueError
    return exactly(sock, length)


# === equivalent: len(data) < count: Lt swapped ==> once more round with recv(0), which gives b"" at once and ends the loop
