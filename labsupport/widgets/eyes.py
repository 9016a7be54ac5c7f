"""How to look at one watched thing, whatever it is: a socket, a server, a visitor, a background call.

Things are known by what they can tell (a server has an address, a count of connections, a log), never by their class, so
that what is added later can be watched as well. Each eye holds its thing weakly.
"""

from __future__ import annotations

import socket
import time
import weakref

from labsupport import tidying
from labsupport.draw import CardModel
from labsupport.draw.text import plural
from labsupport.observe import observe, seen
from labsupport.widgets import paths

LINES = 6  # of a log, in a card
LOG_SHARE = 60  # a log is drawn again at the earliest after this many times what drawing it took


def eye(thing, label):
    """The eye for `thing`. Raises TypeError for what cannot be watched."""
    if isinstance(thing, socket.socket):
        return SocketEye(thing, label)
    if hasattr(thing, "cancel") and hasattr(thing, "elapsed"):
        return CallEye(thing, label)
    if hasattr(thing, "address") and hasattr(thing, "connections") and hasattr(thing, "log"):
        return ServerEye(thing, label)
    if hasattr(thing, "sockets"):
        return CompanyEye(thing, label)
    raise TypeError(
        "watch needs sockets, servers, visitors or background calls, not " + f"{type(thing).__name__}: {thing!r}"
    )


def socket_kind(snapshot):
    """`TCP socket`, `UDP socket`, `Unix stream socket` …"""
    style = {"SOCK_STREAM": "stream", "SOCK_DGRAM": "datagram", "SOCK_SEQPACKET": "seqpacket"}.get(snapshot.type)
    if snapshot.family == "AF_UNIX":
        return f"Unix {style or ''} socket".replace("  ", " ")
    if snapshot.family in ("AF_INET", "AF_INET6"):
        return {"stream": "TCP socket", "datagram": "UDP socket"}.get(style, "raw socket")
    return f"{snapshot.family} socket"


def waiting_on(sock):
    """What a background call waits for on `sock`: `waits in recv(1024)`, or ""."""
    calls = [call for call in tidying.still_open("call") if call.socket is sock and not call.done]
    return "waits in " + " and ".join(sorted(call.text for call in calls)) if calls else ""


class SocketEye:
    """Looks at one socket: the kernel's Snapshot of it, and the way it came."""

    def __init__(self, sock, label):
        self.label = label or "socket"
        self._sock = weakref.ref(sock)
        self._track = paths.track(sock)
        seen(sock)  # while it is open: afterwards the kernel finds it by its cookie alone
        self._last = observe(sock)

    @property
    def thing(self):
        """The socket, or None when nothing refers to it any more."""
        return self._sock()

    def sample(self):
        """(what to compare with the last look, Snapshot for the history)."""
        sock = self._sock()
        if sock is None:
            return ("gone",), self._last
        self._last = snapshot = observe(sock)
        self._track.saw(snapshot)
        return (snapshot, waiting_on(sock)), snapshot

    def finished(self):
        """Whether nothing can change any more: gone, or closed and (if TCP) CLOSED."""
        return self._sock() is None or (self._sock().fileno() < 0 and self._last.state in (None, "CLOSED"))

    def settled(self):
        """The CardModel to store: made from what was displayed, never from a sampler's look."""
        sock = self._sock()
        if sock is not None:
            self._last = observe(sock)
            self._track.show(self._last)
        snapshot = self._track.snapshot
        if snapshot is None:
            return CardModel(self.label, "socket", aside="gone")
        return self._model(snapshot, self._track.shown, sock)

    def live(self):
        """The CardModel as of the last look."""
        return self._model(self._last, self._track.seen, self._sock())

    def _model(self, snapshot, states, sock):
        opened = snapshot.opened or self._track.opened
        return CardModel(
            self.label,
            socket_kind(snapshot),
            role=paths.role(snapshot, opened),
            snapshot=snapshot,
            path=paths.path(states, opened) if snapshot.state else (),
            waiting=waiting_on(sock) if sock is not None else "",
            aside="gone: no name refers to it" if sock is None else "",
        )


