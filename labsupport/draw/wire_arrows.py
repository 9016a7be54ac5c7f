"""The packets of a ladder: lines that fall from where one left to where it arrived, with what it was.

Labels lie along their arrows, so that of two that cross each keeps its own; each is moved along its arrow
to where it meets no other.
"""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians, sin

from labsupport.draw import theme
from labsupport.draw.wire_place import LABEL_SIZE, SLANT

_GAP = 6  # pixels between an axis and an arrow's end
_LOST = 0.56  # how far a packet gets that does not arrive
_PLACES = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.18, 0.82)  # along an arrow, the best first
_STEEPEST = 24  # degrees; a label along a steeper arrow would be hard to read


class _Line:
    """One arrow on the paper; `arrival` is the number of its event, None where it never came."""

    def __init__(self, drawing, arrow, arrival):
        placed = drawing.placed
        source, target = placed.columns[arrow.source], placed.columns[arrow.target]
        self.arrow, self.arrival, self.ink = arrow, arrival, source.ink
        way = 1 if target.axis > source.axis else -1
        self.x1, self.y1 = source.axis + way * _GAP, placed.y[arrow.sent]
        self.x2 = target.axis - way * _GAP
        if arrival is not None:
            self.y2 = placed.y[arrival]
            self.full = (self.x2, self.y2)
        else:
            fall = SLANT if placed.scale == "order" else 12
            self.full = (self.x2, self.y1 + fall)
            self.x2, self.y2 = self.point(_LOST)

    def point(self, part):
        x, y = self.full
        return self.x1 + part * (x - self.x1), self.y1 + part * (y - self.y1)

    @property
    def angle(self):
        """Degrees from the horizontal, of letters that run from left to right."""
        over = abs(self.x2 - self.x1)
        fall = self.y2 - self.y1
        return degrees(atan2(fall if self.x2 > self.x1 else -fall, over))

    def height(self, x):
        """Where the line is above or below `x`; None where it is not."""
        low, high = sorted((self.x1, self.x2))
        if not low <= x <= high:
            return None
        return self.y1 + (x - self.x1) / (self.x2 - self.x1) * (self.y2 - self.y1)


def arrows_svg(drawing):
    """All arrows of a drawing as SVG texts, the lines first so that labels lie on top."""
    lines = []
    for arrow in drawing.placed.plan.arrows:
        for arrival in arrow.arrived or [None]:
            lines.append(_Line(drawing, arrow, arrival))
    parts, taken = [_line(drawing, line) for line in lines], []
    for line in lines:
        again = line.arrival is not None and line.arrival != line.arrow.arrived[0]
        label = parts_of(line.arrow, drawing.placed.live, again)
        parts.append(drawing.shaded(line.arrow.sent, _label(line, label, lines, taken, drawing)))
    return parts


def parts_of(arrow, live, again=False):
    """A label in pieces: (words, style), style one of "bold", "plain", "dim", "mono", "bad"."""
    pieces = [(arrow.name, "dim")] if arrow.name else []
    said = arrow.said
    if again:
        return [*pieces, (said, "plain"), ("once more", "dim")]
    if said.startswith("ACK, "):
        pieces += [("ACK,", "plain"), (said.removeprefix("ACK, "), "bold")]
    else:
        pieces.append((said, "plain" if said == "ACK" else "bold"))
    if arrow.excerpt:
        pieces.append((arrow.excerpt, "mono"))
    if arrow.note:
        pieces.append((arrow.note, "dim"))
    if arrow.fate and arrow.arrived:
        pieces.append((arrow.fate, "bad" if arrow.bad else "dim"))
    if live and arrow.numbers:
        pieces.append((arrow.numbers, "small"))
    return pieces


_LOOKS = {
    "bold": ' font-weight="650"',
    "plain": "",
    "dim": ' fill="var(--dim)"',
    "small": ' fill="var(--dim)" font-size="10"',
    "mono": ' fill="var(--dim)" class="m" font-size="11"',
    "bad": ' fill="var(--x)" font-weight="650"',
}


def _wide(pieces):
    wide = 0
    for said, style in pieces:
        size = {"small": 10, "mono": 11}.get(style, LABEL_SIZE)
        wide += theme.width(said, size, bold=style in ("bold", "bad"), mono=style == "mono") + 5
    return wide - 5 if pieces else 0


def _label(line, pieces, lines, taken, drawing):
    wide = _wide(pieces)
    angle = line.angle
    steep = abs(angle) > _STEEPEST
    best = None
    for part in _PLACES:
        boxes, x, y = _boxes(line, part, wide, steep)
        meets = sum(_overlap(box, other) for box in boxes for other in taken)
        crossed = sum(_crossed(box, other) for box in boxes for other in lines if other is not line)
        outside = _outside(line, x, wide)
        cost = 40 * meets + 3 * crossed + 60 * outside + abs(part - 0.5)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, boxes, x, y, meets)
    _, boxes, x, y, meets = best
    if meets > 25 and drawing.placed.scale == "time":
        return ""  # a burst to scale: there is no room for every word
    taken.extend(boxes)
    spans = "".join(
        f'<tspan{_LOOKS[style]}{" dx=" + chr(34) + "5" + chr(34) if at else ""}>{theme.escape(said)}</tspan>'
        for at, (said, style) in enumerate(pieces)
    )
    turn = "" if steep else f' transform="rotate({theme.number(angle)} {theme.number(x)} {theme.number(y)})"'
    return (
        f'<text x="{theme.number(x)}" y="{theme.number(y)}" text-anchor="middle" font-size="{LABEL_SIZE}"'
        f' fill="var(--ink)" stroke="var(--paper)" stroke-width="4" stroke-linejoin="round"'
        f' paint-order="stroke"{turn}>{spans}</text>'
    )


