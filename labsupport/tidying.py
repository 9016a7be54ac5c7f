"""Leave nothing behind: what the course opened and nobody closed, found and closed with one call.

Servers, visitors, views and background calls register themselves here, weakly, when they start a thread. The last cell of
every notebook calls `tidy()`, and so do the tests.
"""

from __future__ import annotations

import threading
import weakref

# Views first: a sampler that looks at a server while it closes would show a half-closed one.
# Networks last: servers and programs may live on their hosts.
KINDS = ("view", "call", "visitor", "server", "program", "network")

_afterwards = []
_open: dict[str, weakref.WeakSet] = {kind: weakref.WeakSet() for kind in KINDS}
_lock = threading.Lock()


def register(thing, kind):
    """Remember `thing` (which has a `close()`) until it says `unregister` or is forgotten; `kind` is one of KINDS."""
    if kind not in _open:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    with _lock:
        _open[kind].add(thing)


def unregister(thing):
    """`thing` has closed itself."""
    with _lock:
        for things in _open.values():
            things.discard(thing)


def afterwards(wait):
    """Let `tidy()` call `wait()` at its end: for a thread that ends by itself, once it has nothing left to do."""
    _afterwards.append(wait)


def still_open(kind):
    """The things of `kind` that are open now, as a list."""
    with _lock:
        return list(_open[kind])


class Tidied:
    """How many of each kind `tidy()` closed."""

    def __init__(self, counts):
        self.counts = counts

    def __repr__(self):
        said = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in self.counts.items() if count]
        return "closed: " + ", ".join(said) if said else "nothing was left open"


def tidy():
    """Close every server, visitor, view, background call and C program that is still open.

    Returns a value that says how many of each there were. Raises the first error that a closing one raises, after all
    have been closed: a server's own error is not lost.
    """
    counts, first = {}, None
    for kind in KINDS:
        with _lock:
            things = list(_open[kind])
        counts[kind] = len(things)
        for thing in things:
            try:
                thing.close()
            except Exception as error:
                first = first or error
            finally:
                unregister(thing)
    for wait in _afterwards:
        wait()
    if first is not None:
        raise first
    return Tidied(counts)
