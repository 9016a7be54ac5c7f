"""pcap files written and read: both byte orders, both units of time, and what is no such file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from struct import pack

import pytest
from packet_bytes import ACK, samples, tcp, udp

from labsupport.packets import Packet, parse, read_pcap, write_pcap

RAW = tcp(ACK, b"hello")


def written(packets, **more):
    """The bytes of a file with these packets."""
    file = io.BytesIO()
    write_pcap(file, packets, **more)
    return file.getvalue()


def by_hand(order, magic, fraction, link=101, raw=RAW, held=None):
    """A file with one packet, at 3 seconds and `fraction`, in struct's byte order `order`."""
    head = pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + pack(f"{order}IIII", 3, fraction, len(raw) if held is None else held, len(raw)) + raw


def test_the_bytes_of_a_file():
    packet = parse(RAW, time=1.5)
    head = bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000")
    assert written([packet]) == head + pack("<IIII", 1, 500_000_000, len(RAW), len(RAW)) + RAW


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "all.pcap"
    packets = [parse(raw, time=number + 0.125) for number, raw in enumerate(samples().values())]
    write_pcap(path, iter(packets))
    assert read_pcap(path) == read_pcap(str(path)) == packets
    with open(path, "rb") as file:
        assert read_pcap(file) == packets
    assert written([]) and read_pcap(io.BytesIO(written([]))) == []


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "fraction"), [(0xA1B2C3D4, 250_000), (0xA1B23C4D, 250_000_000)])
@pytest.mark.parametrize("link", [101, 228])
def test_both_byte_orders_and_both_units(order, magic, fraction, link):
    assert read_pcap(io.BytesIO(by_hand(order, magic, fraction, link))) == [parse(RAW, time=3.25)]


def test_times_are_kept_to_the_nanosecond():
    times = [0.0, 1e-9, 0.000123456, 1.999999999, 59.000000001]
    packets = [parse(RAW, time=time) for time in times]
    assert [packet.time for packet in read_pcap(io.BytesIO(written(packets)))] == times
    later = read_pcap(io.BytesIO(written(packets, start=1_700_000_000.0)))
    assert [packet.time - 1_700_000_000 for packet in later] == pytest.approx(times, abs=1e-6)


def test_a_record_that_was_cut_tells_the_length_of_the_wire():
    whole = parse(udp(bytes(1000)))
    cut = parse(whole.raw[:128])
    data = written([cut])
    assert data[24 + 8 : 24 + 16] == pack("<II", 128, len(whole.raw))
    assert read_pcap(io.BytesIO(data)) == [cut]


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "kept.pcap"
    write_pcap(path, [parse(RAW)])
    before = path.read_bytes()

    def failing():
        yield parse(RAW)
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        write_pcap(path, failing())
    assert path.read_bytes() == before
    with pytest.raises(TypeError, match="a pcap file holds packets, not bytes"):
        write_pcap(path, [RAW])
    for time in (-1.0, 2.0**32, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="1970 to 2106"):
            write_pcap(path, [parse(RAW, time=time)])
    with pytest.raises(ValueError, match="start must be seconds"):
        write_pcap(path, [], start=float("nan"))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["kept.pcap"]


def test_a_link_stays_a_link_and_a_full_disk_leaves_nothing(tmp_path):
    (tmp_path / "link.pcap").symlink_to("real.pcap")
    write_pcap(tmp_path / "link.pcap", [parse(RAW)])
    assert (tmp_path / "link.pcap").is_symlink() and read_pcap(tmp_path / "real.pcap") == [parse(RAW)]
    with pytest.raises(FileNotFoundError):
        write_pcap(tmp_path / "no" / "folder.pcap", [parse(RAW)])
    with pytest.raises(IsADirectoryError):
        write_pcap(tmp_path, [parse(RAW)])
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left"):
            write_pcap("/dev/full", [parse(RAW)])
    assert sorted(os.listdir(tmp_path)) == ["link.pcap", "real.pcap"]


def test_files_are_as_readable_as_the_user_wants(tmp_path):
    write_pcap(tmp_path / "a.pcap", [])
    (tmp_path / "b").touch()
    assert (tmp_path / "a.pcap").stat().st_mode == (tmp_path / "b").stat().st_mode


GOOD = by_hand("<", 0xA1B2C3D4, 0)


def linked(link):
    """A file of this link type."""
    return by_hand("<", 0xA1B2C3D4, 0, link=link)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no pcap file: it is empty"),
        (b"GIF89a" * 9, "no pcap file: it begins with b'GIF8'"),
        (
            b"\x0a\x0d\x0d\x0a" + bytes(28),
            "this is a pcapng file; only pcap is read (editcap -F pcap makes one of it)",
        ),
        (GOOD[:10], "the file ends within its header: 10 of 24 bytes"),
        (GOOD[:30], "the file ends within the header of packet 1"),
        (GOOD + GOOD[24:50], "the file ends within packet 2: 10 of 45 bytes"),
        (
            by_hand(">", 0xA1B2C3D4, 0, held=2**31),
            "packet 1 claims 2147483648 bytes; a record has 262144 at most",
        ),
        (linked(1), "its packets are of link type 1 (Ethernet); only raw IP is read, 101"),
        (linked(147), "its packets are of link type 147; only raw IP is read, 101"),
    ],
)
def test_what_is_no_such_file(data, said):
    with pytest.raises(ValueError) as caught:
        read_pcap(io.BytesIO(data))
    assert str(caught.value) == said


def test_a_packet_without_bytes_can_be_written():
    assert read_pcap(io.BytesIO(written([Packet()]))) == [parse(b"")]
