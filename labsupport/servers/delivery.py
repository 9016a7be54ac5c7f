"""How far what was sent has come: acknowledged by the other kernel, or read by the other program.

TCP tells the sender the first and never the second. A helper that teaches what a program must be ready for
sometimes needs either, to do its mischief at the same place in every run. On one machine the second can be
seen, too: the peer's socket is in the same kernel, which lists its Recv-Q under the mirrored pair of
addresses (sock_diag(7)).
"""

from __future__ import annotations

import socket
import struct
import sys

try:
    import fcntl
    import termios
except ImportError:  # Windows
    fcntl = None

_LINUX = sys.platform.startswith("linux")

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence number, sender
_WANTED = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, extensions, padding, states
_IDENTITY = struct.Struct("!HH16s16s")  # inet_diag_sockid: ports, addresses …
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # … interface, and no cookie (INET_DIAG_NOCOOKIE)
_RECV_Q = struct.Struct("=I")
_RECV_Q_AT = _HEADER.size + 4 + 48 + 4  # in inet_diag_msg, after family … retrans, identity and timer
_ALL_STATES = 0xFFFFFFFF


def unacknowledged(sock):
    """Bytes of `sock` that the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)), or None."""
    if not _LINUX or sock.family == socket.AF_UNIX:
        return None
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


class Readers:
    """Asks this kernel what sockets' peers have not read; one descriptor, opened at the first question."""

    def __init__(self):
        self._netlink = None

    def unread(self, sock):
        """Bytes in the receive queue of the socket at the other end; None where that end cannot be seen."""
        if not _LINUX or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        try:
            if self._netlink is None:
                self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
                self._netlink.settimeout(1)
            self._netlink.send(_question(sock))
            answer = self._netlink.recv(4096)
        except OSError:
            return None
        if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
            return None  # NLMSG_ERROR: the peer is on another machine, in another network, or gone
        return _RECV_Q.unpack_from(answer, _RECV_Q_AT)[0]

    def close(self):
        """Give the descriptor back."""
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None


def _question(sock):
    """A request for the one socket whose own address is `sock`'s peer and whose peer is `sock`."""
    (its_host, its_port), (our_host, our_port) = sock.getpeername()[:2], sock.getsockname()[:2]
    packed = [socket.inet_pton(sock.family, host.partition("%")[0]) for host in (its_host, our_host)]
    body = _WANTED.pack(sock.family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
    body += _IDENTITY.pack(its_port, our_port, *packed) + _ANY
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0) + body
