"""A card: one socket, server, visitor or call as the kernel and the program have it now.

The card is drawn from a `CardModel`, which is plain data. The stored form leaves out what varies from run to
run (ports, descriptors, gauges, times); the live form shows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.draw import theme
from labsupport.draw.diagram import diagram_part, legend_part
from labsupport.draw.listing import listing_part
from labsupport.draw.text import ends, full, host, path_text, plural

WIDTH = 640
_LEFT, _GAUGE = 26, 270  # where the words begin; how long a gauge is
_LINES = 6  # log lines and connections that a live card shows


@dataclass(frozen=True)
class CardModel:
    """What a card shows.

    `label` is the learner's own name for the thing, `kind` what it is ("TCP socket", "EchoServer", "call"),
    `role` "client", "server" or None (not decided yet); `snapshot` for a socket; `path` the (state, seen)
    pairs passed so far; `waiting` what the program waits for. Of a server, a visitor, a call: `words` its own
    text, `facts` (name, figure) pairs, `log` its last lines, `connections` the Snapshots of its open
    connections, `elapsed` seconds. Of a host: `listing`, a Row for each of its sockets. `aside` is a remark, live
    only; `note` what went wrong.
    """

    label: str
    kind: str
    role: str | None = None
    snapshot: object = None
    path: tuple = ()
    waiting: str = ""
    address: object = None
    facts: tuple = ()
    log: tuple = ()
    connections: tuple = ()
    listing: tuple | None = None
    elapsed: float | None = None
    words: str = ""
    note: str = ""
    aside: str = ""


def card_svg(model, live=False):
    """The card as a whole SVG drawing, 640 pixels wide; `live` adds ports, descriptors, gauges and times."""
    body, high = card_part(model, live)
    title, description = _spoken(model)
    return theme.figure(WIDTH, high, body, title=title, description=description, live=live)


def cards_svg(models, live=False):
    """Several cards, one below the other, in one drawing."""
    parts, top = [], 0
    for model in models:
        body, high = card_part(model, live)
        parts.append(f'<g transform="translate(0 {top})">{body}</g>')
        top += high + 12
    spoken = [_spoken(model) for model in models]
    title = "; ".join(title for title, _ in spoken)
    return theme.figure(
        WIDTH,
        top - 12,
        "".join(parts),
        title=title,
        description=" ".join(said for _, said in spoken),
        live=live,
    )


def card_part(model, live):
    """(SVG elements, height in pixels) of a card, to stand inside another drawing."""
    if model.snapshot is None:
        body, high = _thing(model, live)
    elif model.snapshot.state:
        body, high = _tcp(model, live)
    else:
        body, high = _plain_socket(model, live)
    if model.note:
        body += theme.text(_LEFT, high + 4, theme.fitted("✕ " + model.note, 11.5, 590), size=11.5, fill="x")
        high += 18
    return _frame(high, theme.color(model.role)) + body, high


def _spoken(model):
    """(title, a sentence) for a screen reader: nothing in them changes with the gauges."""
    state = model.snapshot.state if model.snapshot is not None and model.snapshot.state else ""
    title = f"{model.label or model.kind}: {state}" if state else f"{model.label or model.kind}"
    said = [f"{model.kind} {model.label}".strip()]
    if model.snapshot is not None:
        said.append(ends(model.snapshot).replace("→", "to"))
    if len(model.path) > 1:
        said.append("states so far: " + path_text(model.path).replace(" → ", ", "))
    said += [said for said in (model.words, model.waiting) if said]
    return title, "; ".join(said) + "."


def _frame(high, ink):
    """The card's paper, and its role as a bar at the left that is cut to the rounded corners."""
    return (
        theme.sheet(WIDTH, high)
        + f'<path d="M7 .5H10A9.5 9.5 0 0 0 .5 10V{high - 10}A9.5 9.5 0 0 0 10 {high - 0.5}H7z"'
        + f' fill="{ink}"/>'
    )


def _head(model, live, room=280):
    """Who, what it is, and from where to where."""
    ink = theme.color(model.role)
    name = theme.fitted(model.label or model.kind, 16, room, bold=True)
    parts = [theme.text(_LEFT, 34, name, size=16, fill=ink, weight=650)]
    beside = _LEFT + theme.width(name, 16, bold=True) + 10
    kind = _kind(model, live) if model.label else ""
    if kind:
        kind = theme.fitted(kind, 11.5, _LEFT + room - beside)
        parts.append(theme.text(beside, 34, kind, size=11.5, fill="dim"))
    parts += [
        theme.text(_LEFT, 54 + 15 * row, theme.fitted(line, 12, room + 12, mono=True), size=12, mono=True)
        for row, line in enumerate(_place(model, live, room))
    ]
    return "".join(parts)


