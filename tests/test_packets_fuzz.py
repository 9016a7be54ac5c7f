"""`parse` on bytes that nobody meant: it never raises, and what it says holds together."""

from __future__ import annotations

import io
import random

import pytest
from packet_bytes import random_packets, samples

from labsupport.packets import parse, read_pcap, write_pcap
from labsupport.packets.packet import FIELDS

SEED = "packets"  # any; the same inputs in every run


def mutated(draw, raw):
    """`raw` with some bytes changed, cut, inserted, doubled, or a field set to one of its ends."""
    raw = bytearray(raw)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(min(len(raw), 80) or 1)  # where the headers are
        match draw.randrange(6):
            case 0 | 1:
                raw[at : at + 1] = draw.randbytes(1)
            case 2:
                del raw[draw.randrange(len(raw) + 1) :]
            case 3:
                raw[at:at] = draw.randbytes(draw.randrange(9))
            case 4:
                raw[at : at + 2] = draw.choice((b"\0\0", b"\xff\xff", b"\0\1", b"\x7f\xff"))
            case 5:
                raw[at:at] = raw[draw.randrange(len(raw) + 1) :][:100]
    return bytes(raw)


def inputs(count):
    """`count` byte strings: random ones, random ones that begin like IP, and mutated packets."""
    draw = random.Random(SEED)
    real = [*samples().values(), *random_packets(SEED, 100)]
    for number in range(count):
        kind = number % 8
        if kind == 0:
            yield draw.randbytes(draw.randrange(200))
        elif kind == 1:
            head = draw.choice((0x45, 0x46, 0x4F, 0x40, 0x60))
            number = draw.choice((0, 1, 6, 17, 43, 44, 51, 58, 60, draw.randrange(256)))
            raw = bytearray(draw.randbytes(draw.randrange(200)))
            raw[:1] = bytes((head,))
            raw[6:7] = bytes((number,)) if head == 0x60 else b"\x40"
            raw[9:10] = bytes((number,))
            yield bytes(raw)
        else:
            yield mutated(draw, draw.choice(real))


def look(raw, number):
    """Read `raw` in every way there is; AssertionError where what is said does not hold together."""
    packet = parse(raw)
    assert packet.raw == raw
    assert len(packet.payload) <= packet.length
    assert packet.protocol and packet.version in (None, 4, 6)
    for address, port in (packet.source, packet.destination):
        assert isinstance(address, str) and (port is None or 0 <= port <= 65535)
    assert packet.ack is None or packet.has_ack
    assert isinstance(repr(packet), str) and packet.said
    if number % 10 == 0:
        assert packet.text() and hash(packet) == hash(parse(raw))
        assert all(hasattr(packet, field) for field in FIELDS)
        assert packet.icmp_name or packet.icmp is None
    return packet


def test_a_hundred_thousand_inputs():
    known = 0
    for number, raw in enumerate(inputs(100_000)):
        try:
            packet = look(raw, number)
        except Exception as error:
            pytest.fail(f"input {number}, {raw.hex()}: {error!r}")
        known += packet.seq is not None
    assert known > 30_000  # or the inputs never came as far as TCP


def test_whatever_it_is_a_pcap_file_keeps_it():
    packets = [parse(raw, time=number / 1000) for number, raw in enumerate(inputs(2000))]
    file = io.BytesIO()
    write_pcap(file, packets)
    file.seek(0)
    assert read_pcap(file) == packets


def test_the_same_header_again_and_again():
    """The longest chain of extension headers and of options that fits: read once each, and no deeper."""
    header = bytes((0x60, 0, 0, 0)) + (65528).to_bytes(2) + bytes((60, 64)) + bytes(32)
    packet = parse(header + (b"\x3c" + bytes(7)) * 8191)
    assert (len(packet.headers), packet.protocol) == (8191, "protocol 60")
    assert "cut short" in packet.problem


def test_mutated_pcap_files_give_packets_or_say_why_not():
    draw = random.Random(SEED)
    file = io.BytesIO()
    write_pcap(file, map(parse, list(samples().values())[:10]))
    for _ in range(3000):
        try:
            read_pcap(io.BytesIO(mutated(draw, file.getvalue())))
        except ValueError as error:
            assert str(error)
