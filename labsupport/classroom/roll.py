"""Who is in the room and what their programs got right: the class's list, without a socket in it.

A learner is known by a name and the address that gave it first. So what was got right outlives a connection,
and a neighbor at another machine cannot collect it, or spoil it, under the same name. The server's thread
writes the roll; whoever draws the board reads it from another, so both take the lock.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from labsupport.classroom.limits import BURST, Bucket
from labsupport.classroom.words import LONGEST_NAME, folded

# key → title of the column, what earns it
GOALS = {
    "named": ("named", "gave a name: I am …"),
    "utf-8": ("UTF-8", "sent a line with a letter beyond ASCII, in valid UTF-8"),
    "many": ("1,000 lines", "had 1,000 lines answered on one connection"),
    "volume": ("8 MB", "sent 8 MB on one connection and read what came meanwhile: no deadlock"),
    "pieces": ("pieces", "joined the pieces of word? and sent the word back"),
    "in order": ("in order", "said that no more comes, read to the end, and lost nothing to a reset"),
    "server": ("server", "serves: a good visitor was answered right"),
    "withstood": ("withstood", "still serves a good visitor after a bad one"),
}
CHEAP = {"named", "utf-8", "in order"}  # what one line and an end may earn
MANY_LINES = 1_000
# Bytes: about twice what the kernels hold for a client that sends and does not read, unless it asks for
# larger buffers (SO_SNDBUF, SO_RCVBUF). Over loopback that was 3.1 to 4.3 MB, most of it the client's own
# send buffer, which grows to 4 MiB (tcp_wmem). Two million could all go out before the first `recv`: a goal
# of so much would show nothing.
MUCH = 8_000_000
KEPT_VISITS = 20  # of one learner


class Row(NamedTuple):
    """One learner, as the board shows it."""

    name: str
    address: str  # IP address that the name came from first
    state: str  # RFC 9293's word for the newest open connection, at our end; "CLOSED" without one
    connections: int  # open now
    received: int  # bytes from the learner, all connections
    sent: int  # bytes to the learner, all connections
    done: frozenset  # keys of GOALS
    server: int | None  # port at which the learner serves, as far as we were told
    visits: tuple  # (behavior, outcome in words), oldest first, the last 20


class Full(Exception):
    """There is no room for this name; the text says why, and what to do."""


class Learner:
    """What is kept of one name. `open` holds its connections by number, oldest first."""

    __slots__ = (
        "name", "account", "done", "received", "sent", "open", "server", "visits", "visiting", "word",
        "bucket", "calls", "seen",
    )  # fmt: skip

    def __init__(self, name, account, limits):
        self.name, self.account = name, account
        self.done, self.open = set(), {}
        self.received = self.sent = 0  # bytes, on connections that are over
        self.server = None  # (address for connect, port)
        self.visits = deque(maxlen=KEPT_VISITS)
        self.visiting = False
        self.word = None  # the one to come back
        self.bucket = Bucket(limits.bytes_per_second, BURST * limits.bytes_per_second)
        self.calls = Bucket(limits.visits_per_minute / 60, limits.visits_per_minute)
        self.seen = 0  # the larger, the later a connection came

    def row(self, state_of):
        """The Row of now; `state_of(connection)` is a word."""
        talks = list(self.open.values())
        return Row(
            self.name,
            self.account.address,
            state_of(talks[-1]) if talks else "CLOSED",
            len(talks),
            self.received + sum(talk.received for talk in talks),
            self.sent + sum(talk.sent for talk in talks),
            frozenset(self.done),
            self.server[1] if self.server else None,
            tuple(self.visits),
        )


class Roll:
    """The learners by name. `rows(state_of)` is for any thread; what changes the roll takes `lock`, too."""

    def __init__(self, limits):
        self._limits = limits
        self.lock = threading.RLock()
        self._learners = {}  # by (key of the account, folded name as it was asked for)
        self._taken = {}  # folded name as given → learner, in the order of coming
        self._arrivals = 0

    def __len__(self):
        return len(self._taken)

    def enter(self, account, name):
        """The learner whom `account` calls `name` (cleaned), a new one where there is none yet.

        Raises Full when there is no room for another.
        """
        with self.lock:
            wanted = folded(name)
            learner = self._learners.get((account.key, wanted))
            if learner is None:
                learner = self._newcomer(account, name, wanted)
            self._arrivals += 1
            learner.seen = self._arrivals
            return learner

    def _newcomer(self, account, name, wanted):
        limits = self._limits
        if not account.crowded and account.names >= limits.names_per_address:
            names = sorted(learner.name for learner in self._taken.values() if learner.account is account)
            raise Full(f"your address has {account.names} names already: use one of them, such as {names[0]}")
        if len(self._taken) >= limits.rows:
            self._make_room()
        learner = Learner(self._free(name), account, limits)
        self._learners[account.key, wanted] = self._learners[account.key, folded(learner.name)] = learner
        self._taken[folded(learner.name)] = learner
        account.names += 1
        return learner

    def _free(self, name):
        """`name`, or with the first number behind it that nobody has."""
        number, given = 1, name
        while folded(given) in self._taken:
            number += 1
            behind = f" ({number})"
            given = name[: LONGEST_NAME - len(behind)].rstrip() + behind
        return given

    def _make_room(self):
        """Drop the one who has been away for longest, of those who did what a joker does by accident."""
        idle = [each for each in self._taken.values() if not each.open and each.done <= CHEAP]
        if not idle:
            raise Full(f"the class has {len(self._taken)} names, and no room for another: tell your teacher")
        self.drop(min(idle, key=lambda learner: learner.seen))

    def drop(self, learner):
        """Forget `learner` and what was got right."""
        with self.lock:
            del self._taken[folded(learner.name)]
            learner.account.names -= 1
            for key in [key for key, each in self._learners.items() if each is learner]:
                del self._learners[key]

    def find(self, name):
        """The learner called `name`, or None."""
        with self.lock:
            return self._taken.get(folded(name))

    @property
    def learners(self):
        """All of them, in the order of coming."""
        with self.lock:
            return tuple(self._taken.values())

    def reached(self, learner, goal):
        """`learner`'s program got `goal` right; whether that is new."""
        with self.lock:
            new = goal not in learner.done
            learner.done.add(goal)
            return new

    def rows(self, state_of):
        """A Row for each learner, in the order of coming."""
        with self.lock:
            return tuple(learner.row(state_of) for learner in self._taken.values())
