"""A timeline as a ladder: what each program did outside, its kernel's states along an axis, the wire in the
middle.

A filled dot is a call that begins, a ring one that returns, a bar the time it waits; a dashed frame is a
state that was passed but not seen. Two sockets face each other across the middle, where the packets' lane has
its place. One socket has one axis, more than two have a column each.
"""

from __future__ import annotations

from labsupport.draw import theme
from labsupport.draw.rows import came_back, order, plan

WIDTH, STEP, LINE, TOP = 720, 27, 13, 78
_SIZE = 11.3  # of the letters of a call
_NARROWEST = 170  # of a column
_DEPTH = {
    "ESTABLISHED": 1.0,
    "SYN-SENT": 0.4,
    "SYN-RECEIVED": 0.4,
    "LISTEN": 0.28,
    "TIME-WAIT": 0.28,
    "CLOSED": 0.1,
}


class Column:
    """Where one lane's pieces stand. `side`: -1 with its calls at the left of the axis, 1 at the right.

    `dot`, `text`, `pill`: how far from the axis a call's dot, its words and a state's name are.
    """

    def __init__(self, lane, axis, side, room, *, dot=112, pill=9, pill_side=None):
        self.lane, self.axis, self.side, self.room = lane, axis, side, room
        self.ink = theme.color(lane.role)
        self.dot = axis + side * dot
        self.text = self.dot + side * 12
        self.pill_side = pill_side or side
        self.pill = axis + self.pill_side * pill
        self.anchor = "end" if side < 0 else "start"


class Drawing:
    """A timeline's plan with its columns and the height at which each row stands."""

    def __init__(self, timeline, live):
        lanes = timeline.lanes
        self.plan = plan(timeline, live, apart=len(lanes) > 2)
        self.width = max(WIDTH, 24 + _NARROWEST * len(lanes))
        self.columns = _columns(lanes, self.width)
        self.words = [_words(self.columns[row.lane], row) for row in self.plan.rows]
        self.heights, y = [], TOP
        for words in self.words:
            extra = LINE * max(0, len(words) - 1)
            self.heights.append(y)
            y += STEP + extra
        self.height = max(y, TOP + STEP) + 14


def timeline_svg(timeline, live=False):
    """The ladder of `timeline` as SVG, 720 pixels wide; `live` adds how long each call took, and what was
    sampled.
    """
    drawing = Drawing(timeline, live)
    wide, high, rows = drawing.width, drawing.height, drawing.plan.rows
    body = [theme.sheet(wide, high)]
    body += _heads(drawing)
    for number, column in enumerate(drawing.columns):
        body += _axis(
            column,
            [(y, row) for y, row in zip(drawing.heights, rows, strict=True) if row.lane == number],
            high,
        )
    body += [_span(drawing, span) for span in drawing.plan.spans]
    body += [
        _row(drawing.columns[row.lane], row, y, words)
        for row, y, words in zip(rows, drawing.heights, drawing.words, strict=True)
    ]
    if not rows:
        body.append(
            theme.text(
                wide / 2, TOP + 6, "no call on a socket was made", fill="dim", anchor="middle", italic=True
            )
        )
    names = " and ".join(lane.label for lane in timeline.lanes) or "no socket"
    spoken = _spoken(drawing.plan, timeline.lanes)
    return theme.figure(
        wide, high, "".join(body), title=f"Timeline of {names}", description=spoken, live=live
    )


def _columns(lanes, wide):
    """A Column for each lane."""
    if len(lanes) == 1:
        return [Column(lanes[0], 400, -1, 360, dot=18, pill_side=1)]
    if len(lanes) == 2:
        left, right = order(lanes)
        found = {left: Column(lanes[left], 322, -1, 186), right: Column(lanes[right], 398, 1, 186)}
        return [found[0], found[1]]
    each = (wide - 24) / max(1, len(lanes))
    places = {number: 24 + place * each for place, number in enumerate(order(lanes))}
    return [Column(lane, places[number], 1, each - 40, dot=18, pill=30) for number, lane in enumerate(lanes)]


def _heads(drawing):
    columns, parts = drawing.columns, []
    facing = len(columns) == 2
    for column in columns:
        lane = column.lane
        # Beside the axis when the columns are many, above it otherwise; two names that face each other must
        # not touch.
        anchor = "start" if len(columns) > 2 else column.anchor if facing else "middle"
        x = column.axis - (8 if len(columns) > 2 else 0) - (8 * column.side if facing else 0)
        room = drawing.width / max(2, len(columns)) - 20
        parts.append(
            theme.text(
                x, 30, theme.fitted(lane.label, 15, room), size=15, fill=column.ink, anchor=anchor, weight=650
            )
        )
        parts.append(theme.text(x, 47, lane_kind(lane), size=11, fill="dim", anchor=anchor))
        if facing:
            x = 106 if column.side < 0 else drawing.width - 106
            parts.append(theme.text(x, 30, "what its program did", size=11, fill="dim", anchor="middle"))
    parts.append(f'<line x1="16" y1="58" x2="{drawing.width - 16}" y2="58" stroke="var(--line)"/>')
    return parts


