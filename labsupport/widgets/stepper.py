"""The live form of a scene: its ladder, and a bar to walk through it one event at a time.

At each step stand both ends' states and queues as they were then, and the event told in a sentence. Nothing
moves by itself; there is no thread. The slider takes the arrow keys, Home and End once it has the focus.
"""

from __future__ import annotations

import threading
from collections import Counter

from labsupport import draw
from labsupport.draw.wire_place import Placed
from labsupport.draw.wire_rows import Names, plan, role_of
from labsupport.widgets import controls, saving, sheets
from labsupport.widgets.bundle import BuiltWhenAsked
from labsupport.widgets.bundle import bundle as mimebundle
from labsupport.widgets.moments import homes, idle, moments

TALLEST, WINDOW = 720, 600  # pixels: a taller ladder is walked through a window of that height
BY_ORDER, TO_SCALE = "by order", "to scale in time"
_HEAD = ("socket", "state", "Recv-Q", "Send-Q")
_BUTTONS = (  # description, icon, tooltip
    ("first", "fast-backward", "to the first event"),
    ("back", "step-backward", "one event back"),
    ("next", "step-forward", "one event on"),
    ("last", "fast-forward", "to the last event"),
    ("whole", "arrows-v", "the whole scene, nothing left out"),
)


def bundle(timeline):
    """The mimebundle of a scene's Timeline: text and picture as they are stored, live the Stepper."""
    return mimebundle(draw.wire_text(timeline), draw.wire_svg(timeline), Stepper(timeline).widget)


