"""The end of a host's connections, when its network ends: sock_diag(7), by hand.

A connection that was closed while its FIN was unanswered goes on for minutes, and its namespace with it. And
a program that still waits in `recv` would wait for ever. Both are told what SOCK_DESTROY (`ss --kill`) tells:
the connection is aborted, ECONNABORTED. Listeners and datagram sockets are left alone: nothing is on its way.
"""

import _socket
import struct

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, SOCK_DESTROY = 4, 20, 21  # linux/sock_diag.h
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300  # linux/netlink.h
ESTABLISHED, TIME_WAIT, CLOSED, LISTEN, CLOSING, HALF_OPEN = 1, 6, 7, 10, 11, 12  # net/tcp_states.h
STATES = sum(
    1 << state for state in range(ESTABLISHED, HALF_OPEN + 1) if state not in (TIME_WAIT, CLOSED, LISTEN)
)
ID = slice(4, 52)  # struct inet_diag_sockid in a struct inet_diag_msg: ports, addresses, cookie
ANSWERS_WITHIN = 2  # seconds


def abort_connections():
    """Abort every TCP connection of the network we are in, where the kernel can (INET_DIAG_DESTROY)."""
    sock = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    try:
        sock.settimeout(ANSWERS_WITHIN)
        for family in (_socket.AF_INET, _socket.AF_INET6):
            for number in _connections(sock, family):
                _send(sock, SOCK_DESTROY, ACK, family, number)
                sock.recv(4096)  # whether it could be: it may have ended by itself meanwhile
    finally:
        sock.close()


def _connections(sock, family):
    """The struct inet_diag_sockid of each."""
    _send(sock, SOCK_DIAG_BY_FAMILY, DUMP, family, bytes(48))
    found = []
    while True:
        data, at = sock.recv(1 << 16), 0
        while at < len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return found
            found.append(data[at + 16 : at + size][ID])
            at += size + 3 & ~3


def _send(sock, kind, flags, family, number):
    """struct inet_diag_req_v2 behind a struct nlmsghdr."""
    body = struct.pack("=BBBxI", family, _socket.IPPROTO_TCP, 0, STATES) + number
    sock.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, 1, 0) + body)
