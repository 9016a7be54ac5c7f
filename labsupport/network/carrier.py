"""The machinery of the wire: takes packets from each host's TUN, keeps them in flight, and carries them across.

A TUN is a network interface whose cable is a descriptor: what a host sends is read from it, what is written to it
arrives there (Linux: Documentation/networking/tuntap.rst). The write is synchronous: when it returns, the receiving
kernel has dealt with the packet, and its answer can be read.

One thread does it while the wire is free. While it is held, nothing moves but by `take` and `carry`, and time on
the wire goes on only with the packets that are carried: what a held wire does depends on nobody's clock.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import select
import threading
import time

from labsupport.network import headers, records, rules
from labsupport.network.records import Record

LONGEST = 65_535  # bytes: the longest IP packet there is (RFC 791 §3.1; jumbograms need another device)
PASSED_WITHIN = 0.1  # seconds that a packet waits to be passed by the next one, half of Linux's shortest RTO
LONGEST_WAIT = 60.0  # seconds; a change wakes the thread at once
CLOSING = 5.0  # seconds: the longest that close() waits for the thread
ERRORS_KEPT = 100


class End:
    """Where a host is tied to the wire: its name, its addresses (packed) and its TUN's descriptor."""

    __slots__ = ("addresses", "fd", "name")

    def __init__(self, name, addresses, fd):
        self.name = name
        self.addresses = frozenset(map(headers.packed, addresses))
        self.fd = fd


