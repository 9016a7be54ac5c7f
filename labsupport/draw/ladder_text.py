"""A timeline as text: for a page without a kernel, a screen reader, and the tests that compare outputs.

The same rows as the drawn ladder. Of two sockets the calls stand outside, the states inside, and the middle
is the wire's; in parentheses what was passed but not seen. A bracket joins a call that waited with its end.
"""

from __future__ import annotations

from labsupport.draw.rows import came_back, order, plan


def timeline_text(timeline):
    """The ladder as text: settled, the same from run to run."""
    made = plan(timeline)
    if not made.rows:
        return "no call on a socket was made"
    lanes = timeline.lanes
    if len(lanes) == 2:
        return _facing(made, lanes)
    return _side_by_side(made, lanes)


def _facing(made, lanes):
    """Two lanes, mirrored: calls outside, states inside, the wire's place between them."""
    left, right = order(lanes)
    one, other = _cells(made, left), _cells(made, right, outside=True)
    outer, inner = _wide(one, 0), max(_wide(one, 2), len("FIN-WAIT-1"))
    mirrored = max(_wide(other, 2), len("FIN-WAIT-1"))
    lines = [
        f"{lanes[left].label:<{outer + inner + made.depth(left) + 2}}{'':8}{lanes[right].label:>{mirrored}}",
        "",
    ]
    for (said, bar, state), (said_too, bar_too, state_too) in zip(one, other, strict=True):
        here = f"{said:<{outer}} {bar:<{made.depth(left)}} {state:<{inner}}"
        there = f"{state_too:>{mirrored}} {bar_too[::-1].translate(_MIRROR):>{made.depth(right)}} {said_too}"
        lines.append(f"{here}{'':8}{there}".rstrip())
    return "\n".join(lines)


def _side_by_side(made, lanes):
    """Any number of lanes, a column each: calls, then states."""
    columns = []
    for number in order(lanes):
        cells, depth = _cells(made, number), made.depth(number)
        outer, inner = _wide(cells, 0), _wide(cells, 2)
        column = [lanes[number].label, ""]
        column += [f"{said:<{outer}} {bar:<{depth}} {state:<{inner}}".rstrip() for said, bar, state in cells]
        columns.append(column)
    wide = [max(map(len, column)) for column in columns]
    return "\n".join(
        "    ".join(f"{cell:<{size}}" for cell, size in zip(line, wide, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )


_MIRROR = str.maketrans("┌└", "┐┘")


def _wide(cells, part):
    return max((len(cell[part]) for cell in cells), default=0)


def _cells(made, lane, outside=False):
    """(call, bars, state) of `lane` for every row; what came back of a call that waited stands at its bar's
    foot.

    `outside`: it stands among the calls, on the bar's other side.
    """
    spans = [span for span in made.spans if span.lane == lane]
    cells = []
    for at, row in enumerate(made.rows):
        bar = "".join(_mark(spans, depth, at) for depth in range(made.depth(lane)))
        if row.lane != lane:
            cells.append(("", bar, ""))
            continue
        state = row.state if row.seen or row.state in ("", "…") else f"({row.state})"
        back = came_back(row)
        if row.kind == "return":
            foot = back.removeprefix("→ ")
            cells.append((foot, bar, state) if outside else ("", bar, foot))
        else:
            cells.append((f"{row.said} {back}".strip(), bar, state))
    return cells


def _mark(spans, depth, at):
    """What a bar of `depth` shows in row `at`: its head, its foot, itself or nothing."""
    for span in spans:
        if span.depth == depth and span.first <= at and (span.last is None or at <= span.last):
            return "┌" if at == span.first else "└" if at == span.last else "│"
    return " "
