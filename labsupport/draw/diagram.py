"""RFC 9293's state diagram (figure 5), with the way that one socket took through it.

The lines come from `tcp.TRANSITIONS`; only the places are chosen here, and they follow the RFC's figure: opening above,
ESTABLISHED in the middle, the one who closes first on the left, the other on the right, and CLOSED once more below.
"""

from __future__ import annotations

from functools import lru_cache

from labsupport import tcp
from labsupport.draw import theme
from labsupport.draw.text import path_text

WIDTH, HEIGHT = 310, 262
_END = "CLOSED (end)"
# Three columns; CLOSED stands twice, as in the RFC's figure, so that every way leads downwards.
PLACES = {
    "CLOSED": (155, 16),
    "LISTEN": (155, 52),
    "SYN-RECEIVED": (62, 88),
    "SYN-SENT": (248, 88),
    "ESTABLISHED": (155, 126),
    "FIN-WAIT-1": (62, 166),
    "CLOSE-WAIT": (248, 166),
    "FIN-WAIT-2": (62, 206),
    "CLOSING": (155, 206),
    "LAST-ACK": (248, 206),
    "TIME-WAIT": (155, 244),
    _END: (248, 244),
}
_SIZE = 10


class Diagram:
    """RFC 9293's figure 5 with a path through it: a value that shows itself as text and as a drawing.

    `path` is a tuple of (state, seen) pairs, or of states, which then count as seen. Source: RFC 9293, section 3.3.2.
    """

    def __init__(self, path=(), role=None):
        self.path = normal(path)
        self.role = role

    def __repr__(self):
        if self.path:
            return path_text(self.path)
        return "\n".join(table_lines())

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "image/svg+xml": diagram_svg(self.path, role=self.role)}


def normal(path):
    """`path` as (state, seen) pairs, with the states checked."""
    pairs = tuple((step, True) if isinstance(step, str) else tuple(step) for step in path)
    for state, _ in pairs:
        if state not in tcp.STATES and state != "…":
            raise ValueError(f"a path is made of RFC 9293's states ({', '.join(tcp.STATES)}), not {state!r}")
    return pairs


def table_lines():
    """Every transition of figure 5 as a line of text: from, to, event, what is sent."""
    rows = [
        (move.source, "→ " + move.target, move.event, f"sends {move.sends}" if move.sends else "")
        for move in tcp.FIGURE
    ]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join(cell.ljust(size) for cell, size in zip(row, [*wide, 0])).rstrip() for row in rows]


@lru_cache(maxsize=256)
def diagram_part(path, role):
    """The diagram as SVG elements, 310 × 262 pixels, to stand inside another drawing."""
    ink = theme.color(role)
    stations = _stations(path)
    walked = [pair for pair in zip(stations, stations[1:]) if "…" not in (pair[0][0], pair[1][0])]
    taken = {(first, second) for (first, _), (second, _) in walked}
    parts = [_line(PLACES[first], PLACES[second], "var(--line)", 1.2) for first, second in _edges()]
    parts += [_step(first, second, ink) for first, second in sorted(taken)]
    passed = dict(stations)
    now = stations[-1][0] if stations else None
    parts += [_station(name, passed.get(name), name == now, ink) for name in PLACES]
    if "…" in passed:
        parts.append(theme.text(248, 20, "… several ways fit", size=9.5, fill="dim", anchor="middle", italic=True))
    return "".join(parts)


def diagram_svg(path=(), *, role=None, live=False):
    """RFC 9293's diagram by itself, with the way of `path` (see `Diagram`) in the color of `role`."""
    path = normal(path)
    told = path_text(path) if path else "the eleven states and the ways between them"
    scale, legend = 1.55, 26
    wide, high = round((WIDTH + 12) * scale), round((HEIGHT + 4) * scale) + legend
    body = (
        f'<rect x=".5" y=".5" width="{wide - 1}" height="{high - 1}" rx="10" fill="var(--paper)" stroke="var(--line)"/>'
        f'<g transform="translate(6 4) scale({scale})">{diagram_part(path, role)}</g>'
    )
    if path:
        body += legend_part(wide / 2, high - 14, path)
    return theme.figure(wide, high, body, title="The states of a TCP connection (RFC 9293)", description=told, live=live)


