"""`watch`: live cards of sockets, servers, visitors, hosts and background calls.

A view looks, but never touches: it holds what it watches weakly and duplicates no descriptor, so that a
socket closes when the learner closes it. Its text and stored picture come from the moments at which it was
displayed; its live cards and its history from the sampler.
"""

from __future__ import annotations

import inspect
import sys
import time

from labsupport import draw, tidying
from labsupport.descriptors import is_descriptor, socket_of
from labsupport.widgets import controls, plots
from labsupport.widgets.bundle import bundle
from labsupport.widgets.eyes import eye_of
from labsupport.widgets.looking import Looking
from labsupport.widgets.sampler import SHARE, sampler

RATE = 20  # looks a second, unless asked otherwise
FASTEST = 1000
DRAWN = 0.05  # seconds: the shortest time between two drawings of one view
KEPT = 20_000  # entries of a history; a longer one is thinned to every second entry


def watch(*things, buttons=False, labels=None, rate=RATE):
    """Show live cards of `things`: sockets, servers, visitors, hosts or background calls; returns the View.

    A card shows what the kernel has: in a listener's queue a neighbor's call too, that of another user of
    this machine. Of a Network, a card for each of its hosts; of a number, the socket that has that
    descriptor. Each card bears the name that the calling code has for the thing, or that of `labels`.
    `buttons` adds buttons: send, recv, close and the like. `rate`: looks a second, 1 to 1000, for the history
    that `plot()` draws. Raises TypeError for what cannot be watched, ValueError for nothing to watch, a bad
    rate, or a closed socket that was never seen.
    """
    if not things:
        raise ValueError(
            "watch needs something to watch: sockets, servers, visitors, hosts or background calls"
        )
    things = [one for thing in things for one in getattr(thing, "hosts", (thing,))]
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise TypeError(f"rate must be a number of looks a second, not {rate!r}")
    if not 1 <= rate <= FASTEST:
        raise ValueError(f"rate must be from 1 to {FASTEST} looks a second, not {rate!r}")
    if labels is None:
        labels = names(things, sys._getframe(1))
    elif len(labels) != len(things):
        raise ValueError(f"labels must be as many as the things to watch, {len(things)}, not {len(labels)}")
    things = [socket_of(thing) if is_descriptor(thing) else thing for thing in things]
    return View([eye_of(thing, label) for thing, label in zip(things, labels, strict=True)], buttons, rate)


def names(things, frame):
    """What the code in `frame` calls each thing: a local or global name, or "". Names in the code itself come
    first.
    """
    code = frame.f_code
    used = {*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars}
    inside = frame.f_locals
    known = [(name, value) for name, value in {**frame.f_globals, **inside}.items() if _plain(name)]
    found = [
        max((name for name, value in known if value is thing), key=used.__contains__, default="")
        for thing in things
    ]
    if code.co_flags & inspect.CO_OPTIMIZED and sys.version_info < (3, 13):
        # Before PEP 667 this dict is a copy of a function's variables that stays with the frame and would
        # keep the learner's sockets open.
        inside.clear()
    return found


def _plain(name):
    """Not IPython's `_` and `_12`, nor a name that no program could contain."""
    return name.isidentifier() and not name.startswith("_")


class View(Looking):
    """Live cards. `repr` is a settled text; `history` and `plot()` tell what was sampled; `close()` ends the
    watching.
    """

    def __init__(self, eyes, buttons=False, rate=RATE):
        super().__init__()
        self.eyes = eyes
        self.interval = min(1 / rate, DRAWN)
        self._buttons = buttons
        self._began = time.monotonic()
        self._history, self._keys, self._stale = [], None, [True] * len(eyes)
        self._draw_after, self._cards = 0.0, None
        self.tick(self._began)
        tidying.register(self, "view")
        sampler.start(self)

    def tick(self, now):
        """Look once; called by the sampler. False when nothing watched here can change any more."""
        with self._lock:
            if self._closed:
                return False
            # Asked before the look, so that what is final has been seen; and of each, for each may have news.
            going = not all([eye.finished() for eye in self.eyes])
            samples = [eye.sample() for eye in self.eyes]
            self._note(now, [key for key, _ in samples], tuple(snapshot for _, snapshot in samples))
            if self._cards and any(self._stale) and (now >= self._draw_after or not going):
                self._redraw()
            return going

    def _note(self, now, keys, snapshots):
        before = self._keys or [None] * len(keys)
        changed = [key != old for key, old in zip(keys, before, strict=True)]
        if any(changed):
            self._keys = keys
            self._stale = [old or new for old, new in zip(self._stale, changed, strict=True)]
            self._history.append((now - self._began, snapshots))
            if len(self._history) > KEPT:
                del self._history[1:-1:2]

    def _redraw(self):
        began = time.thread_time()
        for position, eye in enumerate(self.eyes):
            if self._stale[position]:
                self._stale[position] = False
                self._cards[position].value = draw.card_svg(eye.live(), live=True)
        # Drawing is what costs, and while it holds the interpreter a transfer waits: within 10 to 20 drawings
        # a second, the next one is the later the more this one took.
        self._draw_after = time.monotonic() + min(2 * DRAWN, max(DRAWN, SHARE * (time.thread_time() - began)))

    def fail(self, error):
        """The sampler's look raised `error`: it stands in the view, and not in whatever cell is running."""
        self.say(f"watching ended: {type(error).__name__}: {error}")

    def refresh(self):
        """Look and draw at once, as after a button was pressed."""
        with self._lock:
            self._draw_after = 0.0
            self.tick(time.monotonic())

    @property
    def history(self):
        """What was sampled: a list of (seconds since the view was made, tuple of Snapshots), an entry for
        each change.

        A server's or a visitor's Snapshot is that of its newest connection; None where there is none.
        """
        self.refresh()
        with self._lock:
            return list(self._history)

    def plot(self):
        """A matplotlib Figure of the history: the queues, and the bytes sent and received, over time."""
        return plots.figure([eye.label or eye.kind for eye in self.eyes], self.history)

    def _build(self, widgets):
        self._cards = [widgets.HTML(draw.card_svg(eye.live(), live=True)) for eye in self.eyes]
        self._status = widgets.HTML(self._line())
        rows = []
        for eye, card in zip(self.eyes, self._cards, strict=True):
            rows.append(card)
            if self._buttons:
                rows += controls.row(widgets, self, eye)
        self._widget = widgets.VBox([*rows, self._status])
        self._widget.add_class("labsupport-view")

    def _forget(self):
        if not all([eye.finished() for eye in self.eyes]):
            self.say("watching has ended; this was the last look")
        super()._forget()

    def _settled(self):
        with self._lock:
            return [eye.settled() for eye in self.eyes]

    def __repr__(self):
        return "\n".join(draw.card_text(model) for model in self._settled())

    def _repr_mimebundle_(self, include=None, exclude=None):
        models = self._settled()
        self._display()
        text = "\n".join(draw.card_text(model) for model in models)
        return bundle(text, draw.cards_svg(models), self.widget)
