"""What the wire remembers: rings that forget the oldest, read by two processes. And what makes a repeat."""

from __future__ import annotations

import os
import struct

import pytest

from labsupport.network import headers, shared

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs memfd_create(2)")


@pytest.fixture
def memory():
    memory = shared.Shared()
    yield memory
    memory.close()


def read_all(memory):
    numbers, forgotten = memory.remembered()
    slots = memory.slots(numbers)
    return [memory.read(slots, index) for index in range(len(numbers))], forgotten


def test_what_is_noted_is_read_back(memory):
    memory.note(0.5, 0, 1, b"x" * 40, shared.IN_FLIGHT)
    memory.note(0.6, 1, None, b"y" * 1500, shared.NO_SUCH_HOST)
    memory.mark(0, shared.DELIVERED)
    assert read_all(memory) == (
        [(0, 0.5, "delivered", b"x" * 40), (1, 0.6, "no such host", b"y" * 1500)],
        0,
    )


def test_another_process_reads_the_same(memory):
    other = shared.Shared(os.dup(memory.fd))
    memory.note(0.5, 0, 1, b"x" * 40, shared.IN_FLIGHT)
    assert read_all(other) == read_all(memory)
    other.mark(0, shared.CUT)
    assert read_all(memory)[0][0][2] == "cut"
    other.close()


def test_the_oldest_are_cut_to_their_heads(memory):
    long = bytes(shared.LONGEST)
    count = shared.BODIES // shared.LONGEST + 10
    for _ in range(count):
        memory.note(0, 0, 1, long, shared.DELIVERED)
    found, forgotten = read_all(memory)
    assert forgotten == 0
    assert len(found[0][3]) == shared.HEAD
    assert found[-1][3] == long
    assert sum(len(raw) for *_, raw in found) <= shared.BODIES + count * shared.HEAD


def test_the_oldest_of_all_are_forgotten(memory):
    for number in range(shared.KEPT + 5):
        memory.note(number, 0, 1, b"x", shared.DELIVERED)
    found, forgotten = read_all(memory)
    assert (len(found), forgotten) == (shared.KEPT, 5)
    assert [number for number, *_ in found] == list(range(5, shared.KEPT + 5))
    memory.mark(2, shared.LOST)  # long forgotten: its slot is another's now
    assert {fate for _, _, fate, _ in read_all(memory)[0]} == {"delivered"}


def test_what_was_forgotten_by_wish_is_not_counted(memory):
    memory.note(0, 0, 1, b"x", shared.DELIVERED)
    memory.forget()
    assert read_all(memory) == ([], 0)
    memory.note(0, 0, 1, b"y", shared.DELIVERED)
    assert read_all(memory) == ([(1, 0.0, "delivered", b"y")], 0)


def test_it_stays_readable_when_it_is_closed(memory):
    memory.note(0, 0, 1, b"z" * 1000, shared.DELIVERED)
    before = read_all(memory)
    memory.close()
    memory.close()
    assert read_all(memory) == before


def tcp(seq, flags, payload=b"", ack=0, version=4):
    header = struct.pack("!HHIIBBHHH", 1000, 80, seq, ack, 5 << 4, flags, 100, 0, 0)
    if version == 4:
        total = 40 + len(payload)
        return struct.pack("!BBHHHBBH8s", 0x45, 0, total, 7, 0, 64, 6, 0, b"abcdefgh") + header + payload
    length = 20 + len(payload)
    return struct.pack("!IHBB32s", 6 << 28, length, 6, 64, b"a" * 32) + header + payload


SYN, ACK, PSH, FIN = 2, 16, 8, 1


@pytest.mark.parametrize("version", [4, 6])
def test_what_repeats_what(version):
    def key(*args, **kwargs):
        return headers.repeat_key(tcp(*args, version=version, **kwargs))

    assert key(1, SYN) == key(1, SYN)
    assert key(1, SYN) != key(2, SYN)
    assert key(1, SYN) != key(1, SYN | FIN)
    assert key(1, ACK, b"data", ack=5) == key(1, ACK | PSH, b"data", ack=9)
    assert key(1, ACK, b"data") != key(1, ACK, b"more")
    assert key(1, ACK) is None  # a second bare ACK has a meaning of its own


@pytest.mark.parametrize(
    "raw", [b"", b"\x45", b"\x60" + bytes(20), b"\x45" + bytes(30), bytes(60), os.urandom(9)]
)
def test_no_bytes_are_too_strange(raw):
    assert headers.repeat_key(raw) is None or len(raw) >= 40
    assert isinstance(headers.destination(raw), bytes)
    assert headers.to_everyone(headers.destination(raw)) in (True, False)


def test_a_view_says_how_many_were_forgotten(memory):
    from labsupport.network.records import SHOWN, Packets

    raw = tcp(1, SYN)
    for _ in range(shared.KEPT + 7):
        memory.note(0, 0, 1, raw, shared.DELIVERED)
    assert repr(Packets(memory)).startswith(f"… {shared.KEPT + 7 - SHOWN:,} earlier, 7 of them forgotten\n")
