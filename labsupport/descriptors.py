"""A descriptor that C code has, as the socket that it is: for who looks, never for who owns.

`socket(2)` called in C gives a number. `observe`, `watch` and `record` know sockets by objects, so a number
gets one here, which uses the descriptor and does not own it: collected, it leaves the descriptor open. It is
known by the kernel's own number of the socket, for a descriptor may be another's a moment later.
"""

from __future__ import annotations

import _socket
import socket
import threading

from labsupport.kernels import kernel

_known = {}  # (cookie, descriptor) → Descriptor
_lock = threading.Lock()


class Descriptor(socket.socket):
    """A socket whose descriptor is somebody else's to close. OSError for a number that is no socket's."""

    def __init__(self, fd):
        # Not socket.socket's own __init__: `record` notes that, and nothing is made here.
        _socket.socket.__init__(self, -1, -1, -1, fd)
        self._io_refs, self._closed = 0, False

    def leave(self):
        """Forget the descriptor; it stays as it is."""
        _socket.socket.detach(self)

    def __del__(self, detach=_socket.socket.detach):  # kept: at the interpreter's end modules are empty
        detach(self)


def socket_of(fd):
    """The Descriptor for the number `fd`, the same as long as it is the same socket's.

    ValueError for a number that is no open socket's.
    """
    try:
        found = Descriptor(fd)
        cookie = kernel.identify(found)
    except (OSError, OverflowError):
        raise ValueError(f"no open socket has the descriptor {fd}") from None
    with _lock:
        for (old, number), one in list(_known.items()):
            if number == fd and old != cookie or one.fileno() < 0:
                _drop(old, number)
        known = _known.setdefault((cookie, fd), found)
    if known is not found:
        found.leave()
    return known


def closed(fd):
    """C code has closed the descriptor `fd`: no object may use the number any more."""
    with _lock:
        for cookie, number in list(_known):
            if number == fd:
                _drop(cookie, number)


def _drop(cookie, number):
    _known.pop((cookie, number)).leave()


def is_descriptor(value):
    """Whether `value` is a number that may be a descriptor's: True is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
