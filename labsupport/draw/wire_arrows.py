"""The packets of a ladder: lines that fall from where one left to where it arrived, with what it was.

Labels lie along their arrows, so that of two that cross each keeps its own; each is moved along its arrow
to where it meets no other.
"""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians, sin

from labsupport.draw import theme
from labsupport.draw.wire_labels import SIZE, pieces, spans, wide
from labsupport.draw.wire_place import SLANT

_GAP = 6  # pixels between an axis and an arrow's end
_LOST = 0.56  # how far a packet gets that does not arrive
_PLACES = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.18, 0.82)  # along an arrow, the best first
_STEEPEST = 33  # degrees; a label along a steeper arrow would be hard to read


class _Line:
    """One arrow on the paper; `arrival` is the number of its event, None where it never came."""

    def __init__(self, drawing, arrow, arrival):
        placed = drawing.placed
        source, target = placed.columns[arrow.source], placed.columns[arrow.target]
        self.arrow, self.arrival, self.ink = arrow, arrival, source.ink
        way = 1 if target.axis > source.axis else -1
        self.x1, self.y1 = source.axis + way * _GAP, placed.y[arrow.sent]
        self.x2 = target.axis - way * _GAP
        self.under = False  # whether the word for what became of it stands below its end
        if arrival is not None:
            self.y2 = placed.y[arrival]
            self.full = (self.x2, self.y2)
        else:
            fall = SLANT if placed.scale == "order" else 12
            self.full = (self.x2, self.y1 + fall)
            self._stop()

    def _stop(self):
        """Where a packet ends that does not arrive: beyond its label, with its word behind it or below."""
        long = abs(self.x2 - self.x1)
        said = (wide(pieces(self.arrow, False, room=1)) + 16) / long
        most = 1 - (theme.width(self.arrow.fate, 11.5) + 26) / long
        self.under = said > most
        self.x2, self.y2 = self.point(0.86 if self.under else min(most, max(_LOST, said)))

    def meets(self, high, low):
        """Whether the line comes between two heights."""
        return min(self.y1, self.y2) <= low and max(self.y1, self.y2) >= high

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
    parts, taken = [_line(drawing, line) for line in lines], [_fate_box(line) for line in lines]
    taken = [box for box in taken if box]
    for line in lines:
        again = line.arrival is not None and line.arrival != line.arrow.arrived[0]
        said = pieces(line.arrow, drawing.placed.live, again, abs(line.x2 - line.x1) - 12)
        parts.append(drawing.shaded(line.arrow.sent, _label(line, said, lines, taken, drawing)))
    return parts


def _fate_box(line):
    """What the word at the end of a lost packet covers; None for one that arrived."""
    if line.arrival is not None:
        return None
    room, way = theme.width(line.arrow.fate, 11.5) + 22, 1 if line.x2 > line.x1 else -1
    if line.under:
        low, high = sorted((line.x2 - way * room, line.x2 + way * 12))
        return (low, line.y2 - 3, high, line.y2 + 20)
    low, high = sorted((line.x2, line.x2 + way * room))
    return (low, line.y2 - 2, high, line.y2 + 9)


def _label(line, said, lines, taken, drawing):
    """The label of a line, where along it (and over or under it) it is in nobody's way."""
    room, steep, best = wide(said), abs(line.angle) > _STEEPEST, None
    high, low = sorted((line.y1, line.y2))
    lines = [other for other in lines if other is not line and other.meets(high - 20, low + 20)]
    near = [box for box in taken if box[3] > high - 20 and box[1] < low + 20]
    for level in (0, 1) if not steep else (0,):
        for part in _places(line, steep):
            boxes, x, y = _boxes(line, part, room, steep, level)
            meets = sum(_overlap(box, other) for box in boxes for other in near)
            crossed = sum(_crossed(box, other) for box in boxes for other in lines)
            cost = 40 * meets + 3 * crossed + 60 * _outside(line, x, room) + abs(part - 0.5) + 1.5 * level
            if best is None or cost < best[0] - 1e-9:
                best = (cost, boxes, x, y, meets)
    _, boxes, x, y, meets = best
    if meets > 12 and drawing.placed.scale == "time":
        return ""  # a burst, to scale: there is no room for every word
    taken.extend(boxes)
    x, y, angle = theme.number(x), theme.number(y), theme.number(line.angle)
    turn = "" if steep else f' transform="rotate({angle} {x} {y})"'
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-size="{SIZE}" fill="var(--ink)"'
        f' stroke="var(--paper)" stroke-width="4" stroke-linejoin="round" paint-order="stroke"{turn}>'
        f"{spans(said)}</text>"
    )


def _places(line, steep):
    """Where along a line its label may stand; of a steep one, also near the end where it leaves."""
    fall = abs(line.y2 - line.y1)
    return (*_PLACES, *(down / fall for down in (24, 40, 56, 72) if down < fall / 2)) if steep else _PLACES


def _boxes(line, part, wide, steep, level):
    """(boxes that a label covers, the x and y of its baseline's middle) at `part` of the way.

    `level`: 0 above the line, 1 below it.
    """
    x, y = line.x1 + part * (line.x2 - line.x1), line.y1 + part * (line.y2 - line.y1)
    if steep:  # beside the line rather than over an axis
        low, high = sorted((line.x1, line.x2))
        x, y = max(low + wide / 2 + 4, min(x, high - wide / 2 - 6)), y + 4
        return [(x - wide / 2, y - 11, x + wide / 2, y + 3)], x, y
    turn = radians(line.angle)
    off = -14 if level else 5
    x, y = x + off * sin(turn), y - off * cos(turn)
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
    """How far a label reaches over its arrow's ends, the end of a lost one apart: there it may."""
    low, high = sorted((line.x1, line.x2))
    left, right = max(0, low + 8 - (x - wide / 2)) / 20, max(0, (x + wide / 2) - high + 10) / 20
    if line.arrival is None:
        left, right = (4 * left, right / 30) if line.x2 > line.x1 else (left / 30, 4 * right)
    return left + right


def _line(drawing, line):
    arrow, until = line.arrow, drawing.until
    now = until is not None and (arrow.sent in drawing.now or line.arrival in drawing.now)
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
        fallen = (drawing.placed.at(until) - line.y1) / max(1, line.y2 - line.y1)
        x, y = line.point(max(0.2, min(fallen, 0.8)))
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
    halo = ' stroke="var(--paper)" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'
    x, y = (ends + way * 6, y + 13) if line.under else (ends + way * 9, y)
    if line.under:
        anchor = "end" if way > 0 else "start"
    parts.append(theme.text(x, y + 4.5, arrow.fate, size=11.5, fill=fill, anchor=anchor, extra=halo))
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
