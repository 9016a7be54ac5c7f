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

from labsupport.otherend import Kernel

_LINUX = sys.platform.startswith("linux")


def unacknowledged(sock):
    """Bytes of `sock` that the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)), or None."""
    if not _LINUX or sock.family == socket.AF_UNIX:
        return None
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


class Readers:
    """Asks this kernel what sockets' peers have not read; one descriptor, opened at the first question."""

    def __init__(self):
        self._kernel = Kernel()

    def unread(self, sock):
        """Bytes in the receive queue of the socket at the other end; None where that end cannot be seen."""
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        try:
            end = self._kernel.other_end(sock.family, sock.getsockname(), sock.getpeername())
        except OSError:
            return None
        return None if end is None else end.recv_queue

    def close(self):
        """Give the descriptor back."""
        self._kernel.close()
