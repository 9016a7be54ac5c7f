"""Bulk transfers that share one bottleneck, and what was seen of them while they ran.

Congestion control is a loop that takes seconds: one look shows nothing of it. So a race keeps connections
busy for some seconds and looks a hundred times a second, at the kernel's window (TCP_INFO) and at the wire's
queue. The connections themselves are the learner's: made by plain socket code, in a function of the learner's.

A curve is worth something only if the wire kept its plan. A race over a wire that was late by more than half
a round trip is run once more, and if that was late too, whatever is found in it says so instead of claiming.
"""

from __future__ import annotations

import contextlib
import math
import socket
import statistics
import struct
import threading
import time
import weakref

from labsupport import tidying
from labsupport.background import until
from labsupport.observe import observe

PAUSE = 0.01  # seconds between two looks
WARM = 1.0  # seconds: the first rush (slow start) is no part of a mean
TRIES = 2
LONGEST = 12  # seconds of one try: both, and the wait for them, fit into a cell's half minute
PIECE = 1 << 18  # bytes given to one call
PATIENCE = 0.02  # seconds: a wire late by no more never spoils a race, however short its round trip is

_running: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # network → its newest race


def race(net, seconds=5, **flows):
    """Send from end to end of each flow for so many seconds, at once, and note what happens; returns a Race.

    `net`: a Network; `flows`: name → a function without arguments that returns the two ends of a new
    connection, the sender (on host a) and the receiver. The race takes these sockets and closes them. It runs
    in the background, after an earlier one on this network has ended. Raises TypeError and ValueError for bad
    arguments, and whatever a function raises when it is called the first time.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"seconds must be a number, not {seconds!r}")
    if not WARM < seconds <= LONGEST:
        raise ValueError(f"seconds must be more than {WARM:g} and at most {LONGEST}, not {seconds!r}")
    if not flows:
        raise ValueError("a race needs at least one flow: name=function that returns (sender, receiver)")
    for name, connect in flows.items():
        if not callable(connect):
            raise TypeError(f"{name} must be a function that returns (sender, receiver), not {connect!r:.60}")
    before = _running.get(net)
    if before is not None:
        before.wait()
    running = _running[net] = Race(net, float(seconds), flows)
    return running


class Flow:
    """One connection of a race, as its sender's kernel saw it: lists with a value for each look.

    `window`: cwnd, segments; `rtt`: smoothed round trip, seconds; `acked`: payload bytes acknowledged so far;
    `resent`: segments sent again so far. The times are the race's `seconds`.
    """

    def __init__(self, name, seconds):
        self.name = name
        self.seconds = seconds
        self.window, self.rtt, self.acked, self.resent = [], [], [], []

    def note(self, snapshot):
        """Add one look."""
        self.window.append(snapshot.cwnd or 0)
        self.rtt.append(snapshot.rtt or 0.0)
        self.acked.append(snapshot.bytes_acked or 0)
        self.resent.append(snapshot.retransmits or 0)

    @property
    def goodput(self):
        """Payload acknowledged after the first second, bits per second."""
        first = _warm(self.seconds)
        took = self.seconds[-1] - self.seconds[first]
        return 8 * (self.acked[-1] - self.acked[first]) / took if took > 0 else 0.0

    @property
    def mean_rtt(self):
        """The smoothed round trip's mean after the first second, seconds."""
        return statistics.fmean(self.rtt[_warm(self.seconds) :])

    @property
    def deepest_cut(self):
        """The most that the window fell within a quarter of a second: 0.5 says that it was halved."""
        cuts, low = [0.0], 0
        for high, at in enumerate(self.seconds):
            while at - self.seconds[low] > 0.25:
                low += 1
            cuts.append(1 - self.window[high] / max(self.window[low : high + 1]))
        return max(cuts)

    def __repr__(self):
        return f"<Flow {self.name}>"


