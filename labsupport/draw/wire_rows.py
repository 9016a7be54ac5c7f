"""A scene's timeline sorted out for drawing: calls with their ends, states with their names, arrows.

The two drawings (SVG and text) and the sentences all need the same answers: which call waited and which
returned at once, whose state a pill tells, from where to where a packet went and what became of it. They
are found here, once, from the events alone. No geometry, no letters wide or high.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labsupport.draw.rows import result
from labsupport.events import Arrived, Became, Began, Held, Returned, Sent

ON_THE_WAY = frozenset({"in flight", "delivered", "duplicate"})  # without an arrival: nothing bad is known
A_TIMERS = 0.5  # seconds: where a wire keeps no time a shorter wait is the machine's, and says nothing
LATER = frozenset({"sent again", "keepalive", "window probe"})  # a timer sent it: a call that saw it has waited
EXCERPT, WHOLE = 14, 64  # letters shown of a payload; bytes of the longest one that is shown


@dataclass
class Call:
    """One call. `begin`, `end`: numbers of its events (`end` None: it never returned); `waits`: other things
    happened before it returned; `depth`: its place among the calls that wait at once on its host; `times`:
    how often the same was called, one right after another, with the same outcome.
    """

    host: int
    socket: int | None
    said: str
    begin: int
    end: int | None = None
    result: str = ""
    failed: bool = False
    elapsed: float | None = None
    waits: bool = True
    depth: int = 0
    times: int = 1

    @property
    def told(self):
        """What came back of a call that returned at once: `→ 5`, `→ 1000  ×7`; "" for nothing."""
        back = f"{'✕' if self.failed else '→'} {self.result}" if self.result else ""
        return f"{back}  ×{self.times}".strip() if self.times > 1 else back

    @property
    def outcome(self):
        """What came back of a call that waited: `→ returned` for nothing."""
        return f"{'✕' if self.failed else '→'} {self.result or 'returned'}"


@dataclass
class State:
    """A state that a socket came to be in, at event `at`; `name` is "" where it can be no other socket's.

    `times`: of how many sockets it tells; more than one only where a scene begins with some that it never
    comes back to.
    """

    host: int
    socket: int
    state: str
    at: int
    name: str = ""
    seen: bool = True
    times: int = 1

    @property
    def said(self):
        """`SYN-SENT`, or `c7 SYN-SENT`, or `6 × ESTABLISHED`."""
        if self.times > 1:
            return f"{self.times} × {self.state}"
        return f"{self.name} {self.state}" if self.name else self.state


@dataclass
class Arrow:
    """A packet: `sent` and `arrived` are numbers of events (`arrived` empty: it never did).

    `fate`: "" for one that went the ordinary way, else the word that is shown; `bad`: it did not arrive, or
    not whole. `numbers`: its relative sequence numbers, "" without any.
    """

    source: int
    target: int
    sent: int
    said: str
    arrived: list = field(default_factory=list)
    name: str = ""
    note: str = ""
    fate: str = ""
    bad: bool = False
    excerpt: str = ""
    numbers: str = ""

    @property
    def label(self):
        """`c7: SYN`, `FIN, sent again`."""
        said = f"{self.name}: {self.said}" if self.name else self.said
        return f"{said}, {self.note}" if self.note else said


@dataclass
class Moment:
    """What is drawn for event number `at`: `kind` "call" (at once), "begin", "return", "state", "sent",
    "arrived" or "held".
    """

    at: int
    kind: str
    host: int
    item: object


@dataclass
class Plan:
    """Everything that is drawn. `moments` in true order, one or none for an event."""

    moments: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    states: list = field(default_factory=list)
    arrows: list = field(default_factory=list)

    def depth(self, host):
        """How many calls wait at once, at most, on `host`."""
        return max((call.depth + 1 for call in self.calls if call.host == host and call.waits), default=0)


def plan(timeline):
    """The Plan of a scene's `timeline`."""
    return _Planner(timeline).plan


def host_of(timeline, event, threads=None):
    """The number of the host that an event belongs to; for a call without a socket, its thread's last."""
    if isinstance(event, (Sent, Arrived)):
        return event.host
    if event.socket is not None and event.socket < len(timeline.lanes):
        return timeline.lanes[event.socket].host or 0
    return (threads or {}).get(getattr(event, "thread", None), 0)


def role_of(timeline, host):
    """Whose color a host has: its own role; where that does not tell hosts apart, by its place."""
    roles = [end.role for end in timeline.hosts]
    if len(roles) == 2 and roles[0] == roles[1]:
        return ("client", "server")[host]
    return roles[host]


