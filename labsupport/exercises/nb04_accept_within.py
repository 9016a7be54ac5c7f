"""The exercise `accept_within`: a caller, or the end of one's patience."""

from __future__ import annotations

import socket

from labsupport.exercises import callers
from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.stand_ins import default_timeout
from labsupport.exercises.trial import needs_ipv6

SHORT = 0.2  # seconds, where nobody comes
LONG = 30  # seconds: more than a check has, where somebody does come
CAME = "a client had connected"


def _one_waits(trial):
    _accepted(trial, trial.own_listener(), None, LONG)


def _comes_later(trial):
    listener = trial.own_listener()
    address = listener.getsockname()
    call = trial.call(Hand(listener), LONG)
    client = trial.connect(address)
    outcome = call.outcome(during=CAME)
    sock = callers.pair(trial, outcome, client.getsockname(), "A client came while you waited")
    callers.talks(outcome, sock, client)
    outcome.untouched(when="when a client came")


def _nobody_comes(trial):
    during = f"nobody had come, and the {SHORT:g} s were over"
    outcome = trial.run(Hand(trial.own_listener()), SHORT, during=during, probe=default_timeout)
    callers.nobody(outcome, SHORT)
    outcome.untouched(when="when nobody came")
    if outcome.probe is not None:
        raise outcome.wrong(
            "It works, and `setdefaulttimeout` gives every socket that the program makes from now on your "
            "timeout. Set it on the listener, and put it back."
        )
    outcome.clean("when nobody came")


def _at_once(trial):
    outcome = trial.run(Hand(trial.own_listener()), 0, during="nobody waited, and `seconds` was 0")
    callers.nobody(outcome, 0)
    outcome.untouched(when="when nobody came")
    _accepted(trial, trial.own_listener(), None, 0)


def _its_own_timeout(trial):
    """A listener's own timeout is neither the answer nor the limit, and stays."""
    for own in (5, 0):
        _accepted(trial, trial.own_listener(), own, LONG)
        outcome = trial.run(Hand(trial.own_listener(), own), SHORT, during=f"nobody had come in {SHORT:g} s")
        callers.nobody(outcome, SHORT)
        outcome.untouched(own, when="when nobody came")


def _shorter_of_its_own(trial):
    """It waits for longer than the listener's own timeout, which is over when nobody has come yet."""
    outcome = trial.run(Hand(trial.own_listener(), SHORT / 4), SHORT, during=f"nobody had come in {SHORT:g} s")
    callers.nobody(outcome, SHORT)
    outcome.untouched(SHORT / 4, when="when nobody came")


def _left_before(trial):
    listener = trial.own_listener()
    (client,) = callers.waiting(trial, listener)
    address = client.getsockname()
    client.sendall(callers.WORD)
    client.close()
    outcome = trial.run(Hand(listener), LONG, during="a client had come and left")
    sock = callers.pair(trial, outcome, address, "A client had come, said a word, and left")
    callers.holds(outcome, sock, callers.WORD)


def _broke_off(trial):
    listener = trial.own_listener()
    (client,) = callers.waiting(trial, listener)
    address = client.getsockname()
    trial.reset(client)
    outcome = trial.run(Hand(listener), LONG, during="a client had come and broken off")
    callers.pair(trial, outcome, address, "A client had come, and reset its connection")


def _one_of_two(trial):
    listener = trial.own_listener()
    again = trial.made(listener.dup())
    first, second = callers.waiting(trial, listener, 2)
    outcome = trial.run(Hand(listener), LONG, during=CAME)
    sock = callers.pair(trial, outcome, first.getsockname(), "Two clients waited")
    callers.talks(outcome, sock, first)
    outcome = trial.run(Hand(again), LONG, during="two had connected, and one had been accepted before")
    sock = callers.pair(trial, outcome, second.getsockname(), "A second client waited")
    callers.talks(outcome, sock, second)


@needs_ipv6
def _ipv6(trial):
    _accepted(trial, trial.own_listener(family=socket.AF_INET6), None, LONG)


def _no_listener(trial):
    for own in (None, 5):
        deaf = Hand(callers.not_listening(trial), own)
        outcome = trial.run(deaf, SHORT, during="the socket did not listen")
        outcome.raised("OSError", errno="EINVAL", instead="the socket does not listen, so `accept` fails")
        outcome.untouched(own, when="when `accept` failed")


def _accepted(trial, listener, own, seconds):
    """One client waits in the queue of `listener`, which goes over with its `own` timeout."""
    (client,) = callers.waiting(trial, listener)
    outcome = trial.run(Hand(listener, own), seconds, during=CAME)
    sock = callers.pair(trial, outcome, client.getsockname(), "A client waited")
    callers.talks(outcome, sock, client)
    outcome.untouched(own, when="when a client waited")
    outcome.clean()


ACCEPT_WITHIN = Exercise(
    name="accept_within",
    notebook="04",
    asks="(connection, address) of the next caller, or None where nobody comes within `seconds`.",
    cases=(
        _one_waits,
        _comes_later,
        _nobody_comes,
        _at_once,
        _its_own_timeout,
        _shorter_of_its_own,
        _left_before,
        _broke_off,
        _one_of_two,
        _ipv6,
        _no_listener,
    ),
    hints=(
        "You met two ways to wait with a deadline: a timeout of the listener's, or asking `select` before.",
        "With a timeout: keep `listener.gettimeout()` first and put it back in a `finally`, for `accept` "
        "may end by an error. And a timeout of 0 gives BlockingIOError instead of TimeoutError.",
        "With `select` nothing has to be put back: `select.select([listener], [], [], seconds)` gives "
        "three lists, and the first is empty where nobody came.",
        "`ready, _, _ = select.select([listener], [], [], seconds)`; return `listener.accept()` if `ready`, "
        "else None.",
    ),
    beyond="it would make the listener non-blocking and ask again where `accept` still finds nobody: another "
    "process may have taken the caller in between, and elsewhere than on Linux one who left is taken out "
    "of the queue.",
)
