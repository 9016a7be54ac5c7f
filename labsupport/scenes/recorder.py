"""The calls of a scene, noted as `record()` notes them, each in its turn and on its host."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

from labsupport.recorder import Recorder
from labsupport.scenes.connected import connected
from labsupport.scenes.scenery import Scenery
from labsupport.scenes.turns import Turns

# Python's own, and settled before the call that matters: they would only lengthen the ladder.
_SILENT = frozenset({"socket", "setblocking", "settimeout"})


class SceneRecorder(Recorder):
    """Notes of one scene: `log`, the recorder's and the scenery's in one order. `turns`: who goes on."""

    def __init__(self, net):
        super().__init__()
        self.scenery = Scenery(net, self.log)
        self._kept, self._waiting = {}, {}
        self.failure = None
        self.turns = Turns(self, threading.current_thread())  # asks at once, from a thread of its own

    # The recorder's part

    def wants(self, thread, frame):
        """As the Recorder's; and the calls that make a connection for the scene."""
        return super().wants(thread, frame) or frame.f_globals.get("__name__") == connected.__module__

    def socket(self, sock, born=False):
        """As the Recorder's; the socket is held, for one that is collected would send its FIN unasked."""
        note = super().socket(sock, born)
        self._kept[id(sock)] = sock
        return note

    def began(self, thread, sock, name, args, kwargs, frame):
        """Note a call on a socket of this network, when it is its thread's turn."""
        if name in _SILENT or self._stopped or self.scenery.kernel(self.socket(sock)) is None:
            return None
        note = self.socket(sock)
        note.name = note.name or _variable(sock, self._frame(frame))
        self._waiting[thread] = (name, sock)
        self.turns.begin(thread)
        return super().began(thread, sock, name, args, kwargs, frame)

    def _frame(self, caller):
        """The frame of the scene's own code: for `background(sock.connect, …)` the one that stands in
        background.
        """
        frame = caller
        if _ours(frame):
            frame = sys._current_frames().get(self.main.ident)
        while frame is not None and _ours(frame):
            frame = frame.f_back
        return frame

    def returned(self, call, sock, result, args):
        """Note what a call gave, after all that brought it about."""
        self._in_turn(call)
        if call.name == "accept":
            self.scenery.kernel(self.socket(result[0], born=True))
        super().returned(call, sock, result, args)

    def raised(self, call, error):
        """Note that a call failed."""
        self._in_turn(call)
        super().raised(call, error)

    def beside(self, calls):
        """Nothing: a scene's order is that of its turns, and another program waits for none. It has a
        timeline of its own; here its packets and its kernel's states are seen."""

    def sample(self, force=False):
        """Nothing to look for: the scenery notes every state."""

    def _in_turn(self, call):
        self.turns.go_on(call.thread)
        self._waiting.pop(call.thread, None)
        if not self._stopped:
            self.scenery.take()

    # The wire's part, as Turns asks for it

    def take(self):
        """See Scenery.take."""
        self.scenery.take()

    def carry(self):
        """See Scenery.carry."""
        return self.scenery.carry()

    def readable(self, timeout):
        """See Scenery.readable."""
        return self.scenery.readable(timeout)

    def asking(self):
        """The threads that wait for the network itself, and so are not idle."""
        return set(self.scenery.net.asking)

    def is_free(self):
        """See Scenery.is_free."""
        return self.scenery.is_free()

    def begin_here(self):
        """Forget what was noted, but for the states as they are."""
        self.scenery.begin_here()

    def expects(self, busy):
        """See Scenery.expects."""
        return self.scenery.expects(busy)

    def where(self):
        """In words, what the scene's programs wait in."""
        said = [f"{thread.name} waits in {name}()" for thread, (name, _) in tuple(self._waiting.items())]
        return "; ".join(said) or "no program waits in a socket's call"

    def wake(self):
        """Free every thread that waits in a call, by shutting its socket down."""
        for _, sock in tuple(self._waiting.values()):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    # The threads' errors

    @contextlib.contextmanager
    def catching(self):
        """Keep what the scene's threads raise: an OSError is in the timeline; the first other one is
        `failure`.
        """
        before, main = threading.excepthook, set(threading.enumerate())

        def keep(raised):
            if raised.thread in main:
                before(raised)
            elif not isinstance(raised.exc_value, OSError) and not self._stopped:
                self.failure = self.failure or raised.exc_value

        threading.excepthook = keep
        try:
            yield
        finally:
            threading.excepthook = before

    # The end

    def close(self):
        """Free who still waits, and close every socket of the scene."""
        self.turns.close()
        self.wake()
        self.scenery.close()
        for thread in self.turns.others():
            thread.join(timeout=2)
        for sock in self._kept.values():
            sock.close()


def _ours(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] in ("labsupport", "threading")


def _variable(sock, frame):
    """The variable of a frame that first held the socket; None where there is none.

    In `for client in first, second:` that is `first`. The frame keeps its values alive once it was asked, as
    the scene does in any case.
    """
    variables = frame.f_locals if frame is not None else {}
    return next((name for name, value in variables.items() if value is sock), None)
