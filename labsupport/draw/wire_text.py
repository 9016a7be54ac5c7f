"""A scene as text: for a page without a kernel, a screen reader, and the tests that compare outputs.

Two hosts face each other: calls outside, states inside, the wire between. A line is one moment, read along
its arrow: what a call did at one host, the packet, what it brought about at the other. A packet that arrives
later than the next moment turns down at `╮` and goes on from `╰`; where it crosses another stands `┼`.
"""

from __future__ import annotations

from labsupport.draw.wire_lanes import Lanes, label, numbered
from labsupport.draw.wire_lines import bars, foot, lines
from labsupport.draw.wire_rows import plan

LIMIT = 100  # columns, where the words allow it
_LEAST, _MOST = 20, 27  # columns for a call that is broken into lines
_STATE = 10  # columns for a state, at least


def wire_text(timeline):
    """The ladder of a scene as text, the same from run to run; at most 100 columns wide where it can be.

    A recorded timeline begins with the line `recorded earlier: REASON`.
    """
    made = plan(timeline)
    said = " ".join(str(timeline.recorded).split())
    first = f"recorded earlier: {said}\n" if said else ""
    if all(moment.kind == "held" for moment in made.moments):
        return first + "nothing happened on these hosts"
    told, spans = lines(made, len(timeline.hosts))
    if len(timeline.hosts) == 2:
        return first + _Facing(timeline, made, told, spans).text()
    return first + _listed(timeline, told)


class _Facing:
    """Two hosts, mirrored. `call`, `state`, `depth`: the columns that each host's cells take."""

    def __init__(self, timeline, made, told, spans):
        self.hosts, self.lines, self.spans = timeline.hosts, told, spans
        self.lanes = Lanes(told)
        self.depth = [made.depth(0), made.depth(1)]
        beside = [
            len(foot(call)) for line in told for host, call in line.feet.items() if not host and not line.free
        ]
        self.state = [max([_STATE, *(len(line.states.get(host, "")) for line in told)]) for host in (0, 1)]
        self.state[0] = max([self.state[0], *beside])
        self.call = [max([4, *(len(line.calls.get(host, "")) for line in told)]) for host in (0, 1)]
        self.call[1] = max([self.call[1], *(len(foot(line.feet[1])) for line in told if 1 in line.feet)])
        self._fit()

    def _fit(self):
        """Make the calls' columns narrower until a line has at most LIMIT columns, if it can."""
        inner = sum(self.state) + sum(self.depth) + self.lanes.wide + 8
        least = [self._longest_word(host) for host in (0, 1)]
        while inner + sum(self.call) > LIMIT:
            spare = [self.call[host] - least[host] for host in (0, 1)]
            if max(spare) <= 0:
                break
            self.call[spare.index(max(spare))] -= 1

    def _longest_word(self, host):
        """The columns that a host's calls need, broken at spaces and after their names."""
        said = [line.calls.get(host, "") for line in self.lines]
        said += [foot(line.feet[1]) for line in self.lines if host and 1 in line.feet]
        words = (word for call in said for word in call.replace("(", "( ", 1).split(" "))
        return max(_LEAST, min(_MOST, max(map(len, words), default=0) + 2))

    def text(self):
        """The head and the lines."""
        before = self.call[0] + self.depth[0] + self.state[0] + 4
        left, right = (end.label for end in self.hosts)
        head = f"{left:<{before}}{'the wire':^{self.lanes.wide}}  {right:>{self.state[1]}}".rstrip()
        return "\n".join([head, "", *(row for at in range(len(self.lines)) for row in self._rows(at))])

    def _rows(self, at):
        """Line number `at`, in more than one row where a call is too long for its column."""
        line = self.lines[at]
        left = wrapped(line.calls.get(0, ""), self.call[0])
        right = line.calls.get(1, "") or (foot(line.feet[1]) if 1 in line.feet else "")
        right = wrapped(right, self.call[1])
        inside, over = line.states.get(0, ""), ""
        if 0 in line.feet and not inside:
            inside = foot(line.feet[0])
            if len(inside) > self.state[0]:  # it lies over the wire, where nothing crosses meanwhile
                inside, over = "", inside
        rows = []
        for row in range(max(len(left), len(right), 1)):
            one, two = self._bars(at, row)
            wire = self.lanes.below(at) if row else self.lanes.drawn(at)
            middle = f"{'' if row else inside:<{self.state[0]}}  {wire}"
            if over and not row:
                middle = over + middle[len(over) :] if not middle[: len(over) + 1].strip() else middle
            there = f"{'' if row else line.states.get(1, ''):>{self.state[1]}} {two} {_cell(right, row)}"
            rows.append(f"{_cell(left, row):<{self.call[0]}} {one} {middle}  {there}".rstrip())
        if (
            over and over not in rows[0]
        ):  # a packet is under way there: below, over its lane, it would be worse
            rows[0] = rows[0].rstrip() + f"   {over}"
        return rows

    def _bars(self, at, row):
        """Both hosts' bars; below a line's first row a bar that ended there is gone."""
        one, two = (bars(self.spans, self.depth[host], host, at, below=bool(row)) for host in (0, 1))
        return one, two[::-1].translate(_MIRROR)