def _boxes(line, part, wide, steep):
    """(boxes that a label covers, the x and y of its baseline's middle) at `part` of the way."""
    x, y = line.x1 + part * (line.x2 - line.x1), line.y1 + part * (line.y2 - line.y1)
    if steep:
        y += 4
        return [(x - wide / 2, y - 11, x + wide / 2, y + 3)], x, y
    turn = radians(line.angle)
    x, y = x + 5 * sin(turn), y - 5 * cos(turn)
    count = max(2, round(wide / 26))
    boxes = []
    for number in range(count):
        along = wide * ((number + 0.5) / count - 0.5)
        middle, base, half = x + along * cos(turn), y + along * sin(turn), wide / count / 2
        boxes.append((middle - half, base - 9.5, middle + half, base + 2.5))
    return boxes, x, y


def _overlap(one, other):
    over = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return over * down / 20 if over > 0 and down > 0 else 0


def _crossed(box, line):
    at = line.height((box[0] + box[2]) / 2)
    return 1 if at is not None and box[1] - 1 <= at <= box[3] + 1 else 0


def _outside(line, x, wide):
    low, high = sorted((line.x1, line.x2))
    return max(0, low + 8 - (x - wide / 2)) / 20 + max(0, (x + wide / 2) - high + 10) / 20


def _line(drawing, line):
    arrow, until = line.arrow, drawing.until
    now = until is not None and until in (arrow.sent, line.arrival)
    if line.arrival is None:
        return drawing.shaded(arrow.sent, _unarrived(line, now))
    again = line.arrival != arrow.arrived[0]
    ink = "var(--x)" if arrow.bad else line.ink
    dashes = ' stroke-dasharray="5 4"' if again or arrow.bad or arrow.fate == "duplicate" else ""
    whole = _stroke(line.x1, line.y1, line.x2, line.y2, ink, dashes, now) + _head(line, ink)
    if not drawing.faint(line.arrival):
        return whole
    parts = drawing.shaded(line.arrival, whole)
    if not drawing.faint(arrow.sent):  # on its way
        x, y = line.point(0.5)
        parts += _stroke(line.x1, line.y1, x, y, ink, dashes, now)
        parts += f'<circle cx="{theme.number(x)}" cy="{theme.number(y)}" r="4.5" fill="{ink}"/>'
    return parts


def _unarrived(line, now):
    """A packet that did not arrive: dashed, and what became of it at its end."""
    arrow, (x, y) = line.arrow, (line.x2, line.y2)
    ink = "var(--x)" if arrow.bad else line.ink
    way = 1 if line.x2 > line.x1 else -1
    anchor = "start" if way > 0 else "end"
    parts = [_stroke(line.x1, line.y1, x, y, ink, ' stroke-dasharray="5 4"', now)]
    if arrow.bad:
        ends = x + way * 9
        parts.append(
            f'<path d="M{theme.number(ends - 4.5)} {theme.number(y - 4)}l9 9m0 -9l-9 9" fill="none"'
            f' stroke="{ink}" stroke-width="2.4" stroke-linecap="round"/>'
        )
    else:
        ends = x + way * 6
        parts.append(f'<circle cx="{theme.number(ends)}" cy="{theme.number(y)}" r="4.5" fill="{ink}"/>')
    fill = "x" if arrow.bad else "dim"
    parts.append(theme.text(ends + way * 9, y + 4.5, arrow.fate, size=11.5, fill=fill, anchor=anchor))
    return "".join(parts)


def _stroke(x1, y1, x2, y2, ink, dashes, now):
    wide = 3.2 if now else 1.7
    return (
        f'<line x1="{theme.number(x1)}" y1="{theme.number(y1)}" x2="{theme.number(x2)}"'
        f' y2="{theme.number(y2)}" stroke="{ink}" stroke-width="{wide}"{dashes}/>'
    )


def _head(line, ink):
    """The arrow's head, turned as the arrow is."""
    over, down = line.x2 - line.x1, line.y2 - line.y1
    long = hypot(over, down) or 1
    over, down = over / long, down / long
    tip = (line.x2 + over * 2, line.y2 + down * 2)
    back = (tip[0] - over * 10, tip[1] - down * 10)
    one = (back[0] - down * 4.4, back[1] + over * 4.4)
    two = (back[0] + down * 4.4, back[1] - over * 4.4)
    points = " ".join(f"{theme.number(x)},{theme.number(y)}" for x, y in (tip, one, two))
    return f'<polygon points="{points}" fill="{ink}"/>'
