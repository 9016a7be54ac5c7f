"""The learner's function, in a process of its own, as a check sees it: call it, wait, look, end it.

Whatever the function does, it does there: a check has the peers' ends of every connection and the clock. When
the check is over the process is killed, with everything that it started.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

from labsupport.child import Process
from labsupport.exercises import travel
from labsupport.exercises.channel import Channel, Foreign
from labsupport.exercises.outcome import Gone, Hung, Outcome, Wrong
from labsupport.waiting import readable

STARTING = 20.0  # seconds for the process to come up and load the function; it takes a tenth of one
ANSWERING = 3.0  # seconds for the thread beside the function to answer, of the six that a check may take
DEADLINE = 2.0  # seconds that a call may take unless its case says otherwise
# Its address space is limited: glibc would reserve 64 MiB of it for every thread (mallopt(3)).
_SPARING = {"MALLOC_ARENA_MAX": "2"}
_MAIN = "from labsupport.exercises.runner import main; main()"

# Held while a process comes up: until it has become another program, it has a copy of every socket of this
# one, and a port that was given back in that moment is still taken.
SPAWNING = threading.Lock()


class Learner:
    """One process for one function; calls go one after another. `close()` ends it, and all that it started."""

    def __init__(self, function):
        packed, texts = travel.packed(function), travel.sources(function)
        self.endings = {f"exit {code}": said for code, said in getattr(function, "endings", {}).items()}
        here, there = socket.socketpair()
        try:
            command = [sys.executable, "-P", "-u", "-c", _MAIN, str(there.fileno())]
            with SPAWNING:
                self._process = Process(command, pass_fds=(there.fileno(),), environment=_SPARING)
        except BaseException:
            here.close()
            raise
        finally:
            there.close()
        self.channel = Channel(here)
        try:
            self._load({"path": sys.path, "folder": os.getcwd(), "function": packed, "sources": texts})
        except BaseException:  # also where the learner interrupts: nobody else could end the process
            self.close()
            raise

    def _load(self, order):
        try:
            self.channel.send("order", order)
            kind, value = self.channel.receive(STARTING)
        except (OSError, EOFError):
            self._process.end()
            raise RuntimeError(f"the process for the check did not start: {self._process.output}") from None
        if kind == "unloadable":
            raise travel.CannotTravel(
                f"it could not be loaded in a process of its own: {value['kinds'][0]}: {value['text']}"
            )

    @property
    def printed(self):
        """What the function has printed so far."""
        return self._process.output

    def call(self, args, kwargs=None, streams=False, probe=None, datagrams=None):
        """Start the function with `args`; their sockets go over, and are closed here. Returns a Call.

        `datagrams`: a Mark's, which are to come alone to the UDP sockets that the function makes.
        """
        return Call(self, args, kwargs or {}, streams, probe, datagrams)

    def death(self):
        """How the process ended, in words, or None while it lives: "exit 0", "killed by SIGPIPE"."""
        if not self._process.ends_within(ANSWERING):  # it gives its descriptors back before it is gone
            return None
        self._process.end()
        return self._process.status

    def close(self):
        """Kill it. Again: nothing."""
        self._process.end()
        self.channel.close()


class Call:
    """One call under way: `outcome()` waits for its end, `item()` for what a generator yields next."""

    def __init__(self, learner, args, kwargs, streams, probe, datagrams=None):
        self._learner, self._channel = learner, learner.channel
        self._ended, self._answers, self.items, self._read = None, [], [], 0
        with SPAWNING:  # what the case has closed is closed from here on: nobody has a copy of it any more
            pass
        self._began = time.monotonic()
        try:
            self._channel.send("call", (args, kwargs, streams, probe, datagrams))
        except OSError:
            raise self._gone() from None
        _close_all([*args, *kwargs.values()])

    def outcome(self, deadline=DEADLINE, during=None):
        """The Outcome. Raises Hung where the function still runs after `deadline` seconds since the call.

        `during`: what the peer had done by then, a clause for the verdict: "the peer had closed".
        """
        while self._ended is None:
            left = self._began + deadline - time.monotonic()
            if not self._take(left):
                where = self._where()
                if self._ended is None:  # on a busy machine it may end while it is asked
                    raise Hung(deadline, where, during)
        return self._ended

    def item(self, deadline=DEADLINE, during=None):
        """The next value that the generator yields. Raises Hung; IndexError where it has ended instead."""
        at, until = self._read, time.monotonic() + deadline
        while len(self.items) <= at and self._ended is None:
            if not self._take(until - time.monotonic()):
                where = self._where()
                if len(self.items) <= at and self._ended is None:  # it may come while it is asked
                    raise Hung(deadline, where, during)
        if len(self.items) <= at:
            raise IndexError("it has ended")
        self._read = at + 1
        return self.items[at]

    @property
    def running(self):
        """Whether the function still runs, as far as the messages that have come tell."""
        while self._ended is None and self._take(0):
            pass
        return self._ended is None

    @property
    def age(self):
        """Seconds since the call began."""
        return time.monotonic() - self._began

    def ask(self, function, *more):
        """`function(args, *more)`, called beside the running function with its own arguments; plain result.

        `function` is an importable one of this package. Raises Wrong when the process does not answer.
        """
        kind, value = self._answer("ask", (function, *more))
        if isinstance(value, Foreign):
            raise Wrong(f"a look at the running function failed: {value.kind}: {value.text}")
        return value

    def finished(self):
        """{method: how often} of the function's calls on sockets that have come back so far."""
        return self._answer("finished", None)[1]

    def ports(self):
        """The ports that the function's sockets have had; None for one in C, whose are not noted."""
        return self._answer("ports", None)[1]

    def _answer(self, kind, value):
        """(kind, value) of what the thread beside the function says to this message."""
        try:
            self._channel.send(kind, value)
        except OSError:
            raise self._gone() from None
        if not self._wait_for(lambda: self._answers, ANSWERING):
            raise Hung(ANSWERING, None)
        return self._answers.pop()

    def _where(self):
        """Where the function is; None when it does not even let the thread beside it run."""
        try:
            self._channel.send("where")
        except OSError:
            raise self._gone() from None
        answered = self._wait_for(lambda: self._answers, ANSWERING)
        return self._answers.pop()[1] if answered else None

    def _wait_for(self, there, seconds):
        until = time.monotonic() + seconds
        while not there():
            if not self._take(until - time.monotonic()):
                return False
        return True

    def _take(self, seconds):
        """Take one message; False when none came in time."""
        if not readable([self._channel], max(0, seconds)):
            return False
        try:
            kind, value = self._channel.receive(ANSWERING + STARTING)
        except (EOFError, TimeoutError):
            raise self._gone() from None
        if kind == "ended":
            self._ended = Outcome(value)
        elif kind == "item":
            self.items.append(value)
        else:
            self._answers.append((kind, value))
        return True

    def _gone(self):
        return Gone(self._learner.death(), self._learner.endings)


def _close_all(values):
    """Close the sockets among `values`: they live in the other process now."""
    for value in values:
        sock = getattr(value, "sock", value)
        if isinstance(sock, socket.socket):
            sock.close()
        elif type(value) in (list, tuple):
            _close_all(value)
        elif hasattr(value, "make"):
            _close_all(value.args)
