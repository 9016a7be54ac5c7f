"""What a check found, a hint and a solution, as the page shows them; their text is the value's own."""

from __future__ import annotations

import textwrap

from labsupport import draw
from labsupport.draw import theme
from labsupport.exercises import standing
from labsupport.exercises.exercise import named
from labsupport.exercises.scores import Score
from labsupport.exercises.verdict import NOT_ATTEMPTED
from labsupport.timeline import Timeline
from labsupport.widgets import sheets
from labsupport.widgets.bundle import bundle, still

HIGHEST = 560  # pixels of a timeline; a longer one scrolls
PROGRAM = 860  # pixels that a program is wide: 110 columns and their frame


def verdict_bundle(verdict):
    """The mimebundle of a Verdict; live with the run's picture, and the score of its notebook."""
    return bundle(repr(verdict), None, still(_html(verdict)))


def hint_bundle(hint):
    """The mimebundle of a Hint."""
    beyond = _line(sheets.marked(hint.beyond), dim=True) if hint.beyond else ""
    head = f'<div style="font-weight:650;color:var(--dim)">{theme.escape(hint.head)}</div>'
    return bundle(
        repr(hint), None, still(sheets.framed("var(--c)", head + _line(sheets.marked(hint.text)) + beyond))
    )


def solution_bundle(solution):
    """The mimebundle of a Solution; live in the colors that the page gives to programs."""
    if not solution.source:
        live = sheets.framed("var(--k)", _line(sheets.marked(repr(solution))))
    else:
        live = sheets.paper(sheets.listing(_colored(solution.source, named(solution.name).in_c), high=900), wide=PROGRAM)
    return bundle(repr(solution), None, still(live))


def program_bundle(shown):
    """The mimebundle of a C file that is shown; live in the colors that the page gives to programs."""
    live = sheets.paper(sheets.listing(_colored(shown.text, in_c=True), high=600), wide=PROGRAM)
    return bundle(repr(shown), None, still(live))


def _html(verdict):
    if verdict.status == NOT_ATTEMPTED:
        return sheets.paper(f'<div style="color:var(--dim)">○ {theme.escape(repr(verdict))}</div>')
    parts = [_head(verdict), _line(sheets.marked(verdict.message))]
    if verdict.passed and verdict.beyond:
        parts.append(_line(f"<b>Beyond this exercise:</b> {sheets.marked(verdict.beyond)}"))
    parts += [_line(theme.escape(f"Not tried here: {what}"), dim=True) for what in verdict.skipped]
    if verdict.output:
        lines = [theme.escape(line.expandtabs()) for line in textwrap.dedent(verdict.printed).split("\n")]
        parts += [_line("It printed:", dim=True), sheets.listing("\n".join(lines))]
    if verdict.timeline is not None and len(verdict.timeline):
        parts.append(_picture(verdict.timeline))
    return sheets.framed(_ink(verdict), "".join(parts))


def _ink(verdict):
    return "var(--c)" if verdict.passed else "var(--s)"


def _head(verdict):
    """The verdict in a mark and in words, and the score beside it."""
    mark = "✓" if verdict.passed else "✕"
    return (
        '<div role="status" aria-live="polite" style="display:flex;flex-wrap:wrap;gap:2px 14px;'
        f'align-items:baseline"><b style="color:{_ink(verdict)};font-size:14.5px">{mark} '
        f"{theme.escape(f'{verdict.name}: {verdict.status}')}</b>{sheets.small(_score(verdict))}</div>"
    )


def _score(verdict):
    """ "3 tries · notebook 06: solved 2 of 5"; "" for a verdict that was not counted."""
    if verdict.tries is None:
        return ""
    if verdict.solved:
        said = standing.said(Score(verdict.tries, verdict.solved)) + ("" if verdict.passed else " before")
    else:
        said = standing.tries(verdict.tries)
    mine = standing.progress(verdict.notebook).standings()
    return f"{said} · notebook {verdict.notebook}: {standing.solved_of(mine)}"


def _picture(timeline):
    """The calls and states that the text tells; what was sampled besides is in no settled order."""
    told = Timeline(timeline.settled, timeline.lanes, timeline.settled)
    more = _line("… and further calls", dim=True) if timeline.missed else ""
    return (
        f'<div style="margin-top:8px;overflow:auto;max-height:{HIGHEST}px">'
        f"{draw.timeline_svg(told, live=True)}</div>{more}"
    )


def _line(body, dim=False):
    ink = "var(--dim)" if dim else "var(--ink)"
    return f'<div style="margin-top:4px;font-size:14px;line-height:1.5;color:{ink}">{body}</div>'


def _colored(source, in_c=False):
    """The program as HTML in JupyterLab's colors for code, which follow its theme; plain without Pygments.

    Not Pygments' own HTML, which marks every blank: a message of more than 64 kB makes pyzmq start a thread
    that stays.
    """
    source = source.expandtabs().rstrip("\n")
    try:
        from pygments.lexers import CLexer, PythonLexer
        from pygments.token import Comment, Keyword, Number, String
    except ImportError:
        return _escaped(source)
    # Comments are what it is read for, and JupyterLab's color for them is hard to read in the dark.
    kinds = (
        (Comment.Preproc, "color:var(--jp-mirror-editor-meta-color,#6b3fa0)"),
        (Comment.PreprocFile, "color:var(--jp-mirror-editor-string-color,#ba2121)"),
        (Comment, "font-style:italic;color:var(--dim)"),
        (Keyword, "font-weight:650;color:var(--jp-mirror-editor-keyword-color,#008000)"),
        (String, "color:var(--jp-mirror-editor-string-color,#ba2121)"),
        (Number, "color:var(--jp-mirror-editor-number-color,#666)"),
    )
    parts = []
    for token, text in (CLexer() if in_c else PythonLexer()).get_tokens(source):
        ink = next((style for kind, style in kinds if token in kind), None)
        parts.append(f'<span style="{ink}">{_escaped(text)}</span>' if ink else _escaped(text))
    return "".join(parts).rstrip("\n")


def _escaped(text):
    """`text` for HTML; its line ends stay what they are."""
    return "\n".join(map(theme.escape, text.split("\n")))