def lane_kind(lane):
    """`TCP`, `UDP`, `Unix stream`, `Unix datagram`."""
    stream = lane.type == "SOCK_STREAM"
    if lane.family == "AF_UNIX":
        return "Unix stream" if stream else "Unix datagram"
    return {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP"}.get(lane.type, lane.type.removeprefix("SOCK_").lower())


def _axis(column, rows, high):
    """The thin line from top to bottom, and the state's color along it, deeper while ESTABLISHED."""
    x, bottom = theme.number(column.axis), high - 12
    parts = [f'<line x1="{x}" y1="64" x2="{x}" y2="{bottom}" stroke="{column.ink}" stroke-opacity=".35"/>']
    reached = [(y, row.state) for y, row in rows if row.state]
    ends = [y for y, _ in reached[1:]] + [bottom]
    for (y, state), until in zip(reached, ends, strict=False):
        depth = f' fill-opacity="{_DEPTH.get(state, 0.55)}"'
        parts.append(theme.rect(column.axis - 3.5, y, 7, until - y, column.ink, extra=depth))
    return parts


def _span(drawing, span):
    """The bar of a call that waits."""
    column, rows, heights = drawing.columns[span.lane], drawing.plan.rows, drawing.heights
    top = heights[span.first]
    bottom = drawing.height - 14 if span.last is None else heights[span.last]
    x = column.dot - column.side * 9 * span.depth
    bar = theme.rect(x - 3, top, 6, bottom - top, column.ink, radius=3, extra=' fill-opacity=".3"')
    between = range(span.first + 1, len(rows) if span.last is None else span.last)
    taken = [
        at
        for at in between
        if rows[at].lane == span.lane and (rows[at].kind != "state" or column.pill > column.dot > column.axis)
    ]
    first_line = top + LINE * max(0, len(drawing.words[span.first]) - 1)
    if span.depth or taken or bottom - first_line < 1.5 * STEP:
        return bar
    said = "waits" if span.last is not None else "still waits"
    y = (first_line + bottom) / 2 + 4
    return bar + theme.text(column.text, y, said, size=11, fill="dim", anchor=column.anchor, italic=True)


def _row(column, row, y, words):
    x, parts = theme.number(column.dot), []
    if row.state:
        parts.append(_pill(column, row, y))
    if row.kind in ("call", "begin"):
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{column.ink}"/>')
    elif row.kind == "return":
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="4" fill="var(--paper)" stroke="{column.ink}" stroke-width="1.8"/>'
        )
    parts += [
        theme.text(
            column.text, y + 4 + LINE * at, said, size=_SIZE, fill=ink, anchor=column.anchor, mono=True
        )
        for at, (said, ink) in enumerate(words)
    ]
    return "".join(parts)


def _pill(column, row, y):
    start = column.axis + 3 * column.pill_side
    end = theme.number(column.pill)
    line = f'<path d="M{theme.number(start)} {y}H{end}" stroke="{column.ink}" stroke-width="1.3"/>'
    anchor = "end" if column.pill_side < 0 else "start"
    if row.state == "…":  # several ways fit: no state, so no frame
        return line + theme.text(
            column.pill + 5 * column.pill_side, y + 3, "…", size=15, fill=column.ink, anchor=anchor
        )
    look = (
        {"fill": "var(--soft)", "weight": 650}
        if row.seen
        else {"fill": "var(--paper)", "weight": 500, "dashed": True}
    )
    return line + theme.pill(
        column.pill, y, row.state, size=9.8, ink=column.ink, stroke=column.ink, anchor=anchor, **look
    )


def _words(column, row):
    """The words of a row as (line, color) pairs: the call, then what came back, and live how long it took."""
    if row.kind == "state":
        return []
    back = came_back(row)
    if row.elapsed is not None and row.kind == "return":
        back += f"  {duration(row.elapsed)}"
    one = f"{row.said} {back}".strip()
    if not row.failed and _fits(one, column.room):
        return [(one, "ink")]
    lines = [(line, "ink") for line in theme.wrapped(row.said, _SIZE, column.room)]
    return lines + [(line, "x" if row.failed else "ink") for line in theme.wrapped(back, _SIZE, column.room)]


def _fits(said, room):
    return theme.width(said, _SIZE, mono=True) <= room


def duration(seconds):
    """A duration in the unit that suits it: `38 µs`, `20.4 ms`, `1.02 s`."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _spoken(made, lanes):
    """The rows as sentences for a screen reader."""
    said = []
    for row in made.rows:
        parts = [row.said, {"return": "returns", "begin": "begins"}.get(row.kind, ""), row.result]
        if row.state:
            parts.append(("is " if row.seen else "passes ") + row.state)
        said.append(f"{lanes[row.lane].label}: " + " ".join(part for part in parts if part))
    return ". ".join(said) + "."
