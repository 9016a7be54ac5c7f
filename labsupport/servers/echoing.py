"""EchoServer's conversation: one read, one write, and as little as can be between them.

EchoServer is what most lessons talk to and what is measured beside other servers, so its plain case is
written out here. A round trip makes three system calls, and one of them is the wait for readiness. So while a
single peer talks and nobody else has anything to say, its next bytes are waited for in the read itself, for
some exchanges and for a moment at most: that is how long a newcomer may have to wait. (Python's own share was
measured in instructions, which other programs on the machine do not change: `perf stat -e instructions:u`.)
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from time import monotonic

from labsupport.servers.conversation import NEVER_WAIT, Conversation
from labsupport.servers.log import ECHOED
from labsupport.servers.loop import READ

ALONE = 16  # times that nothing else was ready, before a conversation lingers …
EXCHANGES = 128  # … for so many exchanges …
_MOMENT = struct.pack("ll", 0, 2000)  # … or so long without one: struct timeval, 2 ms
_CAN_LINGER = sys.platform.startswith("linux")


class EchoingConversation(Conversation):
    """A conversation of EchoServer: what is read is written at once; all else goes the common way."""

    __slots__ = ()

    def ready(self, events):
        if not events == READ == self._mask:
            Conversation.ready(self, events)
        elif self.loop.alone >= ALONE and _CAN_LINGER:
            self._linger()
        else:
            server, log = self.server, self.log
            try:
                count = self._recv_into(server._buffer)
            except OSError as error:
                self._not_read(error)
                return
            if not count:
                self._end_of_file()
                return
            # Counted before it is sent, for the reason given in `write`: one number and one entry for both.
            self.echoed += count
            log.kept.append((monotonic(), self.number, ECHOED, count))
            log.count += 2
            try:
                sent = self._send(server._view[:count], NEVER_WAIT)
            except OSError:  # no room, or a reset: the common way learns which when the loop says "ready"
                sent = 0
            if sent < count:
                self._correct(count, sent)

    def _linger(self):
        """Exchange as `ready` does, several times."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _MOMENT)
        os.set_blocking(self.fd, True)
        try:
            if not self._exchange(EXCHANGES):
                self.loop.alone = 0
        finally:
            if not self.closed:
                os.set_blocking(self.fd, False)

    def _exchange(self, times):
        """`ready`'s work, `times` over and with all looked up before; False when it came to something else."""
        log, number, recv_into, send = self.log, self.number, self._recv_into, self._send
        buffer, view = self.server._buffer, self.server._view
        keep, entries, size, data = log.kept.append, log.count, 0, None
        for _ in range(times):
            try:
                count = recv_into(buffer)
            except OSError as error:
                self._not_read(error)
                return False
            if not count:
                self._end_of_file()
                return False
            if count != size:
                size, data = count, view[:count]
            self.echoed += count
            keep((monotonic(), number, ECHOED, count))
            log.count = entries = entries + 2
            try:
                sent = send(data, NEVER_WAIT)
            except OSError:
                sent = 0
            if sent < count:
                self._correct(count, sent)
                return False
        return True

    def _correct(self, count, sent):
        """Of `count` bytes in the buffer only `sent` went; the rest goes later, the common way."""
        self.echoed -= count
        self.log.take_back()
        self._count_received(count)
        self._count_sent(sent)
        self._keep(self.server._view[sent:count])
