"""Real conversations on loopback, for the tests of observe: how to begin one, and how to make a state rest.

A state is made to rest by a full send queue, which holds back our own FIN, or by a full accept queue, which
drops a SYN.
"""

from __future__ import annotations

import socket
import sys

import pytest

from labsupport import observe, until

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells more than others")
CHUNK = b"x" * 65536


@pytest.fixture
def connect(keep):
    """A function that gives both ends of a new connection: (client, server)."""

    def ends(family=socket.AF_INET, host="127.0.0.1"):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            client = keep(socket.socket(family))
            client.settimeout(5)
            client.connect(listener.getsockname()[:2])
            listener.settimeout(5)
            server, _ = listener.accept()
        server.settimeout(5)
        return client, keep(server)

    return ends


def fill(sock, peer):
    """Send until both kernels take no more, with nothing left in flight; how many bytes they took."""
    sock.setblocking(False)
    taken, more = 0, True
    while more:
        more = 0
        try:
            while True:
                more += sock.send(CHUNK)
        except BlockingIOError:
            taken += more
            until(lambda: observe(sock).bytes_acked == observe(peer).bytes_received)
    return taken


def drain(sock, count):
    """Read exactly `count` bytes."""
    sock.settimeout(5)
    while count:
        got = sock.recv(min(count, 1 << 20))
        assert got, "the stream ended early"
        count -= len(got)


def reaches(sock, state):
    """Wait for the state; the Snapshot that shows it."""
    return until(lambda: (snapshot := observe(sock)).state == state and snapshot)


def counts(snapshot):
    """What the program gave and got, payload only; and the sum that must always hold."""
    assert snapshot.bytes_sent == snapshot.bytes_acked + snapshot.send_queue
    assert snapshot.bytes_read == snapshot.bytes_received - snapshot.recv_queue >= 0
    return snapshot.bytes_sent, snapshot.bytes_received
