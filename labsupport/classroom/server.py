"""The class's own server: a line in, a line out, and a note of what the program at the other end got right.

What a line means is in words.py, who may take how much and why in limits.py, how answers go out in owed.py,
and how an end is judged in ending.py. Here is what happens to one connection, from its first byte to its
last. All of it runs in the thread of the server's loop, where nothing may wait; and whatever comes in,
nothing of it is evaluated, and nothing is written anywhere but to the bounded log.
"""

from __future__ import annotations

import random
import resource
import socket
import unicodedata
from collections import Counter, deque
from time import monotonic

from labsupport.classroom import words
from labsupport.classroom.ending import Ending
from labsupport.classroom.limits import FREE, LINE_COST, Accounts
from labsupport.classroom.owed import WAYS, Owed, Reading
from labsupport.classroom.places import NAMED, NONSENSE, PROVEN, SILENT, SPOKE, Places
from labsupport.classroom.roll import MANY_LINES, MUCH, Full
from labsupport.servers.arguments import checked_port
from labsupport.servers.base import BACKLOG, Server

AT_ONCE = 16 * 1024  # bytes read from one connection before the others have their turn
KEPT = 64 * 1024  # bytes owed to one connection, from which on nothing more is read from it
KERNELS = 64 * 1024  # bytes: SO_RCVBUF and SO_SNDBUF, so that who does not read notices it below 2 MB
SWEEP = 1.0  # seconds at most between two looks for those who take too long
MOST_ERRORS = 100
SPARE = 96  # descriptors that this process keeps for other things than connections

_COMMANDS = (b"I am", b"word", b"visit")
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "äéîõûåøčšñ"]
_FIRST = "say who you are first: I am and your name"


def checked_way(answers):
    """`answers` itself; TypeError or ValueError for no way of answering."""
    if not isinstance(answers, str):
        raise TypeError(f"answers must be one of {', '.join(WAYS)}, not {answers!r}")
    if answers not in WAYS:
        raise ValueError(f"answers must be one of {', '.join(WAYS)}, not {answers!r}")
    return answers


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


