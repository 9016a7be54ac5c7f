"""The one thread that looks at everything watched.

Views ask to be looked at; the thread starts with the first of them and ends with the last. It holds them
weakly, and they hold their sockets weakly: being watched keeps nothing alive. What a look costs is measured,
and the next one waits so much longer that watching takes a small and constant part of the time from the
program that is watched.
"""

from __future__ import annotations

import threading
import time
import weakref

from labsupport import tidying

NAME = "labsupport-sampler"
SHARE = 200  # a tick's cost in CPU time, times this, is the shortest pause after it
SLOWEST = 0.1  # seconds: never fewer than ten looks a second, whatever they cost


class Sampler:
    """Calls `view.tick(now)` for each view that asked, every `view.interval` seconds or less often, until it
    returns False.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._views = weakref.WeakSet()
        self._thread = self._ending = None

    def start(self, view):
        """Look at `view` from now on, until its `tick` returns False, or `stop`, or nobody holds it."""
        with self._lock:
            self._views.add(view)
            if self._thread is None:
                if self._ending is not None:
                    self._ending.join(2)  # it needs nothing more
                self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
                self._thread.start()
        self._wake.set()

    def stop(self, view):
        """Look at `view` no more; when it was the last one, the thread has ended when this returns."""
        with self._lock:
            self._views.discard(view)
        self.rest()

    def rest(self):
        """If nothing is left to look at, wait until the thread has ended."""
        with self._lock:
            ending = None if self._views else self._thread or self._ending
        if ending is not None and ending is not threading.current_thread():
            self._wake.set()
            ending.join(2)

    def _run(self):
        while True:
            self._wake.clear()
            pause = self._look()
            if pause is None:
                return
            self._wake.wait(pause)

    def _look(self):
        """One tick for every view; the pause until the next one, or None when the thread has nothing left to
        do.
        """
        with self._lock:
            views = list(self._views)
            if not views:
                self._thread, self._ending = None, self._thread
                return None
        before = time.thread_time()
        for view in views:
            if not _tick(view):
                with self._lock:
                    self._views.discard(view)
        cost = time.thread_time() - before
        return max(min(view.interval for view in views), min(SLOWEST, SHARE * cost))


def _tick(view):
    """Whether to look again. A view's own failure must neither end the thread nor be printed into a learner's
    cell.
    """
    try:
        return view.tick(time.monotonic())
    except Exception as error:
        view.fail(error)
        return False


sampler = Sampler()
tidying.afterwards(sampler.rest)  # a view that was forgotten, not closed, may have been the last one just now
