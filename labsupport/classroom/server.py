"""The class's own server: a line in, a line out, and a note of what the program at the other end got right.

What a line means and earns is in words.py and answers.py, who may take how much and why in limits.py, how
answers go out in owed.py, and how an end is judged in ending.py. Here is what happens to one connection, from
its first byte to its last. All of it runs in the thread of the server's loop, where nothing may wait; and
whatever comes in, nothing of it is evaluated, and nothing is written anywhere but to the bounded log.
"""

from __future__ import annotations

import socket
from collections import Counter, deque
from time import monotonic

try:
    import resource
except ImportError:  # Windows
    resource = None

from labsupport.classroom.answers import Answering, Talk, Word
from labsupport.classroom.ending import Ending
from labsupport.classroom.limits import LINE_COST, Accounts
from labsupport.classroom.owed import WAYS, Owed, Reading
from labsupport.classroom.places import NONSENSE, SILENT, SPOKE, Places
from labsupport.classroom.roll import MANY_LINES, MUCH
from labsupport.servers.arguments import checked_choice, checked_port
from labsupport.servers.base import BACKLOG, Server

AT_ONCE = 16 * 1024  # bytes read from one connection before the others have their turn
KEPT = 64 * 1024  # bytes owed to one connection, from which on nothing more is read from it
KERNELS = 64 * 1024  # bytes: SO_RCVBUF and SO_SNDBUF: the kernel, too, keeps little for who does not read
SWEEP = 1.0  # seconds at most between two looks for those who take too long
MOST_ERRORS = 100
SPARE = 96  # descriptors that this process keeps for other things than connections

_COMMANDS = (b"i am", b"word", b"visit")  # in small letters


def checked_way(answers):
    """`answers` itself; TypeError or ValueError for no way of answering."""
    return checked_choice("answers", answers, WAYS)


class ClassServer(Answering, Server):
    """The lines of the class. `roll` is written; `call_on` (Visits.ask) sends visitors."""

    _open_to_all = True  # a class is many users on one machine

    def __init__(self, host, port, roll, limits, answers, call_on):
        self.answers, self.reasons = answers, Counter()
        self._roll, self._limits, self._call_on = roll, limits, call_on
        self._accounts = Accounts(limits)
        self._places = Places(limits, _room(limits.connections))
        self.reading = Reading()
        self._dismissed = deque()
        spans = limits.line_seconds, limits.idle, limits.stranger_idle, limits.parting
        self._every = min(SWEEP, min(spans) / 4)
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
        small = block.lower()
        if not lines or any(command in small for command in _COMMANDS):
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


def _room(connections):
    """How many connections this process can hold: a descriptor for each, and some to spare."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else -1
    return connections if most < 0 else max(8, min(connections, most - SPARE))
