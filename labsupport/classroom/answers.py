"""What each line of a learner is answered with, and which goals that reaches.

The half of ClassServer that knows the protocol; bytes, places and time are the other half's business, in
server.py.
"""

from __future__ import annotations

import ipaddress
import random
import unicodedata
from time import monotonic

from labsupport.classroom import words
from labsupport.classroom.limits import FREE, plain_address
from labsupport.classroom.places import NAMED, NONSENSE, PROVEN, SILENT, SPOKE
from labsupport.classroom.roll import Full

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "äéîõûåøčšñ"]
_FIRST = "say who you are first: I am and your name"
_NO_PORT = "visit needs your server's port, such as: visit 8080"
_random = random.SystemRandom()


class Talk:
    """What the server notes about one connection."""

    __slots__ = (
        "place", "learner", "pending", "began", "lines", "done", "owed", "holds", "free", "sent", "parting",
        "ended",
    )  # fmt: skip

    def __init__(self, place, owed):
        self.place, self.owed = place, owed
        self.learner = None
        self.pending, self.began = bytearray(), 0.0  # a line without its end yet, and since when
        self.lines = 0  # answered
        self.done = set()  # goals reached before there was a name
        self.holds = set()  # why nothing is read now
        self.free = FREE
        self.sent = 0  # at the last sweep
        self.parting = None  # since when
        self.ended = False  # the client said that no more comes


class Word(bytes):
    """An answer that goes out with its letters cut."""


class Answering:
    """What a line asks for, for ClassServer."""

    def _answer(self, conversation, talk, line):
        """The answer to one line, without its newline."""
        said = words.meaning(line)
        if said is words.NOT_TEXT:
            if talk.learner is None:
                self._places.active(talk.place, monotonic(), NONSENSE)
            return f"this line is not UTF-8 text: {words.quoted(line)}".encode()
        if talk.place.standing == SILENT:
            self._places.active(talk.place, monotonic(), SPOKE)
        if not line.isascii():
            self._earned(conversation, "utf-8")
        if said is words.ECHO:
            return bytes(line)
        if said.what == "name":
            return self._named(conversation, talk, said.text).encode()
        if said is words.NO_PORT:
            return _NO_PORT.encode()
        if talk.learner is None:
            return _FIRST.encode()
        if said is words.ASK:
            talk.learner.word = "".join(_random.sample(_SYLLABLES, 4))
            return Word(talk.learner.word.encode())
        if said.what == "word":
            return self._judged_word(conversation, talk.learner, said.text)
        try:
            address, own = conversation.sock.getpeername(), conversation.sock.getsockname()
        except OSError:  # gone already
            return b"nobody comes"
        ours = _is_ours(address[0], own[0])
        said = self._call_on(talk.learner, address, int(said.text), said.behavior, ours=ours)
        return said.encode()

    def _judged_word(self, conversation, learner, text):
        word = unicodedata.normalize("NFC", text.strip())
        if learner.word is None or word != learner.word:
            return b"wrong"
        learner.word = None
        self._earned(conversation, "pieces")
        return b"right"

    def _named(self, conversation, talk, text):
        name = words.cleaned(text)
        if not name:
            return "there is no name in that: say I am and your name, in letters"
        if talk.learner is not None and words.folded(name) != words.folded(talk.learner.name):
            return f"you are {talk.learner.name} on this connection: open another one for another name"
        try:
            learner = self._roll.enter(talk.place.account, name)
        except Full as full:
            self.reasons["no room for a name"] += 1
            return str(full)
        if talk.learner is None:
            self._join(conversation, talk, learner)
        told = "" if words.folded(learner.name) == words.folded(name) else f" (somebody else here is {name})"
        return f"hello, {learner.name}{told}"

    def _join(self, conversation, talk, learner):
        """This connection is `learner`'s from now on."""
        others = [self._open[number] for number in learner.open if number in self._open]
        if len(others) >= self._limits.connections_per_name:
            quietest = min(others, key=lambda other: other.memory.place.last)
            self._turn_away(
                quietest, "too many of one name", f"{learner.name} has too many connections: this one ends"
            )
            quietest.close()
        with self._roll.lock:
            learner.open[conversation.number] = conversation
        talk.learner = learner
        self.log.add(conversation.number, "named", learner.name)
        self._places.active(talk.place, monotonic(), NAMED)
        for goal in ("named", *talk.done):
            self._earned(conversation, goal)

    def _earned(self, conversation, goal):
        talk = conversation.memory
        if talk.learner is None:
            talk.done.add(goal)
            return
        if goal not in talk.learner.done and self._roll.reached(talk.learner, goal):
            self.log.add(conversation.number, "got right", goal)
        if goal != "named" and talk.place.standing != PROVEN:
            self._places.active(talk.place, monotonic(), PROVEN)


def _is_ours(address, own):
    """Whether `address`, the peer of a socket whose own address is `own`, is this machine."""
    return address == own or ipaddress.ip_address(plain_address(address)).is_loopback
