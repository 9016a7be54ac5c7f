"""TCP's states and transitions, as one table.

RFC 9293 draws them as figure 5 (section 3.3.2) and adds three notes. The table here is that figure and those
notes: it draws the diagram, checks what was observed, says which states nobody saw but must have been there,
and feeds the tests. No input or output happens here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

STATES = (
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
)


class Transition(NamedTuple):
    """One arrow of figure 5: in `source`, on `event`, the segment `sends` goes out, and `target` is next.

    Events in capitals are calls of the user (OPEN, SEND, CLOSE, ABORT); "rcv …" is a segment from the peer,
    "snd …" one to it. `sends` is "" where nothing goes out.
    """

    source: str
    target: str
    event: str
    sends: str


DRAWN = (
    Transition("CLOSED", "LISTEN", "passive OPEN", ""),
    Transition("CLOSED", "SYN-SENT", "active OPEN", "SYN"),
    Transition("LISTEN", "CLOSED", "CLOSE", ""),
    Transition("LISTEN", "SYN-RECEIVED", "rcv SYN", "SYN,ACK"),
    Transition("LISTEN", "SYN-SENT", "SEND", "SYN"),
    Transition("SYN-SENT", "CLOSED", "CLOSE", ""),
    Transition("SYN-SENT", "SYN-RECEIVED", "rcv SYN", "SYN,ACK"),
    Transition("SYN-SENT", "ESTABLISHED", "rcv SYN,ACK", "ACK"),
    Transition("SYN-RECEIVED", "LISTEN", "rcv RST", ""),  # note 1: only after a passive OPEN
    Transition("SYN-RECEIVED", "ESTABLISHED", "rcv ACK of SYN", ""),
    Transition("SYN-RECEIVED", "FIN-WAIT-1", "CLOSE", "FIN"),
    Transition("ESTABLISHED", "FIN-WAIT-1", "CLOSE", "FIN"),
    Transition("ESTABLISHED", "CLOSE-WAIT", "rcv FIN", "ACK"),
    Transition("FIN-WAIT-1", "FIN-WAIT-2", "rcv ACK of FIN", ""),
    Transition("FIN-WAIT-1", "CLOSING", "rcv FIN", "ACK"),
    Transition("FIN-WAIT-2", "TIME-WAIT", "rcv FIN", "ACK"),
    Transition("CLOSING", "TIME-WAIT", "rcv ACK of FIN", ""),
    Transition("CLOSE-WAIT", "LAST-ACK", "CLOSE", "FIN"),
    Transition("LAST-ACK", "CLOSED", "rcv ACK of FIN", ""),
    Transition("TIME-WAIT", "CLOSED", "timeout", ""),  # two maximum segment lifetimes
)
"""The twenty arrows that figure 5 draws."""

NOTE_2 = (Transition("FIN-WAIT-1", "TIME-WAIT", "rcv FIN,ACK", "ACK"),)
"""The arrow that the figure leaves out and its note 2 names: the peer's FIN also acknowledges ours."""

# Note 3: "receipt of a RST from any state results in a transition to LISTEN or CLOSED". LISTEN ignores it
# (3.10.7.2).
RST_RECEIVED = tuple(Transition(state, "CLOSED", "rcv RST", "") for state in STATES[2:])
# Note 3: "a RST can be sent from any state with a corresponding transition to TIME-WAIT".
RST_SENT = tuple(Transition(state, "TIME-WAIT", "snd RST", "RST") for state in STATES[1:-1])
# Section 3.10.5, the ABORT call (SO_LINGER 0, or close with unread input): a RST goes out, the connection is
# deleted.
ABORTED = tuple(
    Transition(state, "CLOSED", "ABORT", "RST")
    for state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT")
)

FIGURE = DRAWN + NOTE_2
"""What a connection that nobody resets can do."""

RESETS = RST_RECEIVED + RST_SENT + ABORTED
"""What a RST does, either way."""

TRANSITIONS = FIGURE + RESETS
"""Every transition of RFC 9293's figure 5, its three notes included."""

OPENINGS = ("active", "passive", None)


