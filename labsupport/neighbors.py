"""Whose is the other end? On a machine that several people share, loopback is common to all of them.

Whatever listens on 127.0.0.1 can be reached by every user of the machine, and TCP says nothing about who
comes. The kernel knows, where both ends are its own: it lists each socket with the user who made it
(sock_diag(7)). So a helper serves its own user alone, and a check knows its own clients.

It tells while the other end is open. Of a connection that its client has closed (FIN-WAIT-2, TIME-WAIT) or
reset the kernel keeps no user, so a client that comes and leaves at once may not be known any more when it is
looked at. Nor can two people be told apart who share one account, or are root, or whose user numbers a
container maps to one. Whoever needs certainty there asks for a word, or goes to a private network.
"""

from __future__ import annotations

import _socket
import ipaddress
import os
import socket
import struct

from labsupport.otherend import Kernel

_CREDENTIALS = struct.Struct("=iII")  # struct ucred: process, user, group; unix(7)


def is_neighbor(connection) -> bool:
    """Whether the peer of this connected socket belongs to another user of this machine.

    False where that cannot be told: a peer on another machine, in another network or gone already; another
    system than Linux. Of a Unix socket it is who made or connected the other end (SO_PEERCRED). Raises
    OSError for a socket that is closed or not connected.
    """
    if connection.family == getattr(socket, "AF_UNIX", None):
        return _unix_neighbor(connection)
    neighbors = Neighbors()
    try:
        here, there = connection.getsockname(), connection.getpeername()
        return neighbors.owner(connection.family, here, there, connection.type) is False
    finally:
        neighbors.close()


class Neighbors:
    """Tells neighbors from oneself; keeps a descriptor until `close()`. For one thread at a time."""

    def __init__(self):
        self._kernel = Kernel()

    def open(self):
        """Take the descriptor now, not at the first question."""
        self._kernel.open()

    def owner(self, family, here, there, kind=_socket.SOCK_STREAM):
        """True: the socket at the address `there`, which talks to `here`, is our own user's. False: it is a
        neighbor's. None: nobody can tell. `kind`: SOCK_STREAM or SOCK_DGRAM, of an IP `family`.
        """
        if not on_loopback(there[0]):
            return None
        protocol = _socket.IPPROTO_UDP if kind == _socket.SOCK_DGRAM else _socket.IPPROTO_TCP
        end = self._kernel.other_end(family, here, there, protocol)
        if end is None or end.uid is None:
            return None
        return end.uid == os.geteuid() or end.uid == os.getuid()

    def close(self):
        """Give the descriptor back; again: nothing."""
        self._kernel.close()


def on_loopback(host) -> bool:
    """Whether `host`, an address, is one of loopback: 127.0.0.0/8 or ::1."""
    if host.startswith("127.") or host == "::1":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _unix_neighbor(connection):
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(said)[1] not in (os.geteuid(), os.getuid())
