"""Clients that come by themselves, for the lessons in which the learner is the server.

A learner who blocks in `accept` cannot start a client as well. A visitor is made before, comes after a
moment, and does one plain thing. Each runs in a thread of its own as a short script that reads like the
client it is; every wait in it can be ended from outside, so that `close()` never hangs, whatever the
learner's server does or fails to do.
"""

from __future__ import annotations

import errno
import itertools
import os
import selectors
import socket
import struct
import sys
import threading
import time

from labsupport import tidying
from labsupport.closing import Closing
from labsupport.servers import arguments
from labsupport.servers.delivery import unacknowledged
from labsupport.servers.log import Log

CONNECTING = 5.0  # seconds: the longest a visitor waits in connect
LOOKING = 0.02  # seconds between two looks at something that cannot be waited for
KEPT = 1024 * 1024  # bytes of what was received that are kept

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_RESETS = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_SAID = {errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "timeout", **dict.fromkeys(_RESETS, "reset")}
_NO_SIGNAL = int(getattr(socket, "MSG_NOSIGNAL", 0))
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST, socket(7)

_numbers = itertools.count(1)
# A visitor is often not given a name by its learner. It stays, and stays countable for tidy(), until it is
# closed.
_present = set()


class _Leave(Exception):
    """close() was called: the script ends where it is."""


class Visitor(Closing):
    """A helper client that goes to `address` by itself and does what `behavior` says.

    `address` is what `getsockname()` or `server.address` gives: (host, port), or a Unix socket's path.
    `behavior`:

    - "connect": connect and stay, without a word
    - "send": connect, send `message`, stay
    - "leave": connect, send `message`, close
    - "half-close": send `message`, shut down the sending side, read to the end, close
    - "reset": send `message`, then end with RST
    - "talk": send `message`, read as many bytes back, close
    - "silent": say nothing, read until the server ends, close

    `after` is what it waits for first: a number of seconds, or a callable that becomes true. `count` visitors
    come one after another; those that stay do so until `close()`. `type=SOCK_DGRAM` sends datagrams (to an
    address, and with neither "half-close" nor "reset"). Raises TypeError or ValueError for bad arguments.

    Attributes: `received` (bytes, the first MiB), `bytes_received`, `bytes_sent`, `done`, `sockets` (those
    still open), `log`, `errors` (what went wrong in the visitor itself). That a server refuses or resets is
    an entry in the log, and raised by `wait()`.
    """

    def __init__(
        self, address, behavior="talk", *, message=b"hello", after=0.2, count=1, type=socket.SOCK_STREAM
    ):
        self._family, self.address = _checked_address(address)
        self.type = arguments.checked_type(type, (socket.SOCK_STREAM, socket.SOCK_DGRAM), "a visitor")
        self.behavior = _checked_behavior(behavior, self.type, self._family)
        if not isinstance(message, (bytes, bytearray)):
            raise TypeError(f"message must be bytes, such as b'hello', not {message!r}")
        self._message = bytes(message)
        self._after = after if callable(after) else arguments.checked_number("after", after, 0, "seconds")
        self._count = arguments.checked_number("count", count, 1, "visitors", whole=True)
        self.connections = self.bytes_sent = self.bytes_received = 0
        self.errors, self.log = [], Log()
        self._kept, self._sockets, self._failure = bytearray(), [], None
        self._leaving = False
        self._over = threading.Event()
        self._start()

    def _start(self):
        self._wake_in, self._wake_out = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_out, _READ)
        name = f"labsupport-visitor-{next(_numbers)}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self.thread.start()
        except BaseException:
            self._give_back()
            raise
        _present.add(self)
        tidying.register(self, "visitor")

    # What a learner calls

    @property
    def done(self):
        """Whether all has been done, staying apart."""
        return self._over.is_set()

    @property
    def received(self):
        """The bytes that came back, those of several visitors one after another."""
        return bytes(self._kept)

    @property
    def sockets(self):
        """The visitors' sockets still open, oldest first. To look at, not to use."""
        return tuple(sock for sock in list(self._sockets) if sock.fileno() >= 0)

    def wait(self, timeout=5):
        """Wait until `done`, at most `timeout` seconds, and return the visitor itself.

        Raises TimeoutError when it is not done by then, and the OSError that ended it early (a refusal, a
        reset).
        """
        if not self._over.wait(timeout):
            raise TimeoutError(f"the visitor has not done what {self.behavior!r} means within {timeout} s")
        if self._failure is not None:
            raise self._failure
        return self

    def close(self):
        """End the visit wherever it is and close the sockets. Raises the first of `errors`, once."""
        self._leaving = True
        if self.thread is not threading.current_thread():
            if self.thread.is_alive():
                self._wake()
                self.thread.join(5)
                if self.thread.is_alive():
                    raise RuntimeError(f"the thread {self.thread.name} did not end within 5 s")
            self._give_back()
        _present.discard(self)
        tidying.unregister(self)
        self._raise_first()

    def __repr__(self):
        many = f"{self._count} visitors" if self._count > 1 else "visitor"
        said = [f"{many}: {self.behavior}", "done" if self.done else "not done yet"]
        if self.done:
            said += [f"sent {self.bytes_sent}", f"received {self.bytes_received}"]
        if self._failure is not None:
            said.append(_said(self._failure))
        return ", ".join(said)

    # In its thread

    def _run(self):
        try:
            self._come()
            for number in range(1, self._count + 1):
                self._visit(number)
        except _Leave:
            pass
        except BaseException as error:
            self.errors.append(error)
            self._failure = self._failure or error
        finally:
            self._over.set()

    def _come(self):
        """Wait for `after`."""
        if callable(self._after):
            while not self._after():
                self._wait(None, 0, LOOKING)
        else:
            self._wait(None, 0, self._after)

    def _visit(self, number):
        sock = self._make_socket()
        self._sockets.append(sock)
        try:
            self._connect(sock, number)
            BEHAVIORS[self.behavior](self, sock, number)
        except OSError as error:
            self._failure = self._failure or error
            self.log.add(number, _said(error))
            sock.close()

    def _make_socket(self):
        sock = socket.socket(self._family, self.type)
        sock.setblocking(False)
        if self.type == socket.SOCK_STREAM and self._family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _connect(self, sock, number):
        deadline = time.monotonic() + CONNECTING
        result = sock.connect_ex(self.address)
        while result == errno.EAGAIN:  # a Unix socket's full queue, connect(2): nobody says when
            self._wait(None, 0, LOOKING)
            if time.monotonic() > deadline:
                result = errno.ETIMEDOUT
            else:
                result = sock.connect_ex(self.address)
        if result in (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)):
            if not self._wait(sock, _WRITE, CONNECTING):
                result = errno.ETIMEDOUT
            else:
                result = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if result:
            raise OSError(result, os.strerror(result))
        self.connections = number
        self.log.add(number, "connected")

    # The behaviors

    def _stay(self, sock, number):
        pass

    def _send(self, sock, number):
        rest = memoryview(self._message)
        while True:
            try:
                sent = sock.send(rest, _NO_SIGNAL)
            except BlockingIOError:
                self._wait(sock, _WRITE, None)
                continue
            self.bytes_sent += sent
            self.log.add(number, "sent", sent)
            rest = rest[sent:]
            if not rest:
                return

    def _leave(self, sock, number):
        self._send(sock, number)
        self._close(sock, number)

    def _half_close(self, sock, number):
        self._send(sock, number)
        sock.shutdown(socket.SHUT_WR)
        self.log.add(number, "ended")
        self._read(sock, number)
        self._close(sock, number)

    def _reset(self, sock, number):
        self._send(sock, number)
        while unacknowledged(sock):  # RST would take along what has not arrived yet
            self._wait(None, 0, LOOKING)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        sock.close()
        self.log.add(number, "sent RST")

    def _talk(self, sock, number):
        self._send(sock, number)
        self._read(sock, number, len(self._message))
        self._close(sock, number)

    def _silent(self, sock, number):
        self._read(sock, number)
        self._close(sock, number)

    def _read(self, sock, number, most=sys.maxsize):
        """Read to the end, or `most` bytes, or one datagram."""
        while most > 0:
            self._wait(sock, _READ, None)
            try:
                data = sock.recv(min(65536, most))
            except BlockingIOError:
                continue
            if not data and self.type == socket.SOCK_STREAM:
                self.log.add(number, "peer ended")
                return
            self.bytes_received += len(data)
            self._kept += data[: max(0, KEPT - len(self._kept))]
            self.log.add(number, "received", len(data))
            if self.type == socket.SOCK_DGRAM:
                return
            most -= len(data)

    def _close(self, sock, number):
        sock.close()
        self.log.add(number, "closed")

    def _wait(self, sock, events, seconds):
        """Wait until `sock` is ready, at most `seconds` (None: until close()); whether it is."""
        if sock is not None:
            self._selector.register(sock, events)
        try:
            ready = self._selector.select(seconds)
        finally:
            if sock is not None:
                self._selector.unregister(sock)
        if self._leaving:
            raise _Leave
        return bool(ready)

    # The end

    def _wake(self):
        try:
            self._wake_in.send(b"!")
        except OSError:  # already given back
            pass

    def _give_back(self):
        self._selector.close()
        for sock in (*self._sockets, self._wake_in, self._wake_out):
            sock.close()


