"""One value, three forms: text, a stored picture, and a live widget, in one mimebundle.

A page shows the richest form it can: JupyterLab the widget, a page without a kernel the picture, an untrusted
notebook, a screen reader and the tests the text. Text and picture are settled, the same from run to run.
"""

from __future__ import annotations

from labsupport import draw
from labsupport.draw import CardModel, theme
from labsupport.widgets import paths

WIDGET = "application/vnd.jupyter.widget-view+json"


def toolkit():
    """The module ipywidgets, or None where it is not installed. It is imported as late as this, for it takes
    a while.
    """
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def bundle(text, svg=None, widget=None):
    """(data, metadata) of a mimebundle with the forms that there are."""
    data = {"text/plain": text}
    if svg is not None:
        data["image/svg+xml"] = svg
    if widget is not None:
        data[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return data, {}


class BuiltWhenAsked:
    """A view whose widget is made when it is first asked for: `_build` sets `_widget`, under `_lock`."""

    @property
    def widget(self):
        """The view as an ipywidgets box, the same each time; None without ipywidgets."""
        widgets = toolkit()
        if widgets is None:
            return None
        with self._lock:
            if self._widget is None:
                self._build(widgets)
            return self._widget


def still(value):
    """A widget that shows `value`, some HTML, and does not change; None without ipywidgets."""
    widgets = toolkit()
    return widgets.HTML(value) if widgets else None


def snapshot_bundle(snapshot):
    """The mimebundle of one Snapshot: its card as it was, and live the ports, queues and the rest of what it
    holds.
    """
    from labsupport.widgets.eyes import socket_kind

    model = CardModel(
        "",
        socket_kind(snapshot),
        role=paths.role(snapshot),
        snapshot=snapshot,
        path=paths.path([snapshot.state], snapshot.opened) if snapshot.state else (),
    )
    live = draw.card_svg(model, live=True) + _details(snapshot)
    return bundle(repr(snapshot), draw.card_svg(model), still(live))


def _details(snapshot):
    """What has no place on the card: the round trip, the congestion window, what was sent again."""
    said = []
    if snapshot.rtt is not None:
        said.append(f"round trip {snapshot.rtt * 1000:.3g} ms")
    if snapshot.cwnd is not None:
        said.append(f"congestion window {snapshot.cwnd} segments")
    if snapshot.retransmits is not None:
        said.append(f"{snapshot.retransmits} sent again")
    return paragraph(" · ".join(said)) if said else ""


def paragraph(said):
    """A small line under a card."""
    return (
        '<div style="font-size:12px;line-height:1.5;padding:2px 8px;'
        'color:var(--jp-content-font-color2,#5f6675)">'
        f"{theme.escape(said)}</div>"
    )


def timeline_bundle(timeline):
    """The mimebundle of a Timeline: text and picture without times, live with them; a scene is walked."""
    if timeline.hosts:
        from labsupport.widgets import stepper

        return stepper.bundle(timeline)
    widget = still(draw.timeline_svg(timeline, live=True)) if toolkit() else None
    return bundle(repr(timeline), draw.timeline_svg(timeline), widget)


def diagram_bundle(diagram):
    """The mimebundle of a Diagram; the live one has the page's colors."""
    path, role = diagram.path, diagram.role
    widget = still(draw.diagram_svg(path, role=role, live=True))
    return bundle(repr(diagram), draw.diagram_svg(path, role=role), widget)


def report_bundle(report):
    """The mimebundle of doctor's Report: a fixed text; live a table of what this machine can show, with
    remedies.
    """
    return bundle(repr(report), None, still(_table(report.abilities)))


def _table(abilities):
    line = "border-bottom:1px solid var(--jp-border-color2,#d5dae3)"
    cell = f'style="text-align:left;padding:5px 12px 5px 0;vertical-align:top;{line}"'
    rows = "".join(
        f"<tr><td {cell}>{'✓' if ability.present else '✕'}</td>"
        f"<td {cell}><b>{theme.escape(ability.name)}</b></td>"
        f"<td {cell}>{theme.escape(ability.found or '')}</td>"
        f"<td {cell}>{theme.escape(ability.remedy or '') if not ability.present else ''}</td></tr>"
        for ability in abilities
    )
    head = "".join(
        f'<th scope="col" {cell}>{name}</th>' for name in ("", "ability", "found here", "how to get it")
    )
    return (
        '<table style="border-collapse:collapse;font-size:13px;line-height:1.45;max-width:680px;'
        f'color:var(--jp-content-font-color1,#1f2430)"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )
