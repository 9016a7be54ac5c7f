"""Stand-ins for 02, in the process of the learner's function: a `bind` that the kernel refuses.

A port that may not be used is one for an ordinary user, and none for root or in many containers; and no two
addresses can be made to collide on a port that the kernel is yet to pick. Here both come when a case wants
them. All other calls go to the kernel, and what is refused is refused in its words.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket

PICKS = 20  # ports looked at for one that is free in both families

_guarded = set()  # ports that may not be used
_colliding = None  # the Collisions under way


def guarded(ports, port):
    """`ports`; a bind to `port`, one of them, fails with EACCES from now on."""
    _guarded.add(port)
    socket.socket.bind = _bind
    return ports


def collide(args, times):
    """From now on the first `times` ports bound in one family are taken in the other; later ones are free."""
    global _colliding
    _colliding = Collisions(times)
    socket.socket.bind = _bind


def collided(args, value):
    """A probe: how many times a bind has failed since `collide`."""
    return _colliding.count


def _bind(self, address):
    port = address[1] if type(address) is tuple and len(address) > 1 else None
    if port in _guarded:
        raise _refusal(errno.EACCES)
    if _colliding is None or self.family == socket.AF_UNIX:
        return _socket.socket.bind(self, address)
    if _colliding.taken(self.family, port):
        raise _refusal(errno.EADDRINUSE)
    if port == 0:
        _bind_anywhere(self, address)
    else:
        _socket.socket.bind(self, address)
    _colliding.note(self.family, port, self.getsockname()[1])


def _bind_anywhere(sock, address):
    """Bind to a port that is free in the other family, too: which the kernel would pick is left to chance."""
    other = ("127.0.0.1", 0) if sock.family == socket.AF_INET6 else ("::1", 0)
    family = socket.AF_INET6 if sock.family == socket.AF_INET else socket.AF_INET
    for _ in range(PICKS):
        try:
            there = _socket.socket(family, sock.type)
            try:
                there.bind(other)
                return _socket.socket.bind(sock, (address[0], there.getsockname()[1], *address[2:]))
            finally:
                there.close()
        except OSError:
            continue  # taken; or there is no IPv6
    return _socket.socket.bind(sock, address)


def _refusal(number):
    return OSError(number, os.strerror(number))


class Collisions:
    """Which ports are taken in the family that comes second; `count`: how often that has been met."""

    def __init__(self, times):
        self.times, self.count = times, 0
        self._first = {}  # port: the family in which it was bound
        self._asked = None  # the port that was refused last, where its number had been chosen in the program

    def taken(self, family, port):
        """Whether a bind of `family` to `port` fails: it is the other family's turn, and times are left.

        A program that tries the number that it was refused again, is refused again.
        """
        first, chosen = self._first.get(port, (family, False))
        if first == family or (self.count >= self.times and self._asked != port):
            return False
        self._asked = port if chosen else None
        self.count += 1
        return True

    def note(self, family, asked, port):
        """A bind in `family` went well, to `port`; `asked` is 0 where the kernel picked it."""
        self._first.setdefault(port, (family, asked != 0))
