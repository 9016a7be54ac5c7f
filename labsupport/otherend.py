"""The socket at the other end, where it is in this kernel too: what it has not read, and whose it is.

On loopback both ends of a connection are the same kernel's, which lists the other one under the mirrored pair
of addresses (sock_diag(7)). That tells what no protocol does: how much the other program has left unread, and
which user it belongs to.
"""

from __future__ import annotations

import _socket
import functools
import struct
import sys
from typing import NamedTuple

_LINUX = sys.platform.startswith("linux")

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence number, sender
_WANTED = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, extensions, padding, states
_IDENTITY = struct.Struct("!HH16s16s")  # inet_diag_sockid: ports, addresses …
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # … interface, and no cookie (INET_DIAG_NOCOOKIE)
_ALL_STATES = 0xFFFFFFFF
_SIZE = _HEADER.size + _WANTED.size + _IDENTITY.size + len(_ANY)
_TYPE = struct.Struct("=4xH")
_PORTS = struct.Struct("!HH")
# inet_diag_msg: family … retrans, the identity, expires; then what is asked for here.
_PORTS_AT = _HEADER.size + 4
_TOLD = struct.Struct("=I4xII")  # Recv-Q, (Send-Q,) uid, inode
_TOLD_AT = _PORTS_AT + 48 + 4
_HEADS = {
    (family, protocol): _HEADER.pack(_SIZE, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
    + _WANTED.pack(family, protocol, 0, 0, _ALL_STATES)
    for family in (_socket.AF_INET, _socket.AF_INET6)
    for protocol in (_socket.IPPROTO_TCP, _socket.IPPROTO_UDP)
}
# The same with tcp_info behind it, as an attribute.
_INET_DIAG_INFO = 2
_HEADS_INFO = {
    family: _HEADER.pack(_SIZE, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
    + _WANTED.pack(family, _socket.IPPROTO_TCP, 1 << _INET_DIAG_INFO - 1, 0, _ALL_STATES)
    for family in (_socket.AF_INET, _socket.AF_INET6)
}
_ATTRIBUTES_AT = _HEADER.size + 72  # behind inet_diag_msg
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length with this, type; aligned to four bytes
_BYTES_RECEIVED_AT, _BYTES_RECEIVED = 128, struct.Struct("=Q")  # in tcp_info (linux/tcp.h)


class OtherEnd(NamedTuple):
    """`recv_queue`: bytes that its program has not read; `uid`: whose it is, None where that is not told."""

    recv_queue: int
    uid: int | None


class Kernel:
    """Asks this kernel about other ends, through one descriptor: `open()` takes it, else the first question.

    For one thread at a time.
    """

    def __init__(self):
        self._netlink = None

    def open(self):
        """Take the descriptor now; where the system has none such, every answer will be None."""
        if _LINUX and self._netlink is None:
            try:
                self._netlink = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
                self._netlink.setblocking(False)  # the kernel has answered when `send` returns
            except OSError:  # a sandbox; or no descriptor is left, and the next question tries again
                self._netlink = None

    def other_end(self, family, here, there, protocol=_socket.IPPROTO_TCP):
        """The OtherEnd at the address `there` of whoever is at `here`; None where it is not to be seen.

        Not to be seen is what is on another machine or in another network, and what is gone already.
        """
        answer = self._asked(_HEADS.get((family, protocol)), family, here, there, protocol)
        return None if answer is None else _told(answer, here, there, protocol)

    def arrived(self, family, here, there):
        """Bytes that have come to the TCP socket at the address `there` from whoever is at `here`, read or
        not, a FIN among them; None where that is not to be seen.
        """
        answer = self._asked(_HEADS_INFO.get(family), family, here, there, _socket.IPPROTO_TCP)
        if answer is None or _told(answer, here, there, _socket.IPPROTO_TCP) is None:
            return None
        at, end = _ATTRIBUTES_AT, len(answer)
        while at + _ATTRIBUTE.size <= end:
            size, kind = _ATTRIBUTE.unpack_from(answer, at)
            found = at + _ATTRIBUTE.size + _BYTES_RECEIVED_AT
            if kind == _INET_DIAG_INFO and found + _BYTES_RECEIVED.size <= at + size <= end:
                return _BYTES_RECEIVED.unpack_from(answer, found)[0]
            at += max(_ATTRIBUTE.size, (size + 3) & ~3)
        return None

    def _asked(self, head, family, here, there, protocol):
        """The kernel's answer, or None."""
        if head is None:
            return None
        self.open()
        if self._netlink is None:
            return None
        ends = (there, here) if protocol == _socket.IPPROTO_TCP else (here, there)  # udp_dump_one has it so
        (one, its_port, *_), (other, its_peers, *_) = ends
        identity = _IDENTITY.pack(its_port, its_peers, _packed(family, one), _packed(family, other))
        try:
            self._netlink.send(head + identity + _ANY)
            return self._netlink.recv(4096)
        except OSError:
            self.close()  # a late answer must not be taken for that to the next question
            return None

    def close(self):
        """Give the descriptor back."""
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None


@functools.lru_cache(64)
def _packed(family, host):
    return _socket.inet_pton(family, host.partition("%")[0])


def _told(answer, here, there, protocol):
    if _TYPE.unpack_from(answer)[0] != _SOCK_DIAG_BY_FAMILY:
        return None  # NLMSG_ERROR: there is none
    # Where the connection is gone the kernel answers with a listener that has the port.
    wanted = (there[1], here[1]) if protocol == _socket.IPPROTO_TCP else (there[1],)
    if _PORTS.unpack_from(answer, _PORTS_AT)[: len(wanted)] != wanted:
        return None
    unread, uid, inode = _TOLD.unpack_from(answer, _TOLD_AT)
    # Without an inode no program has it any more, and the kernel says 0 for its user, which is nobody's word.
    return OtherEnd(unread, uid if inode else None)
