"""Who is let in: a helper on loopback serves its own user alone, and with a word whoever says it first.

That is no guard against an attacker on the network, where a helper does not listen. It is for rooms in
which many share one machine, and a helper is within everybody's reach. A connection that is turned away is
closed with RST and leaves nothing behind: it is no connection of the server's, counts nowhere else and has no
entry in the log.
"""

from __future__ import annotations

import _socket
import socket
import struct

from labsupport.neighbors import Neighbors, on_loopback

PATIENCE = 10.0  # seconds in which the word has to come
MOST = 64  # newcomers who have not said it yet; one more, and the one that waits longest is turned away

_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST, socket(7)
_recv = _socket.socket.recv


class Door:
    """A server's; all but the constructor belongs to the server's own thread.

    `alone`: whether neighbors stay outside; `word`: bytes to be said first, or None. `turned_away` counts.
    """

    def __init__(self, alone, word):
        self.turned_away = 0
        self.word = word
        self._neighbors = None
        self._waiting = {}  # descriptor: Newcomer, in the order in which they came
        if alone:
            self._neighbors = Neighbors()
            self._neighbors.open()  # now: later its descriptor would come between the learner's own

    def is_neighbor(self, server, sender):
        """Whether the address `sender`, of a peer or a datagram, is a neighbor's; then that is counted."""
        if self._neighbors is None or not sender:
            return False
        own = self._neighbors.owner(server._family, server.address, sender, server.type)
        self.turned_away += own is False
        return own is False

    def ask(self, server, fd):
        """Let the connection `fd` in when it has said the word."""
        if len(self._waiting) >= MOST:
            next(iter(self._waiting.values())).leave()
        self._waiting[fd] = Newcomer(self, server, fd)

    def close(self):
        """Close whatever it has open; again: nothing."""
        for newcomer in list(self._waiting.values()):
            newcomer.leave()
        if self._neighbors is not None:
            self._neighbors.close()


class Newcomer:
    """A connection that has to say the word and "\\n" first; what comes after that stays in the kernel."""

    def __init__(self, door, server, fd):
        self._door, self._server, self._fd = door, server, fd
        self._sock = socket.socket(server._family, socket.SOCK_STREAM, server._proto, fd)
        self._sock.setblocking(False)
        self._awaited = door.word + b"\n"
        server._loop.attach(fd, self._ready)
        self._timer = server._loop.later(PATIENCE, self.leave)

    def _ready(self, _events):
        try:
            said = _recv(self._sock, len(self._awaited))
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said or not self._awaited.startswith(said):
            self.leave()
            return
        self._awaited = self._awaited[len(said) :]
        if not self._awaited:
            self._go()
            self._server._welcome(self._sock.detach())

    def leave(self):
        """It did not say the word."""
        self._door.turned_away += 1
        self._go()
        slam(self._sock)

    def _go(self):
        self._timer.cancel()
        self._server._loop.detach(self._fd)
        self._door._waiting.pop(self._fd, None)


def turn_away(server, fd):
    """Close the accepted connection `fd`."""
    slam(socket.socket(server._family, socket.SOCK_STREAM, server._proto, fd))


def slam(sock):
    """Close with RST: nothing stays behind, and the peer learns that nobody serves it here."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    finally:
        sock.close()


def stays_closed(server_is_open, host, path):
    """Whether neighbors stay outside: on loopback, unless the server is meant for everybody.

    A host of a private network has no neighbors, and a Unix socket's file says by its mode who may come.
    """
    return not server_is_open and path is None and isinstance(host, str) and on_loopback(host)
