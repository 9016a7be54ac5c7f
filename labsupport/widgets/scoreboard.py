"""`progress()` on the page: which exercises are solved, after how many tries; it follows each check."""

from __future__ import annotations

from datetime import datetime

from labsupport.draw import theme
from labsupport.exercises import scores, standing
from labsupport.widgets import sheets
from labsupport.widgets.bundle import bundle, toolkit

MARKS = {"solved": "✓", "tried, not yet": "◐", "not tried": "○"}
_boards = {}  # {numbers of notebooks: (Progress, its one widget)}


def progress_bundle(progress):
    """The mimebundle of a Progress: a settled text; live the scores. The same notebooks are the same view."""
    widgets = toolkit()
    if widgets is None:
        return bundle(repr(progress))
    known = _boards.get(progress.notebooks)
    if known is None or known[1].comm is None:  # it was closed
        _boards[progress.notebooks] = progress, widgets.HTML()
    if _refresh not in scores.listeners:
        scores.listeners.append(_refresh)
    _refresh()
    return bundle(repr(progress), None, _boards[progress.notebooks][1])


def _refresh():
    for progress, widget in list(_boards.values()):
        if widget.comm is not None:
            widget.value = html(progress)


def html(progress):
    """The live view: one notebook's exercises with their words, or the course's map."""
    standings = progress.standings()
    body = _course(progress, standings) if len(progress.notebooks) > 1 else _notebook(progress, standings)
    trouble = (
        f'<div style="margin-top:6px">{theme.escape(progress.trouble)}</div>' if progress.trouble else ""
    )
    return sheets.framed("var(--k)", body + trouble)


def _notebook(progress, standings):
    number = progress.notebooks[0]
    head = _head(f"{number} {standing.TITLES[number]}", standings)
    return head + "".join(_exercise(one) for one in standings)


def _exercise(one):
    """A line for one exercise: its mark and name, how it stands, what it asks."""
    return _line(
        f"{_marked(one)}<br>{sheets.small(_words(one.score))}",
        f'<span style="color:var(--dim)">{sheets.marked(one.asks)}</span>',
    )


def _words(score):
    """How it stands, with the day in the reader's own time."""
    said = standing.said(score)
    if not score.solved:
        return said
    day = datetime.fromisoformat(score.solved).astimezone()
    return f"{said}, on {day:%Y-%m-%d}"


def _course(progress, standings):
    lines = [_head("The course", standings)]
    for number in progress.notebooks:
        mine = [one for one in standings if one.notebook == number]
        names = [f'<span style="margin-right:10px;white-space:nowrap">{_marked(one)}</span>' for one in mine]
        count = "<br>" + sheets.small(standing.solved_of(mine)) if mine else ""
        title = f"<b>{number}</b> {theme.escape(standing.TITLES[number])}{count}"
        lines.append(_line(title, " ".join(names)))
    legend = " · ".join(f"{mark} {word}" for word, mark in MARKS.items())
    return "".join(lines) + f"<div>{sheets.small(legend)}</div>"


def _line(left, right):
    """Two cells of the table; in a narrow pane the right one wraps."""
    columns = "minmax(150px,220px) minmax(0,1fr)"
    return (
        f'<div style="display:grid;grid-template-columns:{columns};gap:0 14px;padding:4px 0;'
        f'border-top:1px solid var(--line)"><div>{left}</div><div>{right}</div></div>'
    )


def _head(title, standings):
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;padding-bottom:5px">'
        f'<b style="font-size:14px">{theme.escape(title)}</b>'
        f'<span role="status" aria-live="polite">{standing.solved_of(standings)}</span></div>'
    )


def _marked(one):
    """An exercise's name with its mark, which a screen reader hears as a word."""
    word = "solved" if one.solved else "tried, not yet" if one.score.tries else "not tried"
    ink = {"solved": "var(--c)", "tried, not yet": "var(--s)", "not tried": "var(--dim)"}[word]
    return (
        f'<span role="img" aria-label="{word}" title="{word}" style="color:{ink};font-weight:700">'
        f"{MARKS[word]}</span> {sheets.code(one.exercise)}"
    )
