"""Packets in flight: each for as long as its direction says, then written to its receiver's TUN.

Nothing here knows of threads or locks. The notebook's process uses it in a thread, a process of the wire's
own in its only one.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import time

from labsupport.network import headers
from labsupport.network.direction import Direction
from labsupport.network.records import Record
from labsupport.network.repeats import Repeats
from labsupport.network.shared import (
    ARRIVED_BYTES,
    ARRIVED_PACKETS,
    CUT,
    IN_FLIGHT,
    MOST_DIRECTIONS,
    QUEUE_FULL,
    REFUSED,
    REORDERED,
    Counts,
)

PASSED_WITHIN = 0.1  # seconds that a packet waits to be passed by the next one, half of Linux's shortest RTO
BATCH = 64  # packets of one host before the others, and whoever waits for the lock, have their turn
ERRORS_KEPT = 100


class Flight:
    """`ends`: (name, addresses as text, descriptor of the TUN) of each host; `began`: when time was 0."""

    __slots__ = (
        "__weakref__",
        "_began",
        "_flight",
        "_flying",
        "_held",
        "_hosts",
        "_repeats",
        "_time",
        "between",
        "errors",
        "fds",
        "shared",
        "watchers",
    )

    def __init__(self, ends, shared, began):
        names = [name for name, _, _ in ends]
        self.fds = [fd for _, _, fd in ends]
        self.shared = shared
        self.errors = []  # what a learner's predicate or a watcher raised
        self.watchers = []
        self._began = began
        self._hosts = {
            headers.packed(address): host
            for host, (_, addresses, _) in enumerate(ends)
            for address in addresses
        }
        pairs = [(a, b) for a in range(len(names)) for b in range(len(names)) if a != b]
        if len(pairs) > MOST_DIRECTIONS:
            raise ValueError(f"{len(names)} hosts are too many for one wire")
        self.between = {
            (a, b): Direction(f"{names[a]} to {names[b]}", a, b, Counts(shared, index), self)
            for index, (a, b) in enumerate(pairs)
        }
        self._flight = []  # heap of (due, order, record); an entry whose record has gone elsewhere is stale
        self._flying = 0
        self._held = False
        self._time = 0.0  # of the held wire
        self._repeats = Repeats()
        for fd in self.fds:
            os.set_blocking(fd, False)

    def now(self):
        """Seconds since the network began."""
        return time.monotonic() - self._began

    def planning(self):
        """The time that plans are made by: that of the clock, or the held wire's own."""
        return self._time if self._held else self.now()

    def change(self):
        """The context manager within which anything is changed."""
        return contextlib.nullcontext()

    def flying(self):
        """The records in flight, those due first first."""
        there = {record.number: record for _, _, record in self._flight if record.fate == IN_FLIGHT}
        return sorted(there.values(), key=lambda record: (record.due, record.order))

    # Handing it all to another process, and taking it back

    def state(self):
        """What another process needs to go on from here, a value; rules and watchers stay behind."""
        return {
            "flight": [
                (r.number, r.time, r.sender, r.receiver, r.raw, r.due, r.order, r.mark) for r in self.flying()
            ],
            "directions": [direction.state() for direction in self.between.values()],
        }

    def restore(self, state):
        """Go on from the `state()` of another."""
        self._flight.clear()
        for number, when, sender, receiver, raw, due, order, mark in state["flight"]:
            record = Record(number, when, sender, receiver, raw)
            record.due, record.order, record.mark = due, order, mark
            self._flight.append((due, order, record))  # sorted: a heap already
        self._flying = len(self._flight)
        for direction, one in zip(self.between.values(), state["directions"], strict=True):
            direction.restore(one)

    # In

    def launch(self, direction, record, lag=False):
        """Put it in flight; whether there was room in the queue."""
        now = self.planning()
        due = direction.plan(now, len(record.raw))
        if due is None:
            self.lose(direction, record, QUEUE_FULL, entering=True)
            return False
        record.due = due + PASSED_WITHIN if lag else due
        heapq.heappush(self._flight, (record.due, record.order, record))
        self._flying += 1
        for other in direction.overtaken:  # this is the one that passes them
            other.due, other.order = record.due, record.order + 0.5
            other.mark = REORDERED
            heapq.heappush(self._flight, (other.due, other.order, other))
        direction.overtaken = [record] if lag else []
        if direction.rate is not None and self._held:
            direction.publish(now)
        self.tell("sent", record)
        return True

    # Out

    def first(self):
        """The record that is due first, of those in flight; None where there is none."""
        flight = self._flight
        while flight:
            due, order, record = flight[0]
            if record.fate == IN_FLIGHT and due == record.due and order == record.order:
                return record
            heapq.heappop(flight)
        return None

    def deliver(self, record):
        """Write a record in flight to its receiver's TUN, and set its fate."""
        self._flying -= 1
        self._repeats.landed(record, arrived=True)
        if self._flight and self._flight[0][2] is record:
            heapq.heappop(self._flight)
        direction = self.between[record.sender, record.receiver]
        if record in direction.overtaken:
            direction.overtaken.remove(record)
        try:
            os.write(self.fds[record.receiver], record.raw)
        except OSError:  # its interface is down, or the bytes are none that the kernel takes
            self.lose(direction, record, REFUSED)
            return
        record.arrived = self.now()
        record.fate = record.mark
        self.shared.mark(record.number, record.fate)
        direction.counts.add(ARRIVED_PACKETS, ARRIVED_BYTES, len(record.raw))
        self.tell("arrived", record)

    def lose(self, direction, record, fate, entering=False):
        """Set the fate of a packet that will not arrive; `entering`: it was not in flight before."""
        record.fate = fate
        self.shared.mark(record.number, fate)
        self._repeats.landed(record)
        if direction is not None:
            direction.counts.add_lost(fate == QUEUE_FULL)
        if entering:
            self.tell("sent", record)
        self.tell("lost", record)

    def lose_flying(self, direction):
        """A cut takes what is on its way, too."""
        for record in self.flying():
            if (record.sender, record.receiver) == (direction.sender, direction.receiver):
                self._flying -= 1
                self.lose(direction, record, CUT)
        direction.overtaken = []
        direction.forget_plan()

    def tell(self, kind, record):
        """Call the watchers, who never end the thread."""
        for watcher in tuple(self.watchers):
            try:
                watcher(kind, record)
            except Exception as error:
                self.keep(error)

    def keep(self, error):
        """Keep what was raised for the learner's next use of the wire."""
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(error)
