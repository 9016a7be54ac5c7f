"""deliver_window, of 18: as many pieces on their way as the window allows."""

from __future__ import annotations

import time

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.nb18_receiver import OWN, SOON, Receiver, steadily

PIECES = tuple(f"piece {which}".encode() for which in range(8))
AMPLE = 5.0  # seconds: the timeout where it must not be needed
SHORT = 0.2  # … and where it has to pass
ALL = "all pieces had been acknowledged"
LATE = 1.0  # seconds beyond its timeouts that a call on a busy machine may take


def _full(trial):
    receiver = Receiver(trial, PIECES).start(4, AMPLE, 3)
    _fill(trial, receiver, 4)
    _quiet(trial, receiver, "Four pieces may be on their way, and you sent a fifth")
    receiver.acknowledge(1)
    _takes(trial, receiver, (4,), "Piece 0 was acknowledged, so piece 4 may go; you did not send it")
    _quiet(trial, receiver, "One piece was acknowledged, so one more may go; you sent two")
    receiver.acknowledge(2, 3, 4, 5)
    _takes(trial, receiver, (5, 6, 7), "Five pieces were acknowledged: the rest may go, and it did not")
    receiver.acknowledge(6, 7, 8)
    outcome = receiver.delivered(DEADLINE, "where every piece was acknowledged", ALL)
    outcome.untouched(OWN)
    outcome.clean()


def _one_for_all(trial):
    receiver = Receiver(trial, PIECES).start(4, AMPLE, 3)
    _fill(trial, receiver, 4)
    receiver.acknowledge(4)
    why = "One acknowledgment, 4, says that pieces 0 to 3 have all come; you waited for one of each piece"
    _takes(trial, receiver, (4, 5, 6, 7), why)
    receiver.acknowledge(8)
    receiver.delivered(DEADLINE, "where one acknowledgment was for four pieces", ALL)


def _wide(trial):
    receiver = Receiver(trial, PIECES[:3]).start(8, AMPLE, 3)
    _fill(trial, receiver, 3)
    receiver.acknowledge(3)
    receiver.delivered(DEADLINE, "where there are fewer pieces than the window allows", ALL)


def _nothing(trial):
    receiver = Receiver(trial, ()).start(4, AMPLE, 3)
    receiver.delivered(DEADLINE, "where there are no pieces", "there was nothing to send").untouched(OWN)


def _nobody_there(trial):
    receiver = Receiver(trial, PIECES)
    receiver.peer.connect(trial.udp().getsockname())  # holds the port, and takes nothing that comes from you
    receiver.start(4, AMPLE, 3)
    outcome = receiver.call.outcome(DEADLINE, "nobody is there, and the machine had said so")
    outcome.raised("ConnectionRefusedError", instead="nobody is at the other end, and its machine says so")
    outcome.untouched(OWN, "when it raises")


def _old(trial):
    receiver = Receiver(trial, PIECES).start(4, AMPLE, 3)
    _fill(trial, receiver, 4)
    receiver.acknowledge(3)
    _takes(trial, receiver, (4, 5, 6), "Three pieces were acknowledged, and you did not send the next three")
    receiver.acknowledge(1)
    _quiet(trial, receiver, "An old acknowledgment, 1 after 3, moved your window back: you sent again")
    receiver.acknowledge(7)
    _takes(trial, receiver, (7,), "Seven pieces were acknowledged, and you did not send the last")
    receiver.acknowledge(8)
    receiver.delivered(DEADLINE, "where an old acknowledgment came late", ALL)


def _swapped(trial):
    early = "Two equal acknowledgments may mean two pieces that swapped places, not a loss. You sent again"
    receiver = Receiver(trial, PIECES).start(4, AMPLE, 3)
    _fill(trial, receiver, 4)
    receiver.acknowledge(0, 0)
    _quiet(trial, receiver, early)
    receiver.acknowledge(2)
    _takes(trial, receiver, (4, 5), "Two pieces were acknowledged, and you did not send the next two")
    receiver.acknowledge(2, 2)
    _quiet(trial, receiver, "A new acknowledgment came: equal ones are to be counted anew. You sent again")
    receiver.acknowledge(6)
    _takes(trial, receiver, (6, 7), "Six pieces were acknowledged, and you did not send the rest")
    receiver.acknowledge(8)
    receiver.delivered(DEADLINE, "where pieces have swapped places", ALL)


def _one_lost(trial):
    receiver = Receiver(trial, PIECES).start(6, AMPLE, 3)
    _fill(trial, receiver, 6)
    receiver.acknowledge(0, 0, 0)
    why = "Three equal acknowledgments said that piece 0 is missing, and you went on waiting for the timer"
    _takes(trial, receiver, (0,), why)
    receiver.acknowledge(0, 0)
    _quiet(trial, receiver, "More equal acknowledgments came; piece 0 had been sent again already. You sent")
    receiver.acknowledge(6)
    _takes(trial, receiver, (6, 7), "Six pieces were acknowledged, and you did not send the rest")
    receiver.acknowledge(8)
    receiver.delivered(DEADLINE, "where piece 0 was lost", ALL)


