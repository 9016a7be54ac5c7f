"""The way a socket took through RFC 9293's states, from the few states at which somebody looked.

Two records are kept for each socket, weakly. *Shown*: the states in which a view of it was displayed; the
stored picture is made from these alone, so that it does not depend on when the sampler happened to look.
*Seen*: those and every state the sampler met; the live picture.
"""

from __future__ import annotations

import weakref

from labsupport import tcp

_tracks = weakref.WeakKeyDictionary()


class Track:
    """What is remembered of one socket: states shown, states seen, and which end it is."""

    def __init__(self):
        self.shown, self.seen = [], []
        self.opened = None
        self.snapshot = None  # the last one displayed: what is left to show when the socket is gone

    def saw(self, snapshot):
        """The sampler looked."""
        _append(self.seen, snapshot.state)

    def show(self, snapshot):
        """A view is being displayed."""
        _append(self.shown, snapshot.state)
        _append(self.seen, snapshot.state)
        self.opened = snapshot.opened or self.opened
        self.snapshot = snapshot


def track(sock):
    """The Track of `sock`, the same for every view of it."""
    return _tracks.setdefault(sock, Track())


def _append(states, state):
    if state is not None and (not states or states[-1] != state):
        states.append(state)


def path(states, opened=None):
    """((state, seen), …) from CLOSED through `states`; what lies between two of them, and only one way fits,
    is unseen.

    Where several ways fit, the step is ("…", False). Source: RFC 9293, figure 5, by way of `tcp.between`.
    """
    steps = [("CLOSED", True)]
    for state in states:
        if state == steps[-1][0]:
            continue
        # The one other way to LISTEN, back from SYN-RECEIVED, is a reset's; a plain `listen` is the way here.
        between = tcp.between(steps[-1][0], state, "passive" if state == "LISTEN" else opened)
        steps += [("…", False)] if between is None else [(passed, False) for passed in between]
        steps.append((state, True))
    return tuple(steps)


def role(snapshot, opened=None):
    """Which end a socket is, by what it did: "server" listened or was accepted, "client" connected; None:
    neither yet.
    """
    opened = snapshot.opened or opened
    if snapshot.state == "LISTEN" or opened == "passive":
        return "server"
    return "client" if opened == "active" else None