_MIRROR = str.maketrans("┌└", "┐┘")


def _cell(rows, row):
    return rows[row] if row < len(rows) else ""


def wrapped(said, room):
    """`said` in lines of at most `room` letters, broken before what came back, or where it can be."""
    if len(said) <= room:
        return [said] if said else []
    for mark in ("→", "✕"):
        call, found, back = said.partition(f" {mark} ")
        if found and len(call) <= room and len(back) + 4 <= room:
            return [call, f"  {mark} {back}"]
    name, bracket, rest = said.partition("(")
    if bracket and len(rest) + 2 <= room and " " not in name:
        return [name + bracket, f"  {rest}"]
    rows = [""]
    for word in said.split(" "):
        if rows[-1].strip() and len(rows[-1]) + 1 + len(word) > room:
            rows.append("  " + word)
        else:
            rows[-1] += f" {word}" if rows[-1] else word
        while len(rows[-1]) > room:
            rows[-1:] = [rows[-1][:room], "  " + rows[-1][room:]]
    return rows


# --- more hosts than two ----------------------------------------------------------------------------


def _listed(timeline, told):
    """More hosts than two: each line says who did what, the packet, and what came of it at whom."""
    rows, numbers = [], {}
    for line in told:
        arrow = line.arrow
        source = arrow.source if arrow is not None else next(iter(line.hosts))
        landed = arrow is not None and line.part in ("whole", "arrives")
        here = ("", "", "") if line.part == "arrives" else _at(timeline, line, source)
        there = _at(timeline, line, arrow.target) if landed else ("", "", "")
        rows.append((*here, _packet(line, numbers), *there))
    wide = [max(len(row[column]) for row in rows) for column in range(7)]
    shafts = [_stretched(row[3], wide[3]) for row in rows]
    return "\n".join(
        "  ".join(
            f"{cell:<{size}}" for cell, size in zip((*row[:3], shaft, *row[4:]), wide, strict=True)
        ).rstrip()
        for row, shaft in zip(rows, shafts, strict=True)
    )


def _at(timeline, line, host):
    """(who, what its call did, its state) in a line."""
    said = line.calls.get(host, "")
    if host in line.feet:
        call = line.feet[host]
        said = f"{said} {call.said.partition('(')[0]} {call.outcome}".strip()
    return timeline.hosts[host].label, said, line.states.get(host, "")


def _packet(line, numbers):
    """(start, label, end) of an arrow joined by tabs, to be stretched; "" without one."""
    if line.arrow is None:
        return ""
    said = f" {label(line)} "
    if line.part == "fails":
        return f"──{said}──{'✕' if line.arrow.bad else '▷'} {line.arrow.fate}"
    if line.part == "whole":
        return f"──{said}──▶"
    mark = numbers.setdefault(id(line.arrow), numbered(len(numbers)))
    return f"──{said}──{mark}" if line.part == "leaves" else f"{mark}─{said}──▶"


def _stretched(arrow, wide):
    """An arrow as long as the others."""
    if not arrow.endswith("▶") and "✕" not in arrow and arrow:
        return arrow
    lack = wide - len(arrow) if arrow.endswith("▶") else 0
    return arrow[:1] + "─" * (lack // 2) + arrow[1:-1] + "─" * (lack - lack // 2) + arrow[-1:]
