def send_all(sock, data):
    """Send every byte of `data`, with `send` alone."""
    rest = memoryview(data)  # slices of it copy nothing; data[taken:] would copy all that is left, each time
    while rest:  # an empty one is false: no bytes at all need no call
        taken = sock.send(rest)  # may be fewer than given: as many as the send queue has room for
        rest = rest[taken:]  # go on behind what was taken, not behind what was given
    # no try: what send raises (the peer is gone, the time is over) is for the caller, who has to know
