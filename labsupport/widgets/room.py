"""The class's board in the teacher's notebook, with what a teacher decides: how the server answers, whom a
visitor calls on, whom to dismiss.

Looked at by the sampler, twice a second at most, and drawn again only where something changed. The view holds
its classroom weakly: it ends when the teacher closes it. The projector's page is `labsupport.classroom.page`.
"""

from __future__ import annotations

import time
import weakref

from labsupport import tidying
from labsupport.classroom.shown import board_of
from labsupport.classroom.visits import BEHAVIORS
from labsupport.draw import theme
from labsupport.draw.board import ANSWERS, board_text
from labsupport.widgets import controls, sheets
from labsupport.widgets.bundle import bundle, toolkit
from labsupport.widgets.looking import Looking
from labsupport.widgets.room_parts import button, framed, headline, people, rows
from labsupport.widgets.sampler import sampler

INTERVAL = 0.5  # seconds between two looks
LINES = 8  # of the log
LOG_SHARE = 60  # the log is told again at the earliest after this many times what telling it took …
LOG_PAUSE = 3.0  # … and after so many seconds at the latest: the collector may have had its turn meanwhile
EVERYBODY, NOBODY = ("everybody who serves", ""), ("nobody chosen", "")  # a name is never empty

_views = weakref.WeakKeyDictionary()


def show(room):
    """The RoomView of `room`, a Classroom: the same one each time, until it is closed."""
    view = _views.get(room)
    if view is None or view.closed:
        view = _views[room] = RoomView(room)
    return view


def mimebundle(room, include=None, exclude=None):
    """The mimebundle of a Classroom: its settled text, and live the board with the teacher's controls."""
    model = board_of(room)
    text = board_text(model, settled=True)
    if toolkit() is None:
        return bundle(text)
    if model.over:
        if room in _views:
            _views[room].refresh()  # its last look
        return bundle(text)
    return show(room)._repr_mimebundle_(include, exclude)


