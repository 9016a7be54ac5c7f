"""One accepted connection: bytes in, bytes out, and an end, none of which ever blocks.

What a helper *does* with a conversation is written in the server (`_received` and its companions); how a
conversation is kept going is here. Two rules matter. Nothing is buffered without bound: while the peer does
not take what was written, nothing more is read from it, so that its own `send` blocks in the end, as TCP
means it (RFC 9293 section 3.8.6). And a peer may vanish at any moment: whatever the kernel then says is an
entry in the log, not an error of ours.
"""

from __future__ import annotations

import _socket
import errno
import socket
import struct

from labsupport.servers.loop import BROKEN, READ, WRITE

# record() patches `socket.socket`; the helpers' own calls are not the learner's and go to the class beneath
# it, which also spares them a look-up in two classes.
_recv_into, _send = _socket.socket.recv_into, _socket.socket.send

# In a process that let SIGPIPE have its way (a lesson does), a helper must not end it. macOS has no such
# flag. Plain numbers: the enumeration's own arithmetic would cost more than the call.
NO_SIGNAL = int(getattr(socket, "MSG_NOSIGNAL", 0))
NEVER_WAIT = NO_SIGNAL | int(getattr(socket, "MSG_DONTWAIT", 0))

MUCH = 64 * 1024  # bytes: to copy less is cheaper than a new buffer, and keeps less memory

_RESETS = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST, socket(7)


