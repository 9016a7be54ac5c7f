"""Who moves the packets of a wire: its thread, the process apart, or whoever holds it.

While the wire is held nothing moves but by `take` and `carry`, and time on the wire goes on only with the
packets that are carried: what a held wire does depends on nobody's clock. Free, it is worked by one thread,
which gives the work to a process of its own when time matters (a delay, a rate) or packets come in masses,
and nothing that lives in this process, a rule or a watcher, has to see each of them. Whatever is changed
calls the work back first.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import threading
import time

from labsupport import waiting
from labsupport.network.apart import Apart
from labsupport.network.passage import Passage
from labsupport.network.records import IN_FLIGHT
from labsupport.network.shared import Shared

LONGEST_WAIT = 60.0  # seconds; a change wakes the thread at once
CLOSING = 5.0  # seconds: the longest that close() waits for the thread
MASSES = 1000, 0.5  # packets within so many seconds


class Watchers(list):
    """Callables to be told of every packet; a process apart could not tell them, so a change calls it
    back."""

    def __init__(self, changed):
        self._changed = changed

    def append(self, watcher):
        """Tell this one, too."""
        with self._changed():
            super().append(watcher)

    def remove(self, watcher):
        """No longer tell it. Raises ValueError if it was not told."""
        with self._changed():
            super().remove(watcher)


class Carrier(Passage):
    """`ends`: as Passage has them. The descriptors stay the caller's to close, after `close()`.

    `lock`: held by whoever moves packets or looks at several things at one moment. `watchers`: called with
    ("sent" | "arrived" | "lost", record), under the lock; each packet is first sent, lost ones too. `errors`:
    what a predicate or a watcher raised.
    """

    # Declared, so that a misspelled setting is an AttributeError and not silence.
    __slots__ = (
        "_alone",
        "_answering",
        "_apart",
        "_away",
        "_closed",
        "_counted",
        "_ends",
        "_fresh",
        "_masses",
        "_raised",
        "_since",
        "_thread",
        "_wake",
        "lock",
    )

    def __init__(self, ends, lock=None):
        self._ends = [(name, frozenset(addresses), fd) for name, addresses, fd in ends]
        self.lock = threading.RLock() if lock is None else lock
        super().__init__(self._ends, Shared(), time.monotonic())
        self.watchers = Watchers(self.change)
        self._raised = 0  # how many of the errors were raised at the learner's next use
        self._closed = False
        self._fresh = []  # taken while held, and not yet handed out by take()
        self._answering = 0  # the host to which a packet was just carried
        self._apart, self._away, self._alone = None, False, False
        self._masses, self._since, self._counted = False, 0.0, 0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="labsupport-wire", daemon=True)
        self._thread.start()

    # Held: the wire as a debugger

    @property
    def held(self):
        """Whether nothing moves unless it is carried by hand."""
        return self._held

    def hold(self):
        """Nothing moves from now on but by `step`, `settle` or `carry`. Idempotent."""
        with self.change():
            if not self._held:
                self._time = self.now()
                self._held = True

    def release(self):
        """The wire carries by itself again, what waits in flight first, each after what is left of its
        delay."""
        with self.change():
            if not self._held:
                return
            self.drain()
            behind = self.now() - self._time
            self._held = self._masses = False
            self._fresh.clear()
            flying = self.flying()
            self._flight.clear()
            for direction in self.between.values():
                direction.forget_plan()
            for record in flying:
                record.due += behind
                self.between[record.sender, record.receiver].keep_order(record.due)
                heapq.heappush(self._flight, (record.due, record.order, record))

    def take(self):
        """Take what the hosts have sent off their TUNs, and put it in flight, rules applied.

        Returns the records of all packets sent since the last call, while the wire was held, in their order,
        those lost at once included.
        """
        with self.lock:
            self._collect()
            fresh, self._fresh = self._fresh, []
            return fresh

    def _collect(self, keep=True):
        """Take, and keep for whoever calls `take` next. Without effect on a wire that is free."""
        if self._held and not self._closed:
            # The answer first: the other end's clock may have repeated meanwhile what it answers.
            first, self._answering = self._answering, 0
            taken = self.drain(first=first)
            if keep:
                self._fresh += taken

    def next(self):
        """The record that is due first, of those in flight; None where there is none."""
        with self.lock:
            self._recall()
            return self.first()

    def until_due(self, record):
        """Seconds until a record in flight is due, by the clock that it was planned with."""
        return record.due - self.planning()

    def carry(self, record):
        """Write a record in flight to its receiver's TUN, whatever its turn, and set its fate.

        When this returns, the receiving kernel has dealt with it. Raises ValueError where it is not in
        flight.
        """
        with self.lock:
            if record.fate != IN_FLIGHT:
                raise ValueError(f"this packet is not in flight any more: {record!r}")
            if self._held:
                self._time = max(self._time, record.due)
            self.deliver(record)
            self._answering = record.receiver
            if self._held:
                self.between[record.sender, record.receiver].publish(self._time)

    def readable(self, timeout):
        """Wait at most `timeout` seconds until a host has sent something; whether one has."""
        return bool(waiting.readable(self.fds, timeout))

    @property
    def absorb(self):
        """Whether a held wire takes repeats of what is still in flight out of sight, as "absorbed"."""
        return self._repeats.on

    @absorb.setter
    def absorb(self, value):
        with self.change():
            self._repeats.turn(value, self.flying())

    # The thread

    @contextlib.contextmanager
    def change(self):
        """Something is changed within: nobody moves packets meanwhile."""
        with self.lock:
            self._recall()
            yield
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def _run(self):
        while not self._closed:
            try:
                self._turn()
            except OSError as error:  # a TUN that is gone: nothing can be carried any more
                if not self._closed:
                    self.keep(error)
                return

    def _turn(self):
        idle = self._held or self._away
        wait = LONGEST_WAIT if idle else self.wait(LONGEST_WAIT)
        also = [self._wake] if self._apart is None else [self._wake, self._apart]
        ready = waiting.readable(also if idle else [*self.fds, *also], wait)
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
        if self._apart in ready:
            self._hear()
        with self.lock:
            if self._held or self._away or self._closed:
                return
            self.move()
            wanted = self._wants_apart()
            if wanted and self._apart is not None and self._apart.ready:
                self._send_away()
        if wanted and self._apart is None:
            self._start_apart()

    # The process apart

    @property
    def apart(self):
        """Whether the process apart works the wire now."""
        return self._away

    def _wants_apart(self):
        now, number = self.now(), self.shared.next
        if now - self._since > MASSES[1]:
            self._since, self._counted = now, number
        self._masses = self._masses or number - self._counted > MASSES[0]
        directions = self.between.values()
        return (
            (self._masses or any(direction.timed for direction in directions))
            and not (self.watchers or self._alone or self._held or self._closed)
            and not any(direction.standing() or direction.overtaken for direction in directions)
        )

    def _start_apart(self):
        try:
            self._apart = Apart(self._ends, self.shared, self._began)
        except OSError:
            self._alone = True  # no further process can be had here: the thread does what it can

    def _hear(self):
        """The process is ready, or it is gone."""
        with self.lock:
            if self._apart is not None and not (self._away or self._apart.ready):
                with self._or_alone():
                    self._apart.hear()
            elif self._away:
                self._recall()

    def _send_away(self):
        with self._or_alone():
            self._apart.go(self.state())
            self._away = True
            self._flight.clear()
            self._flying = 0

    def _recall(self):
        """Take the work back from the process, if it is there. Call under the lock."""
        if not self._away:
            return
        self._away = False
        with self._or_alone():
            self.restore(self._apart.stop())

    @contextlib.contextmanager
    def _or_alone(self):
        """Whatever is wrong with the process within: the thread goes on without it, and says so."""
        try:
            yield
        except (OSError, EOFError) as error:
            self._alone, apart, self._apart = True, self._apart, None
            apart.close()
            self.keep(
                RuntimeError(f"the process that kept the wire's time ended ({error}): it is less exact now")
            )

    def close(self):
        """End the thread and the process; idempotent. The descriptors of the TUNs can be closed then."""
        with self.lock:
            if self._closed:
                return
            self._recall()  # so that its last packets have their fates
            self._closed = True
            os.eventfd_write(self._wake, 1)
        self._thread.join(CLOSING)
        with self.lock:
            self._away = False
            if self._apart is not None:
                self._apart.close()
                self._apart = None
            self.shared.close()
        os.close(self._wake)

    def forked(self):
        """In a fork, which has the descriptors and no thread: give up what would keep the process apart."""
        self._closed, self._away = True, False
        if self._apart is not None:
            self._apart.forked()
            self._apart = None
        os.close(self._wake)
