"""The exercise `last_callers`: to stop listening without cutting off those who wait."""

from __future__ import annotations

import socket

from labsupport.background import until
from labsupport.exercises import callers
from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import SPAWNING
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6

GONE = 1.0  # seconds: other processes that come up meanwhile, a compiler's, have a copy, too
ALL_TAKEN = "all who waited had been accepted"
_SAID = {
    "EBADF": "You used the listener after you had closed it (EBADF). Those who wait are accepted first.",
    "EAGAIN": "You let BlockingIOError out: it says that nobody waits any more, and there you are done.",
}


def _three_wait(trial):
    listener = trial.own_listener()
    _everyone(trial, listener, callers.waiting(trial, listener, 3))


def _nobody_waits(trial):
    listener = trial.own_listener()
    outcome = trial.run(Hand(listener), during="nobody waited")
    if outcome.returned() != []:
        raise outcome.wrong(
            f"Nobody waited; you returned {describe(outcome.value)} instead of an empty list."
        )
    _stopped(outcome)
    outcome.clean()


def _more_than_the_backlog(trial):
    listener = trial.own_listener(backlog=20)
    _everyone(trial, listener, callers.waiting(trial, listener, 21))


def _non_blocking(trial):
    listener = trial.own_listener()
    _everyone(trial, listener, callers.waiting(trial, listener, 2), timeout=0)


def _with_a_timeout(trial):
    listener = trial.own_listener()
    _everyone(trial, listener, callers.waiting(trial, listener, 2), timeout=30)


def _some_left(trial):
    """One has said a word and gone, one has broken off; a third still waits."""
    listener = trial.own_listener()
    gone, rude, client = callers.waiting(trial, listener, 3)
    gone.sendall(callers.WORD)
    gone.close()
    trial.reset(rude)
    outcome = trial.run(Hand(listener), during=ALL_TAKEN)
    value = outcome.returned(after="after a client had reset its connection while it waited")
    if isinstance(value, list) and len(value) < 3:
        raise outcome.wrong(
            "Three had been let in, and two of them were gone before you accepted; you returned "
            f"{len(value)} of 3: who left early may have left a word."
        )
    first, _, last = _connections(trial, outcome, 3)
    callers.holds(outcome, first, callers.WORD)
    callers.talks(outcome, last, client)


@needs_ipv6
def _ipv6(trial):
    listener = trial.own_listener(family=socket.AF_INET6)
    _everyone(trial, listener, callers.waiting(trial, listener, 2))


def _no_listener(trial):
    outcome = trial.run(Hand(callers.not_listening(trial)), during="the socket did not listen")
    outcome.raised("OSError", errno="EINVAL", instead="the socket does not listen, so accept fails")
    if not outcome.given[0][0]:
        raise outcome.wrong("When accept fails with another error, you leave the listener open.")


def _everyone(trial, listener, clients, timeout=None):
    """They wait in the queue of `listener`, which goes over with `timeout`."""
    address = listener.getsockname()[:2]
    outcome = trial.run(Hand(listener, timeout), during=ALL_TAKEN)
    if outcome.error_name in _SAID:
        raise outcome.wrong(_SAID[outcome.error_name])
    outcome.returned()
    for connection, client in zip(_connections(trial, outcome, len(clients)), clients, strict=True):
        if connection.getpeername() != client.getsockname():
            raise outcome.wrong("The connections are not in the order in which the clients came.")
        callers.talks(outcome, connection, client)
    _stopped(outcome)
    try:
        until(lambda: _refused(trial, address), GONE)
    except TimeoutError:
        raise outcome.wrong(
            "After your function had returned, a client could still connect: something listens on."
        ) from None
    outcome.clean()


def _refused(trial, address):
    try:
        with SPAWNING:  # a process that comes up for another check has a copy of the listener, until its exec
            trial.connect(address).close()
    except ConnectionRefusedError:
        return True
    return False


def _connections(trial, outcome, count):
    value = outcome.value
    if not isinstance(value, list):
        raise outcome.wrong(f"You returned {describe(value)}, and a list of connections was asked for.")
    if len(value) != count:
        early = "" if value else ": closing the listener resets those who wait, so accept comes first"
        raise outcome.wrong(f"{count} waited in the queue; you returned {len(value)} of them{early}.")
    return [callers.connection(trial, outcome, item) for item in value]


def _stopped(outcome):
    if not outcome.given[0][0]:
        raise outcome.wrong("You left the listener open: it lets in more callers, whom nobody will accept.")


LAST_CALLERS = Exercise(
    name="last_callers",
    notebook="03",
    asks="Accepts everyone who waits in the listener's queue, closes it, and returns the connections.",
    cases=(
        _three_wait,
        _nobody_waits,
        _more_than_the_backlog,
        _non_blocking,
        _with_a_timeout,
        _some_left,
        _ipv6,
        _no_listener,
    ),
    hints=(
        "Closing comes last: when a listener closes, those in its queue are cut off with a reset.",
        "You do not know how many wait. Accept until there is nobody, and an `accept` that waits never "
        "says so.",
        "`listener.setblocking(False)`: then `accept` raises BlockingIOError where nobody waits. "
        "A new socket that it returns does block.",
        "`with listener:` closes it in every case. In it: `while True:`, and `try: connections.append("
        "listener.accept()[0])`, `except BlockingIOError: return connections`.",
    ),
    beyond="it would hand the listening socket itself to its successor (`socket.send_fds`): whoever calls "
    "between the last accept and the close is cut off here.",
)
