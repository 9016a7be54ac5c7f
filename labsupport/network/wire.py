"""The wire of a private network, as a learner has it: `net.wire`.

It is a cable (or, with three hosts, one between each two) whose every packet passes through this process,
which may delay it, lose it, show it, or hold it. Settings on the wire hold for every direction; `wire.a_to_b`
has the same for one.
"""

from __future__ import annotations

import time

from labsupport.network import rules
from labsupport.network.carrier import Carrier
from labsupport.network.records import Packets

QUIET = 0.02  # seconds without a packet, after which programs are taken to wait
SETTLED_WITHIN = 5.0  # seconds
STEP_WAITS = 0.05  # seconds that a step waits for a program that is about to send


def _setting(name, what):
    def get(self):
        self.check()
        values = {direction.name.replace(" ", "_"): getattr(direction, name) for direction in self.directions}
        return next(iter(values.values())) if len(set(values.values())) == 1 else values

    def put(self, value):
        self.check()
        for direction in self.directions:
            setattr(direction, name, value)

    return property(get, put, doc=f"{what}, in every direction; a dict where the directions differ.")


class Wire(rules.Orders, Carrier):
    """`Wire(ends)`: `ends` has (name, addresses as text, descriptor of the TUN) for each host.

    Settings: `delay`, `jitter` (seconds), `rate` (bits/s), `queue` (packets), `loss` (probability), `seed`;
    each direction apart as `a_to_b`, `b_to_a` … Raises TypeError or ValueError at once for values that are
    none. What a predicate raised is raised at the next use; `errors` keeps it. The descriptors stay the
    caller's: close them after `close()`.
    """

    __slots__ = ("_by_name",)

    delay = _setting("delay", "Seconds that the way takes")
    jitter = _setting("jitter", "Seconds of random extra delay, at most")
    rate = _setting("rate", "Bits a second, None for no limit")
    queue = _setting("queue", "Packets that may wait where there is a rate")
    loss = _setting("loss", "The probability that a packet is lost")
    seed = _setting("seed", "What the random numbers of loss and jitter grow from")

    def __init__(self, ends, lock=None):
        self._by_name = {}
        super().__init__(list(ends), lock)
        self._by_name = {direction.name.replace(" ", "_"): direction for direction in self.between.values()}

    @property
    def directions(self):
        """Every Direction: from the first host to the second, …"""
        return tuple(self._by_name.values())

    def __getattr__(self, name):
        if name != "_by_name" and name in self._by_name:
            return self._by_name[name]
        raise AttributeError(f"the wire has no {name}; its directions are {', '.join(self._by_name)}")

    def __dir__(self):
        return sorted({*super().__dir__(), *self._by_name})

    def check(self):
        """Raise what a predicate or a watcher raised since the last time, the first of it."""
        with self.lock:
            if self._raised < len(self.errors):
                error, self._raised = self.errors[self._raised], len(self.errors)
                raise error

    # By hand

    def step(self):
        """Carry the packet that is due first on a held wire; returns the Packet, None where nothing waits.

        A program that is about to send is given a twentieth of a second. Raises RuntimeError if the wire is
        free.
        """
        self._need_hold("step")
        if not self.in_flight:
            self.readable(STEP_WAITS)
        with self.lock:
            self._collect(keep=False)
            record = self.next()
            if record is None:
                return None
            self.carry(record)
            # The answer is in flight before the other end's clock can repeat what it answers.
            self._collect(keep=False)
            return record.packet

    def settle(self, quiet=QUIET, timeout=SETTLED_WITHIN):
        """Carry packets on a held wire until none has come for `quiet` seconds; returns those carried, a
        list.

        Raises TimeoutError where they have not come to an end after `timeout` seconds, RuntimeError if the
        wire is free.
        """
        self._need_hold("settle")
        carried = []
        deadline = time.monotonic() + timeout
        while True:
            with self.lock:
                self._collect(keep=False)
                record = self.next()
                if record is not None:
                    self.carry(record)
                    carried.append(record)
            if record is None and not self.readable(quiet):
                return [record.packet for record in carried]
            if time.monotonic() > deadline:
                raise TimeoutError(f"packets still come after {timeout:g} s, {len(carried)} so far")

    def _need_hold(self, what):
        self.check()
        if not self.held:
            raise RuntimeError(f"{what} needs a wire that is held: hold() it first")

    # Rules

    def _order(self, action, predicate, count):
        self.check()
        rule = rules.Rule(action, predicate, count)
        with self.change():
            for direction in self.directions:
                direction.rules.append(rule)
        return rule

    def cut(self):
        """Cut the cable: what is on its way is lost, and what comes. Idempotent."""
        self.check()
        for direction in self.directions:
            direction.cut()

    def mend(self):
        """The cable is whole again. Idempotent."""
        self.check()
        for direction in self.directions:
            direction.mend()

    # What it carried

    @property
    def packets(self):
        """The Packets of the last 100,000, a sequence of those there are now; its repr says what was
        forgotten.

        While the wire is held, those that hosts have sent are among them.
        """
        self.check()
        with self.change() if self._away else self.lock:  # what has arrived shall be said to have
            self._collect()
            return Packets(self.shared)

    @property
    def in_flight(self):
        """The Packets on their way, those due first first: a tuple."""
        with self.lock:
            self._collect()
            with self.change() if self._away else self.lock:
                flying = self.flying()
        return tuple(record.packet for record in flying)

    @property
    def lateness(self):
        """Seconds that a delivery was behind the wire's own plan, at worst, since `clear()`."""
        return self.shared.worst

    @property
    def lateness_now(self):
        """Seconds that the last delivery was behind."""
        return self.shared.recent

    @property
    def behind(self):
        """How many deliveries were more than a millisecond behind that plan, since `clear()`."""
        return self.shared.behind

    @property
    def queue_length(self):
        """Packets that wait now before a transmitter of limited rate, all directions together. Cheap to
        read."""
        return sum(direction.queue_length for direction in self.directions)

    def clear(self):
        """Forget the packets carried so far, the counts and the lateness. What is in flight stays there."""
        with self.change():
            self.shared.forget()
            for direction in self.directions:
                direction.counts.clear()

    def save(self, path):
        """Write the remembered packets to a capture file (pcap), which Wireshark opens. Raises OSError."""
        from labsupport.packets import write_pcap

        write_pcap(path, self.packets)

    def __repr__(self):
        state = "held" if self.held else "free"
        return f"<wire, {state}: " + "; ".join(f"{d.name}: {d.counts!r}" for d in self.directions) + ">"