@steadily(PIECES, SHORT / 2)
def _silences(trial, receiver):
    receiver.start(4, SHORT, 3)
    _fill(trial, receiver, 4)
    _sent_again(trial, receiver, 0, receiver.began)
    came = receiver.take(SHORT / 2)  # so that the next acknowledgment comes in the middle of a wait
    if came:
        raise trial.wrong(
            "No acknowledgment came, and piece 0 is the first that is missing. You sent not only that one "
            f"again: piece {came}."
        )
    for old, acked, fresh in ((0, 2, (4, 5)), (2, 6, (6, 7))):
        since = time.monotonic()
        receiver.acknowledge(acked)
        _takes(trial, receiver, fresh, f"{acked} pieces were acknowledged; you did not send more", old)
        _sent_again(trial, receiver, acked, since)
    receiver.acknowledge(8)
    receiver.delivered(DEADLINE + LATE, "where each silence was ended by a new acknowledgment")


def _sent_again(trial, receiver, missing, since):
    """Wait until piece `missing` comes again: it has to, and not before SHORT has passed `since` then."""
    while len(receiver.copies.get(missing, ())) < 2:
        came = receiver.take(SHORT + SOON)
        if came is None and not receiver.call.running:
            outcome = receiver.call.outcome()
            if missing and outcome.failed and "TimeoutError" in outcome.error["kinds"]:
                raise outcome.wrong(
                    "You gave up after as many silences as there are `tries`, though acknowledgments had "
                    "come between them: only those in a row count."
                )
            outcome.returned("at the first silence, and `tries` was 3")
        if came is None:
            raise trial.wrong(f"No acknowledgment came any more, and you did not send piece {missing} again.")
    if receiver.copies[missing][1] - since < 0.95 * SHORT:
        raise trial.wrong(
            f"You sent piece {missing} again before `timeout` seconds were over: they begin anew with each "
            "new acknowledgment."
        )


def _gives_up(trial):
    tries = 3
    receiver = Receiver(trial, PIECES).start(4, SHORT, tries)
    _fill(trial, receiver, 4)
    since = time.monotonic()
    receiver.acknowledge(2)
    outcome = receiver.silent(2, tries)
    waited = time.monotonic() - since
    if len(receiver.copies[2]) < tries or waited < 0.95 * tries * SHORT:
        raise outcome.wrong(
            f"No acknowledgment came any more, and `tries` was {tries}: the first missing piece is to be "
            f"sent {tries} times in all, and each time `timeout` seconds are to be waited."
        )
    if waited > tries * SHORT + LATE:
        raise outcome.wrong(f"You waited much longer than `timeout`, {SHORT:g} s, for an acknowledgment.")
    outcome.untouched(OWN, "when it gives up")
    outcome.clean("when it gives up")


def _fill(trial, receiver, window):
    """Take the first `window` pieces."""
    for count in range(window):
        if receiver.take() is None:
            if not receiver.call.running:
                receiver.delivered(0, "where nothing was acknowledged yet")
            raise trial.wrong(
                f"You sent {count} piece{'' if count == 1 else 's'} and waited: {window} may be on their way "
                "before the first acknowledgment."
            )


def _takes(trial, receiver, wanted, otherwise, old=None):
    """Take these pieces, in this order; copies of the piece `old` may come between. Else Wrong(otherwise)."""
    for which in wanted:
        while (came := receiver.take()) == old and came is not None:
            pass
        if came is None and not receiver.call.running:
            receiver.delivered(0, "where more was to be sent")
        if came is None:
            raise trial.wrong(f"{otherwise}.")
        if came != which:
            raise trial.wrong(f"Piece {which} was due, and you sent piece {came}.")


def _quiet(trial, receiver, otherwise):
    """Nothing may come now."""
    came = receiver.take_at_once()
    if came is not None:
        raise trial.wrong(f"{otherwise}: piece {came}.")


DELIVER_WINDOW = Exercise(
    name="deliver_window",
    notebook="18",
    asks="Keep a window of numbered datagrams on their way; equal acknowledgments tell what is missing.",
    cases=(
        _full,
        _one_for_all,
        _wide,
        _nothing,
        _nobody_there,
        _old,
        _swapped,
        _one_lost,
        _silences,
        _gives_up,
    ),
    hints=(
        "Two numbers are the whole window: `acked`, how many pieces the receiver has in order, and "
        "`following`, the next piece that was never sent. Send while `following < min(acked + window, "
        "len(pieces))`.",
        "Then wait for one acknowledgment. Greater than `acked`: it is the new `acked`. Equal: count it. "
        "Smaller: an old one, ignore it. Then look again whether there is room to send.",
        "Piece `acked` is sent again at the third equal one, and when a deadline passes. Both counts, of "
        "equal ones and of silences, begin at 0 with each new acknowledgment, and the deadline begins anew.",
        "The loop: `while acked < len(pieces)`; in it the sending, then a `recv` with what is left until the "
        "deadline, and TimeoutError of `recv` as the third kind of answer.",
    ),
    beyond="it would let the window grow while all goes well and halve it at a loss, as Reno does: the "
    "network has a queue too, and nobody tells how long it is.",
)