class CallEye:
    """Looks at a background call: what it waits in, and how long."""

    def __init__(self, call, label):
        self.label = label
        self._call = weakref.ref(call)
        self._model = self._draw(call)

    @property
    def thing(self):
        """The call, or None when nothing refers to it any more."""
        return self._call()

    def sample(self):
        """(what to compare with the last look, None: a call has no Snapshot)."""
        call = self._call()
        if call is None:
            return ("gone",), None
        self._model = self._draw(call)
        return (call.state, round(call.elapsed, 1), self._model.waiting), None

    def finished(self):
        """Whether the call has ended."""
        call = self._call()
        return call is None or call.done

    def settled(self):
        """The CardModel to store."""
        call = self._call()
        return self._draw(call) if call is not None else self._model

    def live(self):
        """The CardModel as of the last look."""
        return self._model

    def _draw(self, call):
        text, _, state = repr(call).partition(": ")
        where = ""
        if call.socket is not None and not call.done:
            snapshot = observe(call.socket)
            where = f", the socket is {snapshot.state}" if snapshot.state else ""
        return CardModel(text, "call in the background", waiting=state + where, elapsed=call.elapsed)


class ServerEye:
    """Looks at a server: its counters, its newest connections, the end of its log."""

    def __init__(self, server, label):
        self.label = label
        self.kind = type(server).__name__
        self._server = weakref.ref(server)
        self._log = _LogTail()
        self._model = self._draw(server, ())

    @property
    def thing(self):
        """The server, or None when nothing refers to it any more."""
        return self._server()

    def sample(self):
        """(what to compare with the last look, the newest connection's Snapshot or None)."""
        server = self._server()
        if server is None:
            return ("gone",), None
        connections = _snapshots(server.sockets)
        self._model = self._draw(server, connections, time.monotonic())
        return (self._model,), connections[-1] if connections else None

    def finished(self):
        """Whether nothing can change any more: the server is gone, or its log ended with "closed" for itself."""
        server = self._server()
        return server is None or getattr(server, "closed", False)

    def settled(self):
        """The CardModel to store: no connections' states, which nobody awaited."""
        server = self._server()
        return self._draw(server, ()) if server is not None else self._model

    def live(self):
        """The CardModel as of the last look."""
        return self._model

    def _draw(self, server, connections, now=None):
        facts = (
            ("connections", server.connections, plural(server.connections, "connection")),
            ("received", server.bytes_received, f"received {server.bytes_received}"),
            ("sent", server.bytes_sent, f"sent {server.bytes_sent}"),
        )
        return CardModel(
            self.label,
            self.kind,
            role="server",
            address=server.address,
            facts=facts,
            log=self._log.lines(server.log, now),
            connections=connections,
        )


class CompanyEye:
    """Looks at anything else with sockets of its own: a visitor, a host."""

    def __init__(self, thing, label):
        self.label = label
        self.kind = type(thing).__name__
        self._thing = weakref.ref(thing)
        self._log = _LogTail()
        self._model = self._draw(thing, ())

    @property
    def thing(self):
        """The visitor or host, or None when nothing refers to it any more."""
        return self._thing()

    def sample(self):
        """(what to compare with the last look, the newest socket's Snapshot or None)."""
        thing = self._thing()
        if thing is None:
            return ("gone",), None
        connections = _snapshots(thing.sockets)
        self._model = self._draw(thing, connections, time.monotonic())
        return (self._model,), connections[-1] if connections else None

    def finished(self):
        """Whether nothing can change any more."""
        thing = self._thing()
        return thing is None or bool(getattr(thing, "done", False))

    def settled(self):
        """The CardModel to store."""
        thing = self._thing()
        return self._draw(thing, ()) if thing is not None else self._model

    def live(self):
        """The CardModel as of the last look."""
        return self._model

    def _draw(self, thing, connections, now=None):
        log = getattr(thing, "log", None)
        return CardModel(
            self.label,
            self.kind,
            role="client" if hasattr(thing, "behavior") else None,
            address=getattr(thing, "address", None),
            waiting=getattr(thing, "behavior", ""),
            log=self._log.lines(log, now) if log is not None else (),
            connections=connections,
        )


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
    """The last lines of a log. A long log takes milliseconds to put into words: live, that is done the more seldom."""

    def __init__(self):
        self._order, self._lines, self._not_before = None, (), 0.0

    def lines(self, log, now=None):
        """The last lines; with `now`, those of a moment ago if it is too early to draw them again."""
        order = log[-1].order if len(log) else 0
        if order == self._order or (now is not None and now < self._not_before):
            return self._lines
        began = time.thread_time()
        lines = log.lines()
        hidden = len(lines) - LINES
        self._lines = tuple(([f"({plural(hidden, 'earlier line')})"] if hidden > 0 else []) + lines[-LINES:])
        self._order = order
        if now is not None:
            self._not_before = now + LOG_SHARE * (time.thread_time() - began)
        return self._lines
