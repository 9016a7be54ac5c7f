# === right: one byte at a time, so that nothing is read beyond
def recv_until(sock, delimiter, limit):
    data = bytearray()
    while not data.endswith(delimiter):
        if len(data) == limit:
            raise ValueError
        byte = sock.recv(1)
        if not byte:
            raise EOFError
        data += byte
    return bytes(data[: -len(delimiter)]), b""


# === right: large pieces, the limit looked at afterwards
def recv_until(sock, delimiter, limit):
    data = b""
    while True:
        at = data.find(delimiter)
        if at >= 0 and at + len(delimiter) <= limit:
            return data[:at], data[at + len(delimiter) :]
        if at >= 0 or len(data) >= limit:
            raise ValueError
        piece = sock.recv(65536)
        if not piece:
            raise EOFError
        data += piece


# === right: looks first, then takes just that
import socket


def recv_until(sock, delimiter, limit):
    data = b""
    while len(data) < limit:
        seen = sock.recv(limit - len(data), socket.MSG_PEEK)
        if not seen:
            raise EOFError
        at = (data + seen).find(delimiter)
        wanted = len(seen) if at < 0 else at + len(delimiter) - len(data)
        data += sock.recv(wanted)
        if at >= 0:
            return data[:at], b""
    raise ValueError


# === right: a file without a buffer, and a generator
def grown(sock, limit):
    data = b""
    with sock.makefile("rb", buffering=0) as file:
        while len(data) < limit:
            piece = file.read(limit - len(data))
            if not piece:
                raise EOFError("no delimiter")
            data += piece
            yield data


def recv_until(sock, delimiter, limit):
    for data in grown(sock, limit):
        if delimiter in data:
            return tuple(data.split(delimiter, 1))
    raise ValueError("too long")


# === wrong: the reference's one recv ==> The message came in two pieces: before the delimiter came b"head", and you returned b"h"
def recv_until(sock, delimiter, limit):
    before, _, rest = sock.recv(1024).partition(delimiter)
    return before, rest


# === wrong: throws away what it read beyond ==> you had read beyond the delimiter, and returned b"" for that
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data.partition(delimiter)[0], b""


# === wrong: only what came before ==> You returned b"head": a pair of bytes was asked for
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data.partition(delimiter)[0]


# === wrong: keeps the delimiter ==> still has the delimiter at its end
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    end = data.find(delimiter) + len(delimiter)
    return data[:end], data[end:]


# === wrong: leaves the delimiter in front of the rest ==> beyond the delimiter came b"", and you returned b"\\r\\n\\r\\n"
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    at = data.find(delimiter)
    return data[:at], data[at:]


# === wrong: splits at every delimiter ==> The delimiter came twice: .*returned only a part
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    parts = data.split(delimiter)
    return parts[0], parts[1]


# === wrong: the last delimiter ==> The delimiter came twice: the first one ends it, and you went on to a later one
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.rpartition(delimiter)
    return before, rest


# === wrong: looks in each piece by itself ==> EOFError.* where the delimiter came in two pieces
def recv_until(sock, delimiter, limit):
    data = b""
    while len(data) < limit:
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        if delimiter in piece:
            before, _, rest = piece.partition(delimiter)
            return data + before, rest
        data += piece
    raise ValueError


# === wrong: stops at the delimiter's first byte ==> behind something that begins like it: before the delimiter came
def recv_until(sock, delimiter, limit):
    data = b""
    while True:
        if len(data) >= limit:
            raise ValueError
        byte = sock.recv(1)
        if not byte:
            raise EOFError
        if byte == delimiter[:1]:
            for _ in delimiter[1:]:
                sock.recv(1)
            return data, b""
        data += byte


# === wrong: forgets what began again when a match breaks off ==> behind something that begins like it
def recv_until(sock, delimiter, limit):
    data, matched = b"", 0
    while matched < len(delimiter):
        if len(data) >= limit:
            raise ValueError
        byte = sock.recv(1)
        if not byte:
            raise EOFError
        data += byte
        matched = matched + 1 if byte == delimiter[matched : matched + 1] else 0
    return data[: -len(delimiter)], b""


# === wrong: no limit ==> ended with the byte 101, and the limit was 100: ValueError was to be raised; you returned
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        piece = sock.recv(4096)
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    return before, rest


# === wrong: the limit is for what comes before ==> ended with the byte 101, and the limit was 100: ValueError was to be raised
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) > limit:
            raise ValueError
        piece = sock.recv(4096)
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    if len(before) > limit:
        raise ValueError
    return before, rest


# === wrong: notices the limit when it has been passed ==> blocked in `recv` .* 100 bytes, the limit, had come without a delimiter
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) > limit:
            raise ValueError
        piece = sock.recv(limit + 1 - len(data))
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    if len(before) + len(delimiter) > limit:
        raise ValueError
    return before, rest


# === wrong: takes no more for the end of the stream ==> the limit was 100: ValueError was to be raised; you raised EOFError
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        piece = sock.recv(limit - len(data))
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    return before, rest


# === wrong: the end of the stream is not noticed ==> going round .* `recv` returned b''.* again and again
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        data += sock.recv(limit - len(data))
    before, _, rest = data.partition(delimiter)
    return before, rest


# === wrong: gives what there is at the end of the stream ==> ended within the delimiter: EOFError was to be raised; you returned
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            return data, b""
        data += piece
    before, _, rest = data.partition(delimiter)
    return before, rest


# === wrong: a reset is an end ==> reset the connection before the delimiter: ConnectionResetError was to be raised; you raised EOFError
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            raise ValueError
        try:
            piece = sock.recv(limit - len(data))
        except ConnectionError:
            raise EOFError
        if not piece:
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    return before, rest


# === wrong: closes when the limit is passed ==> closes the socket that it was given
def recv_until(sock, delimiter, limit):
    data = b""
    while delimiter not in data:
        if len(data) >= limit:
            sock.close()
            raise ValueError
        piece = sock.recv(limit - len(data))
        if not piece:
            sock.close()
            raise EOFError
        data += piece
    before, _, rest = data.partition(delimiter)
    return before, rest
