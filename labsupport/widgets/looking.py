"""What the views at which the sampler looks share: a widget, a line that says what came of it, an end.

They differ in what they look at, and in what they hold weakly. They end alike: a view is closed, or nothing
is left to look at, or its look failed; what is on the page stays there.
"""

from __future__ import annotations

import threading
import time

from labsupport import tidying
from labsupport.widgets import controls
from labsupport.widgets.bundle import BuiltWhenAsked
from labsupport.widgets.sampler import sampler

_displayed = set()  # the page keeps a view until it is closed, whether a name refers to what it shows or not


class Looking(BuiltWhenAsked):
    """A view at which the sampler looks, until `close()` or until its `tick(now)` returns False.

    A subclass has `interval`, `tick`, and `_build(widgets)`, which sets `_widget` and `_status`, an HTML.
    """

    def __init__(self, said=""):
        self._lock = threading.RLock()
        self._closed, self._said = False, said
        self._widget = self._status = None

    @property
    def closed(self):
        """Whether it looks no more."""
        return self._closed

    def close(self):
        """Look no more; again: nothing. What is on the page stays as it is."""
        with self._lock:
            closing, self._closed = not self._closed, True
            self._disable()
        if closing:
            sampler.stop(self)
            self._forget()

    def fail(self, error):
        """The sampler's look raised `error`: it stands in the view, and not in whatever cell is running."""
        self._ends(f"looking ended: {type(error).__name__}: {error}")

    def say(self, text):
        """Put `text` on the status line."""
        with self._lock:
            self._said = text
            if self._status is not None:
                self._status.value = self._line()

    def refresh(self):
        """Look at once, as after a button was pressed."""
        try:
            going = self.tick(time.monotonic())
        except Exception as error:
            self.fail(error)
            going = False
        if not going:
            sampler.stop(self)

    def _line(self):
        """The status line as HTML."""
        return controls.status(self._said)

    def _display(self):
        """It is put on a page: from now on the page keeps it."""
        if not self._closed:
            _displayed.add(self)
            self.refresh()

    def _ends(self, said):
        """There is nothing to look at any more. False, for `tick`."""
        with self._lock:
            self._closed = True
            self.say(said)
            self._disable()
        self._forget()
        return False

    def _forget(self):
        _displayed.discard(self)
        tidying.unregister(self)

    def _disable(self):
        """Let no control be used any more."""
