"""Peers that misbehave, each in one way, and in the same way every time.

TCP promises an ordered stream of bytes and nothing about how it is cut, when it comes or whether it ends
politely. A program that was tried against a friendly server alone has not been tried. These servers have
EchoServer's shape, so a lesson swaps one for the other and changes nothing else.
"""

from __future__ import annotations

import random
import socket

from labsupport.servers.arguments import checked_number
from labsupport.servers.base import Server
from labsupport.servers.delivery import Readers, unacknowledged

KEPT = 64 * 1024  # bytes of one peer that are held back at most
LOOKS = (0.001, 0.002, 0.005, 0.01, 0.02)  # seconds between two looks at what cannot be waited for


class _Holding(Server):
    """A server that keeps bytes back, in `conversation.memory`, and stops reading while it keeps enough."""

    def _opened(self, conversation):
        conversation.memory = bytearray()

    def _received(self, conversation, data):
        kept = conversation.memory
        kept += data
        if len(kept) >= KEPT:
            conversation.pause()

    def _give(self, conversation, count):
        """Write the first `count` bytes kept, and read on when there is room again."""
        kept = conversation.memory
        conversation.write(bytes(kept[:count]))
        del kept[:count]
        if len(kept) < KEPT:
            conversation.resume()


class OneByteServer(_Holding):
    """An echo that comes one byte at a time, each in a segment of its own.

    On Linux the next byte goes only when the last one has been *read*, so that a `recv` gets one byte,
    however many were asked for (MSG_PEEK does not count as reading). Where the reader's queue cannot be seen
    (another system, another network) the bytes go `pause` seconds apart instead.
    """

    def __init__(self, host="127.0.0.1", port=0, *, pause=0.02, type=socket.SOCK_STREAM, path=None):
        self._pause_between = checked_number("pause", pause, 0, "seconds")
        self._readers = Readers()
        self._running = set()
        super().__init__(host, port, type=type, path=path)

    def _received(self, conversation, data):
        super()._received(conversation, data)
        if conversation.number not in self._running:
            self._running.add(conversation.number)
            self._next(conversation)

    def _next(self, conversation):
        if conversation.closed:
            self._running.discard(conversation.number)
        elif conversation.memory:
            self._give(conversation, 1)
            self._loop.later(LOOKS[0], lambda: self._look(conversation, 0))
        else:
            self._running.discard(conversation.number)
            if conversation.peer_ended:
                conversation.end()

    def _look(self, conversation, looks):
        """Has the byte been read? If not, look again later: the learner may be reading the lesson instead."""
        unread = None if conversation.closed else self._readers.unread(conversation.sock)
        if unread is None:
            self._loop.later(self._pause_between, lambda: self._next(conversation))
        elif unread:
            later = LOOKS[min(looks, len(LOOKS) - 1)]
            self._loop.later(later, lambda: self._look(conversation, looks + 1))
        else:
            self._next(conversation)

    def _ended(self, conversation):
        if conversation.number not in self._running:
            conversation.end()

    def _farewell(self):
        super()._farewell()
        self._readers.close()


class JoiningServer(_Holding):
    """An echo that joins what should be apart: it keeps what arrives and answers it in one piece.

    It answers when `size` bytes have come, or, without a size, when nothing has come for `quiet` seconds; and
    at the client's end (a half-close) in any case. At most 64 KiB are kept.
    """

    def __init__(
        self, host="127.0.0.1", port=0, *, size=None, quiet=0.1, type=socket.SOCK_STREAM, path=None
    ):
        self._size = None if size is None else checked_number("size", size, 1, "bytes", whole=True)
        if size is not None and size > KEPT:
            raise ValueError(f"size must be at most {KEPT} bytes, not {size}")
        self._quiet = checked_number("quiet", quiet, 0, "seconds")
        self._waiting = {}
        super().__init__(host, port, type=type, path=path)

    def _received(self, conversation, data):
        super()._received(conversation, data)
        kept = conversation.memory
        if self._size is not None:
            while len(kept) >= self._size:
                self._give(conversation, self._size)
        else:
            self._stop_waiting(conversation)
            if len(kept) >= KEPT:
                self._give(conversation, len(kept))
            else:
                self._waiting[conversation.number] = self._loop.later(
                    self._quiet, lambda: self._silence(conversation)
                )

    def _stop_waiting(self, conversation):
        timer = self._waiting.pop(conversation.number, None)
        if timer is not None:
            timer.cancel()

    def _silence(self, conversation):
        self._waiting.pop(conversation.number, None)
        if not conversation.closed:
            self._give(conversation, len(conversation.memory))

    def _ended(self, conversation):
        self._stop_waiting(conversation)
        if conversation.memory:
            self._give(conversation, len(conversation.memory))
        conversation.end()

    def _forget(self, conversation):
        super()._forget(conversation)
        self._stop_waiting(conversation)


