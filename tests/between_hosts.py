"""Sockets on two hosts of a private network, connected."""

from __future__ import annotations

import socket


def connected(net, keep, port=0, family=socket.AF_INET):
    """(client on a, server on b)."""
    address = net.b.address if family == socket.AF_INET else net.b.address6
    with net.b.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        listener.settimeout(5)
        client = keep(net.a.socket(family))
        client.settimeout(5)
        client.connect(listener.getsockname()[:2])
        server = keep(listener.accept()[0])
    server.settimeout(5)
    return client, server
