"""A host's sockets in its card, one a line, as `ss` lists them."""

from __future__ import annotations

from typing import NamedTuple

from labsupport.draw import theme

ROWS = 10  # that a card shows
_LEFT, _RIGHT = 26, 616
_RECEIVE, _SEND, _LOCAL, _PEER = 196, 262, 290, 460  # where the columns are: two end there, two begin


class Row(NamedTuple):
    """One socket. The ends are words; `owned`: a program holds it; queues None: left out, as they vary."""

    state: str
    recv_queue: int | None
    send_queue: int | None
    local: str
    peer: str
    owned: bool = True

    def text(self):
        """`ESTABLISHED  10.0.0.1:… → 10.0.0.2:80`; one end alone where there is no other."""
        ends = self.local if self.peer == "*" else f"{self.local} → {self.peer}"
        return f"{self.state:<12}  {ends}"


def listing_part(rows, y, role):
    """(SVG elements, the height in pixels where they end) of a card's rows; `y`: where they begin."""
    if not rows:
        return theme.text(_LEFT, y + 14, "no sockets", size=11.5, fill="dim", italic=True), y + 20
    heads = ((_LEFT, "State", "start"), (_LOCAL, "Local", "start"), (_PEER, "Peer", "start"))
    if rows[0].recv_queue is not None:
        heads += ((_RECEIVE, "Recv-Q", "end"), (_SEND, "Send-Q", "end"))
    parts = [f'<line x1="{_LEFT}" y1="{y}" x2="{_RIGHT}" y2="{y}" stroke="var(--line)"/>']
    parts += [theme.text(x, y + 18, name, size=11, fill="dim", anchor=side) for x, name, side in heads]
    y += 18
    for row in rows[:ROWS]:
        y += 21
        parts.append(_row(row, y, role))
    notes = [f"and {len(rows) - ROWS} more"] if len(rows) > ROWS else []
    if not all(row.owned for row in rows):
        notes.append("dashed: the kernel's alone, no program's")
    if notes:
        y += 21
        parts.append(theme.text(_LEFT, y, "; ".join(notes), size=11, fill="dim", italic=True))
    return "".join(parts), y + 8


def _row(row, y, role):
    ink = theme.color(role)
    look = {"ink": ink, "fill": "var(--soft)", "stroke": ink, "anchor": "start", "dashed": not row.owned}
    parts = [theme.pill(_LEFT, y - 4, row.state, size=9.5, **look)]
    for x, room, said in ((_LOCAL, _PEER - _LOCAL - 8, row.local), (_PEER, _RIGHT - _PEER, row.peer)):
        parts.append(theme.text(x, y, theme.fitted(said, 11.5, room, mono=True), size=11.5, mono=True))
    for x, amount in ((_RECEIVE, row.recv_queue), (_SEND, row.send_queue)):
        if amount is not None:
            parts.append(theme.text(x, y, theme.count(amount), size=11.5, mono=True, anchor="end"))
    return "".join(parts)
