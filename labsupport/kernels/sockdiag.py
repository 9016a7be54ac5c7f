"""What Linux tells about TCP sockets that no descriptor shows: sock_diag(7), by hand and small.

After close() a connection goes on without an owner: FIN-WAIT-1, FIN-WAIT-2, CLOSING, LAST-ACK, and TIME-WAIT
for a minute. The kernel answers for each of them over a netlink socket. Asked with both addresses and the
cookie it answers for that one socket in microseconds; a list of all sockets, which costs a hundred times as
much, is the way out when the addresses are not known.
"""

from __future__ import annotations

import _socket
import contextlib
import itertools
import struct
import threading
from typing import NamedTuple

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLMSG_DONE = 4, 20, 2, 3
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
INET_DIAG_INFO, REQ_BYTECODE, S_EQ, TIME_WAIT = 2, 1, 11, 6
TCP_INFO = 1 << (INET_DIAG_INFO - 1)  # as an extension asked for
ALL_STATES = 0xFFFFFFFF
NO_COOKIE = (1 << 64) - 1
TCP, UDP = _socket.IPPROTO_TCP, _socket.IPPROTO_UDP
ANSWERS_WITHIN = 5  # seconds; the kernel answers at once, this is for one that does not

_header = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_request = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ports = struct.Struct("!HH")
_interface, _cookie = struct.Struct("=I"), struct.Struct("=Q")
_attribute, _operation = struct.Struct("=HH"), struct.Struct("=BBH")


class Found(NamedTuple):
    """A socket in the kernel's tables: queues in bytes, FIN included; `expires` in ms; a struct tcp_info.

    `timer` is sock_diag(7)'s number of it, 0 for none; `inode` 0 where no descriptor shows the socket.
    """

    state: int
    local: tuple
    peer: tuple
    recv_queue: int
    send_queue: int
    cookie: int
    expires: int
    info: bytes | None
    timer: int = 0
    inode: int = 0


class SockDiag:
    """Where to ask: this process's own network, or the network in which the netlink socket `sock` was made.

    For its own network it opens a socket for each question, and closes it: 20 µs, against a descriptor that
    would be left over and would shift the numbers of the learner's own.
    """

    def __init__(self, sock=None):
        self._given = sock
        if sock is not None:
            sock.settimeout(ANSWERS_WITHIN)
        self._lock = threading.Lock()  # for the given one alone: a fork may copy it while it is held
        self._numbers = itertools.count(1)

    def find(self, family, local, peer, cookie):
        """The socket with this cookie, or None; `local` and `peer` only make it quicker, and may be None.

        Raises OSError where the kernel cannot be asked: no descriptor left, or a sandbox that forbids it.
        """
        with self._channel() as sock:
            if local:
                found = self._ask(sock, _question(family, local, peer, cookie))
                if found and found[0].cookie == cookie:
                    return found[0]
            # A miss is confirmed by the list: while a connection becomes TIME-WAIT, the short way may
            # overlook it.
            found = self._ask(sock, _question(family), NLM_F_DUMP, _cookie.pack(cookie))
            return next((one for one in found if one.cookie == cookie), None)

    def time_waits_at(self, family, local):
        """The TIME-WAIT entries whose own end is `local`. Raises as `find` does."""
        # A filter for the kernel (linux/inet_diag.h): own port equal, then on to its end at 8; otherwise
        # beyond it.
        program = _operation.pack(S_EQ, 8, 12) + _operation.pack(0, 0, local[1])
        question = _question(family, states=1 << TIME_WAIT) + _attribute.pack(12, REQ_BYTECODE) + program
        with self._channel() as sock:
            found = self._ask(sock, question, NLM_F_DUMP)
        return [one for one in found if one.local == local]

    def list(self, families=(_socket.AF_INET, _socket.AF_INET6), protocols=(TCP, UDP)):
        """Every socket of the network, as a list of (protocol, Found); request sockets and TIME-WAIT too.

        `families` and `protocols` are the socket module's numbers; each TCP socket's `info` is left out.
        Raises as `find` does.
        """
        listed = []
        with self._channel() as sock:
            for protocol in protocols:
                for family in families:
                    question = _question(family, protocol=protocol, extensions=0)
                    listed += [(protocol, one) for one in self._ask(sock, question, NLM_F_DUMP)]
        return listed

    def close(self):
        """The network of the socket that was given is over: close that, and find nothing any more."""
        with self._lock:
            self._given.close()

    @property
    def closed(self):
        """Whether the network that was asked is over."""
        return self._given is not None and self._given.fileno() < 0

    def forked(self):
        """In a fork: give up the copy of the socket, which would keep the network; the lock may be held."""
        self._given.close()

    @contextlib.contextmanager
    def _channel(self):
        """A netlink socket that nobody else uses meanwhile."""
        if self._given is not None:
            with self._lock:
                yield self._given
            return
        sock = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        try:
            sock.settimeout(ANSWERS_WITHIN)
            yield sock
        finally:
            sock.close()

    def _ask(self, sock, question, dump=0, mark=b""):
        """Send one question; the sockets in the answer, of a long one those near the bytes `mark`."""
        if sock.fileno() < 0:
            return []  # a network that is over has none
        number = next(self._numbers)
        size = _header.size + len(question)
        sock.send(_header.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | dump, number, 0) + question)
        found = []
        while True:
            data = sock.recv(1 << 16)
            wanted = mark in data
            for kind, sequence, start, end in _messages(data):
                if sequence != number:
                    continue  # left over from a question that was interrupted
                if kind == SOCK_DIAG_BY_FAMILY and wanted:
                    found.append(_parse(data[start:end]))
                if kind in (NLMSG_ERROR, NLMSG_DONE) or not dump:
                    return found


def _question(
    family, local=None, peer=None, cookie=NO_COOKIE, states=ALL_STATES, protocol=TCP, extensions=TCP_INFO
):
    """struct inet_diag_req_v2: what is asked for, and in it ports, addresses, interface and cookie."""
    none = ("0.0.0.0" if family == _socket.AF_INET else "::", 0)
    local, peer = local or none, peer or none
    hosts = (_socket.inet_pton(family, end[0].partition("%")[0]) for end in (local, peer))
    ends = _ports.pack(local[1], peer[1]) + b"".join(host.ljust(16, b"\0") for host in hosts)
    wanted = _request.pack(family, protocol, extensions, states)
    return wanted + ends + _interface.pack(0) + _cookie.pack(cookie)


def _messages(data):
    """The netlink messages in a datagram: type, sequence number, and where the body starts and ends."""
    at = 0
    while at + _header.size <= len(data):
        size, kind, _, sequence, _ = _header.unpack_from(data, at)
        yield kind, sequence, at + _header.size, at + size
        at += max(size + 3 & ~3, _header.size)


def _parse(message):
    """struct inet_diag_msg and the attribute behind it that holds a struct tcp_info."""
    family, state = message[0], message[1]
    ports = _ports.unpack_from(message, 4)
    ends = [_address(family, message[at : at + 16], port) for at, port in zip((8, 24), ports, strict=True)]
    (cookie,) = _cookie.unpack_from(message, 44)
    expires, recv_queue, send_queue, _, inode = struct.unpack_from("=5I", message, 52)
    info = _attributes(message, 72).get(INET_DIAG_INFO)
    return Found(state, *ends, recv_queue, send_queue, cookie, expires, info, message[2], inode)


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
