"""How far what was sent has come: acknowledged by the other kernel, or read by the other program.

TCP tells the sender the first and never the second. A helper that teaches what a program must be ready for
sometimes needs either, to do its mischief at the same place in every run. On one machine the second can be
seen, too: the peer's socket is in the same kernel, which lists its Recv-Q under the mirrored pair of
addresses (sock_diag(7)). An empty Recv-Q alone does not tell: on a busy machine loopback, too, takes its
time, and what is on the way is in no queue yet.
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

from labsupport.otherend import Kernel

_LINUX = sys.platform.startswith("linux")
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_NOT_SENT, _SENT = struct.Struct("=144xI"), struct.Struct("=200xQQ")  # in tcp_info; bytes_sent, bytes_retrans


def unacknowledged(sock):
    """Bytes of `sock` that the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)), or None."""
    if not _LINUX or sock.family == socket.AF_UNIX:
        return None
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


def unread(kernel, sock):
    """Bytes that were written to `sock` and have not been read at the other end, by `kernel`, a
    labsupport.otherend.Kernel; None where that end cannot be seen.
    """
    family = int(sock.family)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        here, there, written = sock.getsockname(), sock.getpeername(), _written(sock)
    except OSError:
        return None
    # In this order: what has arrived is in the queue that is looked at after it, or was read.
    arrived = None if written is None else kernel.arrived(family, here, there)
    end = kernel.other_end(family, here, there)
    if end is None:
        return None
    return end.recv_queue + (0 if arrived is None else max(0, written - arrived))


def _written(sock):
    """Bytes that this kernel took from the program, sent or not; None where it does not tell (Linux 4.19)."""
    if _TCP_INFO is None or not _LINUX:
        return None
    info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _SENT.size)
    if len(info) < _SENT.size:
        return None
    sent, again = _SENT.unpack(info)
    return sent - again + _NOT_SENT.unpack_from(info)[0]


class Readers:
    """Asks this kernel what sockets' peers have not read; one descriptor, opened at the first question."""

    def __init__(self):
        self._kernel = Kernel()

    def unread(self, sock):
        """Bytes that were sent and are not read; None where the other end cannot be seen."""
        return unread(self._kernel, sock)

    def close(self):
        """Give the descriptor back."""
        self._kernel.close()
