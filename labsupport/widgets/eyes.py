"""How to look at one watched thing, whatever it is: a socket, a server, a visitor, a host, a background call.

Things are known by what they can tell (a server has an address, a count of connections, a log), never by
their class, so that what is added later can be watched as well. Each eye holds its thing weakly.
"""

from __future__ import annotations

import socket
import time
import weakref

from labsupport import tidying
from labsupport.draw import CardModel
from labsupport.draw.text import plural
from labsupport.observe import observe
from labsupport.widgets import paths

LINES = 6  # of a log, in a card
COUNTERS = (("connections", "connections"), ("received", "bytes_received"), ("sent", "bytes_sent"))
LOG_SHARE = 60  # a log is drawn again at the earliest after this many times what drawing it took


def eye_of(thing, label):
    """The eye for `thing`. Raises TypeError for what cannot be watched."""
    if isinstance(thing, socket.socket):
        return SocketEye(thing, label)
    if hasattr(thing, "cancel") and hasattr(thing, "elapsed"):
        return CallEye(thing, label)
    if hasattr(thing, "diag"):
        from labsupport.widgets.hosteye import HostEye

        return HostEye(thing, label)
    if hasattr(thing, "sockets"):
        return HelperEye(thing, label)
    raise TypeError(
        "watch needs sockets, servers, visitors, hosts or background calls, not "
        + f"{type(thing).__name__}: {thing!r}"
    )


def socket_kind(snapshot):
    """`TCP socket`, `UDP socket`, `Unix stream socket` …"""
    style = {"SOCK_STREAM": "stream", "SOCK_DGRAM": "datagram", "SOCK_SEQPACKET": "seqpacket"}.get(
        snapshot.type
    )
    if snapshot.family == "AF_UNIX":
        return f"Unix {style or ''} socket".replace("  ", " ")
    if snapshot.family in ("AF_INET", "AF_INET6"):
        return {"stream": "TCP socket", "datagram": "UDP socket"}.get(style, "raw socket")
    return f"{snapshot.family} socket"


def waiting_on(sock):
    """What a background call waits for on `sock`: `waits in recv(1024)`, or ""."""
    calls = [call for call in tidying.still_open("call") if call.socket is sock and not call.done]
    return "waits in " + " and ".join(sorted(call.text for call in calls)) if calls else ""


class Eye:
    """What all eyes have: a name for their thing, and a weak hold of it."""

    kind = "socket"

    def __init__(self, thing, label):
        self.label = label
        self._ref = weakref.ref(thing)

    @property
    def thing(self):
        """What is watched, or None when nothing refers to it any more."""
        return self._ref()


class SocketEye(Eye):
    """Looks at one socket: the kernel's Snapshot of it, and the way it came."""

    def __init__(self, sock, label):
        super().__init__(sock, label or "socket")
        self._track = paths.track(sock)
        self._last = observe(sock)  # while it is open: afterwards the kernel finds it by its cookie alone
        self.kind = socket_kind(self._last)

    def sample(self):
        """(what to compare with the last look, Snapshot for the history)."""
        sock = self.thing
        if sock is None:
            return ("gone",), self._last
        self._last = snapshot = observe(sock)
        self._track.saw(snapshot)
        return (snapshot, waiting_on(sock)), snapshot

    def finished(self):
        """Whether nothing can change any more: gone, or closed and (if TCP) CLOSED."""
        sock = self.thing
        return sock is None or (
            sock.fileno() < 0 and self._last.fd is None and self._last.state in (None, "CLOSED")
        )

    def settled(self):
        """The CardModel to store: made from what was displayed, never from a sampler's look."""
        sock = self.thing
        if sock is not None:
            self._last = observe(sock)
            self._track.show(self._last)
        snapshot = self._track.snapshot
        if snapshot is None:
            return CardModel(self.label, self.kind, words="socket, gone before it was looked at")
        return self._model(snapshot, self._track.shown, sock)

    def live(self):
        """The CardModel as of the last look."""
        return self._model(self._last, self._track.seen, self.thing)

    def _model(self, snapshot, states, sock):
        opened = snapshot.opened or self._track.opened
        return CardModel(
            self.label,
            self.kind,
            role=paths.role(snapshot, opened),
            snapshot=snapshot,
            path=paths.path(states, opened) if snapshot.state else (),
            waiting=waiting_on(sock) if sock is not None else "",
            aside="gone: no name refers to it" if sock is None else "",
        )


