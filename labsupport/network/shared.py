"""What the wire remembers and counts, in memory that two processes can share.

The wire may be worked by a process of its own (see forwarder.py). Its records and counts are written where
this process can read them at any time without asking, which would hold the packets up. Memory is bounded: of
each of the last packets the head is kept, in a ring of slots, and as many whole packets as another ring has
room for. Pages that were never written take no memory.
"""

from __future__ import annotations

import mmap
import os
import struct

KEPT = 100_000  # packets
HEAD = 128  # bytes of each: the header of IPv6, that of TCP with every option, and a little
BODIES = 48 << 20  # bytes of whole packets; with the slots it makes 64 MiB
LONGEST = 65_535  # bytes: the longest IP packet there is (RFC 791 §3.1; jumbograms need another device)

FATES = (
    "in flight",
    "delivered",
    "lost",
    "cut",
    "queue full",
    "no such host",
    "absorbed",
    "corrupted",
    "duplicate",
    "reordered",
    "refused",
)
(
    IN_FLIGHT,
    DELIVERED,
    LOST,
    CUT,
    QUEUE_FULL,
    NO_SUCH_HOST,
    ABSORBED,
    CORRUPTED,
    DUPLICATE,
    REORDERED,
    REFUSED,
) = FATES
ARRIVED = frozenset((DELIVERED, CORRUPTED, DUPLICATE, REORDERED))  # fates of packets that reached their host
_CODES = {fate: code for code, fate in enumerate(FATES)}
_DELIVERED = _CODES[DELIVERED]

_SLOT = struct.Struct("=qdqIBBBx")  # number, time, position of the whole, length, sender, receiver, fate
_FATE_AT = 30
_STEP = _SLOT.size + HEAD
_PAGE = 4096
_CELLS = 8  # of each direction
_DIRECTIONS_AT = 16  # the first direction's first cell
_END = _PAGE + KEPT * _STEP
SIZE = _END + BODIES
NOBODY = 255  # as a receiver's number
MOST_DIRECTIONS = (_PAGE // 8 - _DIRECTIONS_AT) // _CELLS

_NEXT, _WRITTEN, _FIRST, _WORST, _RECENT, _BEHIND = range(6)  # cells
BEHIND = 0.001  # seconds; a delivery that is later counts as behind


class Shared:
    """The memory, by its descriptor: a new one, or that of another process. Only one process writes at a
    time."""

    def __init__(self, fd=None):
        self.fd = os.memfd_create("labsupport-wire", os.MFD_CLOEXEC) if fd is None else fd
        if fd is None:
            os.ftruncate(self.fd, SIZE)
        self._use(mmap.mmap(self.fd, SIZE))

    def _use(self, memory):
        self.memory = memory
        self.view = memoryview(memory)
        self.cells = self.view[:_PAGE].cast("q")
        self.reals = self.view[:_PAGE].cast("d")

    def close(self):
        """Give the descriptor back; what is remembered stays readable, in memory of this process alone."""
        if self.fd is None:
            return
        old, copy = self.view, mmap.mmap(-1, SIZE)
        slots = _PAGE + min(self.next, KEPT) * _STEP
        bodies = _END + min(self.cells[_WRITTEN], BODIES)
        copy[:slots] = old[:slots]
        copy[_END:bodies] = old[_END:bodies]
        memory, parts = self.memory, (self.cells, self.reals, old)
        self._use(copy)
        for part in parts:
            part.release()
        memory.close()
        os.close(self.fd)
        self.fd = None

    # Records

    @property
    def next(self):
        """The number that the next packet will have: how many there were."""
        return self.cells[_NEXT]

    def room(self):
        """Where the longest packet can be written: the view of it, and its position among all that were."""
        position = self.cells[_WRITTEN]
        start = position % BODIES
        if start + LONGEST > BODIES:
            position += BODIES - start
            start = 0
        return self.view[_END + start : _END + start + LONGEST], position

    def note(self, time, sender, receiver, raw, fate):
        """Remember one more packet; its number. `receiver` None: nobody."""
        room, position = self.room()
        room[: len(raw)] = raw
        return self.noted(time, sender, NOBODY if receiver is None else receiver, raw, position, _CODES[fate])

    def noted(self, time, sender, receiver, raw, position, code=_DELIVERED):
        """The same for bytes that were read into `room()` already."""
        cells = self.cells
        number = cells[_NEXT]
        at = _PAGE + number % KEPT * _STEP
        length = len(raw)
        _SLOT.pack_into(self.memory, at, number, time, position, length, sender, receiver, code)
        at += 32
        self.view[at : at + (length if length < HEAD else HEAD)] = raw[:HEAD]
        cells[_WRITTEN] = position + length
        cells[_NEXT] = number + 1
        return number

    def mark(self, number, fate):
        """Note what became of a packet, if it is still remembered."""
        if self.cells[_NEXT] - number <= KEPT:
            self.memory[_PAGE + number % KEPT * _STEP + _FATE_AT] = _CODES[fate]

    def remembered(self):
        """The numbers of the packets that are remembered, a range; and how many older ones were forgotten."""
        after, first = self.cells[_NEXT], self.cells[_FIRST]
        return range(max(first, after - KEPT), after), max(0, after - KEPT - first)

    def forget(self):
        """Forget all packets so far, and how late they were."""
        self.cells[_FIRST] = self.cells[_NEXT]
        self.reals[_WORST] = self.reals[_RECENT] = 0.0
        self.cells[_BEHIND] = 0

    def slots(self, numbers):
        """A copy of some packets' slots, in the order of a range of numbers."""
        if not numbers:
            return b""
        first, after = numbers.start % KEPT, (numbers.stop - 1) % KEPT + 1
        memory = self.memory
        if first < after:
            return memory[_PAGE + first * _STEP : _PAGE + after * _STEP]
        return memory[_PAGE + first * _STEP : _END] + memory[_PAGE : _PAGE + after * _STEP]

    def read(self, slots, index):
        """Of the packet at `index` in copied slots: number, time, fate, and its bytes, as many as there
        are."""
        number, time, position, length, _, _, code = _SLOT.unpack_from(slots, index * _STEP)
        at = index * _STEP + _SLOT.size
        raw = slots[at : at + min(length, HEAD)]
        if length > HEAD:
            start = _END + position % BODIES
            whole = self.memory[start : start + length]
            # Looked at afterwards: what is written next may already be on its way over it.
            if self.cells[_WRITTEN] + 2 * LONGEST - position <= BODIES:
                raw = whole
        return number, time, FATES[code], raw

    # Lateness

    @property
    def worst(self):
        """Seconds that a delivery was late, at worst, since the last `forget`."""
        return self.reals[_WORST]

    @property
    def recent(self):
        """Seconds that the last one was late."""
        return self.reals[_RECENT]

    @property
    def behind(self):
        """How many deliveries were more than a millisecond late, since the last `forget`."""
        return self.cells[_BEHIND]

    def late(self, seconds):
        """Note how late a delivery was."""
        self.reals[_RECENT] = seconds
        if seconds > BEHIND:
            self.cells[_BEHIND] += 1
        if seconds > self.reals[_WORST]:
            self.reals[_WORST] = seconds


def _count(index, what):
    return property(lambda self: self.cells[index], doc=what)


SENT, SENT_BYTES, ARRIVED_PACKETS, ARRIVED_BYTES, LOST_PACKETS, FULL, WAITING, FREE = range(_CELLS)


class Counts:
    """How much went through a direction since it was last cleared; cheap to read at any moment, as a curve
    needs.

    Packets and bytes `sent` and `arrived`, packets `lost`, and of these the `full` that found the queue full.
    """

    __slots__ = ("_at", "_shared")

    def __init__(self, shared, index):
        self._shared, self._at = shared, _DIRECTIONS_AT + index * _CELLS

    @property
    def cells(self):
        """The direction's cells, as whole numbers."""
        return self._shared.cells[self._at : self._at + _CELLS]

    @property
    def reals(self):
        """The same memory as real numbers: `FREE` is one."""
        return self._shared.reals[self._at : self._at + _CELLS]

    sent = _count(SENT, "Packets that the sender handed to the wire.")
    sent_bytes = _count(SENT_BYTES, "Bytes of them, headers included.")
    arrived = _count(ARRIVED_PACKETS, "Packets that the receiver got.")
    arrived_bytes = _count(ARRIVED_BYTES, "Bytes of them.")
    lost = _count(LOST_PACKETS, "Packets that will never arrive, for whatever reason.")
    full = _count(FULL, "Those of them that found the queue full.")

    def add(self, packets, size, length):
        """Count one packet of `length` bytes in the cells `packets` and `size`."""
        cells, at = self._shared.cells, self._at
        cells[at + packets] += 1
        cells[at + size] += length

    def add_lost(self, full):
        """Count one that is lost; `full`: for want of room."""
        cells, at = self._shared.cells, self._at
        cells[at + LOST_PACKETS] += 1
        cells[at + FULL] += full

    def through(self, packets, length):
        """Count packets that went straight through, with `length` bytes in all."""
        cells, at = self._shared.cells, self._at
        cells[at] += packets
        cells[at + 1] += length
        cells[at + 2] += packets
        cells[at + 3] += length

    def clear(self):
        """All counts are 0 again."""
        cells, at = self._shared.cells, self._at
        for index in range(at, at + WAITING):
            cells[index] = 0

    def __repr__(self):
        full = f" ({self.full} queue full)" if self.full else ""
        return f"{self.sent} sent, {self.arrived} arrived, {self.lost} lost{full}"
