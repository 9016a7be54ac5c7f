"""The wire of a ladder in text: each packet an arrow, also one that arrives later than the next moment.

While other things happen, such a packet keeps a lane of its own, a column of the wire: it turns down into it
at `╮` and goes on from `╰`. Where lanes run out, it leaves at a number and goes on from the same number.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 4  # packets under way at once, each way; more are numbered
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_SHAFT = 27  # columns of an arrow, at least
_EDGE = 4  # columns between a host and its nearest lane


def numbered(count):
    """The mark of packet number `count`: ① ② …; they begin again after twenty."""
    return _CIRCLED[count % len(_CIRCLED)]


def label(line):
    """What stands on the arrow of a line."""
    arrow = line.arrow
    if line.part == "arrives":
        said = f"{arrow.name}: {arrow.said}" if arrow.name else arrow.said
        return f"{said}, once more" if line.again else said
    return f"{arrow.label}, {arrow.fate}" if arrow.fate and line.part != "fails" else arrow.label


@dataclass
class _Flight:
    """A packet under way from line `first` to line `last`; `way` is 0 to the right, 1 to the left."""

    arrow: object
    way: int
    lane: int
    first: int
    last: int
    mark: str = ""


class Lanes:
    """The wire's part of each line. `wide`: its columns."""

    def __init__(self, lines):
        self.lines, self.flights = lines, {}
        last = {id(line.arrow): at for at, line in enumerate(lines) if line.part == "arrives"}
        marked = 0
        for at, line in enumerate(lines):
            if line.part != "leaves" or id(line.arrow) not in last:
                continue
            way = 0 if line.arrow.source < line.arrow.target else 1
            taken = {other.lane for other in self.flights.values() if other.way == way and other.last > at}
            flight = _Flight(line.arrow, way, _lane(taken), at, last[id(line.arrow)])
            if flight.lane >= MOST:
                flight.mark = numbered(marked)
                marked += 1
            self.flights[id(line.arrow)] = flight
        kept = [flight for flight in self.flights.values() if not flight.mark]
        self.used = [
            max((flight.lane + 1 for flight in kept if flight.way == way), default=0) for way in (0, 1)
        ]
        self.apart = 3 if sum(self.used) <= 4 else 2
        self.wide = self._wide()

    def _wide(self):
        beside = sum(self.apart * used + 1 for used in self.used if used)
        said = (
            max((len(label(line)) for line in self.lines if self._says(line)), default=0)
            + beside
            + (8 if beside else 6)
        )
        lost = [len(label(line)) + len(line.arrow.fate) + 8 for line in self.lines if line.part == "fails"]
        return max(_SHAFT, said, *lost)

    def _says(self, line):
        """Whether a label stands here: not where a lane goes on, for there it is plain what arrives."""
        if line.arrow is None or line.part == "fails":
            return False
        return line.part != "arrives" or line.again or bool(self._mark(line))

    def _mark(self, line):
        flight = self.flights.get(id(line.arrow))
        return flight.mark if flight else ""

    def below(self, at):
        """The wire below line `at`: the lanes in use there."""
        return "".join(self._lanes(lambda flight: flight.first <= at < flight.last))

    def drawn(self, at):
        """The wire in line `at`."""
        line, cells = self.lines[at], self._lanes(lambda flight: flight.first < at < flight.last)
        if line.arrow is None:
            return "".join(cells)
        rightward = line.arrow.source < line.arrow.target
        if line.part == "fails":
            _fail(cells, line, rightward)
            return "".join(cells)
        flight = self.flights.get(id(line.arrow)) if line.part != "whole" else None
        column = self._column(flight) if flight and not flight.mark else None
        start, end, turn = 0, self.wide - 1, None
        if column is not None and line.part == "leaves":
            turn = "╮" if rightward else "╭"
        elif column is not None:
            turn = ("╰" if rightward else "╯") if flight.last == at else ("├" if rightward else "┤")
        if turn and (line.part == "leaves") == rightward:
            end = column
        elif turn:
            start = column
        _shaft(cells, start, end)
        if turn:
            cells[column] = turn
        elif flight:
            cells[end if rightward == (line.part == "leaves") else start] = flight.mark
        if line.part != "leaves":
            cells[end if rightward else start] = "▶" if rightward else "◀"
        if self._says(line):
            _middle(cells, label(line), *self._inside())
        return "".join(cells)

    def _lanes(self, runs):
        cells = [" "] * self.wide
        for flight in self.flights.values():
            if not flight.mark and runs(flight):
                cells[self._column(flight)] = "│"
        return cells

    def _column(self, flight):
        """Where a flight's lane is: of those to the right the first one is near the right end."""
        away = _EDGE + self.apart * flight.lane
        return self.wide - 1 - away if flight.way == 0 else away

    def _inside(self):
        """(first, last) column between the lanes of both ways."""
        right, left = self.used
        first = _EDGE + self.apart * left - 1 if left else 0
        last = self.wide - 1 - (_EDGE + self.apart * right - 1 if right else 0)
        return first, last


def _lane(taken):
    """The outermost lane inside of all that are taken: then nothing crosses when all arrive in order."""
    lane = max(taken, default=-1) + 1
    return lane if lane < MOST else next((lane for lane in range(MOST) if lane not in taken), MOST)


def _fail(cells, line, rightward):
    """A packet that does not arrive: a ✕ on its way, or a point where nothing bad is known; the word."""
    arrow, wide = line.arrow, len(cells)
    said = label(line)
    reach = max(len(said) + 5, wide * 2 // 3)
    reach = min(reach, wide - len(arrow.fate) - 2)
    end = reach if rightward else wide - 1 - reach
    _shaft(cells, min(end, 0 if rightward else end), max(end, 0 if rightward else wide - 1))
    cells[end] = "✕" if arrow.bad else "▷" if rightward else "◁"
    if rightward:
        _write(cells, end + 1, f" {arrow.fate}")
        _middle(cells, said, 0, end - 1)
    else:
        _write(cells, end - len(arrow.fate) - 1, f"{arrow.fate} ")
        _middle(cells, said, end + 1, wide - 1)


def _shaft(cells, start, end):
    for at in range(start, end + 1):
        cells[at] = "┼" if cells[at] == "│" else "─"


def _middle(cells, said, start, end):
    _write(cells, start + max(0, (end + 1 - start - len(said) - 2) // 2), f" {said} ")


def _write(cells, start, said):
    for at, letter in enumerate(said):
        if 0 <= start + at < len(cells):
            cells[start + at] = letter
