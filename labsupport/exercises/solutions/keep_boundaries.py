import socket

LONGEST = 2000  # bytes; recv throws away what does not fit into the room it was given


def keep_boundaries(messages):
    """Send each of `messages` as a datagram through a pair of sockets; return the list of what arrived."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # a stream would join them
    arrived = []
    with left, right:  # closed also when send raises, because a message is too long
        for message in messages:
            left.send(message)  # whole or not at all: a datagram is never sent in part
            # Read before the next is sent: the kernel keeps only so many, then send would wait for ever.
            arrived.append(right.recv(LONGEST))  # one recv, one message; b"" is an empty one, not the end
    return arrived
