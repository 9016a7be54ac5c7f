"""deliver, of 18: one datagram after another across a network that loses, doubles and delays."""

from __future__ import annotations

import time

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.nb18_receiver import OWN, Receiver, number, steadily

PIECES = (b"first", b"", bytes(1400), b"last")
AMPLE = 1.5  # seconds: the timeout where nothing is lost
SHORT = 0.08  # … where it has to pass
BRIEF = 0.05  # … and where it has to pass often
LATE = 1.0  # seconds beyond its timeouts that a call on a busy machine may take


def _in_turn(trial):
    receiver = Receiver(trial, PIECES).start(AMPLE, 3)
    if receiver.take() is not None and (early := receiver.take_at_once()) is not None:
        if early == 0:
            raise trial.wrong("You sent piece 0 again before its `timeout` was over.")
        raise trial.wrong(f"You sent piece {early} while piece 0 had not been acknowledged yet.")
    receiver.acknowledge(0)
    _acknowledge_all(receiver)
    where = "where every piece was acknowledged"
    outcome = receiver.delivered(DEADLINE, where, "every piece that came had been acknowledged")
    _each_once(outcome, receiver, "Every piece was acknowledged at once")
    outcome.untouched(OWN)
    outcome.clean()


def _nothing(trial):
    receiver = Receiver(trial, ()).start(AMPLE, 3)
    outcome = receiver.delivered(DEADLINE, "where there are no pieces", "there was nothing to send")
    outcome.untouched(OWN)


def _nobody_there(trial):
    receiver = Receiver(trial, PIECES)
    receiver.peer.connect(trial.udp().getsockname())  # holds the port, and takes nothing that comes from you
    outcome = receiver.start(AMPLE, 3).call.outcome(DEADLINE, "nobody is there, and the machine had said so")
    outcome.raised("ConnectionRefusedError", instead="nobody is at the other end, and its machine says so")
    outcome.untouched(OWN, "when it raises")


def _first_acknowledged(receiver, *numbers):
    """Start, take piece 0 and acknowledge `numbers`; a time before which piece 1 has not gone."""
    receiver.start(SHORT, 5)
    taken = receiver.take() is not None
    since = time.monotonic()
    if taken:
        receiver.acknowledge(*numbers)
    return since


@steadily(PIECES, SHORT / 2)
def _lost_twice(trial, receiver):
    since = _first_acknowledged(receiver, 0)
    while len(receiver.copies.get(1, ())) < 3 and (came := receiver.take()) is not None:
        if came > 1:
            raise trial.wrong(f"Piece 1 was lost, and you went on to piece {came} without it.")
    if receiver.call.running and len(receiver.copies.get(1, ())) in (1, 2):
        receiver.end(DEADLINE, "piece 1 was lost, and it has to be sent again")
    receiver.acknowledge(1)
    _acknowledge_all(receiver)
    outcome = receiver.delivered(DEADLINE + LATE, "where piece 1 was lost twice")
    second, third = (at - since for at in receiver.copies[1][1:3])
    if second < 0.95 * SHORT:
        raise outcome.wrong("Piece 1 was lost, and you sent it again before `timeout` seconds were over.")
    if third < 0.95 * 3 * SHORT:
        raise outcome.wrong(
            "Piece 1 was lost twice, and you waited no longer the second time: each wait in vain is to be "
            "twice as long as the one before."
        )
    outcome.untouched(OWN, "when a piece is lost")


@steadily(PIECES, SHORT / 2)
def _acknowledged_twice(trial, receiver):
    since = _first_acknowledged(receiver, 0, 0)
    first, again = receiver.take(), receiver.take()
    if (first, again) == (1, 2):
        raise trial.wrong(
            "The acknowledgment of piece 0 came twice, and you took the second one for piece 1's. Piece 1 "
            "was lost, and is never sent again."
        )
    if (first, again) == (1, 1) and receiver.copies[1][1] - since < 0.95 * SHORT:
        raise trial.wrong(
            "The acknowledgment of piece 0 came twice, and the second made you send piece 1 again at once. "
            "What has doubled once would so be doubled for ever: an old acknowledgment is to be ignored."
        )
    receiver.acknowledge(1)
    _acknowledge_all(receiver)
    receiver.delivered(DEADLINE + LATE, "where an acknowledgment came twice")


