"""One packet on the wire, and the packets that it carried as a learner reads them."""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.network.shared import ARRIVED, DELIVERED, IN_FLIGHT

SHOWN = 40  # packets in a repr


class Record:
    """One packet on the wire.

    `number`: counted from 0 in the order of sending; `time`: seconds since the network began, when the wire
    took it; `due`: when it is to arrive, by the same clock (by the wire's own, which moves with each packet
    carried, while it is held); `arrived`: when it did, else None; `sender`, `receiver`: numbers of hosts
    (receiver None: nobody has the address); `raw`: its bytes, as they arrive; `fate`: what became of it so
    far; `mark`: what its fate will be on arrival.
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
        self.number = self.order = number  # order: among those due at one time
        self.time = self.due = time
        self.arrived = None
        self.sender = sender
        self.receiver = receiver
        self.raw = raw
        self.fate = fate
        self.mark = DELIVERED
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


class Packets(Sequence):
    """The packets that the wire remembered when it was asked, each read from its bytes when it is looked at.

    `forgotten`: how many older ones there were and are no more. Of the older among the remembered only the
    head is left: their payload is cut, their `length` is not.
    """

    def __init__(self, shared):
        numbers, self.forgotten = shared.remembered()
        self._slots = shared.slots(numbers)
        self._shared = shared
        self._read = [None] * len(numbers)

    def __len__(self):
        return len(self._read)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self._packet(number) for number in range(*index.indices(len(self))))
        index = range(len(self))[index]  # raises IndexError as a tuple does, and counts from the end
        return self._packet(index)

    def _packet(self, index):
        packet = self._read[index]
        if packet is None:
            _, time, fate, raw = self._shared.read(self._slots, index)
            packet = self._read[index] = read(raw, time, fate)
        return packet

    def __eq__(self, other):
        if isinstance(other, (Packets, tuple)):
            return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None

    def __repr__(self):
        lines = [repr(packet) for packet in self[-SHOWN:]]
        earlier = len(self) + self.forgotten - len(lines)
        if earlier:
            forgotten = f", {self.forgotten:,} of them forgotten" if self.forgotten else ""
            lines.insert(0, f"… {earlier:,} earlier{forgotten}")
        return "\n".join(lines) or "no packets"
