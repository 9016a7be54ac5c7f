"""A check's sockets on a machine that others share: whoever comes there must not be taken for the learner.

Where all clients are the check's own (the learner's function accepts), the kernel keeps neighbors out: the
clients' SYNs bear a mark, a time to live and a type of service drawn by lot, and a filter at the listener
drops every SYN without it (SO_ATTACH_FILTER, socket(7)). Where the learner's function connects, nothing may
be done to its sockets; there the kernel tells whose the caller is, while that is open, and the function's own
process tells which ports it had.
"""

from __future__ import annotations

import ctypes
import random
import select
import socket
import struct
import sys
import threading

from labsupport.neighbors import Neighbors
from labsupport.servers.door import slam

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_LOAD_BYTE, _LOAD_HALF, _SAME, _ANY_BIT, _AND, _RETURN = 0x30, 0x28, 0x15, 0x45, 0x54, 0x06  # linux/filter.h
_FLAGS_AT, _SYN, _WHOLE = 13, 0x02, 0xFFFFFFFF
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: loads from there on reach the IP header
_instruction = struct.Struct("=HBBI")
_LINUX = sys.platform.startswith("linux")


class Mark:
    """What the SYNs of a check's own clients bear, drawn anew for each Mark."""

    def __init__(self):
        draw = random.SystemRandom()
        self._life = draw.choice([hops for hops in range(33, 256) if hops not in (64, 128, 255)])
        self._service = 4 * draw.randrange(1, 64)  # the two low bits are ECN's

    def connect(self, sock, address):
        """`sock.connect(address)`, with the mark on the SYN alone. Raises as that does."""
        _label(sock, self._life, self._service)
        try:
            sock.connect(address)
        finally:
            _label(sock, -1, 0)  # as they were

    def admit(self, listener):
        """Let `listener`, before it listens, hear only SYNs that bear the mark; True where the system can."""
        if not _LINUX:
            return False
        program = self._program(listener.family)
        room = ctypes.create_string_buffer(program, len(program))
        order = struct.pack("HP", len(program) // _instruction.size, ctypes.addressof(room))
        try:
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, order)
        except OSError:  # a sandbox that looks like Linux
            return False
        return True

    def _program(self, family):
        """Steps of (operation, jump if so, jump if not, operand); the last two let go and drop."""
        if family == socket.AF_INET:
            service = [(_LOAD_BYTE, 0, 0, _NETWORK_HEADER + 1), (_SAME, 0, 3, self._service)]
            life_at = 8
        else:
            service = [
                (_LOAD_HALF, 0, 0, _NETWORK_HEADER),
                (_AND, 0, 0, 0x0FF0),
                (_SAME, 0, 3, self._service << 4),
            ]
            life_at = 7
        steps = [
            (_LOAD_BYTE, 0, 0, _FLAGS_AT),
            (_ANY_BIT, 0, len(service) + 2, _SYN),
            *service,
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER + life_at),
            (_SAME, 0, 1, self._life),
            (_RETURN, 0, 0, _WHOLE),
            (_RETURN, 0, 0, 0),
        ]
        return b"".join(_instruction.pack(*step) for step in steps)


def _label(sock, life, service):
    if not _LINUX:
        return
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, life)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, service)
    elif sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, life)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, service)


class Callers:
    """Tells a listener's callers apart; `disturbed`: how many neighbors were sent away."""

    def __init__(self):
        self.disturbed = 0
        self._neighbors, self._asking = Neighbors(), threading.Lock()  # a case's scripts are threads
        self._unknown = {}  # listener's address: connections whose other end nobody answers for

    def next(self, listener, ports):
        """The next caller's connection that is no neighbor's, or None where there is none now.

        `ports()`: those that the function has had, asked for a caller that has left already. Who is not known
        by them is set aside, for `left`.
        """
        while readable(listener):
            sock, there = listener.accept()
            with self._asking:
                own = self._neighbors.owner(listener.family, listener.getsockname(), there)
            if own or (own is None and there[1] in ports()):
                return sock
            if own is None:
                self._unknown.setdefault(listener.getsockname(), []).append(sock)
            else:
                self.disturbed += 1
                slam(sock)
        return None

    def left(self, listener):
        """The first of those set aside, or None."""
        aside = self._unknown.get(listener.getsockname())
        return aside.pop(0) if aside else None

    def were_there(self, listeners):
        """Whether neighbors came, or wait in the queues of these listeners, which are emptied."""
        for listener in listeners:
            if _listens(listener):
                while (sock := self.next(listener, tuple)) is not None:
                    sock.close()
        return self.disturbed > 0

    def close(self):
        """Close what was set aside."""
        self._neighbors.close()
        for sock in [sock for aside in self._unknown.values() for sock in aside]:
            sock.close()


def accepted(listener, client):
    """The connection of `client`, a socket of ours that is connected to `listener`; others are sent away."""
    while True:
        sock, there = listener.accept()
        if there == client.getsockname():
            return sock
        slam(sock)


def waits(sock):
    """Whether a datagram waits at a UDP socket; a neighbor's is taken and thrown away."""
    neighbors = Neighbors()
    try:
        while readable(sock):
            try:
                _, sender = sock.recvfrom(1, socket.MSG_PEEK)
            except OSError:  # an error of an earlier answer, which the next call tells
                return True
            if neighbors.owner(sock.family, sock.getsockname(), sender, socket.SOCK_DGRAM) is not False:
                return True
            sock.recvfrom(1)
    finally:
        neighbors.close()
    return False


def readable(sock):
    """Whether `sock` has something now: bytes, a datagram, a connection."""
    return bool(select.select([sock], [], [], 0)[0])


def _listens(sock):
    if sock.fileno() < 0:
        return False
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
