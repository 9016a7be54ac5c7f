"""A mark on what a check's own sockets send, and filters that let nothing in without it.

On a machine that others share everybody reaches loopback. So the clients' SYNs of a check, and its datagrams,
bear a time to live and a type of service drawn by lot, and a filter (SO_ATTACH_FILTER, socket(7)) drops the
others before the socket hears of them: at the listener that a learner's function accepts from, and, put there
in the function's own process, at a UDP socket that it makes. Neither changes what a call there gives.
"""

from __future__ import annotations

import ctypes
import random
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_LOAD_BYTE, _LOAD_HALF, _SAME, _ANY_BIT, _AND, _RETURN = 0x30, 0x28, 0x15, 0x45, 0x54, 0x06  # linux/filter.h
_FLAGS_AT, _SYN, _WHOLE = 13, 0x02, 0xFFFFFFFF
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: loads from there on reach the IP header
_instruction = struct.Struct("=HBBI")
_LINUX = sys.platform.startswith("linux")


class Mark:
    """What a check's own packets bear, drawn anew for each Mark."""

    def __init__(self):
        draw = random.SystemRandom()
        self._life = draw.choice([hops for hops in range(33, 256) if hops not in (64, 128, 255)])
        self._service = 4 * draw.randrange(1, 64)  # the two low bits are ECN's

    def connect(self, sock, address):
        """`sock.connect(address)`, with the mark on the SYN alone. Raises as that does."""
        self.put_on(sock)
        try:
            sock.connect(address)
        finally:
            _label(sock, -1, 0)  # as they were

    def put_on(self, sock):
        """Have all that `sock` sends from now on bear the mark."""
        _label(sock, self._life, self._service)

    def admit(self, listener):
        """Let `listener`, before it listens, hear only SYNs that bear the mark; True where the system can."""
        other_than_syn = [(_LOAD_BYTE, 0, 0, _FLAGS_AT), (_ANY_BIT, 0, "in", _SYN)]
        return attach(listener, _program(other_than_syn + self._asked()))

    @property
    def datagrams(self):
        """For `attach`: what lets a UDP socket hear only datagrams that bear the mark."""
        return _program(self._asked())

    def _asked(self):
        """Whether a packet has the mark: of IPv4, also at a socket of IPv6, or of IPv6."""
        return [
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
            (_AND, 0, 0, 0xF0),
            (_SAME, 0, "six", 0x40),
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER + 1),
            (_SAME, 0, "out", self._service),
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER + 8),
            (_SAME, "in", "out", self._life),
            "six",
            (_LOAD_HALF, 0, 0, _NETWORK_HEADER),
            (_AND, 0, 0, 0x0FF0),
            (_SAME, 0, "out", self._service << 4),
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER + 7),
            (_SAME, "in", "out", self._life),
        ]


def attach(sock, program):
    """Have the kernel filter what comes to `sock`; True where the system can."""
    if not _LINUX:
        return False
    room = ctypes.create_string_buffer(program, len(program))
    order = struct.pack("HP", len(program) // _instruction.size, ctypes.addressof(room))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, order)
    except OSError:  # a sandbox that looks like Linux
        return False
    return True


def _program(lines):
    """`lines` as the kernel takes them: steps of (operation, jump if so, jump if not, operand), and names to
    jump to. Behind them "in" lets the packet in, and "out" drops it.
    """
    steps, places = [], {}
    for line in [*lines, "in", (_RETURN, 0, 0, _WHOLE), "out", (_RETURN, 0, 0, 0)]:
        if isinstance(line, str):
            places[line] = len(steps)
        else:
            steps.append(line)

    def over(target, here):
        """How many steps a jump leaves out."""
        return places[target] - here - 1 if isinstance(target, str) else target

    return b"".join(
        _instruction.pack(what, over(so, here), over(otherwise, here), operand)
        for here, (what, so, otherwise, operand) in enumerate(steps)
    )


def _label(sock, life, service):
    if not _LINUX:
        return
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, life)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, service)
    elif sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, life)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, service)
