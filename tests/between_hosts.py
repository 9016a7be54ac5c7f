"""Sockets on two hosts of a private network, connected, and what goes between them."""

from __future__ import annotations

import socket

DATA = bytes(range(200))


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


def datagrams(net):
    """A socket on a that is connected to one on b; both have deadlines."""
    there = net.b.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.bind((net.b.address, 7))
    here = net.a.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.connect((net.b.address, 7))
    for sock in (here, there):
        sock.settimeout(5)
    return here, there


def send_numbers(sock, count):
    for number in range(count):
        sock.send(number.to_bytes(4, "big"))


def numbers(sock, count):
    return [int.from_bytes(sock.recv(100), "big") for _ in range(count)]


def payloads(net):
    return [packet.payload for packet in net.wire.packets]