class ClassServer(Server):
    """The lines of the class. `roll` is written; `call_on` (Visits.ask) sends visitors."""

    _open_to_all = True  # a class is many users on one machine

    def __init__(self, host, port, roll, limits, answers, call_on):
        self.answers, self.reasons = answers, Counter()
        self._roll, self._limits, self._call_on = roll, limits, call_on
        self._accounts = Accounts(limits)
        self._places = Places(limits, _room(limits.connections))
        self._random = random.SystemRandom()
        self.reading = Reading()
        self._dismissed = deque()
        self._every = min(SWEEP, *(getattr(limits, name) / 4 for name in ("line_seconds", "idle", "parting")))
        super().__init__(host, port)

    def _make_socket(self, host, port, path):
        if host == "::":  # all of the machine's addresses: of both kinds
            where = host, checked_port(port)
            listener = socket.create_server(
                where, family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            listener = super()._make_socket(host, port, path)
        # Before anybody connects: accepted sockets inherit them, tcp(7).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNELS)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNELS)
        return listener

    def _serve_listener(self):
        super()._serve_listener()
        self._loop.later(self._every, self._sweep)

    # Coming and going

    def _opened(self, conversation):
        try:
            peer, own = conversation.sock.getpeername()[0], conversation.sock.getsockname()[0]
        except OSError as error:  # gone already
            conversation.lost(error)
            return
        end = self.reading.other_end(conversation.sock)
        account = self._accounts.of(peer, own, end and end.uid)
        place = self._places.take(conversation.number, account, monotonic())
        conversation.memory = Talk(place, Owed(self, conversation))
        conversation.most = AT_ONCE
        shortage = self._places.too_many(place)
        if shortage:
            goes, why = shortage
            self._turn_away(
                self._open[goes.number], why, f"{why}, and others need this place: say who you are first"
            )
            self._open[goes.number].close() if goes.number in self._open else None

    def _forget(self, conversation):
        talk = conversation.memory
        if talk is not None:
            self._places.leave(talk.place)
            if talk.learner is not None:
                with self._roll.lock:
                    if talk.learner.open.pop(conversation.number, None):
                        talk.learner.received += conversation.received
                        talk.learner.sent += conversation.sent
        super()._forget(conversation)

    def _farewell(self):
        super()._farewell()
        self.reading.close()

    def _failed(self, fd, error):
        super()._failed(fd, error)
        del self.errors[MOST_ERRORS:]

    def _turn_away(self, conversation, why, sentence):
        """One last line, and an end in order."""
        talk = conversation.memory
        if talk.parting is not None:
            return
        talk.parting = monotonic()
        self.reasons[why] += 1
        self.log.add(conversation.number, "turned away", why)
        talk.pending.clear()
        talk.owed.add(f"{sentence}\n".encode(), "whole")
        self._gone_out(conversation)

    def dismiss(self, learner):
        """Forget `learner`, at once, and end the connections, at the next sweep. For any thread."""
        self._roll.drop(learner)
        self._dismissed.append(learner)

    def _sweep(self):
        """Who takes too long?"""
        self._loop.later(self._every, self._sweep)
        while self._dismissed:
            for conversation in list(self._dismissed.popleft().open.values()):
                self._turn_away(conversation, "dismissed", "your teacher ended this connection")
        now = monotonic()
        for conversation in list(self._open.values()):
            if conversation.memory is not None:
                self._look_at(conversation, conversation.memory, now)

    def _look_at(self, conversation, talk, now):
        limits = self._limits
        if conversation.sent != talk.sent:
            talk.sent = conversation.sent
            self._places.active(talk.place, now)
        patience = limits.idle if talk.learner else min(limits.idle, limits.stranger_idle)
        if talk.parting is not None:
            if now - talk.parting > limits.parting:
                conversation.close()
        elif talk.pending and not self._busy(conversation) and now - talk.began > limits.line_seconds:
            self._turn_away(
                conversation,
                "a line took too long",
                f"a line took longer than {limits.line_seconds:g} s: end each one with a newline",
            )
        elif now - talk.place.last > patience:
            self._turn_away(
                conversation, "idle", f"nothing came for {patience:g} s: connect again when you need me"
            )

    def _busy(self, conversation):
        """Whether something is owed, or held back: then the client is not the one who is slow."""
        talk = conversation.memory
        return bool(conversation.unsent or talk.owed.size or talk.holds)

    # Bytes in

    def _received(self, conversation, data):
        talk = conversation.memory
        if talk.parting is not None:
            return
        now = monotonic()
        self._places.active(talk.place, now)
        chunk = talk.pending + data
        end = chunk.rfind(b"\n", len(talk.pending))
        if not talk.pending or end >= 0:
            talk.began = now
        talk.pending = chunk[end + 1 :]
        lines = chunk[:end].split(b"\n") if end >= 0 else []
        if self._all_plain(chunk[: end + 1], lines):
            self._echo(conversation, talk, bytes(chunk[: end + 1]), len(lines))
        else:
            self._answer_all(conversation, talk, lines)
        if talk.parting is None and len(talk.pending) > self._limits.line_bytes:
            self._too_long(conversation)
        self._pay(conversation, talk, len(data) + LINE_COST * len(lines), now)
        self._gone_out(conversation)

    def _all_plain(self, block, lines):
        """Whether all of `lines` (`block` in one) are to come back as they are. Seen quickly: most are."""
        if not lines or any(command in block for command in _COMMANDS):
            return False
        if max(map(len, lines)) > self._limits.line_bytes:
            return False
        try:
            block.decode()
        except UnicodeDecodeError:
            return False
        return True

    def _echo(self, conversation, talk, block, count):
        if talk.place.standing == SILENT:
            self._places.active(talk.place, monotonic(), SPOKE)
        if not block.isascii():
            self._earned(conversation, "utf-8")
        talk.lines += count
        talk.owed.add(block, self.answers)

    def _answer_all(self, conversation, talk, lines):
        """Answer each of `lines`, in one piece where that can be."""
        most, answers = self._limits.line_bytes, []
        for line in lines:
            if len(line) > most:
                self._give(conversation, answers)
                self._too_long(conversation)
                return
            answer = self._answer(conversation, talk, line)
            if talk.parting is not None or conversation.closed:
                return
            if isinstance(answer, Word):
                self._give(conversation, answers)
                answers = []
                talk.owed.add(answer + b"\n", "letters")
            else:
                answers.append(answer)
        talk.lines += len(lines)
        self._give(conversation, answers)

    def _give(self, conversation, answers):
        if answers:
            conversation.memory.owed.add(b"\n".join(answers) + b"\n", self.answers)

    def _too_long(self, conversation):
        most = self._limits.line_bytes
        self._places.active(conversation.memory.place, monotonic(), NONSENSE)
        self._turn_away(
            conversation, "a line was too long", f"a line was longer than {most} bytes: send shorter ones"
        )

    def _pay(self, conversation, talk, cost, now):
        """Stop reading for a while from whoever takes more than a share."""
        if talk.free > 0:
            talk.free -= cost
            return
        payer = talk.learner or talk.place.account
        wait = payer.bucket.spend(cost, now)
        if wait and not conversation.closed:
            self._hold(conversation, "rate")
            self._loop.later(wait, lambda: self._release(conversation, "rate"))

    def _hold(self, conversation, why):
        conversation.memory.holds.add(why)
        conversation.pause()

    def _release(self, conversation, why):
        holds = conversation.memory.holds
        holds.discard(why)
        if not holds and not conversation.closed:
            conversation.resume()

    # Bytes out

    def _drained(self, conversation):
        if conversation.memory is not None:
            conversation.memory.owed.go_on()
            self._gone_out(conversation)

    def _gone_out(self, conversation):
        """Something went out, or came in: what follows from that?"""
        talk = conversation.memory
        if conversation.closed:
            return
        if talk.owed.size >= KEPT:
            self._hold(conversation, "owed")
        elif "owed" in talk.holds and talk.owed.size < KEPT // 2:
            self._release(conversation, "owed")
        if conversation.unsent or talk.owed.size:
            return
        if talk.lines >= MANY_LINES:
            self._earned(conversation, "many")
        if conversation.received >= MUCH and conversation.sent >= MUCH:
            self._earned(conversation, "volume")
        if talk.parting is not None:
            conversation.end()
        elif talk.ended:
            self._part(conversation)

    def _ended(self, conversation):
        talk = conversation.memory
        if talk.pending:  # a line without its end is no line: it comes back as it is
            talk.owed.add(bytes(talk.pending), self.answers)
            talk.pending.clear()
        talk.ended = True
        self._gone_out(conversation)

    def _part(self, conversation):
        talk = conversation.memory
        talk.ended = False
        if talk.learner is None or not talk.lines:
            conversation.end()
        else:
            Ending(self, conversation, lambda ended: self._earned(ended, "in order"))

    # What a line asks for

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
        if talk.learner is None:
            return _FIRST.encode()
        if said is words.ASK:
            talk.learner.word = "".join(self._random.sample(_SYLLABLES, 4))
            return Word(talk.learner.word.encode())
        if said.what == "word":
            return self._judged_word(conversation, talk.learner, said.text)
        try:
            address, own = conversation.sock.getpeername(), conversation.sock.getsockname()
        except OSError:  # gone already
            return b"nobody comes"
        ours = address[0] == own[0]
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


class Word(bytes):
    """An answer that goes out with its letters cut."""


def _room(connections):
    """How many connections this process can hold: a descriptor for each, and some to spare."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return connections if most == resource.RLIM_INFINITY else max(8, min(connections, most - SPARE))
