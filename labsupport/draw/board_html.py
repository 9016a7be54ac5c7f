"""The class's board as HTML: the same rows on the projector's page and in the teacher's notebook.

Cells have classes and no style of their own: the page's Content-Security-Policy allows no inline style, and a
widget's message stays small. Sizes on the page are shares of the screen, so that what is legible on one
projector is legible on another; `board_style` has them.
"""

from __future__ import annotations

from labsupport.draw.board import (
    ANSWERS,
    LINES,
    amount,
    columns,
    happening,
    last_visit,
    place,
    state,
    turned_away,
)
from labsupport.draw.text import plural
from labsupport.draw.theme import escape

FEW = 12  # learners: up to so many have two lines each, in large letters
LONG = 16  # letters: a longer name has smaller ones
EXPLAINED = 4  # learners: up to so many, and there is room to say what each goal means
SHOWN = 3  # addresses that stand in the headline


def board_html(model):
    """The whole board below its frame: headline, rows or how to come in, and the footer."""
    body = _table(model) if model.rows else "" if model.over else _welcome(model)
    explained = _explained(model) if 0 < len(model.rows) <= EXPLAINED and not model.over else ""
    return f"{_headline(model)}{body}{explained}{_footer(model)}"


def rows_html(model, most=None):
    """The table alone, with at most `most` learners; how many are left out is said below."""
    return _table(model, most) if model.rows else _welcome(model)


def size_class(model):
    """The class that says how many rows there are, and whether visits need room: `few n3`, `visited n30`.

    In a row of many there is no room for a goal's word in its cell and for what came of a visit as well.
    """
    count = min(max(len(model.rows), 1), 60)
    if len(model.rows) <= FEW:
        return f"few n{count}"
    return f"visited n{count}" if any(map(last_visit, model.rows)) else f"n{count}"


def _headline(model):
    if model.over:
        said = f"<b>The class is over.</b> {plural(len(model.rows), 'learner')} came."
        return f'<header><p class="where">{said}</p></header>'
    if not model.rows:
        return ""
    shown = [_address(address) for address in model.addresses[:SHOWN]]
    more = len(model.addresses) - SHOWN
    where = ' <span class="dim">or</span> '.join(shown) + (
        f' <span class="dim">or {more} more</span>' if more > 0 else ""
    )
    answers = ANSWERS.get(model.answers, model.answers)
    return (
        f'<header><p class="where"><span class="dim">Come in at</span> {where}</p>'
        f'<p class="now"><b>{escape(happening(model))}</b><span>answers come {escape(answers)}</span></p>'
        "</header>"
    )


def _address(address):
    host, port = place(address)
    return f'<b class="m">{escape(host)}</b> <span class="dim">port</span> <b class="m">{escape(port)}</b>'


def _table(model, most=None):
    rows = model.rows if most is None else model.rows[:most]
    left = len(model.rows) - len(rows)
    more = f'<p class="dim">and {plural(left, "more learner")}</p>' if left > 0 else ""
    heads = [_head("Name", "name"), _head("State", "state"), _head("Received", "in"), _head("Sent", "out")]
    heads += [_goal_head(goal, model.rows) for goal in model.goals]
    heads += [_head("Server", "port"), _head("Last visit", "visit")]
    body = "".join(_row(row, model.goals) for row in rows)
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{"".join(heads)}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>{more}'
    )


# The roles are said once more because a row that is laid out as a grid is no row to a screen reader.
def _head(title, kind):
    return f'<th role="columnheader" scope="col" class="{kind}">{title}</th>'


def _goal_head(goal, rows):
    count = sum(1 for row in rows if goal.key in row.done)
    wide = min(len(goal.title), 20)
    return (
        f'<th role="columnheader" scope="col" class="g l{wide}" title="{escape(goal.sentence)}">'
        f"{_unbroken(goal.title)}<small>{count} of {len(rows)}</small></th>"
    )


def _unbroken(title):
    """A head's words may stand below each other, and "UTF-8" is one word."""
    return escape(title).replace("-", "\N{NON-BREAKING HYPHEN}")


def _row(row, goals):
    name = escape(row.name)
    shown = f'<bdi class="long">{name}</bdi>' if columns(row.name) > LONG else f"<bdi>{name}</bdi>"
    cells = [
        f'<td role="cell" class="name" title="{name}">{shown}</td>',
        f'<td role="cell" class="state"><span class="{"on" if row.connections else "off"}">'
        f"{escape(state(row))}</span></td>",
        f'<td role="cell" class="in">{amount(row.received)}</td>',
        f'<td role="cell" class="out">{amount(row.sent)}</td>',
        *(_goal(goal, row) for goal in goals),
        f'<td role="cell" class="port">{"" if row.server is None else escape(row.server)}</td>',
        _visit(row),
    ]
    return f'<tr role="row">{"".join(cells)}</tr>'


def _goal(goal, row):
    """✓ and the goal's own word: from the last row of a room a column's head is far from its cell."""
    if goal.key in row.done:
        return f'<td role="cell" class="g yes">✓ <span>{escape(goal.title)}</span></td>'
    title = escape(goal.title)
    return f'<td role="cell" class="g no" aria-label="{title}: not yet" data-word="{title}">○</td>'


def _visit(row):
    visit = last_visit(row)
    if visit is None:
        return '<td role="cell" class="visit"></td>'
    behavior, outcome = map(escape, visit)
    short = outcome.removesuffix(f" on port {row.server}")  # it stands in the cell before
    return f'<td role="cell" class="visit" title="{behavior}: {outcome}"><b>{behavior}</b>: {short}</td>'


def _welcome(model):
    """How to come in, for an empty room."""
    doors = "".join(
        f'<p class="door"><span class="dim">address</span> <b class="m">{escape(host)}</b> '
        f'<span class="dim">port</span> <b class="m">{escape(port)}</b></p>'
        for host, port in map(place, model.addresses[:SHOWN])
    )
    lines = "".join(f'<dt class="m">{escape(line)}</dt><dd>{escape(meaning)}</dd>' for line, meaning in LINES)
    return (
        f'<section class="welcome"><h2>Nobody is here yet. Connect your client to</h2>{doors}'
        f"<h2>and send these lines, each ended by a newline</h2><dl>{lines}</dl></section>"
    )


def _explained(model):
    """What each goal means, where there is room for it."""
    told = "".join(f"<dt>{escape(goal.title)}</dt><dd>{escape(goal.sentence)}</dd>" for goal in model.goals)
    return f'<section class="explained"><dl>{told}</dl></section>'


def _footer(model):
    said = "State, received and sent are those at the server's end, in bytes." if model.rows else ""
    away = f"<b>Turned away:</b> {escape(turned_away(model))}" if model.turned_away else ""
    return f"<footer><p>{said}</p><p>{away}</p></footer>"
