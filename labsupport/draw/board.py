"""The class's board: who is there, in which state, how many bytes, and what each program got right.

A row is plain data, as `labsupport.classroom.roll.Row` has it; nothing here knows the class's server. Names
and outcomes came from learners: in the text, what could move a terminal's cursor is replaced; in HTML
(`board_html`) everything is escaped besides.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from labsupport.draw.text import plural

LINES = (
    ("I am Ada", "with your own name: the board then shows it"),
    ("word?", "a word comes in pieces; then send: word THE-WORD"),
    ("visit 8080", "with your server's port: a client calls on your server"),
)
ANSWERS = {"whole": "whole", "pieces": "in pieces", "late": "late"}
LONGEST = 24  # columns of a terminal that a name takes


class Goal(NamedTuple):
    """What a program can get right: its key in `done`, its column's title, a sentence for the reader."""

    key: str
    title: str
    sentence: str


@dataclass(frozen=True)
class BoardModel:
    """What the board shows.

    `rows`: a Row for each learner, in order. `goals`: the columns, in order. `addresses`: "HOST:PORT"
    texts at which a learner comes in. `answers`: how the server answers, "whole", "pieces" or "late".
    `turned_away`: (reason, count) pairs. `over`: the class's server is closed.
    """

    rows: tuple = ()
    goals: tuple[Goal, ...] = ()
    addresses: tuple[str, ...] = ()
    answers: str = "whole"
    turned_away: tuple[tuple[str, int], ...] = ()
    over: bool = False

    @property
    def connected(self):
        """How many learners have a connection open now."""
        return sum(1 for row in self.rows if row.connections)


def place(address):
    """(host, port) texts of a "HOST:PORT" text; an IPv6 host loses its brackets, as `connect` wants it."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port


def board_text(model, settled=False):
    """The board as lines of text; `settled` leaves out ports and addresses, which differ from run to run."""
    lines = [_headline(model)]
    if not settled and not model.over:
        lines += [f"  come in: address {host}, port {port}" for host, port in map(place, model.addresses)]
    if not model.rows and not settled and not model.over:
        lines += [f"  send: {line:10}  {meaning}" for line, meaning in LINES]
    cells = [_cells(row, model.goals, settled) for row in model.rows]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    lines += ["  " + "  ".join(map(_padded, row, widths)).rstrip() for row in cells]
    if model.turned_away:
        lines.append("  turned away: " + turned_away(model))
    return "\n".join(lines)


def turned_away(model):
    """`12 times: too many connections; …`, "" for nobody."""
    return "; ".join(f"{plain(reason)}, {plural(count, 'time')}" for reason, count in model.turned_away)


def happening(model):
    """How many are here, how many of them connected: `30 learners, 12 connected`."""
    return f"{plural(len(model.rows), 'learner')}, {model.connected} connected"


def last_visit(row):
    """The newest visit to the learner's server as (behavior, outcome), or None."""
    return row.visits[-1] if row.visits else None


def amount(count):
    """A count of bytes in at most seven letters: `999,999`, then `1.05 MB`, `12.3 GB` (powers of 1,000)."""
    if count < 1_000_000:
        return f"{count:,}"
    for unit, size in (("MB", 10**6), ("GB", 10**9), ("TB", 10**12)):
        if count < 1_000 * size or unit == "TB":
            break
    # Cut, not rounded: 7,999,999 bytes are not yet the 8 MB that a goal asks for.
    hundredths = count * 100 // size
    return f"{hundredths / 100:.2f} {unit}" if hundredths < 10_000 else f"{hundredths // 100} {unit}"


def plain(said):
    """`said` with a replacement for every letter that could move a cursor or turn the line around."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(said))


def columns(said):
    """How many columns of a terminal `said` takes: two for a wide letter, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in said
    )


def _headline(model):
    if model.over:
        return f"the class is over; {plural(len(model.rows), 'learner')} came"
    said = happening(model) if model.rows else "nobody is here yet"
    return f"{said}; answers come {ANSWERS.get(model.answers, plain(model.answers))}"


def _cells(row, goals, settled):
    """One learner's line as texts that stand below each other."""
    done = [goal.title for goal in goals if goal.key in row.done]
    right = f"✓ {len(done)} of {len(goals)}" + (": " + ", ".join(done) if done else "")
    return (
        _shortened(plain(row.name)),
        state(row),
        f"received {row.received:,}",
        f"sent {row.sent:,}",
        right if done else f"○ 0 of {len(goals)}",
        _served(row, settled),
    )


def state(row):
    """RFC 9293's word; with the number of open connections where there are several."""
    return f"{row.state} ×{row.connections}" if row.connections > 1 else row.state


def _served(row, settled):
    if row.server is None:
        return ""
    visit = last_visit(row)
    where = "server" if settled else f"server {row.server}"
    if not visit:
        return where
    behavior, outcome = map(plain, visit)
    return f"{where}, {behavior}: " + (outcome.replace(f"{row.server}", "PORT") if settled else outcome)


def _shortened(name):
    if columns(name) <= LONGEST:
        return name
    while columns(name) > LONGEST - 1:
        name = name[:-1]
    return name + "…"


def _padded(said, wide):
    return said + " " * (wide - columns(said))