def _no_acknowledgment(trial):
    receiver = Receiver(trial, PIECES).start(AMPLE, 3)
    receiver.take()
    junk = {"an empty datagram": b"", "half a number": b"\0\0", "one byte too many": number(0) + b"!"}
    for what, said in junk.items():
        receiver.say(said)
        came = receiver.take_at_once()
        if came == 0:
            raise trial.wrong(f"You got {what}, which is no acknowledgment, and sent piece 0 again at once.")
        if came is not None:
            raise trial.wrong(f"You took {what} for the acknowledgment of piece 0.")
    receiver.acknowledge(0)
    _acknowledge_all(receiver)
    receiver.delivered(DEADLINE, "where a datagram came that is no acknowledgment")


def _silence(trial):
    tries, waits = 4, 15 * BRIEF  # 1 + 2 + 4 + 8 times the timeout
    receiver = Receiver(trial, PIECES).start(BRIEF, tries)
    outcome = receiver.silent(0, tries)
    if len(receiver.copies.get(0, ())) < tries or outcome.elapsed < 0.95 * waits:
        raise outcome.wrong(
            f"You gave up too early: each of the {tries} tries has its wait, the last one too, and each wait "
            "is twice as long as the one before."
        )
    if outcome.elapsed > waits + LATE:
        raise outcome.wrong("You gave up too late: each wait is twice as long as the one before, not longer.")
    outcome.untouched(OWN, "when it gives up")
    outcome.clean("when it gives up")


@steadily(PIECES, SHORT / 2)
def _old_ones_without_end(trial, receiver):
    tries, waits = 2, 3
    receiver.start(SHORT, tries)
    if receiver.take() is not None:
        receiver.acknowledge(0)
    until = receiver.began + waits * SHORT + LATE
    while receiver.call.running and time.monotonic() < until:
        receiver.acknowledge(0)
        receiver.take(SHORT / 4)
    if receiver.call.running:
        raise trial.wrong("Old acknowledgments kept coming, and each made the wait for piece 1 longer.")
    outcome = receiver.end(DEADLINE)
    outcome.raised("TimeoutError", instead="old acknowledgments came, and never the one of piece 1")
    if len(receiver.copies.get(1, ())) != tries or outcome.elapsed < 0.95 * waits * SHORT:
        raise outcome.wrong(
            "Old acknowledgments kept coming, and you gave up too early: they use up no try, and end no wait."
        )


def _acknowledge_all(receiver):
    """Acknowledge whatever comes, until nothing comes any more."""
    while (came := receiver.take()) is not None:
        receiver.acknowledge(came)


def _each_once(outcome, receiver, when):
    again = [which for which, times in receiver.copies.items() if len(times) > 1]
    if again:
        raise outcome.wrong(f"{when}, and you sent piece {again[0]} again.")


DELIVER = Exercise(
    name="deliver",
    notebook="18",
    asks="Get numbered datagrams across, one after another, each sent again until it is acknowledged.",
    cases=(
        _in_turn,
        _nothing,
        _nobody_there,
        _no_acknowledgment,
        _acknowledged_twice,
        _lost_twice,
        _silence,
        _old_ones_without_end,
    ),
    hints=(
        'One piece is `sock.send(struct.pack("!I", number) + piece)`. `select.select([sock], [], [], left)` '
        "waits for what comes, and leaves the socket's own timeout as it was.",
        'Compare what came with `struct.pack("!I", number)`. Anything else is ignored, and the wait goes on '
        "for what is left of it: fix a deadline with `time.monotonic()` before you begin to wait.",
        "Ask `recv` for more than four bytes: a longer datagram, cut to four, looks like an acknowledgment.",
        "`for attempt in range(tries)`, each with a wait of `timeout * 2 ** attempt`; `break` when it is "
        "acknowledged, and in the loop's `else` raise TimeoutError. Count each `send`.",
    ),
    beyond="it would measure the round trips and set its timeout by them (RFC 6298), and keep more than one "
    "piece on its way: the next exercise.",
)
