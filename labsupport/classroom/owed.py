"""What one connection is still owed, and the way it goes out: whole, in pieces, or late.

Everything goes out in the order in which it was asked for, whatever the way. What waits here is bounded by
the server, which stops reading from whoever is owed much.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from labsupport.otherend import Kernel
from labsupport.servers.delivery import unread

WAYS = ("whole", "pieces", "late")
LATE = 0.5  # seconds
LOOKS = (0.001, 0.002, 0.005, 0.01, 0.02)  # seconds between two looks whether a piece was read
APART = 0.02  # seconds between two pieces where the reader cannot be seen
PATIENCE = 2.0  # seconds that a piece may lie unread before the next one goes all the same
SHARE = 64  # of much that is owed a piece is this part, so that it ends some time
_SIZES = (2, 1, 3, 1, 4, 2)  # bytes of the pieces, in turn


class Reading:
    """What the other end of a connection has not read: `Kernel` of otherend.py, asked about sockets."""

    def __init__(self):
        self._kernel = Kernel()

    def other_end(self, sock):
        """The OtherEnd of `sock`'s peer; None where it cannot be seen."""
        try:
            return self._kernel.other_end(int(sock.family), sock.getsockname(), sock.getpeername())
        except OSError:
            return None

    def unread(self, sock):
        """Bytes that the peer has not read; None where that cannot be seen."""
        return unread(self._kernel, sock)

    def close(self):
        """Give the descriptor back."""
        self._kernel.close()


class Owed:
    """The queue of one conversation; `size` is what waits in it, bytes. `go_on()` sends what is due."""

    __slots__ = ("size", "_server", "_conversation", "_parts", "_waiting", "_turn")

    def __init__(self, server, conversation):
        self._server, self._conversation = server, conversation
        self._parts = deque()  # [when it is due, way, bytes]
        self._waiting = False  # for a timer, which will go on
        self.size = self._turn = 0

    def add(self, data, way):
        """Owe `data`; "letters" is in pieces, each cut within a letter of more than one byte."""
        if way == "whole" and not self._parts:
            self._conversation.write(data)
        elif data:
            self._parts.append([monotonic() + LATE if way == "late" else 0, way, memoryview(data)])
            self.size += len(data)
            self.go_on()

    def go_on(self):
        """Send what is due, as far as the kernel takes it."""
        talk = self._conversation
        while self._parts and not self._waiting and not talk.unsent and not talk.closed:
            due, way, data = self._parts[0]
            if due > monotonic():
                self._wait(due - monotonic(), self._resume)
                return
            size = self._piece(way, data)
            if size == len(data):
                self._parts.popleft()
            else:
                self._parts[0][2] = data[size:]
            self.size -= size
            talk.write(data[:size])
            if way in ("pieces", "letters") and self._parts:
                self._wait(LOOKS[0], lambda: self._look(0, monotonic() + PATIENCE))
        if talk.closed:
            self._parts.clear()
            self.size = 0

    def _piece(self, way, data):
        """How many bytes of `data` go now."""
        if way == "letters":
            inside = (at for at in range(1, len(data)) if data[at] & 0xC0 == 0x80)
            return next(inside, len(data))
        if way == "pieces":
            self._turn += 1
            return min(len(data), _SIZES[self._turn % len(_SIZES)] + self.size // SHARE)
        return len(data)

    def _wait(self, seconds, then):
        self._waiting = True
        self._server._loop.later(seconds, then)

    def _resume(self):
        self._waiting = False
        if not self._conversation.closed:
            self.go_on()
            self._server._gone_out(self._conversation)

    def _look(self, looks, deadline):
        """Has the piece been read? Where that cannot be seen, some time must do."""
        talk = self._conversation
        unread = None if talk.closed else self._server.reading.unread(talk.sock)
        if unread and monotonic() < deadline:
            later = LOOKS[min(looks, len(LOOKS) - 1)]
            self._server._loop.later(later, lambda: self._look(looks + 1, deadline))
        elif unread is None and not talk.closed:
            self._server._loop.later(APART, self._resume)
        else:
            self._resume()
