"""What a helper did, in order, and never more of it than a person could want.

The thread that serves adds entries in its hot path, so an entry is a plain tuple until somebody looks. Only
the last ten thousand are kept. The text form leaves out what differs from run to run (ports, times) and what
TCP does not promise: how a stream was cut into pieces, and how its two directions interleaved, shows nowhere:
a connection's receives and sends are summed up where the first of them stands.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

KEPT = 10_000
ECHOED = "received and sent back"


class Entry(NamedTuple):
    """One thing that happened.

    `time` is in seconds since the log began; `connection` is 1, 2, 3 … or None for the helper itself.
    """

    order: int
    time: float
    connection: int | None
    what: str
    detail: object


class Log(Sequence):
    """The entries so far, oldest first: `log[-1]`, `len(log)`, `for entry in log`; `log.forgotten` is how
    many are gone.

    `joined` says whether the text sums up a connection's receives and sends (a stream) or lists each
    (datagrams).
    """

    def __init__(self, joined=True):
        self.kept = deque(maxlen=KEPT)
        self.count = 0
        self._began = time.monotonic()
        self._joined = joined

    def add(self, connection, what, detail=None, now=time.monotonic):
        """Note one event. Only the helper's own thread calls this.

        EchoingConversation, which cannot spare the call, adds to `kept` and `count` by itself: ECHOED, which
        stands for two entries, "received" and "sent".
        """
        self.kept.append((now(), connection, what, detail))
        self.count += 1

    def take_back(self):
        """The last entry turned out not to be so."""
        self.count -= 2 if self.kept.pop()[2] is ECHOED else 1

    def _entries(self):
        raw, count = self._now()
        told = []
        for when, connection, what, detail in raw:
            for one in ("received", "sent") if what is ECHOED else (what,):
                told.append((when - self._began, connection, one, detail))
        # The helper's thread may be between an entry and its count; while there is room nothing is forgotten.
        first = 1 if len(raw) < KEPT else count - len(told) + 1
        return [Entry(order, *rest) for order, rest in enumerate(told, first)]

    def _now(self):
        """What is kept, and how many entries there have been: both of one moment, but for the very last."""
        while True:
            count = self.count
            try:
                raw = list(self.kept)
            except RuntimeError:  # the helper's thread added an entry meanwhile
                continue
            if count == self.count:
                return raw, count

    @property
    def forgotten(self):
        """How many of the oldest entries are no longer kept."""
        entries = self._entries()
        return entries[0].order - 1 if entries else 0

    def __len__(self):
        return len(self._entries())

    def __iter__(self):
        return iter(self._entries())

    def __getitem__(self, index):
        return self._entries()[index]

    def __repr__(self):
        return "\n".join(self.lines()) or "nothing yet"

    def lines(self):
        """The log as text lines, the same from run to run."""
        entries = self._entries()
        forgotten = entries[0].order - 1 if entries else 0
        head = [f"({forgotten:,} earlier entries forgotten)"] if forgotten else []
        return head + [_line(connection, parts) for connection, parts in self._runs(entries)]

    def _runs(self, entries):
        """[connection, {what: detail or total}], one for each line."""
        runs, streaming = [], {}
        for _, _, connection, what, detail in entries:
            if what not in ("received", "sent"):
                runs.append([connection, {what: detail}])
            elif self._joined and connection in streaming:
                totals = streaming[connection]
                totals[what] = totals.get(what, 0) + detail
            else:
                streaming[connection] = {what: detail}
                runs.append([connection, streaming[connection]])
        return runs


def _line(connection, parts):
    said = ", ".join(what if detail is None else f"{what} {detail}" for what, detail in parts.items())
    return f"{'' if connection is None else connection:>3}  {said}"
