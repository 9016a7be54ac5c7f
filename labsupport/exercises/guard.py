"""A check's sockets on a machine that others share: whoever comes there must not be taken for the learner.

Where all clients are the check's own (the learner's function accepts), and where its datagrams alone are to
come to the function, the kernel keeps neighbors out: marks.py. Where the learner's function connects, the
kernel tells whose the caller is, while that is open, and the function's own process tells which ports it had.
"""

from __future__ import annotations

import socket
import threading

from labsupport.neighbors import Neighbors
from labsupport.servers.door import slam
from labsupport.waiting import readable


class Callers:
    """Tells a listener's callers apart; `disturbed`: how many neighbors were sent away."""

    def __init__(self):
        self.disturbed = 0
        self._neighbors, self._asking = Neighbors(), threading.Lock()  # a case's scripts are threads
        self._unknown = {}  # listener's address: connections whose other end nobody answers for

    def next(self, listener, ports):
        """The next caller's connection that is no neighbor's, or None where there is none now.

        `ports()`: those that the function has had, asked for a caller that has left already. Who is not known
        by them is set aside, for `left`.
        """
        while readable([listener], 0):
            sock, there = listener.accept()
            with self._asking:
                own = self._neighbors.owner(listener.family, listener.getsockname(), there)
            if own or (own is None and there[1] in ports()):
                return sock
            if own is None:
                self._unknown.setdefault(listener.getsockname(), []).append(sock)
            else:
                self.disturbed += 1
                slam(sock)
        return None

    def left(self, listener):
        """The first of those set aside, or None."""
        aside = self._unknown.get(listener.getsockname())
        return aside.pop(0) if aside else None

    def were_there(self, listeners):
        """Whether neighbors came, or wait in the queues of these listeners, which are emptied."""
        for listener in listeners:
            if _listens(listener):
                while (sock := self.next(listener, tuple)) is not None:
                    sock.close()
        return self.disturbed > 0

    def close(self):
        """Close what was set aside."""
        self._neighbors.close()
        for sock in [sock for aside in self._unknown.values() for sock in aside]:
            sock.close()


def accepted(listener, client):
    """The connection of `client`, a socket of ours that is connected to `listener`; others are sent away."""
    while True:
        sock, there = listener.accept()
        if there == client.getsockname():
            return sock
        slam(sock)


def waits(sock):
    """Whether a datagram waits at a UDP socket; a neighbor's is taken and thrown away."""
    neighbors = Neighbors()
    try:
        while readable([sock], 0):
            try:
                _, sender = sock.recvfrom(1, socket.MSG_PEEK)
            except OSError:  # an error of an earlier answer, which the next call tells
                return True
            if neighbors.owner(sock.family, sock.getsockname(), sender, socket.SOCK_DGRAM) is not False:
                return True
            sock.recvfrom(1)
    finally:
        neighbors.close()
    return False


def _listens(sock):
    if sock.fileno() < 0:
        return False
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
