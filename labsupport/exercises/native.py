"""A learner's function in C, as Python calls it in the process of a check.

It is compiled into a library together with beside.c, through which its calls on sockets go. What a call gave
is told as data: the value, errno's name, the bytes in its buffer, and what was seen beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
from dataclasses import dataclass

# The exit status that beside.c gives to each way a faulty program ends: "enum" there.
ENDS = {
    100: "It was killed by SIGSEGV: it went on behind the end of memory that it had been given the length "
    "of.",
    101: "It was killed by SIGSEGV: it read or wrote before the beginning of the memory that it had been "
    "given.",
    102: "It was killed by SIGSEGV: it used a list of `getaddrinfo`'s after `freeaddrinfo` had given it "
    "back.",
    103: "It was killed by SIGSEGV: it read or wrote where a NULL pointer points.",
    104: "It was killed by SIGSEGV: a pointer of its own points nowhere.",
    105: "It was killed by SIGPIPE: it sent to a peer that was gone, and without MSG_NOSIGNAL that ends the "
    "whole program.",
    106: "It was killed by SIGABRT: an `assert` or an `abort` ended it, or its heap was spoiled.",
    107: "It was killed by a signal: an operation that the processor does not do, such as a division by 0.",
    108: "It was killed by SIGABRT: it wrote beyond the end of an array of its own (stack smashing "
    "detected).",
}


class _Seen(ctypes.Structure):
    _fields_ = [("at", ctypes.c_char_p)] + [
        (name, ctypes.c_long)
        for name in ("calls", "ends", "told", "had", "not_open", "unfreed", "freed_again")
    ]


class _Wish(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_long) for name in ("recv_eintr", "send_eintr", "recv_short", "send_short")),
        ("name", ctypes.c_char * 64),
        ("hosts", ctypes.c_char * 256),
    ]


@dataclass(frozen=True)
class Returned:
    """What one call gave. `value`: the number; `errno`: its name, "" for 0; `data`: its buffer's bytes.

    `told`, `had`: the room that it told a receiving call of, and the room there was, where those differ (else
    0); `before`: whether it wrote before its buffer; `not_open`: closes of a descriptor that was not open;
    `unfreed`: lists of getaddrinfo's that it did not free; `freed_again`: those that it freed twice.
    """

    value: int
    errno: str = ""
    data: bytes = b""
    told: int = 0
    had: int = 0
    before: bool = False
    not_open: int = 0
    unfreed: int = 0
    freed_again: int = 0


class CFunction:
    """The function `name` of the library at `path`; `through(native, *args)` calls it with Python's "
    "values."""

    endings = ENDS

    def __init__(self, name, path, types, through):
        self.__name__, self._path, self._types, self._through = name, path, types, through
        self._native = None

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._native = Native(self.__name__, self._path, self._types)

    def __call__(self, *args, **kwargs):
        native = self._native
        native.library.labsupport_begin()
        files = [(sock, _file(sock.fileno())) for sock in args if isinstance(sock, socket.socket)]
        try:
            return self._through(native, *args, **kwargs)
        finally:
            for sock, file in files:
                if _file(sock.fileno()) != file:
                    sock.detach()  # C has closed it: the number may be somebody else's by now

    def standing(self):
        """(the call on a socket that it waits in or None, how many calls there were)."""
        seen = self._native.seen
        name = seen.at
        return name.decode() if name else None, seen.calls

    def ends(self):
        """How often a receiving call returned 0."""
        return self._native.seen.ends


class Native:
    """What `through` works with: `native(…)` calls the function; `wish` says what becomes of its calls."""

    def __init__(self, name, path, types):
        try:
            self.library = ctypes.CDLL(path, use_errno=True)
            self._function = getattr(self.library, name)
        except (OSError, AttributeError) as error:
            raise ImportError(str(error).removeprefix(f"{path}: ")) from None
        self._function.restype, *self._function.argtypes = types
        self.library.labsupport_room.restype = ctypes.c_void_p
        self.library.labsupport_room.argtypes = (ctypes.c_size_t,)
        self.library.labsupport_before.argtypes = (ctypes.c_void_p,)
        self.seen = _Seen.in_dll(self.library, "labsupport_seen")
        self.wish = _Wish.in_dll(self.library, "labsupport_wish")
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; a C program does not
        self.library.labsupport_ready()

    def room(self, size, data=b""):
        """The address of `size` bytes that begin with `data`; behind them is a page that nobody may touch."""
        start = self.library.labsupport_room(size)
        ctypes.memmove(start, data, len(data))
        return start

    def text(self, text):
        """The address of a string, behind whose NUL nobody may read."""
        data = text.encode() + b"\0"
        return self.room(len(data), data)

    def __call__(self, *args, room=None, size=0):
        """Call the function; its Returned, with the `size` bytes at the address `room`."""
        ctypes.set_errno(0)
        value = self._function(*args)
        number, seen = ctypes.get_errno(), self.seen
        return Returned(
            value=value,
            errno=errno.errorcode.get(number, ""),
            data=ctypes.string_at(room, size) if size else b"",
            before=bool(room and self.library.labsupport_before(room)),
            **{name: getattr(seen, name) for name in ("told", "had", "not_open", "unfreed", "freed_again")},
        )


def _file(fd):
    """Which open file a descriptor is; None where it is not open."""
    with contextlib.suppress(OSError):
        about = os.fstat(fd)
        return about.st_dev, about.st_ino
    return None
