"""`parse` on what real kernels send to each other, and tshark's reading of the same."""

from __future__ import annotations

import contextlib
import socket

import pytest
from dissector import both, compare, compare_checksums, needs_tshark

from labsupport import background, until
from labsupport.network import Network
from labsupport.packets import read_pcap

pytestmark = pytest.mark.skipif(not Network.available(), reason="the private network cannot be had here")

PATIENT = 30.0  # seconds; nothing is sent again because this machine is slow


def converse(net, family):
    """An echo over TCP, host a to b, then both ends closed; and a datagram to a port where nobody is."""
    address = net.b.address if family == socket.AF_INET else net.b.address6
    with net.b.socket(family) as listener, net.a.socket(family) as client:
        listener.bind((address, 80))
        listener.listen(1)
        client.settimeout(10)
        client.connect((address, 80))
        server, _ = listener.accept()
        with server:
            client.sendall(b"hello")
            server.sendall(server.recv(5))
            assert client.recv(5) == b"hello"
            client.sendall(bytes(5000))
            until(lambda: len(server.recv(5000, socket.MSG_PEEK)) == 5000)
            client.close()
            until(lambda: any(packet.fin for packet in net.wire.packets))
    with net.a.socket(family, socket.SOCK_DGRAM) as client:
        client.connect((address, 9))
        client.settimeout(10)
        client.send(b"nobody?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(1)


@pytest.fixture(scope="module")
def traffic():
    """What crossed the wire in conversations over both versions."""
    with Network(ipv6=True) as net:
        net.rto_min = PATIENT
        for family in (socket.AF_INET, socket.AF_INET6):
            converse(net, family)
        with contextlib.suppress(ConnectionRefusedError), net.a.socket() as client:
            client.settimeout(10)
            client.connect((net.b.address, 81))
        with net.a.socket(type=socket.SOCK_DGRAM) as client:
            client.sendto(bytes(4000), (net.b.address, 9))
        until(lambda: sum(bool(packet.fragment) for packet in net.wire.packets) == 3)
        return list(net.wire.packets)


def test_kernels_write_checksums_that_are_right(traffic):
    """A TUN device has no hardware to leave them to; a fragment's cannot be told."""
    assert {packet.checksum_ok for packet in traffic if not packet.fragment} == {True}
    assert not [packet for packet in traffic if packet.problem]


@pytest.mark.parametrize(("version", "mss"), [(4, 1460), (6, 1440)])
def test_a_handshake(traffic, version, mss):
    first, second, third = [packet for packet in traffic if packet.is_tcp and packet.version == version][:3]
    assert [packet.said for packet in (first, second, third)] == ["SYN", "SYN, ACK", "ACK"]
    assert (second.source, second.destination) == (first.destination, first.source)
    assert (second.ack, third.seq, third.ack) == tuple(
        number % 2**32 for number in (first.seq + 1, first.seq + 1, second.seq + 1)
    )
    assert first.ack is None and first.destination[1] == 80
    for packet in (first, second):
        assert [name for name, _ in packet.options] == ["MSS", "SACK permitted", "timestamps", "window scale"]
        assert dict(packet.options)["MSS"] == mss
    assert dict(second.options)["timestamps"][1] == dict(first.options)["timestamps"][0]


def test_an_unused_port(traffic):
    """UDP: an ICMP message that quotes the datagram. TCP: a RST."""
    for name in ("ICMP", "ICMPv6"):
        refusal = next(packet for packet in traffic if packet.protocol == name and packet.quoted)
        assert refusal.said == f"{name}: port unreachable"
        asked = next(packet for packet in traffic if packet.is_udp and packet.version == refusal.version)
        assert (refusal.quoted.payload, refusal.quoted.source) == (b"nobody?", asked.source)
        assert refusal.quoted.raw == asked.raw
    assert [packet.flags for packet in traffic if packet.rst and packet.source[1] == 81] == ["RST, ACK"]


def test_a_large_datagram_goes_in_fragments(traffic):
    pieces = [packet for packet in traffic if packet.fragment and packet.version == 4]
    assert [packet.fragment for packet in pieces] == [(0, True), (1480, True), (2960, False)]
    assert sum(packet.length for packet in pieces) == 4000
    assert [packet.destination[1] for packet in pieces] == [9, None, None]


def test_the_payload_is_what_was_sent(traffic):
    hello = [packet for packet in traffic if packet.payload == b"hello"]
    assert [packet.version for packet in hello] == [4, 4, 6, 6]
    client = next(packet for packet in traffic if packet.syn).source
    sent = {packet.seq: packet.payload for packet in traffic if packet.source == client and packet.length > 5}
    assert b"".join(sent[number] for number in sorted(sent)) == bytes(5000)


@needs_tshark
def test_tshark_reads_the_same(traffic, tmp_path):
    for packet, reading in both(tmp_path / "traffic.pcap", traffic):
        compare(packet, reading)
        compare_checksums(packet, reading)
    again = read_pcap(tmp_path / "traffic.pcap")
    assert [packet.raw for packet in again] == [packet.raw for packet in traffic]


def test_blocks_of_what_arrived_out_of_order():
    """A lost segment: the receiver says with SACK what it has beyond it; RFC 2018."""
    with Network() as net:
        net.rto_min = PATIENT
        net.wire.drop(lambda packet: packet.length == 1000 and packet.payload[:1] == b"b", count=1)
        with net.b.socket() as listener, net.a.socket() as client:
            listener.bind((net.b.address, 80))
            listener.listen(1)
            client.connect((net.b.address, 80))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server, _ = listener.accept()
            with server:
                whole = background(lambda: server.recv(3000, socket.MSG_WAITALL))
                for letter in (b"a", b"b", b"c"):
                    client.sendall(letter * 1000)
                assert whole.result(timeout=10) == b"a" * 1000 + b"b" * 1000 + b"c" * 1000
        packets = list(net.wire.packets)
    lost = next(packet for packet in packets if packet.fate == "lost")
    (block,) = next(dict(packet.options)["SACK"] for packet in packets if "SACK" in dict(packet.options))
    assert block == ((lost.seq + 1000) % 2**32, (lost.seq + 2000) % 2**32)
