"""`parse` against tshark: both read the same file, and are compared field by field."""

from __future__ import annotations

import pytest
from dissector import COLUMNS, HEADERS, both, chain, compare, compare_checksums, needs_tshark
from packet_bytes import ACK, LINUX_ACK, PSH, flipped, icmp, random_packets, samples, tcp, udp

from labsupport.packets import parse

pytestmark = needs_tshark

# Where we mean to differ: tshark sums what the UDP length leaves out, looks up the end of a source route, and
# does not go on to the checksum where the length of a TCP header cannot be.
ELSEWHERE = {"UDP says too little", "unfinished route", "TCP header too short", "TCP header too long"}


def test_every_sample(tmp_path):
    packets = [parse(raw, time=number / 8) for number, raw in enumerate(samples().values())]
    for name, (packet, reading) in zip(samples(), both(tmp_path / "samples.pcap", packets), strict=True):
        compare(packet, reading)
        if name not in ELSEWHERE:
            compare_checksums(packet, reading)


def test_random_packets(tmp_path):
    packets = [parse(raw, time=float(number)) for number, raw in enumerate(random_packets("tshark", 400))]
    for packet, reading in both(tmp_path / "random.pcap", packets):
        compare(packet, reading)
        compare_checksums(packet, reading)


def test_one_wrong_byte_anywhere(tmp_path):
    """From the addresses on, where tshark goes on reading: the same verdict, the same fields."""
    whole = [tcp(PSH | ACK, b"hello", options=LINUX_ACK), udp(b"hello"), icmp(8, 0, payload=b"hello")]
    packets = [parse(flipped(raw, at, 0x10)) for raw in whole for at in range(12, len(raw))]
    for packet, reading in both(tmp_path / "flipped.pcap", packets):
        compare(packet, reading)
        if not packet.problem:
            compare_checksums(packet, reading)


@pytest.mark.parametrize("name", ["SYN", "three SACK blocks", "data over IPv6", "UDP", "port unreachable"])
def test_cut_short(tmp_path, name):
    """Of a part one of the two may read a field less, but never another value."""
    raw = samples()[name]
    packets = [parse(raw[:size]) for size in range(20, len(raw))]
    for packet, reading in both(tmp_path / "cut.pcap", packets):
        for field in HEADERS:
            ours = map(COLUMNS[field], (one.replace(problem="") for one in chain(packet)))
            theirs = reading[field].split(",") if reading[field] else ()
            for one, other in zip(ours, theirs, strict=False):
                assert one in (None, "None", "", other), (packet.text(), field)


def test_tshark_sees_that_a_record_was_cut(tmp_path):
    packet = parse(tcp(ACK, bytes(1000))[:128])
    ((_, reading),) = both(tmp_path / "cut.pcap", [packet])
    assert (reading["tcp.len"], reading["tcp.checksum.status"]) == ("1000", "2")
    assert (packet.length, packet.checksum_ok) == (1000, None)
