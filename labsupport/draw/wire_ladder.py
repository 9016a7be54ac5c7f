"""A scene as a ladder in SVG: two hosts, their calls outside, their kernels' states along the axes, and
between them each packet as an arrow that leaves at one moment and arrives at another.

A filled dot is a call that begins, a ring one that returns, a bar the time it waits. An arrow that does not
arrive is dashed and red and ends in a ✕ with the wire's word for it.
"""

from __future__ import annotations

from labsupport.draw import theme
from labsupport.draw.wire_arrows import arrows_svg
from labsupport.draw.wire_place import CALL_SIZE, LINE, MARGIN, PILL_HEIGHT, PILL_SIZE, TOP, Placed
from labsupport.draw.wire_rows import plan
from labsupport.draw.wire_words import told
from labsupport.events import Became, Held

DEPTH = {
    "ESTABLISHED": 1.0,
    "SYN-SENT": 0.4,
    "SYN-RECEIVED": 0.4,
    "LISTEN": 0.22,
    "TIME-WAIT": 0.28,
    "CLOSED": 0.08,
}
_HALO = ' stroke="var(--paper)" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'
FAINT = 0.17  # the opacity of what has not happened yet, where the stepper stands


def wire_svg(timeline, live=False, scale="order", until=None):
    """The ladder of a scene as SVG, 720 pixels wide (960 with three hosts).

    `live`: durations and relative sequence numbers too, in the page's own colors. `scale`: "order", or
    "time" with heights to scale of the events' times. `until`: the number of the event where somebody stands
    who walks through it: it is marked, what comes later is faint. ValueError for another scale, or an
    `until` that is no event's number.
    """
    if scale not in ("order", "time"):
        raise ValueError(f'scale is "order" or "time", not {scale!r}')
    if until is not None and not 0 <= until < len(timeline.events):
        raise ValueError(f"until is an event's number, 0 to {len(timeline.events) - 1}, not {until!r}")
    drawing = Drawing(Placed(timeline, plan(timeline), live, scale), until)
    placed = drawing.placed
    body = [
        theme.sheet(placed.width, placed.height),
        _captions(placed),
        _recorded(timeline, placed.width),
        '<g class="rungs">',
        _heads(placed),
        _time_axis(placed),
        drawing.mark(),
    ]
    for column in placed.columns:
        body += _axis(drawing, column)
    body += [_bar(drawing, call) for call in placed.plan.calls if call.waits]
    body += arrows_svg(drawing)
    body += [_moment(drawing, moment) for moment in placed.plan.moments]
    if not placed.plan.moments:
        middle = placed.width / 2
        body.append(theme.text(middle, TOP + 6, "nothing happened", fill="dim", anchor="middle", italic=True))
    body.append("</g>")
    names = " and ".join(end.label for end in timeline.hosts) or "no host"
    return theme.figure(
        placed.width,
        placed.height,
        "".join(body),
        title=f"Ladder of {names}",
        description=told(timeline),
        live=live,
    )


class Drawing:
    """What the pieces need: the Placed plan, and how far one has walked."""

    def __init__(self, placed, until):
        self.placed, self.until = placed, until
        self.bottom = placed.height - 12
        self.now = _now(placed.timeline.events, until)

    def faint(self, at):
        """Whether event `at` has not happened yet."""
        return self.until is not None and at > self.until

    def shaded(self, at, svg):
        """`svg`, faint where event `at` has not happened yet."""
        return f'<g opacity="{FAINT}">{svg}</g>' if svg and self.faint(at) else svg

    def down(self, begin, top, bottom, x, wide, ink, depth, radius=0):
        """A band from `top` to `bottom` that began at event `begin`; faint below where one stands."""
        now = None if self.until is None else self.placed.at(self.until)
        if now is None or bottom <= now:
            return theme.rect(
                x, top, wide, bottom - top, ink, radius=radius, extra=f' fill-opacity="{depth:g}"'
            )
        parts, turn = [], top
        if not self.faint(begin) and now > top:
            turn = now
            parts.append(
                theme.rect(x, top, wide, now - top, ink, radius=radius, extra=f' fill-opacity="{depth:g}"')
            )
        faded = f' fill-opacity="{depth * FAINT:.2g}"'
        return "".join(parts) + theme.rect(x, turn, wide, bottom - turn, ink, radius=radius, extra=faded)

    def mark(self):
        """The stripe behind the event where one stands."""
        if self.until is None:
            return ""
        y, wide = self.placed.at(self.until), self.placed.width
        stripe = theme.rect(6, y - 11, wide - 12, 22, "var(--c)", radius=6, extra=' fill-opacity=".11"')
        return stripe + f'<path d="M6 {theme.number(y - 6)}l8 6-8 6z" fill="var(--c)"/>'


