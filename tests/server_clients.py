"""Clients of the helper servers, for their tests."""

import contextlib
import socket

from labsupport import until
from labsupport.servers import ChargenServer, DaytimeServer, DiscardServer, EchoServer

STREAMS = (EchoServer, DiscardServer, ChargenServer, DaytimeServer)


def connected(server):
    """A client's socket that never waits for ever."""
    sock = socket.socket(server.listener.family)
    sock.settimeout(10)
    try:
        sock.connect(server.address)
    except OSError:
        sock.close()
        raise
    return sock


def states(server):
    """What the open conversations are doing."""
    return [state for _number, _received, _sent, state in server.conversations]


def read_to_end(sock):
    """All bytes until the end of file."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def fill(server, sock):
    """Send, and read nothing, until the server waits for its peer to read; how many bytes went."""
    sock.setblocking(False)
    sent = 0

    def full():
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            sent += sock.send(bytes(1_000_000))
        return states(server) == ["waiting for the peer to read"]

    until(full, timeout=20)
    return sent
