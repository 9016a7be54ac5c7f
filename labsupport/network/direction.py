"""One direction of the wire: its settings, its queue, when a packet that enters now is to arrive, and its
counts.

A packet passes, in this order: the cut, the rules, chance (loss), the queue before a sender of limited rate,
the transmission, and then the way itself, which takes the delay. Nothing here reads a clock: who asks says
what time it is, so that the held wire can use a time of its own.
"""

from __future__ import annotations

import math
import random
from collections import deque

from labsupport.network import rules
from labsupport.network.shared import FREE, WAITING

_STATE = (
    "_delay",
    "_free",
    "_jitter",
    "_last",
    "_leaving",
    "_loss",
    "_queue",
    "_rate",
    "_seed",
    "_sways",
    "_throws",
    "is_cut",
)
QUEUE = 1000  # packets, as a Linux interface has it (ip-link(8), txqueuelen)


def number(value, name, unit, most=math.inf, none=False):
    """The value as a float, if it is a number from 0 to `most`. Raises TypeError, ValueError."""
    if value is None and none:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of {unit}{' or None' if none else ''}, not {value!r}")
    if not 0 <= value <= most or math.isinf(value):
        limit = f" from 0 to {most:g}" if most < math.inf else ", not negative and finite"
        raise ValueError(f"{name} is a number of {unit}{limit}; not {value!r}")
    return float(value)


class Direction(rules.Orders):
    """The way from one host to another: `name` ("a to b"), settings as the whole wire has them, and `counts`.

    Settings: `delay`, `jitter` (seconds), `rate` (bits a second, None: unlimited), `queue` (packets, None:
    endless), `loss` (probability), `seed`. Setting loss, jitter or seed starts its random numbers anew.
    """

    __slots__ = (*_STATE, "_wire", "counts", "name", "overtaken", "receiver", "rules", "sender")

    def __init__(self, name, sender, receiver, counts, wire):
        self.name, self.sender, self.receiver = name, sender, receiver
        self._wire = wire  # within whose change() each change is made
        self._delay = self._jitter = self._loss = 0.0
        self._rate, self._queue, self._seed = None, QUEUE, 0
        self._throws, self._sways = self._random("loss"), self._random("jitter")
        self.is_cut = False  # by cut(), until mend()
        self.rules = []
        self.counts = counts
        self.overtaken = []  # records that wait to be passed by the next one
        self.forget_plan()

    def forget_plan(self):
        """Nothing is queued any more, and nothing that was sent earlier keeps a later one back."""
        self._free = self._last = -math.inf  # when the transmitter is free again; when the last one is due
        self._leaving = deque()  # when each packet in the queue has left it

    def _random(self, what):
        # Each direction and each purpose has numbers of its own: one setting never shifts another's.
        return random.Random(f"{self._seed} {self.name} {what}")

    def state(self):
        """All there is to it but its rules and counts, as a value that another process can `restore`."""
        return {name: getattr(self, name) for name in _STATE}

    def restore(self, state):
        """Be as the Direction was whose `state()` this is."""
        for name in _STATE:
            setattr(self, name, state[name])

    @property
    def delay(self):
        """Seconds that the way takes."""
        return self._delay

    @delay.setter
    def delay(self, value):
        value = number(value, "delay", "seconds")
        with self._wire.change():
            self._delay = value

    @property
    def jitter(self):
        """Seconds: each packet's delay is longer by a random part of it, evenly spread. Order is kept."""
        return self._jitter

    @jitter.setter
    def jitter(self, value):
        value = number(value, "jitter", "seconds")
        with self._wire.change():
            self._jitter, self._sways = value, self._random("jitter")

    @property
    def rate(self):
        """Bits a second of IP packets; None: unlimited."""
        return self._rate

    @rate.setter
    def rate(self, value):
        value = number(value, "rate", "bits a second", none=True)
        if value == 0:
            raise ValueError("a rate of 0 would carry nothing: cut() the wire for that, or None is no limit")
        with self._wire.change():
            self._rate = value

    @property
    def loss(self):
        """The probability, 0 to 1, that a packet is lost."""
        return self._loss

    @loss.setter
    def loss(self, value):
        value = number(value, "loss", "packets lost of one", most=1)
        with self._wire.change():
            self._loss, self._throws = value, self._random("loss")

    @property
    def queue(self):
        """How many packets may wait before the transmitter, the one it sends included; None: any number.

        Only a direction with a rate has a queue. Whatever comes while it is full is lost (tail drop).
        """
        return self._queue

    @queue.setter
    def queue(self, value):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise TypeError(f"queue is a whole number of packets, or None; not {value!r}")
        if value is not None and value < 1:
            raise ValueError(f"queue is a number of packets, at least the one being sent; not {value}")
        with self._wire.change():
            self._queue = value

    @property
    def seed(self):
        """What the random numbers of loss and jitter grow from: same seed, same numbers."""
        return self._seed

    @seed.setter
    def seed(self, value):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"seed is a whole number, not {value!r}")
        with self._wire.change():
            self._seed = value
            self._throws, self._sways = self._random("loss"), self._random("jitter")

    @property
    def timed(self):
        """Whether it takes time: a delay, jitter or a rate."""
        return bool(self._delay or self._jitter or self._rate)

    @property
    def plain(self):
        """Whether packets go straight through: no rule, no chance, no rate and no delay."""
        return not (self._delay or self._jitter or self._loss or self._rate or self.is_cut or self.standing())

    def standing(self):
        """The rules that have anything left to do; those that are used up are forgotten."""
        if self.rules and not all(rule.left != 0 for rule in self.rules):
            self.rules[:] = [rule for rule in self.rules if rule.left != 0]
        return self.rules

    def unlucky(self):
        """Whether chance takes this packet."""
        return self._loss > 0 and self._throws.random() < self._loss

    def waiting(self, now):
        """How many packets are in the queue at that time."""
        leaving = self._leaving
        while leaving and leaving[0] <= now:
            leaving.popleft()
        return len(leaving)

    @property
    def queue_length(self):
        """Packets that wait now before the transmitter, the one that it sends included. Cheap to read."""
        return self.counts.cells[WAITING] if self._wire.planning() < self.counts.reals[FREE] else 0

    def publish(self, now):
        """Let the queue's length be seen: by other threads, and in another process."""
        cells = self.counts.cells
        cells[WAITING] = self.waiting(now)
        self.counts.reals[FREE] = self._free

    def plan(self, now, length):
        """When a packet of `length` bytes that enters now is due; None where the queue is full."""
        left = now
        if self._rate is not None:
            if self._queue is not None and self.waiting(now) >= self._queue:
                return None
            left = self._free = max(now, self._free) + length * 8 / self._rate
            self._leaving.append(left)
        due = left + self._delay
        if self._jitter:
            due += self._jitter * self._sways.random()
        if due < self._last:  # jitter, or a delay that was just shortened: packets keep their order
            due = self._last
        self._last = due
        return due

    def cut(self):
        """Cut this direction of the cable: what is on its way is lost, and what comes. Idempotent."""
        with self._wire.change():
            self.is_cut = True
            self._wire.lose_flying(self)

    def mend(self):
        """This direction is whole again. Idempotent."""
        with self._wire.change():
            self.is_cut = False

    def keep_order(self, due):
        """Nothing that enters from now on is to arrive before `due`."""
        self._last = max(self._last, due)

    def _order(self, action, predicate, count):
        rule = rules.Rule(action, predicate, count)
        with self._wire.change():
            self.rules.append(rule)
        return rule
