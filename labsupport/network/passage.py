"""From the hosts' TUNs into flight and out again: reads, finds the direction, asks the rules and chance.

A TUN is a network interface whose cable is a descriptor: what a host sends is read from it, what is written
to it arrives there (Linux: Documentation/networking/tuntap.rst). The write is synchronous: when it returns,
the receiving kernel has dealt with the packet, and its answer can be read.
"""

from __future__ import annotations

import contextlib
import os
import time

from labsupport.network import headers, rules
from labsupport.network.flight import Flight
from labsupport.network.records import Record
from labsupport.network.shared import (
    ABSORBED,
    CORRUPTED,
    CUT,
    DUPLICATE,
    LONGEST,
    LOST,
    NO_SUCH_HOST,
    REFUSED,
    SENT,
    SENT_BYTES,
)

BATCH = 64  # packets of one host before the others, and whoever waits for the lock, have their turn


class Passage(Flight):
    """A Flight that reads what the hosts send: `move()`, one round by the clock; `drain()`, reading alone."""

    __slots__ = ()

    # Moving by the clock

    def wait(self, longest):
        """Seconds until there is something to carry, at most `longest`."""
        first = self.first()
        return longest if first is None else min(longest, max(0.0, first.due - self.now()))

    def move(self):
        """Take what the hosts have sent, a batch of each, and carry what is due."""
        if not self._flying and not self.watchers and all(one.plain for one in self.between.values()):
            for sender in range(len(self.fds)):
                self._pass(sender)
            return
        self.drain(BATCH)
        while (record := self.first()) is not None and not self._held:
            late = self.now() - record.due
            if late < 0:
                break
            self.shared.late(late)
            self.deliver(record)
        for direction in self.between.values():
            if direction.rate is not None:
                direction.publish(self.now())

    def _pass(self, sender):
        """Straight through: nothing is to be done to any packet, and only its bytes are remembered.

        Each is read into the memory where it is remembered, and written from there. Late here is the time
        that a packet may have waited in the TUN while the one before it was carried.
        """
        fd, fds, hosts, shared, began = self.fds[sender], self.fds, self._hosts, self.shared, self._began
        room_for, noted, clock = shared.room, shared.noted, time.monotonic
        passed = {}
        before = worst = 0.0
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                room, position = room_for()
                raw = room[: os.readv(fd, (room,))]
                receiver = hosts.get(bytes(raw[16:20])) if raw[0] >> 4 == 4 else None
                if receiver is None or receiver == sender:
                    self._sent(sender, bytes(raw), [])
                    continue
                now = clock() - began
                if before and now - before > worst:
                    worst = now - before
                before = now
                number = noted(now, sender, receiver, raw, position)
                try:
                    os.write(fds[receiver], raw)
                except OSError:
                    shared.mark(number, REFUSED)
                    self.between[sender, receiver].counts.add_lost(False)
                    continue
                packets, length = passed.get(receiver, (0, 0))
                passed[receiver] = packets + 1, length + len(raw)
        for receiver, (packets, length) in passed.items():
            self.between[sender, receiver].counts.through(packets, length)
        if passed:
            shared.late(worst)

    # Packets in

    def drain(self, most=None, first=0):
        """Take what the hosts have sent, `first` before the others, at most `most` packets of each; their
        records.
        """
        taken = []
        for sender, fd in sorted(enumerate(self.fds), key=lambda one: one[0] != first):
            after = None if most is None else len(taken) + most
            with contextlib.suppress(BlockingIOError):
                while after is None or len(taken) < after:
                    self._sent(sender, os.read(fd, LONGEST), taken)
        return taken

    def _sent(self, sender, raw, taken):
        address = headers.destination(raw)
        receiver = self._hosts.get(address)
        if receiver is not None and receiver != sender:
            self._enter(self.between[sender, receiver], raw, taken)
        elif headers.to_everyone(address) and len(self.fds) > 1:
            for other in range(len(self.fds)):
                if other != sender:
                    self._enter(self.between[sender, other], raw, taken)
        else:
            record = Record(0, self.now(), sender, None, raw)
            self._note(record, taken)
            self.lose(None, record, NO_SUCH_HOST, entering=True)

    def _note(self, record, taken):
        fate = record.fate
        record.number = record.order = self.shared.note(
            record.time, record.sender, record.receiver, record.raw, fate
        )
        taken.append(record)

    def _enter(self, direction, raw, taken):
        record = Record(0, self.now(), direction.sender, direction.receiver, raw)
        counts = direction.counts
        counts.add(SENT, SENT_BYTES, len(raw))
        absorbed = self._repeats.on and self._held and self._repeats.repeats(record)
        found = (
            self._actions(direction, record) if direction.rules and not (absorbed or direction.is_cut) else ()
        )
        if rules.CORRUPT in found:
            record.raw, record.mark, record._packet = rules.corrupted(raw), CORRUPTED, None
        self._note(record, taken)
        if absorbed:
            self.lose(direction, record, ABSORBED, entering=True)
        elif direction.is_cut:
            self.lose(direction, record, CUT, entering=True)
        elif rules.DROP in found or direction.unlucky():
            self.lose(direction, record, LOST, entering=True)
        elif self.launch(direction, record, rules.REORDER in found) and rules.DUPLICATE in found:
            copy = Record(0, record.time, direction.sender, direction.receiver, record.raw)
            copy.mark = DUPLICATE
            counts.add(SENT, SENT_BYTES, len(raw))
            self._note(copy, taken)
            self.launch(direction, copy)

    def _actions(self, direction, record):
        """What the rules say about a packet: of each kind of rule the first that applies."""
        found = set()
        for rule in tuple(direction.standing()):
            try:
                if rule.action not in found and rule.applies(record):
                    found.add(rule.action)
            except (
                Exception
            ) as error:  # the learner's predicate: the packet goes on, the error waits for them
                self.keep(error)
            if rules.DROP in found:
                break
        return found