class Conversation:
    """One connection of a server: `number` (1, 2, 3 …), `sock`, `received` and `sent` (bytes).

    `echoed` counts for both of these; the server adds it to its totals when it is asked for them.
    """

    __slots__ = (
        "server", "loop", "log", "sock", "fd", "number", "echoed", "most", "memory", "_received", "_sent",
        "_recv_into", "_send", "_outbox", "_mask", "_paused", "_eager", "_closing", "_peer_ended",
    )  # fmt: skip

    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.loop, self.log = server._loop, server.log
        self.fd = sock.fileno()
        self._received = self._sent = self.echoed = 0
        self.most = 0  # bytes read at once; 0: as many as the common buffer holds
        self.memory = None  # the server's own notes about this conversation
        self._recv_into = _recv_into.__get__(sock)
        self._send = _send.__get__(sock)
        self._outbox = b""
        self._mask = READ
        self._paused = self._eager = self._closing = self._peer_ended = False

    @property
    def closed(self):
        """Whether this conversation is over."""
        return self.sock.fileno() < 0

    @property
    def received(self):
        """Bytes read so far."""
        return self._received + self.echoed

    @property
    def sent(self):
        """Bytes written so far, as far as the kernel has taken them."""
        return self._sent + self.echoed

    @property
    def peer_ended(self):
        """Whether the peer has sent all it will."""
        return self._peer_ended

    @property
    def unsent(self):
        """How many bytes were written and not yet taken by the kernel."""
        return len(self._outbox)

    @property
    def state(self):
        """In words what this end is doing."""
        if self._closing:
            return "ending"
        if self._peer_ended:
            return "peer ended"
        return "waiting for the peer to read" if self._outbox else "not reading" if self._paused else "open"

    # What the loop calls

    def ready(self, events):
        """The descriptor is ready for `events`."""
        mask = self._mask
        if events & mask & READ:
            self._read()
        if events & mask & WRITE:
            self._flush()
        elif events & BROKEN and not mask:
            self._broken()

    def _read(self):
        try:
            count = self._recv_into(self.server._buffer, self.most)
        except OSError as error:
            self._not_read(error)
            return
        if not count:
            self._end_of_file()
            return
        self._count_received(count)
        server = self.server
        if not self._closing:
            server._received(self, server._view[:count])

    def _not_read(self, error):
        if not isinstance(error, BlockingIOError):
            self.lost(error)

    def _end_of_file(self):
        self._peer_ended = True
        self.log.add(self.number, "peer ended")
        self.pause()  # otherwise the end of file is reported for ever
        if not self._closing:
            self.server._ended(self)
        elif not self._outbox:
            self.close()

    def _flush(self):
        pending, self._outbox = self._outbox, b""
        if pending:
            self.write(pending)
        if self._outbox or self.closed:
            return
        if self._closing:
            self._shut()
        else:
            self.server._drained(self)
            # Under load there is something to read by now, and after that something to write again: to look
            # at once spares changing back and forth what the loop waits for.
            if pending and not self._paused and self.server._answers:
                self._read()
        self._update()

    def _broken(self):
        """Both directions are gone while nothing was awaited: a reset, or a Unix peer that closed."""
        number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self.lost(OSError(number, "the peer is gone"))
        else:
            self.log.add(self.number, "peer ended")
            self.close()

    # What the server calls

    def write(self, data):
        """Send `data` (bytes, or a view of the common buffer), or what goes; the rest follows by itself.

        Until the rest has gone nothing is read from this peer.
        """
        if self._outbox:
            self._outbox = memoryview(bytes(self._outbox) + data)
            return
        size = len(data)
        if not size:
            return
        # Counted before it goes: a learner whose recv has returned finds it counted. What did not go is taken
        # back.
        self._count_sent(size)
        try:
            count = self._send(data, NO_SIGNAL)
        except BlockingIOError:
            count = 0
        except OSError as error:
            self._take_back(size)
            self.lost(error)
            return
        if count < size:
            self._take_back(size)
            self._count_sent(count)
            self._keep(data[count:])

    def _count_received(self, count):
        self._received += count
        self.server._bytes_in += count
        self.log.add(self.number, "received", count)

    def _count_sent(self, count):
        if count:
            self._sent += count
            self.server._bytes_out += count
            self.log.add(self.number, "sent", count)

    def _take_back(self, count):
        self._sent -= count
        self.server._bytes_out -= count
        self.log.take_back()

    def _keep(self, rest):
        """Send `rest` when there is room. If it is much of the common buffer, the server takes another one."""
        if isinstance(rest, memoryview) and rest.obj is self.server._buffer:
            if len(rest) < MUCH:
                rest = bytes(rest)
            else:
                self.server._new_buffer()
        self._outbox = rest
        self._update()

    def pause(self):
        """Stop reading from this peer."""
        self._paused = True
        self._update()

    def resume(self):
        """Read from this peer again."""
        if not self._peer_ended:
            self._paused = False
            self._update()

    def be_eager(self):
        """Ask the server for more (`_drained`) whenever there is room to write, from now on."""
        self._eager = True
        self._update()

    def end(self):
        """Send what is left and FIN; throw away what the peer still sends; close when it has ended, too.

        Closing at once would answer unread input with RST, which can destroy at the peer what was just sent
        (RFC 1122 section 4.2.2.13).
        """
        if not self._closing:
            self._closing = True
            if not self._outbox:
                self._shut()

    def _shut(self):
        if self._peer_ended:
            self.close()
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.lost(error)
            return
        self.log.add(self.number, "ended")
        self.resume()

    def reset(self):
        """End with RST: what was not yet sent is lost."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.log.add(self.number, "sent RST")
        self.close()

    def lost(self, error):
        """The kernel says that the connection is no more (or that this end has closed it, which is known)."""
        if self.closed:
            return
        name = errno.errorcode.get(error.errno, str(error))
        if error.errno in _RESETS:
            self.log.add(self.number, "reset")
        elif error.errno == errno.ETIMEDOUT:
            self.log.add(self.number, "timeout")
        else:
            self.log.add(self.number, "failed", name)
        self.close()

    def close(self):
        """Close the socket and leave the server's table; again: nothing."""
        if self.sock.fileno() >= 0:
            self.loop.detach(self.fd)
            self.log.add(self.number, "closed")
            self.sock.close()
            self._settle()
            self.server._forget(self)  # last: whoever waits for this finds the rest done

    def _settle(self):
        """Add what was echoed to the totals: they must never be seen with it twice, nor without it."""
        server, echoed = self.server, self.echoed
        with server._settling:
            self._received += echoed
            self._sent += echoed
            server._bytes_in += echoed
            server._bytes_out += echoed
            self.echoed = 0

    def _update(self):
        if self.sock.fileno() < 0:
            return
        mask = WRITE if self._outbox or self._eager and not self._closing else 0
        if not self._paused and not (self._outbox and self.server._answers):
            mask |= READ
        if mask != self._mask:
            self._mask = mask
            self.loop.change(self.fd, mask)