def _kind(model, live):
    said = [model.kind]
    snapshot = model.snapshot
    if snapshot is not None and model.role:
        listened = ("LISTEN", True) in model.path  # nobody ever saw an accepted socket there
        passive = "listens" if snapshot.state == "LISTEN" else "listened" if listened else "accepted"
        said.append(passive if model.role == "server" else "connected")
    if live and snapshot is not None and snapshot.fd is not None and not model.aside:
        said.append(f"fd {snapshot.fd}")
    return " · ".join(said)


def _place(model, live, room):
    """The address line, as two lines where one is too short for it."""
    if model.snapshot is None:
        where = (full if live else host)(model.address)
        return [where] if where else []
    line = ends(model.snapshot, full if live else host)
    if theme.width(line, 12, mono=True) > room and " → " in line:
        here, there = line.split(" → ")
        return [here, "→ " + there]
    return [line]


def _tcp(model, live):
    """A TCP socket: words and figures at the left, the state diagram at the right."""
    snapshot, ink = model.snapshot, theme.color(model.role)
    left = [_head(model, live), theme.text(_LEFT, 98, snapshot.state, size=20, weight=700)]
    said = (live and model.aside) or model.waiting
    if said:
        left.append(theme.text(_LEFT, 117, theme.fitted(said, 11.5, 280), size=11.5, fill="dim", italic=True))
    if snapshot.state == "LISTEN":
        left.append(_queue_of_connections(snapshot, 160, ink) if live else "")
    else:
        # After close the last look decides the figures: they are told live only (and what is over has no
        # queues).
        left.append(_figures(snapshot, 150, live) if live or snapshot.fd is not None else "")
        queues = (
            live
            and snapshot.recv_queue is not None
            and (snapshot.fd is not None or snapshot.state != "CLOSED")
        )
        left.append(_gauges(snapshot, 213, ink) if queues else "")
    right = f'<g transform="translate(320 8)">{diagram_part(model.path, model.role)}</g>'
    legend = legend_part(475, 280, model.path, size=10)
    return "".join(left) + right + legend, 290 if legend else 278


def _figures(snapshot, y, live):
    """Sent and received; live, also what has been acknowledged and read."""
    parts = []
    for x, name, figure, rest in (
        (_LEFT, "sent", snapshot.bytes_sent, (snapshot.bytes_acked, "acknowledged")),
        (_LEFT + 150, "received", snapshot.bytes_received, (snapshot.bytes_read, "read")),
    ):
        if figure is None:
            continue
        parts.append(theme.text(x, y, name, size=11.5, fill="dim"))
        parts.append(theme.text(x, y + 20, theme.count(figure), size=18, mono=True))
        # After close nobody reads any more, and the kernel has forgotten how much was.
        if live and rest[0] is not None and (snapshot.fd is not None or rest[1] == "acknowledged"):
            parts.append(theme.text(x, y + 35, f"{theme.count(rest[0])} {rest[1]}", size=10.5, fill="dim"))
    return "".join(parts)


def _gauges(snapshot, y, ink):
    """Send-Q and Recv-Q against their buffers; after close the kernel still sends, but keeps nothing to be
    read.
    """
    send = _gauge("Send-Q", snapshot.send_queue, snapshot.send_buffer, y, ink)
    if snapshot.fd is None:
        return send
    return send + _gauge("Recv-Q", snapshot.recv_queue, snapshot.recv_buffer, y + 32, ink)


def _queue_of_connections(snapshot, y, ink):
    """A listener's accept queue: on Linux one more than the backlog fits in."""
    waiting = snapshot.recv_queue
    note = theme.text(
        _LEFT,
        y + 38,
        f"{plural(waiting or 0, 'connection')} waiting for accept",
        size=11.5,
        fill="dim",
        italic=True,
    )
    return _gauge("accept queue", waiting, snapshot.send_queue, y, ink, of="of backlog") + note


def _gauge(name, amount, limit, y, ink, of="of"):
    """A named bar; its figures stand beside it, for color and length alone are not enough."""
    share = min(1, (amount or 0) / limit) if limit else (1 if amount else 0)
    figures = (
        f'<text x="{_LEFT + _GAUGE}" y="{y}" text-anchor="end" font-size="11.5" class="m" fill="var(--ink)">'
        f'{theme.count(amount)}<tspan fill="var(--dim)"> {of} {theme.count(limit)}</tspan></text>'
    )
    bar = theme.rect(_LEFT, y + 7, _GAUGE, 9, "var(--soft)", radius=4.5, line="var(--line)")
    if amount:
        bar += theme.rect(_LEFT, y + 7, max(9, share * _GAUGE), 9, ink, radius=4.5)
    return theme.text(_LEFT, y, name, size=11.5, fill="dim") + figures + bar


