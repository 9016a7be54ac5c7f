"""What Linux tells about TCP sockets that no descriptor shows: sock_diag(7), by hand and small.

After close() a connection goes on without an owner: FIN-WAIT-1, FIN-WAIT-2, CLOSING, LAST-ACK, and TIME-WAIT for a
minute. The kernel answers for each of them over a netlink socket. Asked with both addresses and the cookie it answers
for that one socket in microseconds; a list of all sockets, which costs a hundred times as much, is the way out when the
addresses are not known.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import struct
import threading
from typing import NamedTuple

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLMSG_DONE = 4, 20, 2, 3
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
INET_DIAG_INFO = 2
ALL_STATES = 0xFFFFFFFF

_header = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_request = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ports = struct.Struct("!HH")
_interface_cookie = struct.Struct("=IQ")
_attribute = struct.Struct("=HH")

# The descriptor is kept out of the way: the numbers that a learner's sockets get are part of the lesson.
OUT_OF_THE_WAY = 900


class Found(NamedTuple):
    """One socket in the kernel's tables; queues in bytes, FIN included; `info` is its struct tcp_info, or None."""

    state: int
    local: tuple
    peer: tuple
    recv_queue: int
    send_queue: int
    cookie: int
    info: bytes | None


class SockDiag:
    """A sock_diag socket: that of this process's network, or one that was made in another (`sock`)."""

    def __init__(self, sock=None):
        self._lock = threading.Lock()
        self._given = sock is not None
        self._sock = sock
        self._process = os.getpid()
        self._sequence = 0
        if not self._given:
            self._sock = _open()

    def find(self, family, local, peer, cookie):
        """The socket with this cookie, or None; `local` and `peer` only make it quicker, and may be None."""
        if self._sock is None or cookie is None:
            return None
        found = None
        if local:
            found = self._ask(family, _identity(family, local, peer, cookie), dump=False, cookie=cookie)
        # A miss is confirmed by the list: while a connection becomes TIME-WAIT, the short way may overlook it.
        return found or self._ask(family, _identity(family, None, None, None), dump=True, cookie=cookie)

    def _ask(self, family, identity, dump, cookie):
        """Send one request; of what is answered, the socket that has the cookie."""
        body = _request.pack(family, _socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), ALL_STATES) + identity
        flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else 0)
        with self._lock:
            self._belong_to_this_process()
            self._sequence += 1
            sequence = self._sequence
            size = _header.size + len(body)
            try:
                self._sock.send(_header.pack(size, SOCK_DIAG_BY_FAMILY, flags, sequence, 0) + body)
                return self._answer(sequence, cookie, dump)
            except OSError:
                return None

    def _answer(self, sequence, cookie, dump):
        found = None
        while True:
            for kind, number, message in _messages(self._sock.recv(1 << 16)):
                if number != sequence:
                    continue  # left over from a request that was interrupted
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return found
                one = _parse(message)
                found = one if one.cookie == cookie else found
                if not dump:
                    return found

    def _belong_to_this_process(self):
        """After a fork both processes would read each other's answers from the one socket."""
        if not self._given and self._process != os.getpid():
            self._process = os.getpid()
            self._sock.close()
            self._sock = _open()


def _open():
    """A netlink socket on a high descriptor; None where the kernel or a sandbox forbids it."""
    try:
        sock = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    except OSError:
        return None
    try:
        sock = _socket.socket(fileno=_moved(sock.detach()))
    except OSError:
        return None
    sock.settimeout(2)
    return sock


def _moved(fd):
    """The descriptor under a higher number; as it was where the limit is too low for that."""
    try:
        moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)
    except OSError:
        return fd
    os.close(fd)
    return moved


def _identity(family, local, peer, cookie):
    """struct inet_diag_sockid: ports, addresses, interface, cookie."""
    none = ("0.0.0.0" if family == _socket.AF_INET else "::", 0)
    local, peer = local or none, peer or none
    ends = b"".join(_socket.inet_pton(family, end[0].partition("%")[0]).ljust(16, b"\0") for end in (local, peer))
    return _ports.pack(local[1], peer[1]) + ends + _interface_cookie.pack(0, (1 << 64) - 1 if cookie is None else cookie)


def _messages(data):
    """The netlink messages in a datagram: (type, sequence number, body)."""
    at = 0
    while at + _header.size <= len(data):
        size, kind, _, sequence, _ = _header.unpack_from(data, at)
        yield kind, sequence, data[at + _header.size : at + size]
        at += max(size + 3 & ~3, _header.size)


def _parse(message):
    """struct inet_diag_msg and the attribute behind it that holds a struct tcp_info."""
    family, state = message[0], message[1]
    ports = _ports.unpack_from(message, 4)
    ends = [_address(family, message[at : at + 16], port) for at, port in zip((8, 24), ports, strict=True)]
    _, cookie = _interface_cookie.unpack_from(message, 40)
    _, recv_queue, send_queue = struct.unpack_from("=III", message, 52)
    return Found(state, *ends, recv_queue, send_queue, cookie, _attributes(message, 72).get(INET_DIAG_INFO))


def _attributes(message, at):
    found = {}
    while at + _attribute.size <= len(message):
        size, kind = _attribute.unpack_from(message, at)
        found[kind] = message[at + _attribute.size : at + size]
        at += max(size + 3 & ~3, _attribute.size)
    return found


def _address(family, raw, port):
    """A Python address: (host, port), and flow and scope as 0 with IPv6."""
    if family == _socket.AF_INET:
        return _socket.inet_ntop(family, raw[:4]), port
    return _socket.inet_ntop(family, raw), port, 0, 0
