def recv_until(sock, delimiter, limit):
    """(what came before `delimiter`, what was read beyond it); the delimiter ends within `limit` bytes."""
    data = b""
    while delimiter not in data:  # in all that has come: the delimiter may have come in two pieces
        if len(data) >= limit:  # before recv: no more is coming, perhaps, and recv would wait for it
            raise ValueError(f"no delimiter within {limit} bytes")
        piece = sock.recv(limit - len(data))  # never beyond the limit, however much the peer sends
        if not piece:  # b"" is the end of the stream, and it would come again for ever
            raise EOFError(f"the peer ended after {len(data)} bytes, without a delimiter")
        data += piece
    before, _, beyond = data.partition(delimiter)  # at the first one; a later one belongs to what follows
    return before, beyond  # what has been read is in no queue any more: the caller needs it