def next_state(state: str, event: str, opened: str | None = None) -> str:
    """The state that follows `state` on `event`.

    `opened` matters for one pair alone: a RST in SYN-RECEIVED leads back to LISTEN after a passive OPEN (note
    1), and to CLOSED when it is "active". ValueError for a name that is no state, or an event that has no
    transition there.
    """
    _check(state, opened=opened)
    targets = [t.target for t in TRANSITIONS if (t.source, t.event) == (state, event)]
    if not targets:
        events = ", ".join(dict.fromkeys(t.event for t in TRANSITIONS if t.source == state))
        raise ValueError(f"no transition from {state} on {event!r}; there: {events}")
    return targets[-1] if opened == "active" else targets[0]


def paths(
    source: str, target: str, opened: str | None = None, *, resets: bool = True
) -> list[tuple[str, ...]]:
    """All the shortest ways from `source` to `target` in one connection's life, each a tuple with both ends.

    `opened` restricts the opening half: "active" to SYN-SENT, "passive" to LISTEN and SYN-RECEIVED, None not
    at all. `resets=False` leaves out what a RST does. An empty list: there is no way. ValueError for a name
    that is no state. Note 3's arrow to TIME-WAIT is not walked: kernels do as section 3.10.5 says, and are
    CLOSED after sending a RST.
    """
    found = _ways(*_check(source, target, opened=opened), opened, resets)
    shortest = min(map(len, found), default=0)
    return [way for way in found if len(way) == shortest]


def between(
    source: str, target: str, opened: str | None = None, *, resets: bool = True
) -> tuple[str, ...] | None:
    """The states strictly between `source` and `target`, when exactly one way leads there; otherwise None.

    Of all ways, not of the shortest alone: what is returned was passed, though nobody saw it. A simultaneous
    open is rare enough to be left out where `opened` is "active" and SYN-RECEIVED is at neither end.
    Arguments as for `paths`.
    """
    found = _ways(*_check(source, target, opened=opened), opened, resets)
    return found[0][1:-1] if len(found) == 1 else None


def allowed(path, opened: str | None = None) -> bool:
    """Whether each step of `path`, a sequence of states, is a transition or no change at all.

    `opened` as for `paths`. ValueError for a name that is no state.
    """
    path = tuple(path)
    _check(*path, opened=opened)
    steps = {(t.source, t.target) for t in TRANSITIONS if _fits(t, opened)}
    return all(a == b or (a, b) in steps for a, b in zip(path, path[1:], strict=False))


def _check(*states, opened=None):
    """The states themselves, once it is sure that they are states; `opened` likewise."""
    for state in states:
        if state not in STATES:
            raise ValueError(f"{state!r} is no TCP state; RFC 9293 has {', '.join(STATES)}")
    if opened not in OPENINGS:
        raise ValueError(f"opened must be 'active', 'passive' or None, not {opened!r}")
    return states


@lru_cache
def _steps(opened, resets):
    """state → the states one transition away, for a connection opened so."""
    steps = {}
    for transition in FIGURE + RST_RECEIVED + ABORTED if resets else FIGURE:
        if transition.target not in steps.setdefault(transition.source, []) and _fits(transition, opened):
            steps[transition.source].append(transition.target)
    return steps


def _fits(transition, opened):
    """Whether a connection that was opened so may take this arrow."""
    ends = (transition.source, transition.target)
    if opened == "active":
        return "LISTEN" not in ends
    if opened == "passive":
        return "SYN-SENT" not in ends and (*ends, transition.event) != ("SYN-RECEIVED", "CLOSED", "rcv RST")
    return True


@lru_cache
def _ways(source, target, opened, resets):
    """Every way from `source` to `target` that passes no state twice, within one connection's life."""
    if source == target:
        return [(source,)]
    if (source, target) == ("LISTEN", "CLOSED") and opened != "active":
        return [(source, target)]  # with sockets, the connection that a listener accepted is another socket
    steps = _steps(opened, resets)
    simple = opened == "active" and source != "SYN-RECEIVED"  # not a simultaneous open
    found = []

    def walk(way):
        for state in steps.get(way[-1], ()):
            if state == target:
                found.append((*way, state))
            elif state not in way and _goes_on(way[-1], state) and not (simple and state == "SYN-RECEIVED"):
                walk((*way, state))

    walk((source,))
    return found


def _goes_on(here, state):
    """Whether it is still one life: that ends in CLOSED, and where a RST leads back to LISTEN."""
    return state != "CLOSED" and (here, state) != ("SYN-RECEIVED", "LISTEN")
