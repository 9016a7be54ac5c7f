def recv_exactly(sock, count):
    """Exactly `count` bytes from `sock`, however they arrive."""
    data = bytearray()  # grows in place; bytes + bytes would copy everything each time
    while len(data) < count:  # not one recv: it returns what is there, not what was asked for
        piece = sock.recv(count - len(data))  # never more than is missing: what follows is not ours
        if not piece:  # b"" is the end of the stream, and it would come again for ever
            raise EOFError(f"the peer ended after {len(data)} of {count} bytes")
        data += piece
    return bytes(data)
