"""A timeline put into rows, for the ladder as text and as SVG alike.

Each row is one moment, in true order: a call that begins, one that returns, a state that is reached. A call
that returned before anything else happened is one row; one that waited is two, with a span between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labsupport.events import ELLIPSIS

ALWAYS_WAITS = frozenset(
    {"connect"}
)  # its states are passed while it waits, even when nothing else happens meanwhile


@dataclass
class Row:
    """One moment of one lane. `kind`: "call" (begun and returned), "begin", "return" or "state"."""

    lane: int
    kind: str
    said: str = ""
    result: str = ""
    state: str = ""
    seen: bool = True
    failed: bool = False
    elapsed: float | None = None


@dataclass
class Span:
    """A call that waits, from row `first` to row `last` (None: it waits still); `depth` is its place among
    others.
    """

    lane: int
    first: int
    last: int | None = None
    depth: int = 0


@dataclass
class Plan:
    """The rows and spans of a timeline."""

    rows: list = field(default_factory=list)
    spans: list = field(default_factory=list)

    def depth(self, lane):
        """How many calls wait at once, at most, on `lane`."""
        return max((span.depth + 1 for span in self.spans if span.lane == lane), default=0)


def plan(timeline, live=False, apart=False):
    """The Plan of `timeline`: its settled events, or `live` those that came, what was sampled and each
    duration too.

    `apart`: a state never shares a row with the call that brought it about.
    """
    events = timeline.events if live else timeline.settled
    returns = {event.began: event for event in events if _is_return(event)}
    made, open_spans, last_state = Plan(), {}, {}
    instant = set()
    for position, event in enumerate(events):
        lane = event.socket if event.socket is not None else 0
        if hasattr(event, "state"):
            _state(made, event, lane, last_state, apart)
        elif _is_return(event):
            if event.began in instant:
                continue
            made.rows.append(
                Row(
                    lane, "return", result=result(event), failed=bool(event.error), elapsed=_took(event, live)
                )
            )
            span = open_spans.pop(event.began, None)
            if span is not None:
                span.last = len(made.rows) - 1
        else:
            back = returns.get(event.order)
            said = f"{event.call}({event.arguments})"
            if back is not None and _at_once(events, position, back):
                instant.add(event.order)
                made.rows.append(
                    Row(lane, "call", said, result(back), failed=bool(back.error), elapsed=_took(back, live))
                )
                continue
            made.rows.append(Row(lane, "begin", said))
            taken = {span.depth for span in open_spans.values() if span.lane == lane}
            depth = next(depth for depth in range(len(taken) + 1) if depth not in taken)
            open_spans[event.order] = Span(lane, len(made.rows) - 1, depth=depth)
            made.spans.append(open_spans[event.order])
    return made


def result(event):
    """What a call gave, in words: `connected`, `b"hello"`, `ConnectionRefusedError (ECONNREFUSED)`; "" for
    nothing.
    """
    if event.error:
        return event.error + (f" ({event.errno})" if event.errno else "")
    if event.result is None:
        return "connected" if event.call == "connect" else ""
    return str(event.result)


def came_back(row):
    """`→ b"hello"`, `✕ BrokenPipeError (EPIPE)`; "" for a call that has not returned, or at once and with
    nothing.
    """
    if row.result:
        return ("✕ " if row.failed else "→ ") + row.result
    return "→ returned" if row.kind == "return" else ""


def order(lanes):
    """The lanes' numbers from left to right: the clients left, the servers right."""
    places = {"client": 0, None: 1, "server": 2}
    return sorted(range(len(lanes)), key=lambda number: places.get(lanes[number].role, 1))


def _is_return(event):
    return hasattr(event, "began")


def _took(event, live):
    return event.elapsed if live else None


def _at_once(events, position, back):
    """Whether nothing but this call's own states stands between its begin and its return."""
    if events[position].call in ALWAYS_WAITS:
        return False
    for event in events[position + 1 :]:
        if event is back:
            return True
        if not hasattr(event, "state"):
            return False
    return False


def _state(made, event, lane, last, apart):
    """A row for a state; one reached by the call just told stands in that call's row."""
    if last.get(lane) == event.state:
        if event.seen:  # sampled now what was implied before
            for row in reversed(made.rows):
                if row.lane == lane and row.state == event.state:
                    row.seen = True
                    break
        return
    row = made.rows[-1] if made.rows else None
    if event.seen and row is not None and row.lane == lane and row.kind == "state" and row.state == ELLIPSIS:
        return _looked(made, event, lane, last)
    if event.seen and last.get(lane) == ELLIPSIS:
        told = [row for row in made.rows if row.lane == lane and row.state not in (None, "", ELLIPSIS)]
        if told and told[-1].state == event.state:  # another lane was told since: it went no further
            told[-1].seen = True
            return
    last[lane] = event.state
    if not apart and row is not None and row.lane == lane and row.kind in ("call", "begin") and not row.state:
        row.state, row.seen = event.state, event.seen
    else:
        made.rows.append(Row(lane, "state", state=event.state, seen=event.seen))


def _looked(made, event, lane, last):
    """Somebody looked after all, where nobody knew what the kernel did alone: the "…" gives way to what was seen."""
    del made.rows[-1]
    last[lane] = next((row.state for row in reversed(made.rows) if row.lane == lane and row.state), None)
    _state(made, event, lane, last, apart=True)
