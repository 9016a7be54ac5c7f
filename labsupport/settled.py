"""The order in which recorded calls are told, the same in every run.

Two threads' calls come back in an order that the scheduler picks: `connect` returns before `accept` does in
one run and after it in the next. Both orders are true, so a stored drawing may show either, but always the
same one. Here the calls are put in order again from what must hold: each thread's own order; a call on a
socket after the call that made it; `accept` after the `connect` it answers; bytes received after they were
sent. What is left open is decided by rule. Pure: it works on the calls alone (`recorder.Call`), never on
times.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict

from labsupport.implied import RECEIVES, SENDS

ENDS = frozenset({"close", "shutdown"})
BACKGROUND = "labsupport-background-"


def thread_rank(name, main, first):
    """Where a thread stands: the block's own first, then background calls, then others by their number.

    `first`: the order of its first call. `background` returns once its call is entered, so those are in a
    fixed order; other threads' first calls are not, but threading numbers the names.
    """
    if main:
        return (0, [], first)
    if name.startswith(BACKGROUND):
        return (1, [], first)
    return (2, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)], first)


def settle(calls, threads):
    """The calls' begins and returns in settled order: a list of ("began" or "returned", call).

    `threads`: name of each thread (`call.thread`), the block's own first. A call that never returned has no
    "returned".
    """
    queues = _queues(calls, threads)
    needs = _Needs(calls)
    main = next(iter(threads), None)
    told, done = [], set()
    while queues:
        queue = _next(queues, needs, done, main)
        event = queue.pop()
        told.append(event)
        done.add((event[0], id(event[1])))
        if not queue:
            queues.remove(queue)
    return told


def _queues(calls, threads):
    """For each thread its events, the next one last; in the order of rank."""
    by_thread = defaultdict(list)
    for call in calls:
        by_thread[call.thread].append(call)
    main = next(iter(threads), None)
    ranked = sorted(
        by_thread, key=lambda key: thread_rank(threads[key], key == main, by_thread[key][0].began)
    )
    queues = []
    for key in ranked:
        events = []
        for call in sorted(by_thread[key], key=lambda call: call.began):
            events.append(("began", call))
            if call.ended is not None:
                events.append(("returned", call))
        queues.append(events[::-1])
    return queues


def _next(queues, needs, done, main):
    """The queue whose next event is told; where none is ready, the one whose event really came first."""
    ready = [queue for queue in queues if needs.met(queue[-1], done)]
    if not ready:
        return min(queues, key=lambda queue: _order(queue[-1]))
    return min(ready, key=lambda queue: _urgency(queue[-1], ready[0][-1], main))


def _urgency(event, first, main):
    """Lowest goes first; of equals, the thread of lowest rank.

    A return that is due is told at once, and a thread that has begun goes on until it waits: so a helper
    thread's calls stand where they were caused. The block's own thread goes on when the others wait, and a
    new one is told of when it does.
    """
    kind, call = event
    if kind == "returned":
        return 0
    if call.thread == main:
        return 2
    if not call.opening:
        return 1
    # A background call was entered before its starter went on: that order is real.
    return 1 if call.anchored and _order(event) < _order(first) else 3


def _order(event):
    kind, call = event
    return call.began if kind == "began" else call.ended


class _Needs:
    """What must have been told before an event may be."""

    def __init__(self, calls):
        self._made = {call.new: call for call in calls if call.new is not None}
        self._on_lane = defaultdict(lambda: defaultdict(list))  # lane → thread → its calls there
        self._connects, self._listens = {}, {}
        for call in calls:
            if call.lane is not None:
                self._on_lane[call.lane][call.thread].append(call)
            if call.name in ("connect", "connect_ex"):
                self._connects[call.lane] = call
            elif call.name == "listen" and call.ended is not None:
                self._listens.setdefault(_place(call.lane.local), call)
        self._supplies = _supplies(calls)

    def met(self, event, done):
        """Whether all of `event`'s conditions are among `done`, a set of (kind, id of call)."""
        kind, call = event
        for needed, other in self._made_first(call) if kind == "began" else self._caused_by(call):
            if other.thread != call.thread and (needed, id(other)) not in done:
                return False
        return True

    def _made_first(self, call):
        maker = self._made.get(call.lane)
        if maker is not None and maker is not call:
            yield ("returned", maker)
        if call.name in ("connect", "connect_ex") and call.error is None:
            listen = self._listens.get(_place(call.address))  # somebody listened, or it had been refused
            if listen is not None and listen.ended < call.began:
                yield ("returned", listen)

    def _caused_by(self, call):
        for thread, others in self._on_lane[call.lane].items() if call.lane is not None else ():
            # What another thread did to this socket while the call waited may be why it returned.
            before = bisect_left(others, call.ended, key=lambda other: other.began)
            if thread != call.thread and before:
                yield ("began", others[before - 1])
        if call.name == "accept" and call.new is not None:
            connect = self._connects.get(call.new.peer)
            if connect is not None:
                yield _ended(connect)
        supply = self._supplies.get(id(call))
        if supply is not None:
            yield _ended(supply)


def _place(address):
    """Where a listener is, whichever of its host's names it was called by: a port, or a path."""
    return address[1] if isinstance(address, tuple) else address


def _ended(call):
    return ("returned", call) if call.ended is not None else ("began", call)


def _supplies(calls):
    """For each receiving call (by id) the recorded call whose bytes, or whose end, it waited for."""
    sent, ends, taken, found = defaultdict(list), {}, defaultdict(int), {}
    totals = defaultdict(int)
    for call in calls:
        target = call.target
        if target is None:
            continue
        if call.name in SENDS and call.ended is not None:
            totals[target] += call.amount or 0 if target.stream else 1
            sent[target].append((totals[target], call))
        elif call.name in ENDS and target not in ends:
            ends[target] = call
    for call in calls:
        if call.name not in RECEIVES or call.ended is None or call.error is not None:
            continue
        lane = call.lane
        if call.end:
            if lane in ends:
                found[id(call)] = ends[lane]
            continue
        taken[lane] += (call.amount or 0 if lane.stream else 1) if not call.peek else 0
        index = bisect_left(sent[lane], taken[lane], key=lambda pair: pair[0])
        if index < len(sent[lane]):
            found[id(call)] = sent[lane][index][1]
    return found