class _Planner:
    def __init__(self, timeline):
        self.timeline, self.events, self.plan = timeline, timeline.events, Plan()
        self.number = {event.order: at for at, event in enumerate(self.events)}
        self.returns = {event.began: event for event in self.events if isinstance(event, Returned)}
        self.landed = {event.sent: event for event in self.events if isinstance(event, Arrived)}
        self.names = Names(timeline)
        self.numbers = relative_numbers(timeline)
        self.threads, self.open, self.arrows = {}, {}, {}
        self.idle, self.crowds = _idle(self.events), {}
        for at, event in enumerate(self.events):
            step = _STEPS.get(type(event))
            if step is not None:
                step(self, at, event)

    def add(self, at, kind, host, item):
        self.plan.moments.append(Moment(at, kind, host, item))

    def began(self, at, event):
        host = host_of(self.timeline, event, self.threads)
        self.threads[event.thread] = host
        back = self.returns.get(event.order)
        call = Call(host, event.socket, f"{event.call}({event.arguments})", at)
        if back is not None:
            call.end, call.result = self.number[back.order], result(back)
            call.failed = bool(back.error)
            if getattr(self.timeline, "keeps_time", True) or back.elapsed >= A_TIMERS:
                call.elapsed = back.elapsed
            call.waits = not self.at_once(host, at, call.end)
        if self.repeats(host, call):
            return
        self.plan.calls.append(call)
        if call.waits:
            taken = {other.depth for other in self.open.values() if other.host == host}
            call.depth = next(depth for depth in range(len(taken) + 1) if depth not in taken)
            self.open[event.order] = call
        self.add(at, "begin" if call.waits else "call", host, call)

    def repeats(self, host, call):
        """Whether this is the call before it once more, with the same outcome; then it is counted there."""
        last = next((moment for moment in reversed(self.plan.moments) if moment.kind != "held"), None)
        before = last.item if last is not None and last.kind == "call" else None
        if before is None or call.waits or self.news(call):
            return False
        same = (host, before.socket, before.said, before.result, before.failed)
        if same != (call.host, call.socket, call.said, call.result, call.failed):
            return False
        before.times += 1
        return True

    def news(self, call):
        """Whether a call that returned at once brought about anything that is drawn."""
        return any(isinstance(event, (Became, Sent)) for event in self.events[call.begin + 1 : call.end])

    def at_once(self, host, begin, end):
        """Whether nothing but this call's own doing, states and packets out, lies between begin and end."""
        for event in self.events[begin + 1 : end]:
            if isinstance(event, (Began, Returned, Arrived)) or host_of(self.timeline, event) != host:
                return False
            if isinstance(event, Sent) and event.note in LATER:
                return False
        return True

    def returned(self, at, event):
        call = self.open.pop(event.began, None)
        if call is not None:
            self.add(at, "return", call.host, call)

    def became(self, at, event):
        host = host_of(self.timeline, event)
        name = self.names.of_state(event)
        state = State(host, event.socket, event.state, at, name, event.seen)
        if event.socket in self.idle:
            crowd = self.crowds.setdefault((host, event.state), state)
            if crowd is not state:
                crowd.times += 1
                return
        self.plan.states.append(state)
        self.add(at, "state", host, state)

    def sent(self, at, event):
        packet = _packet(self.timeline, event)
        note = "" if event.fate == "duplicate" else event.note  # the wire's copy: no kernel sent it again
        arrow = Arrow(event.host, self.target(event, packet), at, event.said, note=note)
        arrow.name = self.names.of_packet(event, packet)
        arrow.excerpt = excerpt(packet)
        arrow.numbers = self.numbers.get(event.packet, "")
        if event.fate not in ("delivered", "in flight"):
            arrow.fate = event.fate
        self.arrows[event.order] = arrow
        self.plan.arrows.append(arrow)
        self.add(at, "sent", event.host, arrow)
        arrow.bad = event.fate not in ON_THE_WAY
        if event.order not in self.landed and not arrow.fate:
            arrow.fate = "still on its way"

    def arrived(self, at, event):
        arrow = self.arrows.get(event.sent)
        if arrow is not None:
            arrow.arrived.append(at)
            self.add(at, "arrived", event.host, arrow)

    def held(self, at, event):
        self.add(at, "held", host_of(self.timeline, event), event)

    def target(self, event, packet):
        """The number of the host that a packet is for."""
        if event.order in self.landed:
            return self.landed[event.order].host
        there = str(packet.destination[0]) if packet is not None and packet.destination else ""
        for host, end in enumerate(self.timeline.hosts):
            if end.address == there:
                return host
        return 1 if event.host == 0 else 0


def _idle(events):
    """The sockets that are there when a scene begins, and of which nothing more is told."""
    first = next(
        (at for at, event in enumerate(events) if not isinstance(event, (Became, Held))), len(events)
    )
    later = {getattr(event, "socket", None) for event in events[first:]}
    return {event.socket for event in events[:first]} - later


