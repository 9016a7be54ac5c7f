"""Did a conversation end in order? Asked when its client has ended, and all it is owed is sent.

A FIN alone does not tell. A client that closes with answers unread sends one, too, or a RST, as its kernel
has it at that moment; and once our FIN is acknowledged, its RST would reach nobody. So our FIN waits, for a
moment, until the client has read everything. Where both ends are on one machine that can be seen, and also
whether its program still has the socket, to read to the end. From another machine only the RST is seen.
"""

from __future__ import annotations

import errno
import socket
from time import monotonic

from labsupport.classroom.owed import LOOKS
from labsupport.observe import observe
from labsupport.servers.delivery import unacknowledged

_TCP_INFO = getattr(socket, "TCP_INFO", None)  # its first byte is the state, tcp(7)
_TCP_CLOSE = 7  # include/net/tcp_states.h

PATIENCE = 5.0  # seconds: so long a client may take to read what lies there


class Ending:
    """The end of one conversation, whose peer has ended; `judged(conversation)` is called if in order."""

    def __init__(self, server, conversation, judged):
        self._server, self._conversation, self._judged = server, conversation, judged
        self._deadline = monotonic() + PATIENCE
        self._looks = 0
        self._waits = False  # seen once: the client still has the socket, and nothing to read
        self._await_reader()

    def _await_reader(self):
        talk = self._conversation
        if talk.closed:  # by a RST
            return
        end = self._server.reading.other_end(talk.sock)
        if end is not None and end.uid is None:  # closed already: it does not read to the end
            talk.end()
        elif unacknowledged(talk.sock) or (end is not None and end.recv_queue):
            self._again(self._await_reader, talk.end)
        elif not self._waits:  # close() sends its FIN, too, a moment before it lets go of the socket
            self._waits = True
            self._again(self._await_reader, talk.end)
        else:
            self._finish()

    def _finish(self):
        """Our FIN. The descriptor stays until it is acknowledged, or answered by a RST."""
        talk = self._conversation
        self._server._loop.detach(talk.fd)  # with both directions shut epoll would report it for ever
        try:
            talk.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            talk.lost(error)
            return
        self._server.log.add(talk.number, "ended")
        self._await_last_ack()

    def _await_last_ack(self):
        talk = self._conversation
        if talk.closed:
            return
        if not _is_over(talk.sock):
            self._again(self._await_last_ack, talk.close)
            return
        number = talk.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            talk.lost(OSError(errno.ECONNRESET, "reset"))
        else:
            self._judged(talk)
            talk.close()

    def _again(self, step, give_up):
        if monotonic() > self._deadline:
            give_up()
            return
        self._server._loop.later(LOOKS[min(self._looks, len(LOOKS) - 1)], step)
        self._looks += 1


def _is_over(sock):
    """Whether the kernel has no connection here any more: our FIN was acknowledged, or a RST came."""
    if _TCP_INFO is None:
        return observe(sock).state == "CLOSED"
    return sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] == _TCP_CLOSE