def _plain_socket(model, live):
    """A UDP or Unix socket: the kernel keeps no state and no counters for it, so only its queues can be
    shown.
    """
    snapshot, ink = model.snapshot, theme.color(model.role)
    parts, high = [_head(model, live, room=590)], 72
    said = (live and model.aside) or model.waiting
    if said:
        parts.append(theme.text(_LEFT, 78, theme.fitted(said, 11.5, 590), size=11.5, fill="dim", italic=True))
        high = 92
    if live and (snapshot.recv_queue is not None or snapshot.send_queue is not None):
        send = _gauge("Send-Q", snapshot.send_queue, snapshot.send_buffer, high + 12, ink)
        receive = _gauge("Recv-Q", snapshot.recv_queue, snapshot.recv_buffer, high + 12, ink)
        parts.append(f'{send}<g transform="translate({_GAUGE + 46} 0)">{receive}</g>')
        high += 42
    return "".join(parts), high


def _thing(model, live):
    """A server, a visitor or a call: figures, open connections (live only), the last lines of its log."""
    parts, y = [_head(model, live, room=590)], 56 if not _place(model, live, 590) else 72
    if model.waiting or model.elapsed is not None:
        said = model.waiting + (f", {model.elapsed:.1f} s" if live and model.elapsed is not None else "")
        parts.append(theme.text(_LEFT, y + 8, theme.fitted(said, 13, 590), size=13, weight=600))
        y += 24
    if model.facts:
        parts += [
            theme.text(_LEFT + 150 * column, y + 8, name, size=11.5, fill="dim")
            + theme.text(_LEFT + 150 * column, y + 28, theme.count(figure), size=18, mono=True)
            for column, (name, figure) in enumerate(model.facts)
        ]
        y += 44
    if live and model.aside:
        said = theme.fitted(model.aside, 11.5, 590)
        parts.append(theme.text(_LEFT, y + 8, said, size=11.5, fill="dim", italic=True))
        y += 20
    if live and model.connections:
        rows, y = _connections(model, y + 8)
        parts.append(rows)
    if model.listing is not None:
        rows, y = listing_part(model.listing, y + 2, model.role)
        parts.append(rows)
    if model.log:
        parts.append(_rule(y + 2))
        parts += [
            theme.text(
                _LEFT, y + 20 + 16 * row, theme.fitted(line, 11.5, 590, mono=True), size=11.5, mono=True
            )
            for row, line in enumerate(model.log[-_LINES:])
        ]
        y += 10 + 16 * len(model.log[-_LINES:])
    return "".join(parts), y + 14


def _connections(model, y):
    """The open connections of a server, one a line: number, peer, state, queues."""
    ink = theme.color(model.role)
    columns = ((_LEFT, "connection"), (_LEFT + 250, "state"))
    parts = [_rule(y)] + [theme.text(x, y + 18, name, size=11, fill="dim") for x, name in columns]
    parts += [
        theme.text(x, y + 18, name, size=11, fill="dim", anchor="end")
        for x, name in ((_LEFT + 470, "Recv-Q"), (_LEFT + 580, "Send-Q"))
    ]
    y += 18
    for snapshot in model.connections[-_LINES:]:
        y += 20
        peer = full(snapshot.peer) or "unnamed"
        parts.append(theme.text(_LEFT, y, theme.fitted(peer, 11.5, 240, mono=True), size=11.5, mono=True))
        if snapshot.state:
            parts.append(
                theme.pill(
                    _LEFT + 250,
                    y - 4,
                    snapshot.state,
                    size=9.5,
                    ink=ink,
                    fill="var(--soft)",
                    stroke=ink,
                    anchor="start",
                )
            )
        for x, amount in ((_LEFT + 470, snapshot.recv_queue), (_LEFT + 580, snapshot.send_queue)):
            parts.append(theme.text(x, y, theme.count(amount), size=11.5, mono=True, anchor="end"))
    hidden = len(model.connections) - _LINES
    if hidden > 0:
        y += 18
        parts.append(theme.text(_LEFT, y, f"and {hidden} more", size=11, fill="dim", italic=True))
    return "".join(parts), y + 12


def _rule(y):
    return f'<line x1="{_LEFT}" y1="{y}" x2="{WIDTH - 24}" y2="{y}" stroke="var(--line)"/>'