BEHAVIORS = {
    "connect": Visitor._stay,
    "send": Visitor._send,
    "leave": Visitor._leave,
    "half-close": Visitor._half_close,
    "reset": Visitor._reset,
    "talk": Visitor._talk,
    "silent": Visitor._silent,
}


def _said(error):
    """An OSError as a word of the log."""
    if not isinstance(error, OSError):
        return type(error).__name__
    return _SAID.get(error.errno) or f"failed {errno.errorcode.get(error.errno, error)}"


def _checked_behavior(behavior, kind, family):
    arguments.checked_choice("behavior", behavior, BEHAVIORS)
    if kind == socket.SOCK_DGRAM:
        if behavior in ("half-close", "reset"):
            raise ValueError(f"datagrams have no connection, so a visitor cannot {behavior!r} one")
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise ValueError("a visitor sends datagrams to an address, such as ('127.0.0.1', 5000)")
    return behavior


def _checked_address(address):
    """(family, address to connect to); "any" addresses, which only a server can have, become loopback."""
    if isinstance(address, (str, bytes, os.PathLike)):
        return getattr(socket, "AF_UNIX", None), arguments.checked_path(address)
    if not isinstance(address, tuple) or len(address) not in (2, 4) or not isinstance(address[0], str):
        raise TypeError(
            f"address must be what getsockname() gives, ('127.0.0.1', 5000) or a path, not {address!r}"
        )
    host, port, *rest = address
    if arguments.checked_port(port) == 0:
        raise ValueError("address has port 0: bind the server's socket first, then take its getsockname()")
    family = arguments.family_of(host)
    return family, ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, *rest)
