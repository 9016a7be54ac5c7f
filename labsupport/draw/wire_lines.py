"""A scene's moments put into lines of text: which of them stand in one line, and which call's bar runs there.

A line is read along its arrow: what a call did at one host, the packet, what it brought about at the other.
So a moment joins the line before it only where that order is the true one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_BESIDE = 12  # letters of an outcome that still stands among the states


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


def lines(made, hosts):
    """(the lines of a plan, [call, line where it begins, line where it ends or None] of each that waits)."""
    told, spans = [], {}
    for moment in made.moments:
        if moment.kind == "held":
            continue
        if not told or not _joins(told[-1], moment, hosts):
            told.append(Line())
        _put(told[-1], moment)
        if moment.kind == "begin":
            spans[moment.item.begin] = [moment.item, len(told) - 1, None]
        elif moment.kind == "return":
            spans[moment.item.begin][2] = len(told) - 1
    return told, list(spans.values())


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
    return call.failed or len(foot(call)) > _BESIDE


def foot(call):
    """What stands where a call's bar ends."""
    return call.outcome.removeprefix("→ ")


def _put(line, moment):
    host, item = moment.host, moment.item
    if moment.kind in ("call", "begin"):
        back = item.told if moment.kind == "call" else ""
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


def bars(spans, depth, host, at, below=False):
    """The bars of one host in line `at`: heads, feet and shafts; `below`: under that line's first row."""
    marks = ""
    for place in range(depth):
        mark = " "
        for call, first, last in spans:
            if call.host == host and call.depth == place and first <= at and (last is None or at <= last):
                mark = "┌" if at == first else "└" if at == last else "│"
                if below and mark != "│":
                    mark = "│" if at == first else " "
        marks += mark
    return marks