_STEPS = {
    Began: _Planner.began,
    Returned: _Planner.returned,
    Became: _Planner.became,
    Sent: _Planner.sent,
    Arrived: _Planner.arrived,
    Held: _Planner.held,
}


class Names:
    """Which pills and arrows need a name: those of a host on which several connections live.

    A connection has one name on both hosts and on the wire: its caller's, the socket that asked for it; where
    nobody saw that, its socket's on the first host with several.
    """

    def __init__(self, timeline):
        self.lanes, self.listeners, living = timeline.lanes, set(), {}
        for event in timeline.events:
            if isinstance(event, Became):
                if event.state == "LISTEN":
                    self.listeners.add(event.socket)
                living.setdefault(host_of(timeline, event), set()).add(event.socket)
        self.living = living
        self.crowded = {host for host, lanes in living.items() if len(lanes - self.listeners) > 1}
        self.keys = _keys(timeline, self.listeners) if self.crowded else {}
        naming = min(self.crowded, default=None)
        callers = {e.socket for e in timeline.events if isinstance(e, Became) and e.state == "SYN-SENT"}
        self.connections = {}
        for wanted in (lambda lane: lane in callers, lambda lane: (self.lanes[lane].host or 0) == naming):
            for lane, key in self.keys.items():
                if wanted(lane):
                    self.connections.setdefault(key, self.lanes[lane].label)

    def of_lane(self, lane):
        """The name of the connection that socket number `lane` is an end of, else the socket's own."""
        return self.connections.get(self.keys.get(lane)) or self.lanes[lane].label

    def of_state(self, event):
        """The name that a pill needs; "" for none."""
        host = self.lanes[event.socket].host or 0
        if event.socket in self.listeners:
            others = self.living[host] & self.listeners if event.state == "LISTEN" else self.living[host]
            return self.lanes[event.socket].label if len(others) > 1 else ""
        return self.of_lane(event.socket) if host in self.crowded else ""

    def of_packet(self, event, packet):
        """The name that an arrow needs; "" for none."""
        if not self.crowded:
            return ""
        named = self.connections.get(_connection(packet))
        if named is None and event.socket is not None and event.socket not in self.listeners:
            named = self.of_lane(event.socket)
        return named or ""


def _keys(timeline, listeners):
    """For each socket the connection that its packets belong to."""
    found, sent = {}, {event.order: event for event in timeline.events if isinstance(event, Sent)}
    for event in timeline.events:
        if isinstance(event, (Sent, Arrived)) and event.socket is not None and event.socket not in listeners:
            source = event if isinstance(event, Sent) else sent.get(event.sent)
            key = _connection(_packet(timeline, source)) if source else None
            if key is not None:
                found.setdefault(event.socket, key)
    return found


def _packet(timeline, event):
    if event.packet is None or not 0 <= event.packet < len(timeline.packets):
        return None
    return timeline.packets[event.packet]


def _connection(packet):
    """The two ends of a packet's connection, in either direction the same; None where there are no ports."""
    if packet is None or not packet.source or not packet.destination or packet.source[1] is None:
        return None
    return frozenset((tuple(packet.source[:2]), tuple(packet.destination[:2])))


def excerpt(packet):
    """The beginning of a packet's payload, as it can be read; "" without any, and for a long one."""
    payload = bytes(getattr(packet, "payload", b"") or b"")
    if not 0 < len(payload) <= WHOLE or packet.protocol not in ("TCP", "UDP"):
        return ""
    letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in payload[: EXCERPT + 1])
    return letters if len(letters) <= EXCERPT else letters[: EXCERPT - 1] + "…"


def relative_numbers(timeline):
    """For each TCP packet's number what is worth telling: `seq 1` of data and FIN, `ack 6` of the others.

    Counted from the first sequence number seen in each direction of a connection, as Wireshark does.
    """
    first, told = {}, {}
    for number, packet in enumerate(timeline.packets):
        key = _connection(packet)
        if key is None or getattr(packet, "protocol", "") != "TCP" or packet.seq is None:
            continue
        if packet.syn and not packet.has_ack and packet.seq != first.get((key, packet.source)):
            first.pop((key, packet.destination), None)  # the ports are used again
            first[key, packet.source] = packet.seq
        mine = first.setdefault((key, packet.source), packet.seq)
        if packet.syn or packet.rst:
            continue
        parts = []
        if packet.length or packet.fin:
            parts.append(f"seq {(packet.seq - mine) % 2**32}")
        elif packet.has_ack:
            theirs = first.setdefault((key, packet.destination), packet.ack - 1)
            parts.append(f"ack {(packet.ack - theirs) % 2**32}")
        told[number] = ", ".join(parts)
    return told
