"""HTML that the stepper and the network's panel share: hosts side by side, a table of sockets in each.

Plain strings in the colors of `draw.theme`, with the words beside every color. Widths are those of a notebook
pane: two hosts fit into 700 pixels, more than two wrap.
"""

from __future__ import annotations

import re

from labsupport.draw import theme

WIDTH = 720  # pixels, as wide as the ladder
ROLES = ("client", "server")  # whose colors the first two hosts have, as on a ladder; further ones are grey
_MONO = "font-family:" + theme.MONO.replace('"', "'")  # to stand in an attribute


def role(number):
    """In whose color host `number` is drawn: the first blue, the second orange."""
    return ROLES[number] if number is not None and number < len(ROLES) else None


def paper(body, wide=WIDTH):
    """`body` in the page's own colors, at most `wide` pixels; several on a page do not disturb each other."""
    return (
        f'<div class="ls-live" style="max-width:{wide}px;font-size:13px;line-height:1.45;color:var(--ink)">'
        f"{theme.style(True)}{body}</div>"
    )


def side_by_side(sections, least=300):
    """Sections in columns that wrap where the pane gives one less than `least` pixels."""
    return (
        '<div style="display:grid;gap:10px;'
        f'grid-template-columns:repeat(auto-fit,minmax(min(100%,{least}px),1fr))">'
        + "".join(sections)
        + "</div>"
    )


def host(label, role, address, body):
    """One host: its name in its color, its address, and `body`."""
    ink = theme.color(role)
    return (
        f'<section style="border:1px solid var(--line);border-left:5px solid {ink};border-radius:8px;'
        'background:var(--paper);padding:6px 10px 8px;overflow-x:auto">'
        f'<div><b style="color:{ink};font-size:14px">{theme.escape(label)}</b> '
        f"{small(address, mono=True)}</div>{body}</section>"
    )


def table(head, rows, wide=True, shares=None):
    """A table, as wide as there is room or as its cells need.

    `head`: the columns' names; a cell is HTML, right-aligned where its column's name ends in `-Q`. `shares`:
    the columns' widths in percent, which then stay where they are, whatever stands in them.
    """
    fixed = ";table-layout:fixed" if shares else ""
    columns = "".join(f'<col style="width:{share}%">' for share in shares or ())
    sides = ["text-align:right" if name.endswith("-Q") else "text-align:left" for name in head]
    space = "padding:2px 7px 2px 0;white-space:nowrap;background:none;border:0"
    names = "".join(
        f'<th scope="col" style="{side};{space};font-weight:400;font-size:11px;color:var(--dim)">{name}</th>'
        for name, side in zip(head, sides, strict=True)
    )
    lines = "".join(
        '<tr style="background:none">'
        + "".join(f'<td style="{side};{space}">{cell}</td>' for cell, side in zip(row, sides, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<table style="border-collapse:collapse;{"width:100%;" if wide else ""}margin:3px 0 0;'
        f'font-size:12px{fixed}">'
        f"<colgroup>{columns}</colgroup><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"
    )


def pill(said, role, *, news=False, seen=True):
    """A state in its frame: filled where it is news, dashed where it was passed and not seen."""
    ink = theme.color(role)
    paint = f"background:{ink};color:var(--paper)" if news else f"background:var(--soft);color:{ink}"
    return (
        f'<span style="display:inline-block;border:1.2px {"solid" if seen else "dashed"} {ink};{paint};'
        'border-radius:9px;padding:0 6px;font-size:10px;line-height:16px;font-weight:650">'
        f"{theme.escape(said)}</span>"
    )


def figure(value, *, news=False):
    """A queue's count, bold where it is news; "–" for one that nothing is known of."""
    ink = "var(--dim)" if not value and not news else "var(--ink)"
    weight = ";font-weight:700" if news else ""
    return f'<span style="color:{ink}{weight};{_MONO}">{theme.count(value)}</span>'


def small(said, *, mono=False):
    """A remark in dim, small letters."""
    letters = f";{_MONO}" if mono else ""
    return f'<span style="color:var(--dim);font-size:11.5px{letters}">{theme.escape(said)}</span>'


def status(said, *, aside="", high=0):
    """A line that a screen reader announces when it changes; `high`: pixels kept for it, so that nothing
    below moves.
    """
    beside = f"{small(aside)} " if aside else ""
    return (
        f'<div role="status" aria-live="polite" style="font-size:14px;line-height:1.4;min-height:{high}px">'
        f"{beside}{theme.escape(said)}</div>"
    )


def code(said):
    """An address or the like."""
    return f'<span style="{_MONO};font-size:11px">{theme.escape(said)}</span>'


def marked(said):
    """A sentence with what stands in backticks set as code."""
    parts = re.split(r"`([^`]+)`", said)
    return "".join(_inline(part) if number % 2 else theme.escape(part) for number, part in enumerate(parts))


def _inline(said):
    return (
        f'<code style="{_MONO};font-size:12px;background:var(--soft);color:var(--ink);border-radius:4px;'
        f'padding:1px 4px;white-space:pre-wrap">{theme.escape(said)}</code>'
    )


def listing(body, high=320):
    """Lines of output or of a program, HTML; what is higher than `high` pixels scrolls."""
    return (
        f'<pre style="{_MONO};font-size:12px;line-height:1.45;margin:4px 0 0;padding:6px 10px;'
        f"color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:6px;"
        f'white-space:pre;overflow:auto;max-height:{high}px">'
        f"{body}</pre>"
    )


def framed(ink, body):
    """`body` on the page's paper, with a stroke in `ink`, a CSS color, at its left."""
    return paper(
        f'<section style="border:1px solid var(--line);border-left:5px solid {ink};border-radius:8px;'
        f'background:var(--paper);padding:8px 12px 10px">{body}</section>'
    )
