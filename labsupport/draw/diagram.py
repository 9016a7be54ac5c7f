"""RFC 9293's state diagram (figure 5), with the way that one socket took through it.

The lines come from `tcp.TRANSITIONS`; only the places are chosen here, and they follow the RFC's figure:
opening above, ESTABLISHED in the middle, the one who closes first on the left, the other on the right, and
CLOSED once more below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from labsupport import tcp
from labsupport.draw import theme
from labsupport.draw.text import path_text

_END = "CLOSED (end)"


@dataclass(frozen=True, eq=False)  # hashed by identity: there are but two
class Layout:
    """Where the states stand, and how large: `places` are centers in pixels, `size` that of the letters."""

    width: int
    height: int
    size: float
    places: dict
    edge: int  # where the bow of a reset passes, at the right of everything


# Three columns; CLOSED stands twice, as in the RFC's figure, so that every way leads downwards.
SMALL = Layout(
    310,
    262,
    10,
    {
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
    },
    304,
)
LARGE = Layout(
    690,
    620,
    13,
    {
        "CLOSED": (345, 30),
        "LISTEN": (345, 112),
        "SYN-RECEIVED": (125, 200),
        "SYN-SENT": (565, 200),
        "ESTABLISHED": (345, 296),
        "FIN-WAIT-1": (125, 386),
        "CLOSE-WAIT": (565, 386),
        "FIN-WAIT-2": (125, 492),
        "CLOSING": (405, 470),
        "LAST-ACK": (565, 492),
        "TIME-WAIT": (345, 586),
        _END: (565, 586),
    },
    676,
)
# How far along its line the words of a transition stand in the large drawing, where the middle is taken.
_WORDS_AT = {
    ("CLOSED", "SYN-SENT"): 0.4,
    ("LISTEN", "SYN-SENT"): 0.55,
    ("FIN-WAIT-1", "TIME-WAIT"): 0.66,
    ("FIN-WAIT-2", "TIME-WAIT"): 0.35,
    ("FIN-WAIT-1", "CLOSING"): 0.55,
}


class Diagram:
    """RFC 9293's figure 5 with a path through it: a value that shows itself as text and as a drawing.

    `path` is a tuple of (state, seen) pairs, or of states, which then count as seen. Source: RFC 9293,
    section 3.3.2.
    """

    def __init__(self, path=(), role=None):
        self.path = normal(path)
        self.role = role

    def __repr__(self):
        if self.path:
            return path_text(self.path)
        return "\n".join(table_lines())

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import diagram_bundle
        except ImportError:
            return {"text/plain": repr(self), "image/svg+xml": diagram_svg(self.path, role=self.role)}
        return diagram_bundle(self)


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
    return [
        "  ".join(cell.ljust(size) for cell, size in zip(row, [*wide, 0], strict=True)).rstrip()
        for row in rows
    ]


@lru_cache(maxsize=256)
def diagram_part(path, role, layout=SMALL):
    """The diagram as SVG elements, 310 × 262 pixels, to stand inside another drawing."""
    ink = theme.color(role)
    stations = _stations(path)
    pairs = list(zip(stations, stations[1:], strict=False))
    taken = sorted({(first, second) for (first, _), (second, _) in pairs if "…" not in (first, second)})
    parts = [_line(layout, first, second, "var(--line)", 1.2) for first, second in _edges()]
    parts += [_step(layout, first, second, ink) for first, second in taken]
    if layout is LARGE:
        parts += [_words(first, second, (first, second) in taken) for first, second in _edges()]
    passed = dict(stations)
    now = stations[-1][0] if stations else None
    parts += [_station(layout, name, passed.get(name), name == now, ink) for name in layout.places]
    if "…" in passed:
        x, y = layout.places["SYN-SENT"][0], layout.places["CLOSED"][1] + 4
        parts.append(
            theme.text(x, y, "… several ways fit", size=layout.size, fill="dim", anchor="middle", italic=True)
        )
    return "".join(parts)


def diagram_svg(path=(), *, role=None, live=False):
    """RFC 9293's diagram by itself, its events named, with the way of `path` (see `Diagram`) in the color of
    `role`.
    """
    path = normal(path)
    told = path_text(path) if path else "the eleven states and the ways between them"
    wide, high = LARGE.width, LARGE.height + (18 if legend_part(0, 0, path) else 0)
    body = (
        theme.sheet(wide, high)
        + diagram_part(path, role, LARGE)
        + legend_part(wide / 2, high - 10, path, size=12)
    )
    return theme.figure(
        wide, high, body, title="The states of a TCP connection (RFC 9293)", description=told, live=live
    )


def legend_part(x, y, path, size=10.5):
    """The line that says what a dashed frame means; empty when there is none."""
    if all(seen or state == "…" for state, seen in path):
        return ""
    return theme.text(
        x, y, "dashed: passed, but not seen", size=size, fill="dim", anchor="middle", italic=True
    )


def _stations(path):
    """`path` in the diagram's places: a CLOSED that is reached again is the one below."""
    return [
        (_END if state == "CLOSED" and position else state, seen)
        for position, (state, seen) in enumerate(path)
    ]


