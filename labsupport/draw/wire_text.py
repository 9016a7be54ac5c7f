"""A scene as text: for a page without a kernel, a screen reader, and the tests that compare outputs.

Two hosts face each other: calls outside, states inside, the wire between. A line is one moment, read along
its arrow: what a call did at one host, the packet, what it brought about at the other. A packet that arrives
later than the next moment turns down at `╮` and goes on from `╰`; where it crosses another stands `┼`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labsupport.draw.rows import came_back
from labsupport.draw.wire_rows import plan

LIMIT = 100  # columns, where the words allow it
_LEAST = 16  # columns for a call
_SHAFT = 27  # an arrow's length
_LANE = 3  # columns for each packet that is under way meanwhile
_MOST = 4  # such packets, each way; more are numbered instead
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass
class Line:
    """One moment: what stands at each host, by its number, and what crosses the wire.

    `part` says how much of `arrow` is in this line: "whole", "leaves", "arrives" or "fails".
    """

    calls: dict = field(default_factory=dict)
    feet: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    arrow: object = None
    part: str = ""
    again: bool = False
    hosts: set = field(default_factory=set)
    last: str = ""
    free: bool = False  # nothing else may join: a long result lies over the wire


def wire_text(timeline):
    """The ladder of a scene as text, the same from run to run; at most 100 columns wide where it can be.

    A recorded timeline begins with the line `recorded earlier: REASON`.
    """
    made = plan(timeline)
    said = " ".join(str(timeline.recorded).split())
    first = f"recorded earlier: {said}\n" if said else ""
    if not [moment for moment in made.moments if moment.kind != "held"]:
        return first + "nothing happened on these hosts"
    lines, spans = _lines(made, len(timeline.hosts))
    ladder = _Facing(timeline, made, lines, spans) if len(timeline.hosts) == 2 else None
    return first + (ladder.text() if ladder else _listed(timeline, made, lines, spans))


# --- moments into lines -----------------------------------------------------------------------------


def _lines(made, hosts):
    """(the lines, the line numbers at which each call that waits begins and ends, by the call's event)."""
    lines, spans = [], {}
    for moment in made.moments:
        if moment.kind == "held":
            continue
        line = lines[-1] if lines else None
        if line is None or not _joins(line, moment, hosts):
            line = Line()
            lines.append(line)
        _put(line, moment)
        if moment.kind == "begin":
            spans[moment.item.begin] = [moment.item, len(lines) - 1, None]
        elif moment.kind == "return":
            spans[moment.item.begin][2] = len(lines) - 1
    return lines, list(spans.values())


def _joins(line, moment, hosts):
    """Whether a moment can stand in this line, so that reading along the arrow still is the true order."""
    host, arrow = moment.host, line.arrow
    if line.free or moment.kind in ("call", "begin"):
        return False
    if moment.kind == "sent":
        return arrow is None and line.hosts == {host} and line.last in ("call", "begin", "state")
    if moment.kind == "arrived":
        return line.part == "leaves" and arrow is moment.item and not arrow.arrived[1:]
    if arrow is None:
        return moment.kind == "state" and line.hosts == {host} and host not in line.states
    landed = line.part in ("whole", "arrives")
    here = arrow.target if landed else arrow.source
    if host != here or host in line.states and moment.kind == "state":
        return False
    if moment.kind == "state":
        return host not in line.feet
    if host in line.feet or host in line.calls or _long(moment.item):
        return False
    return host == hosts - 1 and hosts == 2 or host not in line.states


def _long(call):
    """Whether what came back is too long to stand among the states."""
    return call.failed or len(_foot(call)) > 12


def _foot(call):
    """What stands where a call's bar ends."""
    return came_back(_Row(call)).removeprefix("→ ")


class _Row:
    kind = "return"

    def __init__(self, call):
        self.result, self.failed = call.result, call.failed


class _AtOnce(_Row):
    kind = "call"


def _put(line, moment):
    host, item = moment.host, moment.item
    if moment.kind in ("call", "begin"):
        back = came_back(_AtOnce(item)) if moment.kind == "call" else ""
        line.calls[host] = f"{item.said} {back}".strip()
    elif moment.kind == "return":
        line.feet[host] = item
        line.free = line.arrow is None
    elif moment.kind == "state":
        line.states[host] = item.said if item.seen or item.state == "…" else f"({item.said})"
    elif moment.kind == "sent":
        line.arrow, line.part = item, "leaves" if item.arrived else "fails"
    else:
        line.part = "whole" if line.part == "leaves" else "arrives"
        line.arrow = item
        line.again = moment.at != item.arrived[0]
    line.hosts.add(host)
    line.last = moment.kind


def _bars(spans, depth, host, at, mirrored):
    """The bars of one host in line `at`: heads, feet, shafts."""
    marks = ""
    for place in range(depth):
        mark = " "
        for call, first, last in spans:
            if call.host == host and call.depth == place and first <= at and (last is None or at <= last):
                mark = "┌" if at == first else "└" if at == last else "│"
        marks += mark
    return marks[::-1].translate(_MIRROR) if mirrored else marks


_MIRROR = str.maketrans("┌└", "┐┘")


# --- two hosts that face each other -----------------------------------------------------------------


class _Facing:
    def __init__(self, timeline, made, lines, spans):
        self.timeline, self.lines, self.spans = timeline, lines, spans
        self.depth = [made.depth(0), made.depth(1)]
        self.lanes = _Lanes(lines)
        longest = max((len(_label(line)) + _tail(line) for line in lines if line.arrow), default=0)
        self.wire = max(_SHAFT, longest + 6) + _LANE * (self.lanes.used[0] + self.lanes.used[1])
        feet = [len(_foot(call)) for line in lines for host, call in line.feet.items() if host == 0 and not line.free]
        states = [[len(line.states.get(host, "")) for line in lines] for host in (0, 1)]
        self.state = [max([*states[0], *feet, 9]), max([*states[1], 9])]
        self.call = [max([len(line.calls.get(host, "")) for line in lines] + [4]) for host in (0, 1)]
        self.call[1] = max([self.call[1], *(len(_foot(line.feet[1])) for line in lines if 1 in line.feet)])
        self._fit()

    def _fit(self):
        """Make the calls' columns narrower until a line has at most LIMIT columns, if it can."""
        inner = sum(self.state) + sum(self.depth) + self.wire + 8
        while inner + sum(self.call) > LIMIT and max(self.call) > _LEAST:
            wider = 0 if self.call[0] >= self.call[1] else 1
            self.call[wider] -= 1

    def text(self):
        left, right = self.timeline.hosts
        before = self.call[0] + self.depth[0] + self.state[0] + 4
        after = self.state[1] + self.depth[1] + 3
        head = f"{left.label:<{before}}{'the wire':^{self.wire}}  {right.label:>{after - 2}}".rstrip()
        made = [head, ""]
        for at, line in enumerate(self.lines):
            made += self._line(at, line)
        return "\n".join(made)

    def _line(self, at, line):
        wire = self.lanes.drawn(at, self.wire)
        below = self.lanes.between(at, self.wire)
        left = _wrapped(line.calls.get(0, ""), self.call[0])
        foot, over = line.feet.get(0), ""
        inside = line.states.get(0, "")
        if foot is not None and not inside:
            inside = _foot(foot)
            if len(inside) > self.state[0]:
                inside, over = "", inside
        right = _wrapped(line.calls.get(1, ""), self.call[1])
        if 1 in line.feet:
            right = _wrapped(_foot(line.feet[1]), self.call[1])
        made = []
        for row in range(max(len(left), len(right), 1)):
            one = _bars(self.spans, self.depth[0], 0, at, False)
            two = _bars(self.spans, self.depth[1], 1, at, True)
            if row:
                one, two = one.translate(_DOWN), two.translate(_DOWN)
                one, two = self._ended(one, two, at)
            here = left[row] if row < len(left) else ""
            there = right[row] if row < len(right) else ""
            middle = (wire if not row else below) + "  "
            states = f"{(inside if not row else ''):<{self.state[0]}}  "
            if over and not row:
                middle = f"{states}{middle}"
                states, middle = over + middle[len(over) :], ""
            other = f"{(line.states.get(1, '') if not row else ''):>{self.state[1]}}"
            made.append(f"{here:<{self.call[0]}} {one} {states}{middle}{other} {two} {there}".rstrip())
        return made

    def _ended(self, one, two, at):
        """Bars below a line's first row: one that ended there is gone."""
        ends = {(call.host, call.depth) for call, _, last in self.spans if last == at}
        left = "".join(" " if (0, place) in ends else mark for place, mark in enumerate(one))
        right = "".join(" " if (1, place) in ends else mark for place, mark in enumerate(two[::-1]))[::-1]
        return left, right


_DOWN = str.maketrans("┌┐└┘", "││  ")


def _label(line):
    if line.part == "arrives":
        return ""
    said = line.arrow.label
    fate = line.arrow.fate
    return f"{said}, {fate}" if fate and line.part != "fails" else said


def _tail(line):
    """Columns behind the ✕."""
    return len(line.arrow.fate) + 5 if line.part == "fails" else 0


class _Lanes:
    """The packets under way while other things happen: a column of the wire for each, or else a number."""

    def __init__(self, lines):
        self.lines, self.flights, self.used = lines, [], [0, 0]
        open_ = {}
        for at, line in enumerate(lines):
            arrow = line.arrow
            if arrow is None or line.part in ("whole", "fails"):
                continue
            if line.part == "leaves":
                way = 0 if arrow.source < arrow.target else 1
                taken = {flight["lane"] for flight in open_.values() if flight["way"] == way}
                lane = _inner(taken)
                left = len(arrow.arrived)
                flight = {"arrow": arrow, "way": way, "lane": lane, "first": at, "last": None, "left": left}
                self.flights.append(flight)
                open_[id(arrow)] = flight
            else:
                flight = open_.get(id(arrow))
                if flight is not None:
                    flight["last"] = at
                    flight["left"] -= 1
                    if not flight["left"]:
                        del open_[id(arrow)]
        for way in (0, 1):
            lanes = [flight["lane"] for flight in self.flights if flight["way"] == way]
            self.used[way] = min(_MOST, max((lane + 1 for lane in lanes), default=0))
        crowded = [flight for flight in self.flights if flight["lane"] >= _MOST]
        for number, flight in enumerate(crowded):
            flight["mark"] = _CIRCLED[number % len(_CIRCLED)]

    def _column(self, flight, wire):
        """Where a flight's lane is: those to the right near the right end, the first one outermost."""
        if flight["lane"] >= _MOST:
            return None
        away = 4 + _LANE * flight["lane"]
        return wire - 1 - away if flight["way"] == 0 else away

    def between(self, at, wire):
        """The wire below line `at`: the lanes of packets that are under way there."""
        cells = [" "] * wire
        for flight in self.flights:
            column = self._column(flight, wire)
            if column is not None and flight["first"] <= at and flight["last"] is not None and at < flight["last"]:
                cells[column] = "│"
        return "".join(cells)

    def drawn(self, at, wire):
        """The wire in line `at`."""
        line, cells = self.lines[at], [" "] * wire
        for flight in self.flights:
            column = self._column(flight, wire)
            if column is not None and flight["last"] is not None and flight["first"] < at < flight["last"]:
                cells[column] = "│"
        if line.arrow is None:
            return "".join(cells)
        flight = next((flight for flight in self.flights if flight["arrow"] is line.arrow), None)
        rightward = line.arrow.source < line.arrow.target
        column = self._column(flight, wire) if flight and line.part != "whole" else None
        mark = flight.get("mark", "") if flight else ""
        start, end = 0, wire - 1  # of the shaft, in the direction of reading
        if line.part == "fails":
            word = f" {line.arrow.fate}"
            cross = "✕" if line.arrow.bad else "▷" if rightward else "◁"
            reach = wire - len(word) - 2 - (2 if wire > _SHAFT else 0)
            start, end = (0, min(reach, wire * 2 // 3)) if rightward else (max(wire - 1 - reach, wire // 3), wire - 1)
            self._shaft(cells, start, end)
            if rightward:
                cells[end] = cross
                _write(cells, end + 1, word)
            else:
                cells[start] = cross
                _write(cells, start - len(word), f"{word[1:]} ")
            self._label(cells, _label(line), start + 1, end - 1)
            return "".join(cells)
        if line.part == "leaves" and column is not None:
            turns = "╮" if rightward else "╭"
            start, end = (0, column) if rightward else (column, wire - 1)
        elif line.part == "arrives" and column is not None:
            turns = "╰" if rightward else "╯"
            if flight["last"] != at:
                turns = "├" if rightward else "┤"
            start, end = (column, wire - 1) if rightward else (0, column)
        self._shaft(cells, start, end)
        if column is not None:
            cells[column] = turns
        elif mark:
            edge = (end if rightward else start) if line.part == "leaves" else (start if rightward else end)
            cells[edge] = mark
        if line.part in ("whole", "arrives"):
            cells[end if rightward else start] = "▶" if rightward else "◀"
        inner = (_LANE * self.used[1] + 2, wire - 1 - _LANE * self.used[0] - 2)
        said = _label(line) if line.part != "arrives" else (line.arrow.said if mark else "")
        self._label(cells, said, *(inner if any(self.used) else (0, wire - 1)))
        return "".join(cells)

    def _shaft(self, cells, start, end):
        for at in range(start, end + 1):
            cells[at] = "┼" if cells[at] == "│" else "─"

    def _label(self, cells, said, start, end):
        if said:
            said = f" {said} "
            _write(cells, start + max(0, (end + 1 - start - len(said)) // 2), said)


def _inner(taken):
    """The outermost lane that is inside of all others, so that nothing crosses when all arrive in order."""
    lane = max(taken, default=-1) + 1
    if lane < _MOST:
        return lane
    return next((lane for lane in range(_MOST) if lane not in taken), lane)


def _write(cells, start, said):
    for at, letter in enumerate(said):
        if 0 <= start + at < len(cells):
            cells[start + at] = letter


def _wrapped(said, room):
    """`said` in lines of at most `room` letters, broken at spaces, or inside a word that is longer."""
    if len(said) <= room:
        return [said] if said else []
    lines = [""]
    for word in said.split(" "):
        if lines[-1].strip() and len(lines[-1]) + 1 + len(word) > room:
            lines.append("  " + word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
        while len(lines[-1]) > room:
            rest = lines[-1]
            lines[-1] = rest[:room]
            lines.append("  " + rest[room:])
    return lines


# --- more hosts than two ----------------------------------------------------------------------------


def _listed(timeline, made, lines, spans):
    """A column for each host, and last the wire's: who sends to whom."""
    columns = []
    numbers = {}
    for host, end in enumerate(timeline.hosts):
        depth = made.depth(host)
        cells = []
        for at, line in enumerate(lines):
            bar = _bars(spans, depth, host, at, False)
            state = line.states.get(host, "")
            if host in line.feet:
                state = f"{_foot(line.feet[host])} {state}".strip()
            cells.append((line.calls.get(host, ""), bar, state))
        outer = max(len(cell[0]) for cell in cells)
        columns.append([end.label, "", *(f"{a:<{outer}} {b:<{depth}} {c}".strip("\n") for a, b, c in cells)])
    wire = ["the wire", ""]
    for line in lines:
        wire.append(_told(timeline, line, numbers) if line.arrow is not None else "")
    columns.append(wire)
    wide = [max(map(len, column)) for column in columns]
    return "\n".join(
        "   ".join(f"{cell:<{size}}" for cell, size in zip(row, wide, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    )


def _told(timeline, line, numbers):
    """`client ── SYN ──▶ server`, and with a number where it leaves and arrives at different moments."""
    arrow = line.arrow
    source, target = (timeline.hosts[host].label for host in (arrow.source, arrow.target))
    said = f" {arrow.label if line.part != 'arrives' else arrow.said} "
    if line.part == "whole":
        return f"{source} ──{said}──▶ {target}"
    if line.part == "fails":
        return f"{source} ──{said}──{'✕' if arrow.bad else '▷'} {arrow.fate}"
    mark = numbers.setdefault(id(arrow), _CIRCLED[len(numbers) % len(_CIRCLED)])
    return f"{source} ──{said}── {mark}" if line.part == "leaves" else f"{mark} ──{said}──▶ {target}"
