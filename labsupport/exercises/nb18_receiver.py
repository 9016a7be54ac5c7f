"""The other end of 18's exercises: takes numbered datagrams, and answers or keeps silent as its case says."""

from __future__ import annotations

import contextlib
import functools
import socket
import struct
import time

from labsupport.exercises.channel import Hand
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.outcome import Wrong, describe
from labsupport.otherend import Kernel
from labsupport.waiting import readable

OWN = 30.0  # seconds: the timeout that the learner's socket comes with, and has to have afterwards
SOON = 1.0  # seconds: what is to come "at once" may take so long on a busy machine
MOMENT = 0.08  # seconds in which what must not come would have come
LOOK = 0.01  # seconds: after these at the latest the receiver looks again
ROUNDS = 4  # times, at most, that a case is done where this machine was too busy for its rhythm
_NUMBER = struct.Struct("!I")


def number(value):
    """`value` as the exercises' datagrams carry it."""
    return _NUMBER.pack(value)


class Receiver:
    """One conversation: `start` calls the function, `take` waits for a datagram, `acknowledge` answers.

    `copies`: of each piece that came, the times when; `began`: before the function was called; `paused`: the
    longest time, in seconds, for which it neither looked nor spoke.
    """

    def __init__(self, trial, pieces):
        self._trial, self.pieces = trial, pieces
        self._theirs, self.peer = trial.udp(), trial.udp()
        self._theirs.connect(self.peer.getsockname())
        self._there = self._theirs.getsockname()
        self.peer.connect(self._there)
        self._kernel = trial.made(Kernel())
        self.copies = {}
        self.began = self.call = None
        self.paused = self._acted = 0.0

    def start(self, *args):
        """Call the function with its socket, the pieces and `args`."""
        self.began = self._acted = time.monotonic()
        self.call = self._trial.call(Hand(self._theirs, timeout=OWN), list(self.pieces), *args)
        return self

    def take(self, seconds=SOON):
        """The number of the piece that came next, or None where none came in `seconds` or before the end."""
        until = time.monotonic() + seconds
        while (datagram := self._next(LOOK)) is None:
            if time.monotonic() > until or not self.call.running:
                datagram = self._next(0)  # its last words
                break
        return None if datagram is None else self._note(datagram)

    def take_at_once(self):
        """The number of the piece that comes in answer to what was said, or None where none comes: a busy
        function gets the time to read that, and then a MOMENT.
        """
        until = time.monotonic() + SOON
        while self._unread() and self.call.running and time.monotonic() < until:
            if (came := self.take(LOOK)) is not None:
                return came
        return self.take(MOMENT)

    def _unread(self):
        """Whether something that was said has not been read yet; False where the kernel does not tell."""
        here = self.peer.getsockname()
        end = self._kernel.other_end(socket.AF_INET, here, self._there, socket.IPPROTO_UDP)
        return end is not None and end.recv_queue > 0

    def _acts(self):
        now = time.monotonic()
        self.paused, self._acted = max(self.paused, now - self._acted), now

    def _next(self, seconds):
        """The next datagram; None where none comes, or the function has closed its socket."""
        self._acts()
        there = readable([self.peer], seconds)
        self._acts()
        if not there:
            return None
        with contextlib.suppress(ConnectionRefusedError):
            return self.peer.recv(65_536)
        return None

    def _note(self, datagram):
        if len(datagram) < _NUMBER.size:
            raise self._trial.wrong(
                f"A datagram of {len(datagram)} bytes came, {describe(datagram)}: each was to begin with "
                "four bytes of number."
            )
        which, piece = _NUMBER.unpack(datagram[:4])[0], datagram[4:]
        if which >= len(self.pieces):
            raise self._trial.wrong(self._numbered(datagram[:4]))
        if piece != self.pieces[which]:
            if which and piece == self.pieces[which - 1]:
                raise self._trial.wrong(f"Piece {which - 1} came with the number {which}: the first is 0.")
            raise self._trial.wrong(
                f"The datagram with the number {which} carried {describe(piece)}; "
                f"that piece is {describe(self.pieces[which])}."
            )
        self.copies.setdefault(which, []).append(time.monotonic())
        return which

    def _numbered(self, head):
        if struct.unpack("<I", head)[0] < len(self.pieces):
            return (
                f"A datagram began with {describe(head)}: the number was there, with its lowest byte first. "
                'Network order has it last: `struct.pack("!I", number)`.'
            )
        return f"A datagram began with {describe(head)}: no piece has that number. The first piece is 0."

    def acknowledge(self, *which):
        """Send an acknowledgment of each of these numbers, one datagram each."""
        self.say(*map(number, which))

    def say(self, *datagrams):
        """Send these as they are. A function that has ended, and closed, is judged by how it ended."""
        for datagram in datagrams:
            with contextlib.suppress(ConnectionRefusedError):
                self.peer.send(datagram)
        self._acts()

    def end(self, deadline, during=None):
        """The Outcome, when what was still on its way has been taken."""
        outcome = self.call.outcome(deadline, during)
        while (datagram := self._next(0)) is not None:
            self._note(datagram)
        return outcome

    def silent(self, which, tries):
        """The Outcome, when nothing is acknowledged any more: piece `which` came `tries` times."""
        during = f"no acknowledgment came, and `tries` was {tries}"
        while self.take() is not None:
            if len(self.copies.get(which, ())) > tries:
                raise self._trial.wrong(f"{during[0].upper()}{during[1:]}; you sent piece {which} once more.")
        outcome = self.end(DEADLINE, during)
        outcome.raised("TimeoutError", instead=during)
        return outcome

    def delivered(self, deadline, where, during=None):
        """The Outcome of a call that had to succeed; all its pieces came, and it told how many datagrams."""
        outcome = self.end(deadline, during)
        value = outcome.returned(where)
        for which in range(len(self.pieces)):
            if which not in self.copies:
                raise outcome.wrong(f"You returned, and piece {which} had never been sent, {where}.")
        sent = sum(map(len, self.copies.values()))
        if value != sent or type(value) is not int:
            raise outcome.wrong(_miscounted(value, sent, len(self.pieces), where))
        return outcome


def steadily(pieces, patience):
    """For a case of (trial, a Receiver of `pieces`): where the receiver itself paused for `patience` seconds,
    the function's timeouts went on, and what it did shows nothing. Then the case is done again.
    """

    def made(case):
        @functools.wraps(case)
        def again(trial):
            for left in reversed(range(ROUNDS)):
                receiver = Receiver(trial, pieces)
                try:
                    case(trial, receiver)
                except Wrong:
                    if not left or receiver.paused < patience or receiver.call.running:
                        raise
                else:
                    if receiver.paused < patience:
                        return

        return again

    return made


def _miscounted(value, sent, pieces, where):
    if value == pieces:
        return f"You returned the number of pieces, {where}: those datagrams count too that were sent again."
    if type(value) is int:
        return f"The number that you returned is not that of the datagrams that were sent, {where}."
    return f"You returned {describe(value)}, and the number of datagrams sent was asked for."
