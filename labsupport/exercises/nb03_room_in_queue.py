"""The exercise `room_in_queue`: how many callers a listener still lets in, found out by calling."""

from __future__ import annotations

import socket

from labsupport.exercises import callers
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe
from labsupport.exercises.stand_ins import NO_NAME
from labsupport.exercises.trial import needs_ipv6

# Seconds. Enough on a busy machine, too: on loopback, who is let in is connected before the call waits.
TIMEOUT = 0.15
LONGER = 0.4
MOST = 64


def _empty(trial):
    listener = trial.listener(backlog=4)
    outcome = _run(trial, listener.getsockname(), "five had been let in, and the sixth had 0.15 s")
    _counted(outcome, 5, "The backlog was 4, and nobody waited: five are let in")
    outcome.clean("when the queue is full")


def _some_wait(trial):
    listener = trial.listener(backlog=4)
    callers.waiting(trial, listener, 2)
    outcome = _run(trial, listener.getsockname(), "three had been let in, and the next had 0.15 s")
    if outcome.value == 5:
        raise outcome.wrong("Two waited already, and three more are let in; you counted the two as well: 5.")
    _counted(outcome, 3, "The backlog was 4, and two waited already: three more are let in")
    outcome.clean("when the queue is full")


def _full(trial):
    outcome = _run(trial, trial.unanswering(), "the queue was full, and a connect had 0.4 s", LONGER)
    _counted(outcome, 0, "The queue was full: nobody is let in")
    if outcome.elapsed < 0.9 * LONGER:
        raise outcome.wrong(
            "The queue was full, and a connect was to have 0.4 s; you gave up before they were over."
        )
    outcome.clean("when the queue is full")


def _refused(trial):
    outcome = _run(trial, trial.refusing(), "the connect had been refused")
    if outcome.error and "ConnectionRefusedError" in outcome.error["kinds"]:
        raise outcome.wrong(
            "Nobody listens there, and you let ConnectionRefusedError out: a refused connect is one not let "
            "in, so the count, 0, was to be returned."
        )
    _counted(outcome, 0, "Nobody listens there, every connect is refused: nobody is let in")
    outcome.clean("when a connect is refused")


def _most(trial):
    listener = trial.listener(backlog=MOST + 5)
    # Watching so many sockets takes its time: more than usual where the processors are busy.
    outcome = trial.run(listener.getsockname(), TIMEOUT, deadline=5, during="64 had been let in")
    value = outcome.returned()
    if type(value) is int and value > MOST:
        raise outcome.wrong(f"You went on to {value}, where more are let in; at most 64 were to be tried.")
    _counted(outcome, MOST, "More than 64 are let in there, and 64 were to be tried")
    if _drained(trial, listener) > MOST:
        raise outcome.wrong(
            "You returned 64, and connected more often than that; at most 64 were to be tried."
        )
    outcome.clean()


def _drained(trial, listener):
    """How many the queue held; they leave it."""
    count = 0
    while (sock := trial.caller(listener)) is not None:
        sock.close()
        count += 1
    return count


def _by_name(trial):
    listener = trial.listener(backlog=1)
    address = ("localhost", listener.getsockname()[1])
    outcome = _run(trial, address, "two had been let in, and the next had 0.15 s")
    _counted(outcome, 2, "The listener was at 127.0.0.1, and the host's name was localhost: two are let in")
    outcome.clean("when the queue is full")


@needs_ipv6
def _ipv6(trial):
    listener = trial.listener(backlog=1, family=socket.AF_INET6)
    outcome = _run(trial, listener.getsockname()[:2], "two had been let in, and the next had 0.15 s")
    outcome.returned(after="where the listener was at ::1, an IPv6 address")
    _counted(outcome, 2, "The listener was at ::1, an IPv6 address: two are let in")
    outcome.clean("when the queue is full")


def _no_such_name(trial):
    outcome = _run(trial, (NO_NAME, 80), "the name is nobody's")
    if outcome.error is None:
        raise outcome.wrong(
            f"The host's name is nobody's, so no connect was made; you returned {describe(outcome.value)}, "
            "which says that a queue is full. An error that is no answer about the queue is raised, not "
            "swallowed."
        )
    outcome.raised("gaierror", instead="the host's name is nobody's")


def _run(trial, address, during, timeout=TIMEOUT):
    return trial.run(address, timeout, during=during)


def _counted(outcome, room, when):
    if outcome.error and "TimeoutError" in outcome.error["kinds"]:
        raise outcome.wrong(
            f"{when}. You let TimeoutError out: it says that one was not let in, and ends the count."
        )
    value = outcome.returned()
    if value == room and type(value) is int:
        return
    if type(value) is not int:
        raise outcome.wrong(f"{when}. You returned {describe(value)}, and a number was asked for.")
    if value == room + 1:
        raise outcome.wrong(f"{when}. You returned {value}: you counted the connect that did not succeed.")
    raise outcome.wrong(f"{when}. You returned {value}.")


ROOM_IN_QUEUE = Exercise(
    name="room_in_queue",
    notebook="03",
    asks="How many more connections a listener lets in, counted by connecting; at most 64.",
    cases=(_empty, _some_wait, _full, _refused, _most, _by_name, _ipv6, _no_such_name),
    hints=(
        "You cannot ask another program's queue for its length. You can call, again and again, until a call "
        "does not get through.",
        "A full queue does not refuse, it is silent: give each connect a deadline. "
        "`socket.create_connection(address, timeout=timeout)` does, takes names and both families, and "
        "closes what did not succeed.",
        "Keep the connected ones in a list, `clients`: a client that is closed too early is not an error, "
        "but one that nobody closes is. Stop at 64.",
        "`try:` the loop, which ends with `except (TimeoutError, ConnectionRefusedError): break`; "
        "`finally:` close each of `clients`; return `len(clients)`.",
    ),
    beyond="it would not try this on a server that others need: while it counts, nobody else gets in. On its "
    "own machine it would read the queue's length, as `ss -lt` does.",
)