def _now(events, until):
    """The numbers of the events that are marked: where one stands, and what brought that about."""
    if until is None:
        return frozenset()
    found = {until}
    while until > 0 and isinstance(events[until], (Became, Held)):
        until -= 1
        found.add(until)
    return frozenset(found)


def _captions(placed):
    first, last = placed.columns[0], placed.columns[-1]
    parts = []
    for column in dict.fromkeys((first, last)):
        x = (column.dot + (MARGIN if column.side < 0 else placed.width - MARGIN)) / 2
        x = max(MARGIN + 56, min(x, placed.width - MARGIN - 56))
        parts.append(theme.text(x, 28, "what its program did", size=11, fill="dim", anchor="middle"))
    if first is not last:
        middle = (first.axis + last.axis) / 2
        parts.append(theme.text(middle, 28, "the wire", size=11, fill="dim", anchor="middle"))
    return "".join(parts)


def _recorded(timeline, wide):
    """The band that says that this was recorded; it lies over the captions, so that nothing else moves."""
    if not timeline.recorded:
        return ""
    said = " ".join(str(timeline.recorded).split())
    size, room = 11, wide - 2 * MARGIN - 126
    lines, words = [], said.split(" ")
    while words and len(lines) < 2:
        line = words.pop(0)
        while words and theme.width(f"{line} {words[0]}", size) <= room:
            line += " " + words.pop(0)
        lines.append(line)
    if words or theme.width(lines[-1], size) > room:
        lines[-1] = theme.fitted(" ".join([lines[-1], *words]), size, room)
    first = 27.5 if len(lines) == 1 else 20.5
    parts = [
        f"<title>{theme.escape('recorded earlier: ' + said)}</title>",
        theme.rect(8, 6, wide - 16, 35, "var(--soft)", radius=8, line="var(--s)"),
        theme.text(MARGIN + 6, 27.5, "recorded earlier", size=12, fill="s", weight=650),
    ]
    parts += [theme.text(MARGIN + 120, first + 14 * at, line, size=size) for at, line in enumerate(lines)]
    return f'<g class="recorded">{"".join(parts)}</g>'


def _heads(placed):
    parts = []
    for column in placed.columns:
        x, end = column.axis, column.end
        parts.append(theme.text(x, 62, end.label, size=15, fill=column.ink, anchor="middle", weight=650))
        parts.append(theme.text(x, 78, end.address, size=11, fill="dim", anchor="middle", mono=True))
    parts.append(f'<line x1="16" y1="87.5" x2="{placed.width - 16}" y2="87.5" stroke="var(--line)"/>')
    return "".join(parts)


def _time_axis(placed):
    if not placed.ticks:
        return ""
    parts, last = [], placed.ticks[-1][1]
    unit, times = ("s", 1) if last >= 2 else ("ms", 1e3) if last >= 0.002 else ("µs", 1e6)
    for y, seconds in placed.ticks:
        said = f"{seconds * times:.6g}" + (f" {unit}" if not seconds else "")
        parts.append(
            f'<line x1="44" y1="{theme.number(y)}" x2="{placed.width - 16}" y2="{theme.number(y)}"'
            ' stroke="var(--line)" stroke-opacity=".55"/>'
        )
        parts.append(theme.text(39, y + 3.5, said, size=10, fill="dim", anchor="end"))
    return "".join(parts)


def _axis(drawing, column):
    """The thin line from top to bottom, and each socket's state along it, deeper while ESTABLISHED."""
    placed, bottom, x = drawing.placed, drawing.bottom, theme.number(column.axis)
    parts = [f'<path d="M{x} 92V{theme.number(bottom)}" stroke="{column.ink}" stroke-opacity=".35"/>']
    by_socket = {}
    for state in placed.plan.states:
        if state.host == column.host:
            by_socket.setdefault(state.socket, []).append(state)
    listeners_first = sorted(by_socket.values(), key=lambda states: states[0].state != "LISTEN")
    wide = 7 if column.bands == 1 else column.band - 1
    for states in listeners_first:
        track = placed.tracks[states[0].socket]
        left = column.axis + column.side * column.band * track - wide / 2
        for state, then in zip(states, [*states[1:], None], strict=True):
            top = placed.y[state.at]
            end = bottom if then is None else placed.y[then.at]
            if then is None and state.state == "CLOSED":
                end = min(bottom, top + 22)
            if end - top > 0.5:
                if not drawing.faint(state.at):
                    parts.append(theme.rect(left, top, wide, end - top, "var(--paper)"))
                depth = DEPTH.get(state.state, 0.55)
                parts.append(drawing.down(state.at, top, end, left, wide, column.ink, depth))
    return parts