@lru_cache(maxsize=1)
def _edges():
    """Which places a line joins. Resets, which may come nearly everywhere, are drawn only when taken."""
    ways = {(move.source, move.target) for move in tcp.FIGURE}
    ways = {(one, other) for one, other in ways if (other, one) not in ways or one < other}
    return tuple(sorted((one, _END if other == "CLOSED" else other) for one, other in ways))


def _said(source, target):
    """What stands at the line from `source` to `target`: events, and what is sent; the way back with an arrow
    of its own.
    """
    there = [move for move in tcp.FIGURE if (move.source, move.target) == (source, target)]
    back = [move for move in tcp.FIGURE if (move.source, move.target) == (target, source)]
    lines = [(move.event + (" ↓" if back else ""), False) for move in there]
    lines += [(f"sends {move.sends}", True) for move in there if move.sends]
    return lines + [(f"{move.event} ↑", False) for move in back]


@lru_cache(maxsize=64)
def _words(first, second, taken):
    """The words of a transition, on paper of their own so that the line does not run through them."""
    (x, y), (end_x, end_y) = LARGE.places[first], LARGE.places[second]
    along = _WORDS_AT.get((first, second), 0.5)
    lines = _said(first, "CLOSED" if second == _END else second)
    x, y = x + (end_x - x) * along, y + (end_y - y) * along - 6.5 * (len(lines) - 1)
    wide = max(theme.width(said, 11) for said, _ in lines) + 4
    parts = [
        f'<rect x="{theme.number(x - wide / 2)}" y="{theme.number(y - 8)}" width="{theme.number(wide)}"'
        f' height="{13 * len(lines) + 3}" fill="var(--paper)"/>'
    ]
    for at, (said, sends) in enumerate(lines):
        ink, weight = (
            ("dim" if sends else "ink"),
            (650 if taken and not sends and not said.endswith("↑") else None),
        )
        parts.append(theme.text(x, y + 4 + 13 * at, said, size=11, fill=ink, anchor="middle", weight=weight))
    return "".join(parts)


def _station(layout, name, seen, now, ink):
    said = "CLOSED" if name == _END else name
    if now:
        look = {"ink": "var(--paper)", "fill": ink, "stroke": ink, "weight": 700}
    elif seen is None:
        look = {"ink": "var(--dim)", "fill": "var(--paper)", "stroke": "var(--line)", "weight": 500}
    elif seen:
        look = {"ink": ink, "fill": "var(--soft)", "stroke": ink, "weight": 650}
    else:
        look = {"ink": ink, "fill": "var(--paper)", "stroke": ink, "weight": 500, "dashed": True}
    return theme.pill(*layout.places[name], said, size=layout.size, **look)


def _step(layout, first, second, ink):
    """One way taken: a line with its head, or a bow at the edge where figure 5 draws none (a reset)."""
    drawn = (first, second) in _edges() or (second, first) in _edges()
    if drawn or second != _END:
        return _line(layout, first, second, ink, 2.4) + _head(layout, first, second, ink)
    (x, y), (end_x, end_y), edge = layout.places[first], layout.places[second], layout.edge
    start, tip = theme.number(x + _half(layout, first)), end_x + _half(layout, second)
    return (
        f'<path d="M{start} {y}C{edge} {y} {edge} {y} {edge} {(y + end_y) // 2}'
        f'S{edge} {end_y} {theme.number(tip + 7)} {end_y}" fill="none" stroke="{ink}" stroke-width="2"'
        f' stroke-dasharray="5 3"/>' + _triangle(tip, end_y, -1, 0, ink)
    )


def _line(layout, first, second, ink, wide):
    (x, y), (end_x, end_y) = layout.places[first], layout.places[second]
    line = f'<line x1="{x}" y1="{y}" x2="{end_x}" y2="{end_y}" stroke="{ink}" stroke-width="{wide}"/>'
    return line + (_head(layout, first, second, "var(--dim)", 6) if layout is LARGE and wide < 2 else "")


def _head(layout, first, second, ink, size=7.0):
    """An arrow head where the line meets the frame of `second`: computed, for a marker would need an id."""
    (x, y), (end_x, end_y) = layout.places[first], layout.places[second]
    run, rise = x - end_x, y - end_y
    reach = min(
        (_half(layout, second) + 1) / abs(run) if run else 1,
        (layout.size * 0.9 + 1) / abs(rise) if rise else 1,
    )
    length = (run * run + rise * rise) ** 0.5
    return _triangle(end_x + run * reach, end_y + rise * reach, -run / length, -rise / length, ink, size)


def _triangle(x, y, along, down, ink, size=7.0):
    """A head with its tip at `x`, `y`, that points along the unit vector (`along`, `down`)."""
    back_x, back_y = x - along * size, y - down * size
    side_x, side_y = -down * size * 0.5, along * size * 0.5
    points = [(x, y), (back_x + side_x, back_y + side_y), (back_x - side_x, back_y - side_y)]
    return f'<path d="M{"L".join(f"{theme.number(a)} {theme.number(b)}" for a, b in points)}z" fill="{ink}"/>'


def _half(layout, name):
    """Half the width of a state's frame."""
    return (theme.width("CLOSED" if name == _END else name, layout.size, bold=True) + 1.4 * layout.size) / 2