class Carrier:
    """`ends`: (name, addresses, descriptor of the TUN) of each host. The descriptors stay the caller's to close,
    after `close()`. `directions`: by numbers of sender and receiver.
    """

    # Declared, so that a misspelled setting is an AttributeError and not silence.
    __slots__ = (
        "__weakref__",
        "_absorb",
        "_began",
        "_closed",
        "_directions",
        "_flight",
        "_flying",
        "_fresh",
        "_held",
        "_hosts",
        "_journal",
        "_keys",
        "_number",
        "_raised",
        "_thread",
        "_time",
        "_wake",
        "ends",
        "errors",
        "lock",
        "recent",
        "watchers",
        "worst",
    )

    def __init__(self, ends, directions, lock=None):
        self.ends = tuple(End(*end) for end in ends)
        self.lock = threading.RLock() if lock is None else lock
        self.watchers = []  # called with ("sent" | "arrived" | "lost", record), under the lock
        self._absorb = False
        self._keys = {}  # of TCP segments in flight, while repeats are absorbed
        self.errors = []  # what a learner's predicate raised
        self._raised = 0  # how many of them were raised at the learner's next use
        self._directions = directions
        self._hosts = {address: host for host, end in enumerate(self.ends) for address in end.addresses}
        self._journal = records.Journal()
        self._began = time.monotonic()
        self._flight = []  # heap of (due, order, record); an entry whose record has gone elsewhere is stale
        self._flying = 0
        self._number = 0
        self._held = self._closed = False
        self._time = 0.0  # of the held wire
        self._fresh = []  # taken while held, and not yet handed out by take()
        self.worst = self.recent = 0.0
        for end in self.ends:
            os.set_blocking(end.fd, False)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="labsupport-wire", daemon=True)
        self._thread.start()

    def now(self):
        """Seconds since the network began."""
        return time.monotonic() - self._began

    def until_due(self, record):
        """Seconds until a record in flight is due, by the clock that it was planned with."""
        return record.due - self._planning()

    def _planning(self):
        return self._time if self._held else self.now()

    # Held: the wire as a debugger

    @property
    def held(self):
        """Whether nothing moves unless it is carried by hand."""
        return self._held

    def hold(self):
        """Nothing moves from now on but by `step`, `settle` or `carry`. Idempotent."""
        with self.lock:
            if not self._held:
                self._time = self.now()
                self._held = True

    def release(self):
        """The wire carries by itself again, what waits in flight first, each after what is left of its delay."""
        with self.lock:
            if not self._held:
                return
            self._drain()
            behind = self.now() - self._time
            self._held = False
            self._fresh.clear()
            for direction in self._directions.values():
                direction.forget_plan()
            flight, self._flight = self._flight, []
            for due, order, record in flight:
                if record.fate == records.IN_FLIGHT and (due, order) == (record.due, record.order):
                    record.due += behind
                    direction = self._directions[record.sender, record.receiver]
                    direction._last = max(direction._last, record.due)
                    heapq.heappush(self._flight, (record.due, record.order, record))
        self._nudge()

    def take(self):
        """Take what the hosts have sent off their TUNs, and put it in flight, rules applied.

        Returns the records of all packets sent since the last call, while the wire was held, in their order,
        those lost at once included.
        """
        with self.lock:
            fresh = self._drain()
            if self._held:
                fresh = self._fresh
                self._fresh = []
            return fresh

    def next(self):
        """The record that is due first, of those in flight; None where there is none."""
        with self.lock:
            flight = self._flight
            while flight:
                due, order, record = flight[0]
                if record.fate == records.IN_FLIGHT and due == record.due and order == record.order:
                    return record
                heapq.heappop(flight)
            return None

    def carry(self, record):
        """Write a record in flight to its receiver's TUN, whatever its turn, and set its fate.

        When this returns, the receiving kernel has dealt with it. Raises ValueError where it is not in flight.
        """
        with self.lock:
            if record.fate != records.IN_FLIGHT:
                raise ValueError(f"this packet is not in flight any more: {record!r}")
            self._flying -= 1
            self._keys.pop(record.key, None)
            if self._flight and self._flight[0][2] is record:
                heapq.heappop(self._flight)
            if self._held:
                self._time = max(self._time, record.due)
            direction = self._directions[record.sender, record.receiver]
            direction.overtaken = [other for other in direction.overtaken if other is not record]
            try:
                os.write(self.ends[record.receiver].fd, record.raw)
            except OSError as error:  # its interface is down, or the bytes are none that the kernel takes
                self._lose(direction, record, records.REFUSED)
                if not self._closed:
                    self._keep(error)
                return
            record.arrived = self.now()
            record.fate = record.mark
            direction.counts.arrived += 1
            direction.counts.arrived_bytes += len(record.raw)
            self._tell("arrived", record)

    def readable(self, timeout):
        """Wait at most `timeout` seconds until a host has sent something; whether one has."""
        return bool(select.select([end.fd for end in self.ends], [], [], timeout)[0])

    # Packets in

    def _drain(self):
        taken = []
        for sender, end in enumerate(self.ends):
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._sent(sender, os.read(end.fd, LONGEST), taken)
        if self._held:
            self._fresh += taken
        return taken

    def _sent(self, sender, raw, taken):
        address = headers.destination(raw)
        receiver = self._hosts.get(address)
        if receiver is not None and receiver != sender:
            self._enter(self._directions[sender, receiver], raw, taken)
        elif headers.to_everyone(address) and len(self.ends) > 1:
            for other in range(len(self.ends)):
                if other != sender:
                    self._enter(self._directions[sender, other], raw, taken)
        else:
            taken.append(record := self._note(sender, None, raw))
            record.fate = records.NO_SUCH_HOST
            self._tell("sent", record)
            self._tell("lost", record)

    def _note(self, sender, receiver, raw):
        record = Record(self._number, self.now(), sender, receiver, raw)
        self._number += 1
        self._journal.append(record)
        return record

    def _enter(self, direction, raw, taken):
        taken.append(record := self._note(direction.sender, direction.receiver, raw))
        direction.counts.sent += 1
        direction.counts.sent_bytes += len(raw)
        if self._repeats(record):
            self._lose(direction, record, records.ABSORBED, entering=True)
            return
        if direction.is_cut:
            self._lose(direction, record, records.CUT, entering=True)
            return
        actions = self._actions(direction, record) if direction.rules else ()
        if rules.DROP in actions or direction.unlucky():
            self._lose(direction, record, records.LOST, entering=True)
            return
        if rules.CORRUPT in actions:
            record.raw = rules.corrupted(raw)
            record.mark, record._packet = records.CORRUPTED, None
        flies = self._launch(direction, record, rules.REORDER in actions)
        if flies and rules.DUPLICATE in actions:
            taken.append(copy := self._note(direction.sender, direction.receiver, record.raw))
            copy.mark = records.DUPLICATE
            self._launch(direction, copy)

    def _actions(self, direction, record):
        """What the rules say about a packet: of each kind of rule the first that applies."""
        found = set()
        for rule in tuple(direction.rules):
            try:
                if rule.action not in found and rule.applies(record):
                    found.add(rule.action)
            except Exception as error:  # the learner's predicate: the packet goes on, the error waits for them
                self._keep(error)
            if rule.left == 0:
                direction.rules.remove(rule)
            if rules.DROP in found:
                break
        return found

    def _launch(self, direction, record, lag=False):
        """Put it in flight; whether there was room in the queue."""
        due = direction.plan(self._planning(), len(record.raw))
        if due is None:
            direction.counts.full += 1
            self._lose(direction, record, records.QUEUE_FULL, entering=True)
            return False
        record.due = due + PASSED_WITHIN if lag else due
        heapq.heappush(self._flight, (record.due, record.order, record))
        self._flying += 1
        for other in direction.overtaken:  # this is the one that passes them
            other.due, other.order, other.mark = record.due, record.order + 0.5, records.REORDERED
            heapq.heappush(self._flight, (other.due, other.order, other))
        direction.overtaken = [record] if lag else []
        self._tell("sent", record)
        return True

    def _lose(self, direction, record, fate, entering=False):
        record.fate = fate
        direction.counts.lost += 1
        if record.key is not None and self._keys.get(record.key) is record:
            del self._keys[record.key]
        if entering:
            self._tell("sent", record)
        self._tell("lost", record)

    def _lose_flying(self, direction):
        """A cut takes what is on its way, too."""
        for _, _, record in self._flight:
            if record.fate == records.IN_FLIGHT and (record.sender, record.receiver) == (
                direction.sender,
                direction.receiver,
            ):
                self._flying -= 1
                self._lose(direction, record, records.CUT)
        direction.overtaken = []
        direction.forget_plan()

    # Repeats of what a held wire has not carried yet

    @property
    def absorb(self):
        """Whether a held wire takes repeats of what is still in flight out of sight, as "absorbed".

        A host that waits for an answer repeats its segment by its own clock: nothing that a lesson shows step by
        step should depend on that.
        """
        return self._absorb

    @absorb.setter
    def absorb(self, value):
        with self.lock:
            self._absorb = bool(value)
            self._keys.clear()
            if value:
                for _, _, record in self._flight:
                    self._repeats(record)

    def _repeats(self, record):
        if not (self._absorb and self._held):
            return False
        key = headers.repeat_key(record.raw)
        if key is None:
            return False
        if (record.receiver, key) in self._keys:
            return True
        record.key = record.receiver, key
        self._keys[record.key] = record
        return False

    # The thread

    def _run(self):
        fds = [end.fd for end in self.ends] + [self._wake]
        while not self._closed:
            try:
                self._turn(fds)
            except OSError as error:  # a TUN that is gone: nothing can be carried any more
                if not self._closed:
                    self._keep(error)
                return

    def _turn(self, fds):
        first = None if self._held else self.next()
        wait = LONGEST_WAIT if first is None else max(0.0, first.due - self.now())
        ready = select.select(fds[-1:] if self._held else fds, [], [], min(wait, LONGEST_WAIT))[0]
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
        with self.lock:
            if self._held or self._closed:
                return
            self._drain()
            while (record := self.next()) is not None and not self._held:
                late = self.now() - record.due
                if late < 0:
                    break
                self.worst, self.recent = max(self.worst, late), late
                self.carry(record)

    def _nudge(self):
        os.eventfd_write(self._wake, 1)

    def _tell(self, kind, record):
        for watcher in tuple(self.watchers):
            try:
                watcher(kind, record)
            except Exception as error:  # never the end of the thread
                self._keep(error)

    def _keep(self, error):
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(error)

    def close(self):
        """End the thread; idempotent. The descriptors of the TUNs can be closed then."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            self._nudge()
        self._thread.join(CLOSING)
        os.close(self._wake)