def _bar(drawing, call):
    """The bar of a call that waits, and the word for it."""
    placed, column = drawing.placed, drawing.placed.columns[call.host]
    top, last = placed.y[call.begin], call.end is None
    bottom = drawing.bottom if last else placed.y[call.end]
    x = column.dot - column.side * 9 * call.depth
    bar = drawing.down(call.begin, top, bottom, x - 3, 6, column.ink, 0.3, radius=3)
    taken = [
        (y - 6, y + 8 + LINE * (len(placed.words[moment.at]) - 1))
        for moment in placed.plan.moments
        if moment.host == call.host and (y := placed.text_y.get(moment.at)) is not None
    ]
    if column.middle:
        taken += [(y - 9, y + 9) for at, y in placed.pill_y.items()]
    high, low = _gap(top, bottom, taken)
    if call.depth or low - high < 17:
        return bar
    said = "still waits" if last else "waits"
    words = theme.text(
        column.text, (high + low) / 2 + 4, said, size=11, fill="dim", anchor=column.anchor, italic=True
    )
    return bar + drawing.shaded(call.begin, words)


def _gap(top, bottom, taken):
    """The highest stretch between two heights where nothing is written."""
    edges, best = top, (top, top)
    for high, low in [*sorted(taken), (bottom, bottom)]:
        high = min(high, bottom)
        if high - edges > best[1] - best[0]:
            best = (edges, high)
        edges = max(edges, low)
    return best


def _moment(drawing, moment):
    """The dot, ring or pill of a moment, with its words."""
    placed, column = drawing.placed, drawing.placed.columns[moment.host]
    if moment.kind == "state":
        return drawing.shaded(moment.at, _pill(drawing, column, moment.item))
    if moment.kind not in ("call", "begin", "return"):
        return ""
    call, y = moment.item, placed.y[moment.at]
    x = column.dot - column.side * 9 * call.depth
    if moment.kind == "return":
        dot = f'r="4" fill="var(--paper)" stroke="{column.ink}" stroke-width="1.8"'
    else:
        dot = f'r="4" fill="{column.ink}"'
    svg = f'<circle cx="{theme.number(x)}" cy="{theme.number(y)}" {dot}/>'
    text_y = placed.text_y[moment.at]
    if text_y - y > 3:  # moved down, to scale of time: a thin line says where it belongs
        way = f"M{theme.number(x)} {theme.number(y)}L{theme.number(column.text - column.side * 3)} "
        svg += f'<path d="{way}{theme.number(text_y)}" fill="none" stroke="var(--dim)" stroke-opacity=".6"/>'
    for at, (said, ink) in enumerate(placed.words[moment.at]):
        svg += theme.text(
            column.text,
            text_y + 4 + LINE * at,
            said,
            size=CALL_SIZE,
            fill=ink,
            anchor=column.anchor,
            mono=True,
            extra=_HALO if column.middle else "",
        )
    return drawing.shaded(moment.at, svg)


def _pill(drawing, column, state):
    placed = drawing.placed
    side = -column.side if state.at in placed.turned else column.side
    pill = column.axis + side * abs(column.pill - column.axis)
    y, place = placed.pill_y[state.at], placed.y[state.at]
    start = column.axis + side * (column.band * placed.tracks[state.socket] + 3)
    way = f"M{theme.number(start)} {theme.number(place)}L{theme.number(pill)} {theme.number(y)}"
    line = f'<path d="{way}" stroke="{column.ink}" stroke-width="1.3"/>'
    anchor = "end" if side < 0 else "start"
    now = state.at in drawing.now
    look = {"fill": "var(--soft)", "weight": 650} if state.seen else {"fill": "var(--paper)", "dashed": True}
    ink = column.ink
    if now:
        look, ink = {"fill": column.ink, "weight": 700}, "var(--paper)"
    return line + theme.pill(
        pill,
        y,
        state.said,
        size=PILL_SIZE,
        ink=ink,
        stroke=column.ink,
        anchor=anchor,
        height=PILL_HEIGHT,
        **look,
    )
