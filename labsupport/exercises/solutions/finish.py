import socket


def finish(sock):
    """End the conversation on `sock` in order; what was still to read."""
    rest = bytearray()
    with sock:  # closes on every way out: after a reset or a timeout too
        sock.shutdown(socket.SHUT_WR)  # FIN, behind all that was sent: done, and still listening
        while piece := sock.recv(65536):  # until b"": to close with something unread sends RST
            rest += piece
    return bytes(rest)