class Race:
    """A running or ended race: `race["Reno"]` is a Flow, `seconds` and `queue` (packets) go with its lists.

    Reading a mean or a Flow waits for the end. `plot()`: the curves. `late`: by how much the wire was behind
    its plan at worst, seconds; `counts`: whether that was little enough. `close()` ends it early.
    """

    def __init__(self, net, seconds, flows):
        self.net, self.lasts = net, seconds
        self._connect = dict(flows)
        down, up = net.wire.a_to_b, net.wire.b_to_a
        self.rate, self.room = down.rate, down.queue
        self.round_trip = down.delay + up.delay
        self.late, self.tries, self.error = 0.0, 0, None
        self._stop, self._ended = threading.Event(), threading.Event()
        self._forget()
        self.live = _live(self)  # before anything runs: matplotlib takes a second at its first use
        ends = self._open()
        tidying.register(self, "call")
        self.thread = threading.Thread(target=self._run, args=(ends,), name="labsupport-race", daemon=True)
        self.thread.start()
        if self.live:
            self.live.start()

    # What it found

    def __getitem__(self, name):
        """The Flow of that name, when the race has ended; KeyError names those there are."""
        self.wait()
        try:
            return self.flows[name]
        except KeyError:
            raise KeyError(f"no flow {name!r}; there are {', '.join(self.flows)}") from None

    @property
    def mean_queue(self):
        """The packets that waited at the bottleneck, mean after the first second."""
        self.wait()
        return statistics.fmean(self.queue[_warm(self.seconds) :])

    @property
    def goodput(self):
        """That of all flows together, bits per second."""
        self.wait()
        return sum(flow.goodput for flow in self.flows.values())

    @property
    def counts(self):
        """Whether the wire kept its plan well enough: late by half a round trip at most."""
        self.wait()
        return self.in_time

    @property
    def in_time(self):
        """The same without waiting: whether the wire has kept its plan until now."""
        return self.late <= max(PATIENCE, self.round_trip / 2)

    @property
    def done(self):
        """Whether it has ended."""
        return self._ended.is_set()

    def wait(self):
        """Return when the race has ended; raise what ended it before its time."""
        if not self._ended.wait(TRIES * (self.lasts + 8)):
            raise TimeoutError(f"the race did not end within {TRIES * (self.lasts + 8):.0f} seconds")
        if self.error is not None:
            raise self.error

    def plot(self, *others):
        """A matplotlib Figure of the window, the queue and the goodput over time; of `others` too."""
        from labsupport.widgets import curves

        for each in (self, *others):
            each.wait()
        return curves.figure([self, *others])

    def close(self):
        """End the race now, and close its sockets; idempotent."""
        self._stop.set()
        if threading.current_thread() is not self.thread:
            self.thread.join(10)

    def __repr__(self):
        names = " and ".join(self.flows)
        rate = f"{self.rate / 1e6:g} Mbit/s, " if self.rate else ""
        room = f", room for {self.room} packets" if self.room else ""
        return f"{names}: {rate}{1000 * self.round_trip:g} ms there and back{room}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import curves
        except ImportError:
            return {"text/plain": repr(self)}
        return curves.race_bundle(self)

    # How it runs

    def _forget(self):
        """Begin anew: no looks yet."""
        self.seconds, self.queue = [], []
        self.flows = {name: Flow(name, self.seconds) for name in self._connect}

    def _open(self):
        """A pair of sockets for each flow; if one cannot be had, none stays open."""
        with contextlib.ExitStack() as opened:
            ends = []
            for name, connect in self._connect.items():
                pair = connect()
                if not (isinstance(pair, tuple) and len(pair) == 2 and all(map(_is_socket, pair))):
                    raise TypeError(f"{name} must return (sender, receiver), two sockets, not {pair!r:.60}")
                for end in pair:
                    opened.callback(end.close)
                    end.settimeout(None)
                ends.append(pair)
            opened.pop_all()
            return ends

    def _run(self, ends):
        try:
            while True:
                self.tries += 1
                self.net.wire.clear()
                with _Busy(ends):
                    self._look_on([sender for sender, _ in ends])
                    self.late = self.net.wire.lateness
                self._drain()
                if self.in_time or self.tries == TRIES or self._stop.is_set():
                    return
                self._forget()
                ends = self._open()
        except Exception as error:  # kept for the learner's cell: a thread prints nothing
            self.error = error
        finally:
            if self.live:
                self.live.finish()
            self._ended.set()
            tidying.unregister(self)

    def _look_on(self, senders):
        began = time.monotonic()
        while (now := time.monotonic() - began) < self.lasts and not self._stop.is_set():
            for flow, sender in zip(self.flows.values(), senders, strict=True):
                flow.note(observe(sender))
            self.queue.append(self.net.wire.queue_length)
            self.seconds.append(now)  # last: whoever draws meanwhile takes as many values as there are times
            self._stop.wait(PAUSE)

    def _drain(self):
        """Let what is still under way arrive: the next race shall begin on an empty wire."""
        with contextlib.suppress(TimeoutError):
            until(lambda: not self.net.wire.in_flight, timeout=5)


class _Busy:
    """Keeps each connection's sender sending and its receiver receiving; at the end breaks all of them off."""

    def __init__(self, ends):
        self.ends = ends
        self.threads = [
            threading.Thread(target=work, args=(end,), name=f"labsupport-race-{work.__name__}", daemon=True)
            for pair in ends
            for work, end in zip((_send, _receive), pair, strict=True)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        for end in (end for pair in self.ends for end in pair):
            with contextlib.suppress(OSError):  # shutdown wakes a thread that waits in a call; close does not
                # With this set close sends RST: what is still queued shall not be sent (socket(7), SO_LINGER)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)
        for end in (end for pair in self.ends for end in pair):
            end.close()


def _send(sender):
    piece = bytes(PIECE)
    with contextlib.suppress(OSError):
        while True:
            sender.sendall(piece)


def _receive(receiver):
    """Read whole pieces: woken for every packet, this thread would take time that the wire's thread needs."""
    piece = bytearray(PIECE)
    with contextlib.suppress(OSError):
        while receiver.recv_into(piece, PIECE, socket.MSG_WAITALL):
            pass


class Finding:
    """A statement about races, and whether it held; or that the wire ran late, and nothing can be said."""

    def __init__(self, statement, holds, races):
        self.statement, self.holds = statement, bool(holds)
        self.late = max((each.late for each in races if not each.counts), default=None)

    def __bool__(self):
        return self.holds

    def __repr__(self):
        if self.late is None:
            return f"{self.statement}: {self.holds}"
        # tests/sanitize.cfg knows this sentence
        milliseconds = math.ceil(1000 * self.late)
        return f"{self.statement}: the wire ran {milliseconds} ms late, so this run does not count"


def finding(statement, holds, *races):
    """`statement: True`, or False; where the wire of one of the races ran late, that is said instead."""
    if not races:
        raise ValueError("a finding needs the races that it was found in")
    return Finding(statement, holds, races)


def _warm(seconds):
    """The position of the first look after the first second."""
    return next((at for at, when in enumerate(seconds) if when >= WARM), 0)


def _live(race):
    """Its curves for the page; None where nothing can draw them."""
    try:
        from labsupport.widgets.curves import live_curves
    except ImportError:
        return None
    return live_curves(race)


def _is_socket(thing):
    return isinstance(thing, socket.socket)