class Stepper(BuiltWhenAsked):
    """Walks through a scene's timeline.

    `position`: 1 is the first moment, `len(stepper)` the last, one more the whole scene, where it begins.
    """

    def __init__(self, timeline):
        self.timeline = timeline
        self.moments = moments(timeline)
        self.position = len(self) + 1
        self.scaled = False
        self._homes, self._idle, self._names = homes(timeline), idle(timeline), Names(timeline)
        self._lock = threading.RLock()  # a button's callback may run in another thread
        self._widget, self._places = None, {}

    def __len__(self):
        return len(self.moments)

    @property
    def whole(self):
        """Whether all of it is shown, and no event marked."""
        return self.position > len(self)

    # --- walking ----------------------------------------------------------------------------------

    def go(self, position):
        """Show the moment of that number; a number beyond the ends is the end."""
        with self._lock:
            position = max(1, min(position, len(self) + 1))
            if position != self.position:
                self.position = position
                self._show()

    def first(self):
        """To the first event."""
        self.go(1)

    def back(self):
        """One event back; from the whole scene to the last one."""
        self.go(self.position - 1)

    def next(self):
        """One event on; from the whole scene to the first one."""
        self.go(1 if self.whole else self.position + 1)

    def last(self):
        """To the last event."""
        self.go(len(self))

    def all(self):
        """The whole scene."""
        self.go(len(self) + 1)

    # --- what is shown ----------------------------------------------------------------------------

    def sentence(self):
        """The present event told in a sentence; what there is to do while the whole scene is shown."""
        if self.whole:
            return "The whole scene. Walk through it with the buttons, or with the arrow keys on the slider."
        moment = self.moments[self.position - 1]
        return self._beginning(moment) if moment.begins else draw.tell_event(self.timeline, moment.at)

    def _beginning(self, moment):
        """How the scene found its sockets: `So it begins: at the server LISTEN, 6 × ESTABLISHED.`"""
        said = []
        for end, lanes in self._homes:
            found = Counter(moment.sockets[lane].state for lane in lanes if moment.sockets[lane].state)
            states = [state if count == 1 else f"{count} × {state}" for state, count in found.items()]
            if states:
                where = f"host {end.label}" if len(end.label) == 1 else f"the {end.label}"
                said.append(f"at {where} {', '.join(states)}")
        return f"So it begins: {'; '.join(said)}."

    def ladder(self):
        """The ladder as SVG, up to the present event."""
        scale = "time" if self.scaled else "order"
        if self.whole:
            return draw.wire_svg(self.timeline, live=True, scale=scale)
        until = self.moments[self.position - 1].until
        return self._around(until, scale, draw.wire_svg(self.timeline, live=True, scale=scale, until=until))

    def _around(self, until, scale, svg):
        """Of a ladder too long for one screen, the part around the present event."""
        if scale not in self._places:
            self._places[scale] = Placed(self.timeline, plan(self.timeline), True, scale)
        placed = self._places[scale]
        wide, high = placed.width, placed.height
        if high <= TALLEST:
            return svg
        top = round(max(0, min(placed.at(until) - 0.55 * WINDOW, high - WINDOW)))
        whole = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
        return svg.replace(whole, f'viewBox="0 {top} {wide} {WINDOW}" width="{wide}" height="{WINDOW}"', 1)

    def ends(self):
        """Both ends as HTML: each socket's state and queues as they were then."""
        sockets = self.moments[min(self.position, len(self)) - 1].sockets if self.moments else ()
        return sheets.side_by_side(
            [self._end(host, end, lanes, sockets) for host, (end, lanes) in enumerate(self._homes)], least=250
        )

    def _end(self, host, end, lanes, sockets):
        crowds = {}  # sockets of which nothing is told stand in one row, those alike
        for lane in lanes:
            then = sockets[lane]
            key = (then[1:5],) if lane in self._idle else lane
            crowds.setdefault(key, []).append(lane)
        rows = [self._row(crowd, sockets[crowd[0]]) for crowd in crowds.values()]
        body = sheets.table(_HEAD, rows, shares=(26, 38, 18, 18)) if rows else sheets.small("no socket")
        return sheets.host(end.label, role_of(self.timeline, host), end.address, body)

    def _row(self, lanes, then):
        news = frozenset() if self.whole else then.news
        state = sheets.small("–")
        if then.state is not None:
            said = then.state if len(lanes) == 1 else f"{len(lanes)} × {then.state}"
            role = self.timeline.lanes[lanes[0]].role
            state = sheets.pill(said, role, news="state" in news, seen=then.seen)
        queues = [
            sheets.figure(getattr(then, name), news=name in news) for name in ("recv_queue", "send_queue")
        ]
        name = self._names.of_lane(lanes[0]) if len(lanes) == 1 else f"{len(lanes)} sockets"
        return (draw.theme.escape(name), state, *queues)

    # --- the widget -------------------------------------------------------------------------------

    def _build(self, widgets):
        self._sentence, self._ends, self._ladder = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._slider = widgets.IntSlider(
            min=1, max=len(self) + 1, value=self.position, readout=False, layout={"flex": "1 1 120px"}
        )
        self._slider.observe(lambda change: self._do(lambda: self.go(change["new"])), "value")
        acts = (self.first, self.back, self.next, self.last, self.all)
        buttons = [
            self._button(widgets, *look, act=act) for look, act in zip(_BUTTONS, acts, strict=True)
        ]
        bar = widgets.HBox([*buttons[:2], self._slider, *buttons[2:]], layout=_ROW)
        parts = [bar, self._sentence, self._ends] if self.moments else []
        self._widget = widgets.VBox([*parts, self._ladder, self._tools(widgets)])
        self._widget.add_class("labsupport-stepper")
        self._show()

    def _tools(self, widgets):
        """What is wanted seldom: the other order, the files."""
        parts = []
        if self.timeline.keeps_time:
            scale = widgets.ToggleButtons(options=[BY_ORDER, TO_SCALE], style={"button_width": "auto"})
            scale.observe(lambda change: self._do(lambda: self._rescale(change["new"] == TO_SCALE)), "value")
            parts.append(scale)
        parts.append(
            self._button(widgets, "save as SVG", "picture-o", "the ladder, a file in the working folder",
                         act=lambda: self.save(".svg"))
        )
        if self.timeline.packets:
            parts.append(
                self._button(widgets, "save as pcap", "download", "the packets, for Wireshark",
                             act=lambda: self.save(".pcap"))
            )
        self._status = widgets.HTML()
        return widgets.HBox([*parts, self._status], layout=_ROW)

    def _button(self, widgets, name, icon, tooltip, act):
        button = widgets.Button(description=name, icon=icon, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: self._do(act))
        return button

    def _do(self, act):
        """What a control does; an error is said in the view and never printed into a cell."""
        with self._lock:
            try:
                self._say(act() or "")
            except Exception as error:
                self._say(controls.spoken(error))

    def _say(self, said):
        self._status.value = sheets.paper(sheets.status(said)) if said else ""

    def _rescale(self, scaled):
        self.scaled = scaled
        self._show()

    def _show(self):
        if self._widget is None:
            return
        number = "" if self.whole else f"{self.position} of {len(self)}"
        self._sentence.value = sheets.paper(sheets.status(self.sentence(), aside=number, high=40))
        self._ends.value = sheets.paper(self.ends())
        self._ladder.value = self.ladder()
        self._slider.value = self.position

    def save(self, suffix):
        """Save the whole scene into the working folder, ".svg" or ".pcap"; returns what to say about it."""
        path = saving.save(self.timeline.save, self.timeline.name or "scene", suffix)
        return f"saved: {path.name}"


_ROW = {"flex_flow": "row wrap", "align_items": "center", "max_width": f"{sheets.WIDTH}px"}