class RoomView(Looking):
    """The live board of one Classroom, with its controls; `close()` ends the looking, not the classroom."""

    interval = INTERVAL

    def __init__(self, room):
        super().__init__()
        self._ref = weakref.ref(room)
        self._key, self._names, self._way = None, (), None
        self._lines, self._count, self._not_before = (), None, 0.0
        tidying.register(self, "view")
        sampler.start(self)

    def tick(self, now):
        """Look once; called by the sampler. False once the classroom is closed or gone."""
        room = self._ref()
        with self._lock:
            if self._closed:
                return False
            if room is None:
                return self._ends("The classroom is gone.")
            model = board_of(room)
            key = (model, self._tail(room, now))
            if key != self._key:
                self._key = key
                self._draw()
            return self._ends("The class is over.") if model.over else True

    def _tail(self, room, now):
        """The last lines of the log. A long log takes milliseconds to put into words: that is done the more
        seldom.
        """
        if room.log.count != self._count and (now >= self._not_before or room.closed):
            began = time.thread_time()
            self._count = room.log.count
            self._lines = tuple(room.log.lines()[-LINES:])
            self._not_before = now + min(LOG_PAUSE, LOG_SHARE * (time.thread_time() - began))
        return self._lines

    # What the controls do: each says what came of it, and never raises into a cell

    def answer(self, how):
        """Let the server answer `how`: "whole", "pieces" or "late"."""

        def act(room):
            room.answers = how
            return f"From now on answers come {ANSWERS[how]}."

        self._act("answers", act)

    def visit(self, name, behavior):
        """Let a visitor call on the server of `name`, or on everybody's for ""."""

        def act(room):
            if not name:
                names = ", ".join(room.visit_all(behavior))
                return f"Visitors ({behavior}) are on their way to {names or 'nobody: nobody serves yet'}."
            room.visit(name, behavior)
            return f"A visitor ({behavior}) is on its way to {name}."

        self._act("visit", act)

    def dismiss(self, name):
        """Forget the learner called `name`, and end the connections."""

        def act(room):
            if not name:
                return "Choose whom to dismiss. The name and what was got right under it are then forgotten."
            room.dismiss(name)
            return f"{name} is forgotten, and may come again."

        self._act("dismiss", act)

    def end(self):
        """Close the classroom: its server, its connections, its visitors."""

        def act(room):
            room.close()
            return "The class is over."

        self._act("close", act)

    def _act(self, what, act):
        room = self._ref()
        if room is None or self._closed:
            return
        try:
            said = act(room)
        except Exception as error:
            said = str(error) if isinstance(error, ValueError) else f"{what}: {controls.spoken(error)}"
        self.say(said)
        self.refresh()

    # The widget

    def _build(self, widgets):
        self._head, self._rows, self._log = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._status = widgets.HTML(self._line())
        self._end = button(widgets, "close the class", "stop", lambda _: self.end())
        self._end.layout.align_self = "flex-start"
        row = {"flex_flow": "row wrap", "align_items": "center"}
        bars = [
            widgets.HBox(controls, layout=row)
            for controls in (self._ways(widgets), self._callers(widgets), self._leavers(widgets))
        ]
        table = framed(widgets, self._rows)
        self._widget = widgets.VBox([self._head, table, *bars, self._status, self._log, self._end])
        self._widget.add_class("labsupport-room")
        if self._key is not None:
            self._draw()
        if self._closed:
            self._disable()

    def _ways(self, widgets):
        """How the server answers."""
        room = self._ref()
        self._way = room.answers if room is not None else "whole"
        self._answers = widgets.ToggleButtons(
            options=[(word, how) for how, word in ANSWERS.items()],
            value=self._way,
            tooltips=["each answer at once", "a few bytes at a time", "half a second late"],
            style={"button_width": "90px"},
        )
        self._answers.observe(lambda change: self.answer(change["new"]), "value")
        # Not its own description, below which the buttons would stand; but where the lists have theirs.
        said = widgets.Label(
            "answers come", layout={"width": "100px", "display": "flex", "justify_content": "flex-end"}
        )
        return said, self._answers

    def _callers(self, widgets):
        """Whom a visitor calls on, and how it behaves."""
        self._whom = people(widgets, "a visitor to", EVERYBODY)
        self._how = widgets.Dropdown(options=list(BEHAVIORS), layout={"width": "150px"})
        self._send = button(
            widgets, "send", "user-plus", lambda _: self.visit(*self._chosen(self._whom, self._how))
        )
        return self._whom, self._how, self._send

    def _leavers(self, widgets):
        """Whom to dismiss."""
        self._who = people(widgets, "a learner", NOBODY)
        self._dismiss = button(
            widgets, "dismiss", "user-times", lambda _: self.dismiss(*self._chosen(self._who))
        )
        self._dismiss.tooltip = "end the connections, forget the name and what was got right under it"
        return self._who, self._dismiss

    def _draw(self):
        if self._widget is None:
            return
        model, lines = self._key
        self._put(self._head, sheets.paper(headline(model), wide=1400))
        self._put(self._rows, rows(model))
        self._put(self._log, sheets.paper(sheets.listing("\n".join(map(theme.escape, lines))), wide=1400))
        names = tuple(row.name for row in model.rows)
        if names != self._names:
            self._names = names
            self._offer(names)
        # Set by a program. The model is of a moment ago: a button that was pressed since then is not undone.
        if self._way != model.answers:
            self._way = self._answers.value = model.answers

    @staticmethod
    def _put(widget, html):
        """Send what changed, and no more."""
        if widget.value != html:
            widget.value = html

    def _offer(self, names):
        """The names to choose from; new options would else let go of the one that is chosen."""
        for list_, first in ((self._whom, EVERYBODY), (self._who, NOBODY)):
            chosen = list_.value
            list_.options = [first, *((name, name) for name in names)]
            list_.value = chosen if chosen in names else ""

    def _chosen(self, *lists):
        """What is chosen in each; not while new names are put in, when for a moment nobody is chosen."""
        with self._lock:
            return tuple(list_.value for list_ in lists)

    def _disable(self):
        if self._widget is not None:
            for control in (
                *(self._answers, self._whom, self._how, self._send),
                *(self._who, self._dismiss, self._end),
            ):
                control.disabled = True

    def __repr__(self):
        room = self._ref()
        model = board_of(room) if room is not None else self._key[0] if self._key else None
        return board_text(model, settled=True) if model else "the classroom is gone"

    def _repr_mimebundle_(self, include=None, exclude=None):
        self._display()
        return bundle(repr(self), None, self.widget)
