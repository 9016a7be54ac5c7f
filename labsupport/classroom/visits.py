"""Calling on the learners' servers of 09: who may be called on, by whom, how often, and what came of it.

A visitor goes where a connection came from and nowhere else, and only when it was asked to: otherwise the
class's server would be a way to reach machines that the joker cannot. It goes to no port below 1024 and to
none of our own. Each learner has one visitor at a time, and so many a minute. A bad visitor is followed by a
good one, which sees what the server is like afterwards. What a visitor does is in guests.py; here are its
threads, a bounded number of them, which all end with `close()`.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from labsupport.classroom.guests import BAD, Guest, Leave, call_well
from labsupport.classroom.words import cleaned
from labsupport.servers.arguments import checked_choice

GOOD = "good"
BEHAVIORS = (GOOD, *BAD)
THREADS = 16
PENDING = 128  # visits that wait for a thread
LEAST_PORT = 1024


def checked_behavior(behavior):
    """`behavior` itself; TypeError or ValueError for none."""
    return checked_choice("behavior", behavior, BEHAVIORS)


class Visits:
    """The visits to the learners on `roll`; `own_ports` of this machine are ours, and not visited."""

    def __init__(self, roll):
        self._roll, self.own_ports = roll, set()
        self.errors = []
        self._lock = threading.Lock()
        self._pending, self._closed = 0, False
        self._leave, self._left = socket.socketpair()
        self._threads = ThreadPoolExecutor(THREADS, "labsupport-visits")

    def ask(self, learner, address, port, behavior, *, ours):
        """Send a visitor to `port` of `address` (a socket's peer). A sentence: "coming", or why nobody comes.

        `ours`: whether `address` is this machine.
        """
        if not LEAST_PORT <= port <= 65535:
            return f"nobody comes: the port must be from {LEAST_PORT} to 65535, not {port}"
        if ours and port in self.own_ports:
            return f"nobody comes: port {port} is the class's own"
        behavior = behavior or GOOD
        if behavior not in BEHAVIORS:
            return f"nobody comes: {cleaned(behavior) or 'that'} is none of {', '.join(BEHAVIORS)}"
        if not learner.calls.can_spend(1, monotonic()):
            return f"nobody comes: there are no more than {learner.calls.burst} visits a minute"
        why_not = self._send(learner, (address[0], port, *address[2:]), behavior)
        return f"nobody comes: {why_not}" if why_not else "coming"

    def again(self, learner, behavior):
        """Send a visitor to where `learner` last said the server is. ValueError: nobody can come."""
        checked_behavior(behavior)
        if learner.server is None:
            raise ValueError(
                f"{learner.name} has no server yet: the line `visit PORT` from there says where it is"
            )
        why_not = self._send(learner, learner.server, behavior)
        if why_not:
            raise ValueError(f"nobody comes to {learner.name}: {why_not}")

    def _send(self, learner, server, behavior):
        """Put a visit on the list; why not, if it cannot be."""
        with self._lock:
            if self._closed:
                return "the class is over"
            if learner.visiting:
                return "a visitor is there already"
            if self._pending >= THREADS + PENDING:
                return "all visitors are out, ask again in a moment"
            learner.server, learner.visiting = server, True
            self._pending += 1
            self._threads.submit(self._visit, learner, server, behavior)
        return None

    def _visit(self, learner, server, behavior):
        """In a thread of the pool: the visit, and after a bad one a good one; then what came of them."""
        notes, goals = [], []
        try:
            self._call(server, behavior, notes, goals)
        except Leave:
            pass
        except Exception as error:
            self.errors.append(error)
        # Seen as one: whoever waits for the outcome may send the next visitor, and whoever waits until nobody
        # is on the way finds the outcome.
        with self._roll.lock:
            for note in notes:
                self._note(learner, *note)
            for goal in goals:
                self._roll.reached(learner, goal)
            with self._lock:
                learner.visiting = False
                self._pending -= 1

    def _call(self, server, behavior, notes, goals):
        if behavior != GOOD:
            with Guest(server, self._left) as guest:
                came, outcome = guest.do(BAD[behavior])
                notes.append((behavior, outcome))
                # The bad one may still be there: a server that serves one at a time shows now.
                if came and self._call_well(server, notes, goals):
                    goals.append("withstood")
        else:
            self._call_well(server, notes, goals)

    def _call_well(self, server, notes, goals):
        with Guest(server, self._left) as guest:
            right, outcome = guest.do(call_well)
        notes.append((GOOD, outcome))
        if right:
            goals.append("server")
        return right

    def _note(self, learner, behavior, outcome):
        with self._roll.lock:
            learner.visits.append((behavior, outcome))

    def close(self):
        """End all visits where they are, and their threads; again: nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._leave.send(b"!")  # nobody reads it: it wakes everybody who waits
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._leave.close()
        self._left.close()
