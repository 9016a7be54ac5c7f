"""Messages between a check and the process that runs the learner's function: plain values, and sockets.

Both ends are this package's. A message is a pickle behind its length; the descriptors of the sockets in it go
along with the length (SCM_RIGHTS, unix(7)). Whatever is no plain value becomes text on its way, so that
nothing of the learner's classes is ever needed, or run, in the notebook's own process.
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from dataclasses import dataclass

_LENGTH = struct.Struct("!I")
MOST_SOCKETS = 200  # descriptors in one message; the kernel's limit is 253 (SCM_MAX_FD)
LONGEST = 8 * 1024 * 1024  # bytes of one value; a longer one is told by its length
LOST, BROKEN = 90, 91  # exit status of a process whose channel is gone, and of one that cannot tell its result
DEEPEST = 20  # containers in one another


@dataclass(frozen=True)
class Foreign:
    """A value that is no plain one: `kind`, its class's name, and `text`, what it looks like."""

    kind: str
    text: str

    def __repr__(self):
        return self.text


@dataclass(frozen=True)
class Hand:
    """A socket to hand over, with its timeout in seconds; None blocks, as a new socket does."""

    sock: socket.socket
    timeout: float | None = None


class There:
    """Something made in the learner's process: `There(make, *args)` calls `make`, an importable function."""

    def __init__(self, make, *args):
        self.make, self.args = make, args


class Handed(socket.socket):
    """A socket that came over; `timeout_was`: the timeout it had there (None: blocking)."""

    timeout_was = None


def _handed(fd, timeout):
    sock = Handed(fileno=fd)
    sock.timeout_was = timeout
    return sock


@dataclass(frozen=True)
class _Ref:
    number: int
    timeout: float | None


@dataclass(frozen=True)
class _Made:
    make: object
    args: tuple


class Channel:
    """One end of the connection. `restored(fd, timeout)` makes a socket of one that came."""

    def __init__(self, sock, restored=None):
        self._sock, self._restored = sock, restored or _handed
        self._sending = threading.Lock()

    def send(self, kind, value=None):
        """Send a message; its sockets are duplicated. Raises OSError when the other end is gone."""
        socks = []
        packed = pickle.dumps((kind, pack(value, socks)), 5)
        with self._sending:
            header = _LENGTH.pack(len(packed))
            if socks:
                socket.send_fds(self._sock, [header], [sock.fileno() for sock in socks])
            else:
                self._sock.sendall(header)
            self._sock.sendall(packed)

    def receive(self, timeout=None):
        """(kind, value) of the next message. Raises TimeoutError, and EOFError when the other end is gone."""
        self._sock.settimeout(timeout)
        try:
            header, fds, _, _ = socket.recv_fds(self._sock, _LENGTH.size, MOST_SOCKETS)
            self._sock.settimeout(None)
            header += self._exactly(_LENGTH.size - len(header)) if header else b""
            if not header:
                raise EOFError("the other end is gone")
            packed = self._exactly(_LENGTH.unpack(header)[0])
        except TimeoutError:
            raise
        except OSError as error:
            raise EOFError(str(error)) from None
        kind, value = pickle.loads(packed)
        return kind, unpack(value, list(fds), self._restored)

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self._sock.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise EOFError("the other end is gone")
            data += piece
        return bytes(data)

    def fileno(self):
        """The descriptor, to wait for."""
        return self._sock.fileno()

    def close(self):
        """Give the descriptor back."""
        self._sock.close()


def pack(value, socks, depth=0):
    """`value` with its sockets as references into `socks`, and with text for what is not plain."""
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        long = isinstance(value, (str, bytes)) and len(value) > LONGEST
        return told(value) if long else value
    if type(value) in (bytearray, memoryview):
        return Foreign(type(value).__name__, f"a {type(value).__name__} of {memoryview(value).nbytes} bytes")
    if isinstance(value, (Foreign, _Ref)):
        return value
    if isinstance(value, Hand):
        return _reference(value.sock, value.timeout, socks)
    if isinstance(value, socket.socket):
        if value.fileno() < 0:
            return Foreign("socket", "a closed socket")
        return _reference(value, value.gettimeout(), socks)
    if isinstance(value, There):
        return _Made(value.make, tuple(pack(item, socks, depth + 1) for item in value.args))
    if depth < DEEPEST and type(value) in (list, tuple, set, frozenset):
        return type(value)(pack(item, socks, depth + 1) for item in value)
    if depth < DEEPEST and type(value) is dict:
        return {pack(key, socks, depth + 1): pack(item, socks, depth + 1) for key, item in value.items()}
    return value if _is_ours(value) else told(value)


def _reference(sock, timeout, socks):
    for number, known in enumerate(socks):
        if known is sock:
            return _Ref(number, timeout)
    socks.append(sock)
    return _Ref(len(socks) - 1, timeout)


def _is_ours(value):
    """Whether it is a value of this package's, or a function: those travel as they are."""
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and module.startswith("labsupport.")


def told(value):
    """A Foreign that says what `value` is, the same from run to run."""
    kind = type(value).__name__
    article = "an" if kind[:1] in "AEIOaeio" else "a"
    if isinstance(value, (str, bytes)):
        return Foreign(kind, f"{article} {kind} of length {len(value)}")
    if isinstance(value, type):
        return Foreign("type", f"the class {value.__name__}")
    if callable(value) and hasattr(value, "__name__"):
        return Foreign(kind, f"the function {value.__name__}")
    return Foreign(kind, f"{article} {kind}")


def unpack(value, came, restored):
    """The value again; `came`: the descriptors that came along, each replaced by its socket when first met."""

    def again(item):
        return unpack(item, came, restored)

    if isinstance(value, _Ref):
        if isinstance(came[value.number], int):
            came[value.number] = restored(came[value.number], value.timeout)
        return came[value.number]
    if isinstance(value, _Made):
        return value.make(*map(again, value.args))
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(again, value))
    if type(value) is dict:
        return {again(key): again(item) for key, item in value.items()}
    return value
