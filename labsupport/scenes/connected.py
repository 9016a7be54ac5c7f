"""A connection to begin with: most scenes are about what comes after the handshake, and should begin there.
"""

from __future__ import annotations


def connected(net, port=80):
    """Two sockets with a connection between them, on `net.a` and on `net.b` (that one's port is `port`).

    Returns (client, served), made by bind, listen, connect, accept, and close of the listener. In a scene its
    ladder begins after that, with both ESTABLISHED. OSErrors are those of the calls; the wire must not be
    held.
    """
    with net.b.socket() as listener:
        listener.bind((net.b.address, port))
        listener.listen()
        client = net.a.socket()
        client.connect((net.b.address, port))
        served, _ = listener.accept()
    if net.turns is not None:
        net.begin()
    return client, served
