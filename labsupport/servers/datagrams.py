"""A server's only socket when it speaks in datagrams: no connections, each answered as a whole."""

from __future__ import annotations

import _socket
import errno
import time

from labsupport.servers.conversation import NO_SIGNAL
from labsupport.servers.loop import READ, WRITE

_recvfrom_into, _sendto = _socket.socket.recvfrom_into, _socket.socket.sendto

# Datagrams taken at one go, so that a flood cannot keep the loop from its other work.
BATCH = 32
MOMENT = 0.1  # seconds: nobody gets another's port within that


class Datagrams:
    """Reads datagrams, asks `server._datagram(data)` for the answer, sends it back."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self._unsent = None  # the one answer for which the kernel had no room
        self._own = None, 0.0  # the sender last let in, and when it was asked about

    def ready(self, events):
        """The socket is ready for `events`."""
        if events & WRITE and self._unsent is not None:
            answer, sender = self._unsent
            self._unsent = None
            self.server._loop.change(self.sock.fileno(), READ)
            self._answer(answer, sender)
        for _ in range(BATCH):
            if self._unsent is not None or not self._read():
                return

    def _read(self):
        server = self.server
        try:
            count, sender = _recvfrom_into(self.sock, server._buffer)
        except BlockingIOError:
            return False
        except OSError as error:  # an ICMP error that belongs to an earlier answer
            self._failed(error)
            return True
        if self._is_neighbor(sender):
            return True
        server._bytes_in += count
        server.log.add(None, "received", count)
        answer = server._datagram(server._view[:count])
        if answer is not None:
            self._answer(answer, sender)
        return True

    def _is_neighbor(self, sender):
        """Whether it came from a neighbor; one whose port is ours is not asked about again for a moment."""
        known, since = self._own
        now = time.monotonic()
        if sender == known and now - since < MOMENT:
            return False
        if self.server._door.is_neighbor(self.server, sender):
            return True
        self._own = sender, now
        return False

    def _answer(self, answer, sender):
        if not sender:
            self.server.log.add(None, "no address to answer to")  # an unbound Unix socket sent it
            return
        size = len(answer)
        self.server._bytes_out += size  # before it goes: a learner who has received it finds it counted
        self.server.log.add(None, "sent", size)
        try:
            _sendto(self.sock, answer, NO_SIGNAL, sender)
        except OSError as error:
            self.server._bytes_out -= size
            self.server.log.take_back()
            if isinstance(error, BlockingIOError):
                self._unsent = bytes(answer), sender
                self.server._loop.change(self.sock.fileno(), WRITE)
            else:
                self._failed(error)

    def _failed(self, error):
        self.server.log.add(None, "failed", errno.errorcode.get(error.errno, str(error)))