class CallEye(Eye):
    """Looks at a background call: what it waits in, and how long."""

    kind = "call in the background"

    def __init__(self, call, label):
        super().__init__(call, label)
        self._model = self._draw(call)

    def sample(self):
        """(what to compare with the last look, None: a call has no Snapshot)."""
        call = self.thing
        if call is None:
            return ("gone",), None
        self._model = self._draw(call)
        return (call.state, round(call.elapsed, 1), self._model.waiting), None

    def finished(self):
        """Whether the call has ended."""
        call = self.thing
        return call is None or call.done

    def settled(self):
        """The CardModel to store."""
        call = self.thing
        return self._draw(call) if call is not None else self._model

    def live(self):
        """The CardModel as of the last look."""
        return self._model

    def _draw(self, call):
        words = repr(call)
        text, _, said = words.rpartition(": ")
        state = observe(call.socket).state if call.socket is not None and not call.done else None
        if state is not None:
            said += f", the socket is {state}"
        return CardModel(text or words, self.kind, waiting=said, elapsed=call.elapsed, words=words)


class HelperEye(Eye):
    """Looks at a server or a visitor: its counters, its newest sockets, the end of its log."""

    def __init__(self, thing, label):
        super().__init__(thing, label)
        self.kind = type(thing).__name__
        self._log = _LogTail()
        self._model = self._draw(thing, ())

    def sample(self):
        """(what to compare with the last look, the newest socket's Snapshot or None)."""
        thing = self.thing
        if thing is None:
            return ("gone",), None
        connections = _snapshots(thing.sockets)
        self._model = self._draw(thing, connections, time.monotonic())
        # An old log may be shown for a moment; that newer lines are due is a change too.
        return (self._model, self._log.behind), connections[-1] if connections else None

    def finished(self):
        """Whether nothing can change any more."""
        thing = self.thing
        if thing is None:
            return True
        log = getattr(thing, "log", ())
        if hasattr(thing, "behavior"):
            return thing.done and not thing.sockets
        return bool(len(log)) and log[-1].connection is None and log[-1].what == "closed"

    def settled(self):
        """The CardModel to store: no connections' states, which nobody awaited."""
        thing = self.thing
        return self._draw(thing, ()) if thing is not None else self._model

    def live(self):
        """The CardModel as of the last look."""
        return self._model

    def _draw(self, thing, connections, now=None):
        visitor = hasattr(thing, "behavior")
        words = repr(thing)
        log = getattr(thing, "log", None)
        return CardModel(
            self.label,
            self.kind,
            role="client" if visitor else "server" if log is not None else None,
            address=getattr(thing, "address", None),
            waiting=words.partition(", sent ")[0] if visitor else "",
            facts=tuple((name, getattr(thing, field)) for name, field in COUNTERS if hasattr(thing, field)),
            log=self._log.lines(log, now) if log is not None else (),
            connections=connections,
            aside=_turned_away(thing),
            words=words.replace(", ", "   ", 1),
        )


def _turned_away(thing):
    """A live remark: how many a server did not let in, which no text keeps."""
    count = getattr(thing, "turned_away", 0)
    return f"{count:,} turned away: another user's, or without the word" if count else ""


def _snapshots(sockets):
    """Snapshots of the newest few; one that is closed just now is left out."""
    found = []
    for sock in list(sockets)[-LINES:]:
        try:
            found.append(observe(sock))
        except (OSError, ValueError):
            continue
    return tuple(found)


class _LogTail:
    """The last lines of a log. A long log takes milliseconds to put into words: live, that is done the more
    seldom.
    """

    def __init__(self):
        self._order, self._lines, self._not_before = None, (), 0.0
        self.behind = False

    def lines(self, log, now=None):
        """The last lines; with `now`, those of a moment ago if it is too early to draw them again."""
        order = log[-1].order if len(log) else 0
        self.behind = order != self._order and now is not None and now < self._not_before
        if order == self._order or self.behind:
            return self._lines
        began = time.thread_time()
        lines = log.lines()
        hidden = len(lines) - LINES
        self._lines = tuple(([f"({plural(hidden, 'earlier line')})"] if hidden > 0 else []) + lines[-LINES:])
        self._order = order
        if now is not None:
            self._not_before = now + LOG_SHARE * (time.thread_time() - began)
        return self._lines
