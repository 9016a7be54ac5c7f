"""What can be had of a socket on any other system: its addresses, its buffers, and whether it listens."""

from __future__ import annotations

import _socket
import errno

from labsupport.kernels.facts import Facts, Look


_getsockopt = _socket.socket.getsockopt


def identify(sock):
    """No number; an OSError where the descriptor is no open socket."""
    _getsockopt(sock, _socket.SOL_SOCKET, _socket.SO_TYPE)


def home(sock):
    """None: there is no network but the system's."""


def look(sock, fd, memory):
    """LISTEN is the one state that can be told."""
    *_, recv_buffer, send_buffer = queues(sock, fd)
    listening = bool(_getsockopt(sock, _socket.SOL_SOCKET, _socket.SO_ACCEPTCONN))
    state, opened = ("LISTEN", "passive") if listening else (None, None)
    return Look(Facts(state, opened, recv_buffer=recv_buffer, send_buffer=send_buffer), None)


def queues(sock, fd):
    """The buffers, in bytes; the queues are not told."""
    names = (_socket.SO_RCVBUF, _socket.SO_SNDBUF)
    return None, None, *(_getsockopt(sock, _socket.SOL_SOCKET, name) for name in names)


def find(memory):
    """Nobody can be asked about a socket that has no descriptor: OSError."""
    raise OSError(errno.EOPNOTSUPP, "this system does not tell what became of a closed socket")
