"""A stand-in for 01, in the process of the learner's function: one `recv` gives what a buffer holds.

A reader that gets the processor while another thread sends may, by luck, find a whole MiB in one call. With
this no run is lucky: what one call gives is bounded, as it is by the buffers when the sender waits its turn.
"""

from __future__ import annotations

import _socket
import socket

MOST = 1 << 18  # bytes that one call gives; Linux keeps fewer for an end that does not read (socket(7))


def narrow(message):
    """`message`; from now on no `recv` or `recv_into` gives more than MOST bytes."""
    socket.socket.recv, socket.socket.recv_into = _recv, _recv_into
    return message


def _recv(self, size, flags=0):
    return _socket.socket.recv(self, min(size, MOST), flags)


def _recv_into(self, buffer, nbytes=0, flags=0):
    room = nbytes or memoryview(buffer).nbytes
    return _socket.socket.recv_into(self, buffer, min(room, MOST), flags)