class LateServer(_Holding):
    """An echo that comes `delay` seconds after what it answers."""

    def __init__(self, host="127.0.0.1", port=0, *, delay=1.0, type=socket.SOCK_STREAM, path=None):
        self._delay = checked_number("delay", delay, 0, "seconds")
        super().__init__(host, port, type=type, path=path)

    def _received(self, conversation, data):
        super()._received(conversation, data)
        count = len(data)
        self._loop.later(self._delay, lambda: self._answer(conversation, count))

    def _answer(self, conversation, count):
        if not conversation.closed:
            self._give(conversation, count)

    def _ended(self, conversation):
        # Timers that are due at the same time run in the order in which they were set: this one after the
        # answers.
        self._loop.later(self._delay, lambda: conversation.closed or conversation.end())


class SlowReader(Server):
    """Reads `rate` bytes a second, throws them away and answers nothing.

    `receive_buffer` (bytes; the kernel's own choice if None) is set as SO_RCVBUF: the smaller, the sooner the
    sender notices.
    """

    TICK = 0.05  # seconds between two reads

    def __init__(
        self,
        host="127.0.0.1",
        port=0,
        *,
        rate=1000,
        receive_buffer=None,
        type=socket.SOCK_STREAM,
        path=None,
    ):
        self._rate = checked_number("rate", rate, 1, "bytes per second")
        self._receive_buffer = _checked_buffer(receive_buffer)
        super().__init__(host, port, type=type, path=path)

    def _make_socket(self, host, port, path):
        return _with_buffer(super()._make_socket(host, port, path), self._receive_buffer)

    def _opened(self, conversation):
        conversation.most = min(max(1, round(self._rate * self.TICK)), len(self._buffer))

    def _received(self, conversation, data):
        conversation.pause()
        self._loop.later(len(data) / self._rate, conversation.resume)


class NeverReads(Server):
    """Accepts and then reads nothing, until it is closed: what is sent to it fills the two queues and stays
    there.

    `receive_buffer` as for SlowReader.
    """

    def __init__(
        self, host="127.0.0.1", port=0, *, receive_buffer=None, type=socket.SOCK_STREAM, path=None
    ):
        self._receive_buffer = _checked_buffer(receive_buffer)
        super().__init__(host, port, type=type, path=path)

    def _make_socket(self, host, port, path):
        return _with_buffer(super()._make_socket(host, port, path), self._receive_buffer)

    def _opened(self, conversation):
        conversation.pause()


class _Partly(Server):
    """An echo of the first `after` bytes of each connection, and then an end."""

    def __init__(self, host="127.0.0.1", port=0, *, after=3, type=socket.SOCK_STREAM, path=None):
        self._after = checked_number("after", after, 0, "bytes", whole=True)
        super().__init__(host, port, type=type, path=path)

    def _opened(self, conversation):
        conversation.memory = self._after
        if self._after == 0:
            self._break_off(conversation)

    def _received(self, conversation, data):
        left = conversation.memory
        if left:
            conversation.memory -= len(data[:left])
            conversation.write(data[:left])
            if not conversation.memory and not conversation.closed:
                self._break_off(conversation)


class ClosesHalfway(_Partly):
    """An echo that ends in order (FIN) in the middle: after `after` bytes of its answer."""

    def _break_off(self, conversation):
        conversation.end()


class ResetsHalfway(_Partly):
    """An echo that breaks off with RST when the client's kernel has `after` bytes of the answer."""

    def _break_off(self, conversation):
        """RST takes along what is still on its way, so first wait for the acknowledgment."""
        conversation.pause()
        self._look(conversation)

    def _look(self, conversation):
        if conversation.closed:
            return
        if conversation.unsent or unacknowledged(conversation.sock):
            self._loop.later(LOOKS[1], lambda: self._look(conversation))
        else:
            conversation.reset()


class GarbageServer(Server):
    """Answers as many bytes as it gets, but random ones; with one `seed` the same on every connection."""

    BLOCK = 4096

    def __init__(self, host="127.0.0.1", port=0, *, seed=0, type=socket.SOCK_STREAM, path=None):
        if not isinstance(seed, int):
            raise TypeError(f"seed must be a whole number, not {seed!r}")
        self._seed = seed
        super().__init__(host, port, type=type, path=path)

    def _opened(self, conversation):
        conversation.memory = random.Random(self._seed), bytearray()

    def _received(self, conversation, data):
        # In blocks of one size, so that how the request was cut changes nothing in the answer.
        source, ready = conversation.memory
        while len(ready) < len(data):
            ready += source.randbytes(self.BLOCK)
        conversation.write(bytes(ready[: len(data)]))
        del ready[: len(data)]


class SilentServer(Server):
    """Accepts, reads, and never says anything: no answer, and no end when the client has ended."""

    def _ended(self, conversation):
        pass


def _checked_buffer(size):
    return None if size is None else checked_number("receive_buffer", size, 1, "bytes", whole=True)


def _with_buffer(listener, size):
    """Accepted sockets inherit the listener's SO_RCVBUF: set before anybody connects, tcp(7)."""
    if size is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    return listener
