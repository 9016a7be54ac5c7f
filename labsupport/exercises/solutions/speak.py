import socket

PIECE = 4096  # bytes; the kernel always has room for so few when all before them have been read


def speak(message):
    """Send `message` through a pair of connected sockets; return what arrived at the other end."""
    left, right = socket.socketpair()  # connected from the start: no address, no listening
    sent, received = 0, bytearray()
    with left, right:  # closed when the block ends, and also when an error ends it
        while len(received) < len(message):  # an empty message has arrived before anything is sent
            sent += left.send(message[sent : sent + PIECE])  # send may take less than it was given
            received += right.recv(PIECE)  # there is something: a byte at least has gone in
    return bytes(received)
