"""A socket as macOS sees it: TCP_CONNECTION_INFO and FIONREAD.

There is no cookie and nobody to ask about a closed socket, so what became of it is not known. The struct is
that of XNU's bsd/netinet/tcp.h.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import struct

from labsupport.kernels.facts import Facts, Look

TCP_CONNECTION_INFO, SO_NWRITE, FIONREAD = 0x106, 0x1024, 0x4004667F

# bsd/netinet/tcp_fsm.h
STATES = (
    "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-1", "CLOSING",
    "LAST-ACK", "FIN-WAIT-2", "TIME-WAIT",
)  # fmt: skip

# state; maxseg, ssthresh, cwnd (bytes), send window, bytes in the send buffer; srtt (ms); then 64-bit:
# txbytes, txretransmitbytes, rxbytes, txretransmitpackets
_layout = struct.Struct("<B15xI4xI4xI8xI16xQQ8xQ8xQ")

_getsockopt = _socket.socket.getsockopt


def identify(sock):
    """macOS gives a socket no number; an OSError where the descriptor is no open socket."""
    _getsockopt(sock, _socket.SOL_SOCKET, _socket.SO_TYPE)


def home(sock):
    """None: there is no network but the system's."""


def look(sock, fd, memory):
    """What macOS keeps about an open TCP socket."""
    raw = _getsockopt(sock, _socket.IPPROTO_TCP, TCP_CONNECTION_INFO, 256)
    recv_queue, _, *sizes = queues(sock, fd)
    return Look(parse(raw, recv_queue, sizes), None)


def queues(sock, fd):
    """The queues and buffers of an open socket, in bytes."""
    sizes = [_getsockopt(sock, _socket.SOL_SOCKET, name) for name in (_socket.SO_RCVBUF, _socket.SO_SNDBUF)]
    return _unread(fd), _getsockopt(sock, _socket.SOL_SOCKET, SO_NWRITE), *sizes


def find(memory):
    """Nobody can be asked about a socket that has no descriptor: OSError."""
    raise OSError(errno.EOPNOTSUPP, "this system does not tell what became of a closed socket")


def parse(raw, recv_queue, sizes):
    """struct tcp_connection_info as Facts.

    The bytes that the program gave and that were not sent yet are not told apart from those in flight:
    `bytes_sent` is at least what it says.
    """
    state, segment, window, waiting, rtt, sent, again, received, retransmits = _layout.unpack_from(raw)
    state = STATES[state]
    if state == "LISTEN":
        return Facts(state, "passive", None, None, None, None, None, *sizes)
    once = max(sent - again, waiting)
    cwnd = window // segment if segment else None
    opened = "active" if state == "SYN-SENT" else None
    queue = min(recv_queue or 0, received)
    counts = (once, once - waiting, received, queue, waiting)
    return Facts(state, opened, *counts, *sizes, rtt / 1e3 or None, cwnd, retransmits)


def _unread(fd):
    try:
        return struct.unpack("=i", fcntl.ioctl(fd, FIONREAD, b"\0" * 4))[0]
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None  # a listener has no bytes to read
        raise
