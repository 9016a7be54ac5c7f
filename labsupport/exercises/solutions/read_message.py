LIMIT = 2**20  # bytes; a length is believed only up to here


def read_message(sock):
    """The next message, or None where the peer has ended after the one before."""
    header = read(sock, 4)
    if not header:  # ended between two messages: nothing is missing
        return None
    length = int.from_bytes(whole(header, 4))  # network order: the first byte counts most
    if length > LIMIT:  # before a byte of it is read: the number is only the peer's word
        raise ValueError(f"a message of {length} bytes; at most {LIMIT} are allowed")
    return whole(read(sock, length), length)  # 0 bytes are a message, too


def read(sock, count):
    """`count` bytes, or fewer where the peer ends before."""
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(count - len(data))  # never more: what follows is the next message's
        if not piece:
            break
        data += piece
    return bytes(data)


def whole(data, count):
    """`data`, if it is all that was asked for. Less is the peer's end within a message."""
    if len(data) < count:
        raise EOFError(f"the peer ended after {len(data)} of {count} bytes")
    return data
