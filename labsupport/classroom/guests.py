"""One visit to a learner's server: a short script for each behavior, and what came of it in words.

A server of 09 sends back what it gets. Whatever it does instead, or fails to do, every wait here has an end:
its deadline, or that the class is over.
"""

from __future__ import annotations

import errno
import os
import random
import selectors
import socket
import struct
from time import monotonic

from labsupport.classroom.words import quoted
from labsupport.servers.conversation import NO_SIGNAL
from labsupport.servers.delivery import unacknowledged

PATIENCE = 5.0  # seconds for each answer
ALTOGETHER = 20.0  # seconds for one visit
MOMENT = 0.2  # seconds: between the pieces of a line, and until what does not move is taken to be stuck
LOOKING = 0.005  # seconds between two looks at what cannot be waited for
FLOOD = 8_000_000  # bytes: more than both kernels keep
GARBAGE = 64 * 1024  # bytes

LINES = ("hello", "déjà vu", "smørrebrød in two pieces")
_HALF = b"half a li"
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST, socket(7)
_RESETS = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Leave(Exception):
    """The class is over: the visit ends where it is."""


class Late(Exception):
    """Nothing came in time."""


class Guest:
    """A visitor at `server` (what connect takes); `left` is readable when all must go."""

    def __init__(self, server, left):
        self.port, self._server = server[1], server
        self._deadline = monotonic() + ALTOGETHER
        self._selector = selectors.DefaultSelector()
        self._selector.register(left, _READ, "leave")
        try:
            self.sock = socket.socket(
                socket.AF_INET6 if ":" in server[0] else socket.AF_INET, socket.SOCK_STREAM
            )
        except BaseException:
            self._selector.close()
            raise
        self.sock.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self._selector.close()
        self.sock.close()

    def do(self, script):
        """Connect, and `script(guest)`: (whether it went right, what came of it). Raises Leave."""
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connect()
        except Late:
            return False, f"no way to port {self.port} within {PATIENCE:g} s"
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return False, f"refused: nothing listens on port {self.port}"
            return False, f"no way to port {self.port}: {os.strerror(error.errno or 0)}"
        try:
            return script(self)
        except Late:
            return False, f"no answer within {PATIENCE:g} s"
        except OSError as error:
            return False, broken(error)

    def _connect(self):
        number = self.sock.connect_ex(self._server)
        if number in (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)):
            self._await(_WRITE)
            number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))

    def _await(self, events, seconds=None):
        """Wait until the socket is ready; Late after `seconds`, Leave when the class is over."""
        seconds = min(PATIENCE if seconds is None else seconds, self._deadline - monotonic())
        if events:
            self._selector.register(self.sock, events)
        try:
            ready = self._selector.select(max(0, seconds))
        finally:
            if events:
                self._selector.unregister(self.sock)
        if any(key.data == "leave" for key, _ in ready):
            raise Leave
        if not ready:
            raise Late

    @property
    def in_time(self):
        """Whether the visit has not taken too long yet."""
        return monotonic() < self._deadline

    def send(self, data):
        """Send all of `data`."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.sock.send(rest, NO_SIGNAL) :]
            except BlockingIOError:
                self._await(_WRITE)

    def send_some(self, data, seconds):
        """Send what goes of `data` within `seconds`; the number of bytes."""
        try:
            return self.sock.send(data, NO_SIGNAL)
        except BlockingIOError:
            self._await(_WRITE, seconds)
            return 0

    def receive(self, most=65536, seconds=None):
        """Up to `most` bytes; b"" at the end."""
        until = monotonic() + (PATIENCE if seconds is None else seconds)
        while True:
            try:
                return self.sock.recv(most)
            except BlockingIOError:
                self._await(_READ, max(0, until - monotonic()))

    def end(self):
        """Say that no more comes."""
        self.sock.shutdown(socket.SHUT_WR)

    def arrived(self):
        """Wait, for a moment at most, until the other kernel has all that was sent."""
        until = monotonic() + MOMENT
        while unacknowledged(self.sock) and monotonic() < until:
            self.pause(LOOKING)

    def pause(self, seconds):
        """Let some time go by, unless the class is over."""
        try:
            self._await(0, seconds)
        except Late:
            pass

    def abort(self):
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.sock.close()


def broken(error):
    """An OSError of an open connection in words."""
    if error.errno in _RESETS:
        return "it broke off (RST)"
    return f"it broke off: {os.strerror(error.errno or 0)}"


def call_well(guest):
    """Several lines, each awaited; the last in two pieces, cut in a letter. Then an end in order."""
    answered, of = 0, len(LINES)

    def then(what):
        return False, f"answered {answered} of {of} lines, then {what}" if answered else what

    try:
        for number, line in enumerate(LINES, 1):
            data = f"{line}\n".encode()
            _say(guest, data, in_pieces=number == of)
            came = _echo(guest, data)
            if came != data:
                return then(f"sent back something else: {quoted(came)}" if came else "it ended")
            answered += 1
        guest.end()
        rest = guest.receive()
    except Late:
        if answered == of:
            return then("did not end when we had ended")
        return then(f"no answer within {PATIENCE:g} s")
    except OSError as error:
        return then(broken(error))
    if rest:
        return then(f"sent more than it got: {quoted(rest)}")
    return True, f"answered {answered} of {of} lines"


def _say(guest, data, in_pieces):
    cut = data.index("ø".encode()) + 1 if in_pieces else len(data)
    guest.send(data[:cut])
    if in_pieces:
        guest.arrived()
        guest.pause(MOMENT)
        guest.send(data[cut:])


def _echo(guest, expected):
    """As many bytes as are expected, or what came before they differed or ended."""
    came, until = b"", monotonic() + PATIENCE
    while len(came) < len(expected) and expected.startswith(came):
        data = guest.receive(len(expected) - len(came), until - monotonic())
        if not data:
            break
        came += data
    return came


def _connect(guest):
    """Comes and stays, while the good one calls."""
    return True, "came and said nothing"


def _send(guest):
    """Half a line, and stays."""
    guest.send(_HALF)
    guest.arrived()
    return True, "sent half a line and stayed"


def _leave(guest):
    guest.send(_HALF)
    guest.sock.close()
    return True, "sent half a line and left"


def _half_close(guest):
    guest.send(_HALF)
    guest.end()
    came = _to_the_end(guest)
    guest.sock.close()
    return True, f"ended behind half a line: {came}"


def _reset(guest):
    guest.send(_HALF)
    guest.arrived()
    guest.abort()
    return True, "broke off with RST"


def _silent(guest):
    try:
        data = guest.receive(seconds=1)
        said = f"it said {quoted(data)}" if data else "it ended"
    except Late:
        said = "and so did the server"
    guest.sock.close()
    return True, f"said nothing for a second: {said}"


def _garbage(guest):
    """Bytes that are no text, a zero and a newline among them; what comes back is read all the while."""
    data = bytes(range(256)) + random.randbytes(GARBAGE - 256)
    sent = came = 0
    while came < len(data) and guest.in_time:
        if sent < len(data):
            try:
                sent += guest.send_some(data[sent : sent + 4096], MOMENT)
            except Late:
                pass
        try:
            back = guest.receive(seconds=PATIENCE if sent == len(data) else 0)
        except Late:
            if sent < len(data):
                continue
            break
        if not back or data[came : came + len(back)] != back:
            break
        came += len(back)
    guest.sock.close()
    return True, f"sent {len(data)} random bytes, {came} came back"


def _flood(guest):
    """Sends and reads nothing, until no more goes; then it is gone."""
    sent, data = 0, b"never read\n" * 5000
    try:
        while sent < FLOOD:
            sent += guest.send_some(data, MOMENT * 2)
    except Late:
        pass
    guest.abort()
    return True, f"sent {sent} bytes and read nothing"


def _to_the_end(guest):
    came = b""
    try:
        while len(came) < FLOOD and (data := guest.receive()):
            came += data
    except Late:
        return f"{quoted(came)} came back, and no end within {PATIENCE:g} s"
    return f"{quoted(came)} came back" if came else "nothing came back"


BAD = {
    "connect": _connect,
    "send": _send,
    "leave": _leave,
    "half-close": _half_close,
    "reset": _reset,
    "silent": _silent,
    "garbage": _garbage,
    "flood": _flood,
}
