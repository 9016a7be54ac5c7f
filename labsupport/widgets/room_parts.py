"""The parts of the class's board in the teacher's notebook: its table in a frame, lists, buttons."""

from __future__ import annotations

from labsupport.draw import theme
from labsupport.draw.board import happening, place, turned_away
from labsupport.draw.board_html import rows_html
from labsupport.draw.board_style import pane_style
from labsupport.widgets import sheets

LARGEST = 48_000  # bytes of HTML: a message of more than 64 kB makes pyzmq start a thread that stays
LABEL = {"description_width": "100px"}
# Of the window: the controls below stay in sight, however many learners there are.
HIGHEST = "65vh"


def framed(widgets, table):
    """`table`, an HTML widget, in a frame that scrolls where there is more than fits.

    The frame is a widget of its own because the table is drawn anew with every byte that comes: what scrolls
    must outlast that, or it would jump back twice a second.
    """
    table.layout = {"width": "100%", "min_width": "min-content", "margin": "0"}
    frame = widgets.Box([table], layout={"max_height": HIGHEST, "overflow": "auto", "flex": "0 0 auto"})
    for name in ("ls-live", "board-frame"):
        frame.add_class(name)
    return frame


def people(widgets, said, first):
    """A list to choose a learner from, called `said`; until one has come, it offers `first` alone."""
    return widgets.Dropdown(options=[first], description=said, style=LABEL, layout={"width": "330px"})


def button(widgets, said, icon, press):
    """A button with `said` on it, that calls `press(button)`."""
    made = widgets.Button(description=said, icon=icon, layout={"width": "auto"})
    made.on_click(press)
    return made


def headline(model):
    """How many are here, and where they come in, as HTML."""
    doors = " or ".join(
        f"<b>{sheets.code(host)}</b> port <b>{sheets.code(port)}</b>"
        for host, port in map(place, model.addresses[:4])
    )
    away = f" · turned away: {theme.escape(turned_away(model))}" if model.turned_away else ""
    return (
        f'<div style="font-size:14px"><b>{theme.escape(happening(model))}</b></div>'
        f'<div style="color:var(--dim)">Learners come in at {doors}{away}</div>'
    )


def rows(model):
    """The board's rows, as many as fit into a message."""
    most = None
    while True:
        html = (
            f'<div class="ls-live">{pane_style()}<div class="board"><div class="table">'
            f"{rows_html(model, most)}</div></div></div>"
        )
        if len(html.encode()) <= LARGEST or most == 0:
            return html
        most = (most if most is not None else len(model.rows)) * 3 // 4
