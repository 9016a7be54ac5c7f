"""What the wire remembers of each packet, in bounded memory.

A wire that carries 45 MB/s for an hour cannot keep all of it. The last packets are kept: whole up to a limit
in bytes, the older among them cut to their headers, which is what a drawing or a capture file needs.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence

KEPT = 100_000  # packets
WHOLE = 64 << 20  # bytes of packets kept whole, together
CUT_TO = 128  # bytes that are left of an older one: IPv6's header, TCP's with every option, and a little

IN_FLIGHT, DELIVERED, LOST, CUT = "in flight", "delivered", "lost", "cut"
QUEUE_FULL, NO_SUCH_HOST, ABSORBED = "queue full", "no such host", "absorbed"
CORRUPTED, DUPLICATE, REORDERED, REFUSED = "corrupted", "duplicate", "reordered", "refused"
ARRIVED = frozenset((DELIVERED, CORRUPTED, DUPLICATE, REORDERED))  # fates of packets that reached their host


class Record:
    """One packet on the wire.

    `number`: counted from 0 in the order of sending; `time`: seconds since the network began, when the wire took
    it; `due`: when it is to arrive, by the same clock (by the wire's own, which moves with each packet carried,
    while it is held); `arrived`: when it did, else None; `sender`, `receiver`: numbers of hosts (receiver None:
    nobody has the address); `raw`: its bytes, as they arrive; `fate`: what became of it so far; `mark`: what its
    fate will be on arrival.
    """

    __slots__ = (
        "_packet",
        "arrived",
        "due",
        "fate",
        "key",
        "mark",
        "number",
        "order",
        "raw",
        "receiver",
        "sender",
        "time",
    )

    def __init__(self, number, time, sender, receiver, raw, fate=IN_FLIGHT):
        self.number = number
        self.time = time
        self.due = time
        self.arrived = None
        self.sender = sender
        self.receiver = receiver
        self.raw = raw
        self.fate = fate
        self.mark = DELIVERED
        self.order = number  # among those due at one time
        self.key = None  # what makes a repeat of it known, while the wire absorbs repeats
        self._packet = None

    @property
    def packet(self):
        """The Packet it is, read when first asked for; its fate is the present one."""
        packet = self._packet
        if packet is None or packet.fate != self.fate:
            packet = self._packet = read(self.raw, self.time, self.fate)
        return packet

    @property
    def lost(self):
        """Whether it will never arrive (absorbed repeats among them)."""
        return self.fate != IN_FLIGHT and self.fate not in ARRIVED

    def __repr__(self):
        return f"<record {self.number}: {self.packet!r}, {self.fate}>"


def read(raw, time, fate):
    """The Packet that some bytes are. Imported when first needed: a wire alone has no use for it."""
    from labsupport.packets import parse

    return parse(raw, time, fate)


class Journal:
    """The last records, oldest first: whole while there is room, then cut, then forgotten.

    Not safe for several threads by itself: the wire's lock guards it.
    """

    def __init__(self, kept=KEPT, whole=WHOLE):
        self._kept, self._room = kept, whole
        self._cut = deque()
        self._whole = deque()
        self._size = 0
        self.forgotten = 0

    def __len__(self):
        return len(self._cut) + len(self._whole)

    def append(self, record):
        """Remember one more."""
        self._whole.append(record)
        self._size += len(record.raw)
        if self._size > self._room or len(self) > self._kept:
            self._shorten()

    def _shorten(self):
        while self._size > self._room and len(self._whole) > 1:
            record = self._whole.popleft()
            self._size -= len(record.raw)
            # One in flight is still needed whole by its carrier: bytes that two hold cost nothing twice.
            if record.fate != IN_FLIGHT and len(record.raw) > CUT_TO:
                record.raw = record.raw[:CUT_TO]
                record._packet = None
            self._cut.append(record)
        while len(self) > self._kept:
            self.forgotten += 1
            if self._cut:
                self._cut.popleft()
            else:
                self._size -= len(self._whole.popleft().raw)

    def records(self):
        """All that is remembered, as a list."""
        return list(itertools.chain(self._cut, self._whole))

    def clear(self):
        """Forget all of them."""
        self._cut.clear()
        self._whole.clear()
        self._size = self.forgotten = 0


class Packets(Sequence):
    """What the wire remembered when it was asked: Packets, read from their bytes as they are looked at.

    `forgotten`: how many older ones there were and are no more.
    """

    def __init__(self, records, forgotten=0):
        self._records = records
        self.forgotten = forgotten

    def __len__(self):
        return len(self._records)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(record.packet for record in self._records[index])
        return self._records[index].packet

    def __eq__(self, other):
        if isinstance(other, (Packets, tuple)):
            return len(self) == len(other) and all(map(lambda a, b: a == b, self, other))
        return NotImplemented

    __hash__ = None

    def __repr__(self):
        lines = [repr(packet) for packet in self[-40:]]
        earlier = len(self) + self.forgotten - len(lines)
        if self.forgotten:
            lines.insert(0, f"… {earlier:,} earlier, {self.forgotten:,} of them forgotten")
        elif earlier:
            lines.insert(0, f"… {earlier:,} earlier")
        return "\n".join(lines) or "no packets"
