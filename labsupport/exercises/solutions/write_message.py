LIMIT = 2**20  # bytes; what the reader refuses is not sent at all


def write_message(sock, data):
    """Send one message: its length in four bytes, in network order, and its bytes."""
    if len(data) > LIMIT:  # before anything goes out: half a message would spoil the whole stream
        raise ValueError(f"a message of {len(data)} bytes; at most {LIMIT} are allowed")
    header = len(data).to_bytes(4)  # the first byte counts most: that is network order
    sock.sendall(header + data)  # sendall, for send may take a part; in one call, so that one segment may do