def legend_part(x, y, path, size=10.5):
    """The line that says what a dashed frame means; empty when there is none."""
    if all(seen for _, seen in path):
        return ""
    return theme.text(x, y, "dashed: passed, but not seen", size=size, fill="dim", anchor="middle", italic=True)


def _stations(path):
    """`path` in the diagram's places: a CLOSED that is reached again is the one below."""
    return [
        (_END if state == "CLOSED" and position else state, seen) for position, (state, seen) in enumerate(path)
    ]


@lru_cache(maxsize=1)
def _edges():
    """Which places a line joins. Resets, which may come nearly everywhere, are drawn only when taken."""
    ways = {(move.source, move.target) for move in tcp.FIGURE}
    ways = {(one, other) for one, other in ways if (other, one) not in ways or one < other}
    return tuple(sorted((one, _END if other == "CLOSED" else other) for one, other in ways))


def _station(name, seen, now, ink):
    said = "CLOSED" if name == _END else name
    if now:
        look = {"ink": "var(--paper)", "fill": ink, "stroke": ink, "weight": 700}
    elif seen is None:
        look = {"ink": "var(--dim)", "fill": "var(--paper)", "stroke": "var(--line)", "weight": 500}
    elif seen:
        look = {"ink": ink, "fill": "var(--soft)", "stroke": ink, "weight": 650}
    else:
        look = {"ink": ink, "fill": "var(--paper)", "stroke": ink, "weight": 500, "dashed": True}
    return theme.pill(*PLACES[name], said, size=_SIZE, **look)


def _step(first, second, ink):
    """One way taken: a line with its head, or a bow at the edge where figure 5 draws none (a reset)."""
    if (first, second) in _edges() or (second, first) in _edges():
        return _line(PLACES[first], PLACES[second], ink, 2.4) + _head(first, second, ink)
    (x, y), (end_x, end_y) = PLACES[first], PLACES[second]
    if second != _END:
        return _line((x, y), (end_x, end_y), ink, 2.4) + _head(first, second, ink)
    start, edge = x + _half(first), 304
    return (
        f'<path d="M{theme.number(start)} {y}C{edge} {y} {edge} {y} {edge} {(y + end_y) // 2}'
        f'S{edge} {end_y} {theme.number(end_x + _half(second) + 7)} {end_y}" fill="none" stroke="{ink}" stroke-width="2"'
        f' stroke-dasharray="5 3"/>' + _triangle(end_x + _half(second), end_y, -1, 0, ink)
    )


def _line(start, end, ink, wide):
    return (
        f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" stroke="{ink}" stroke-width="{wide}"/>'
    )


def _head(first, second, ink):
    """An arrow head where the line meets the frame of `second`: computed, for a marker would need an id."""
    (x, y), (end_x, end_y) = PLACES[first], PLACES[second]
    run, rise = x - end_x, y - end_y
    reach = min(
        (_half(second) + 1) / abs(run) if run else 1,
        (_SIZE * 0.9 + 1) / abs(rise) if rise else 1,
    )
    length = (run * run + rise * rise) ** 0.5
    return _triangle(end_x + run * reach, end_y + rise * reach, -run / length, -rise / length, ink)


def _triangle(x, y, along, down, ink, size=7.0):
    """A head with its tip at `x`, `y`, that points along the unit vector (`along`, `down`)."""
    back_x, back_y = x - along * size, y - down * size
    side_x, side_y = -down * size * 0.5, along * size * 0.5
    points = [(x, y), (back_x + side_x, back_y + side_y), (back_x - side_x, back_y - side_y)]
    return f'<path d="M{"L".join(f"{theme.number(a)} {theme.number(b)}" for a, b in points)}z" fill="{ink}"/>'


def _half(name):
    return (theme.width("CLOSED" if name == _END else name, _SIZE, bold=True) + 1.4 * _SIZE) / 2
