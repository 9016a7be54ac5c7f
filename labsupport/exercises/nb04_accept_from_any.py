"""The exercise `accept_from_any`: wait at several listeners at once."""

from __future__ import annotations

import socket

from labsupport.exercises import callers
from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.trial import needs_ipv6

IDLE = 0.4  # seconds, where nobody comes
LONG = 30  # seconds: more than a check has, where somebody does come
BUSY = 0.1  # of a processor, while nobody comes: who looks 50 times a second uses 0.02 on a slow machine
ORDINALS = ("first", "second", "third")


def _at_each(trial):
    for number, ordinal in enumerate(ORDINALS):
        listeners = [trial.own_listener() for _ in ORDINALS]
        (client,) = callers.waiting(trial, listeners[number])
        when = f"client waited at the {ordinal} of three listeners"
        outcome = trial.run(_handed(listeners), LONG, during=f"a {when}")
        _for(trial, outcome, client, f"A {when}")


def _comes_later(trial):
    listeners = [trial.own_listener() for _ in ORDINALS]
    address = listeners[1].getsockname()
    call = trial.call(_handed(listeners), LONG)
    client = trial.connect(address)
    outcome = call.outcome(during="a client had come to the second of three listeners")
    _for(trial, outcome, client, "A client came to the second of three listeners while you waited")


def _nobody_comes(trial):
    listeners = [trial.own_listener() for _ in ORDINALS]
    outcome = trial.run(_handed(listeners), IDLE, during=f"nobody had come, and the {IDLE:g} s were over")
    callers.nobody(outcome, IDLE)
    if outcome.processor > BUSY * IDLE:
        raise outcome.wrong(
            "While nobody came, it kept the processor busy: it asked again and again instead of waiting."
        )
    outcome.untouched(when="when nobody came")
    outcome.clean("when nobody came")


def _at_once(trial):
    listeners = [trial.own_listener() for _ in ORDINALS]
    callers.nobody(trial.run(_handed(listeners), 0, during="nobody waited, and `seconds` was 0"), 0)
    listener = trial.own_listener()
    (client,) = callers.waiting(trial, listener)
    outcome = trial.run(_handed([listener]), 0, during="a client waited, and `seconds` was 0")
    _for(trial, outcome, client, "A client waited at the only listener, and `seconds` was 0")


def _at_two_at_once(trial):
    """Whoever is not accepted now is accepted by the next call."""
    listeners = [trial.own_listener() for _ in ORDINALS]
    again = [trial.made(listener.dup()) for listener in listeners]
    clients = [callers.waiting(trial, listener)[0] for listener in listeners[:2]]
    addresses = [client.getsockname() for client in clients]
    for _ in clients:
        outcome = trial.run(_handed(listeners), LONG, during="a client still waited at one of the listeners")
        value = outcome.returned()
        if any(accepted for _, accepted in outcome.unclosed):
            raise outcome.wrong(
                "Clients waited at two listeners; you accepted both and returned one: the other's "
                "connection is lost."
            )
        who = addresses.index(value[1]) if type(value) is tuple and value[1:] and value[1] in addresses else 0
        _for(trial, outcome, clients[who], "Clients waited at two of three listeners")
        addresses[who] = None
        listeners = again


def _own_timeouts(trial):
    for own in (0, 5):
        listeners = [trial.own_listener() for _ in ORDINALS]
        (client,) = callers.waiting(trial, listeners[2])
        outcome = trial.run(_handed(listeners, own), LONG, during="a client waited at the third listener")
        _for(trial, outcome, client, "A client waited at the third of three listeners", own)


@needs_ipv6
def _both_families(trial):
    for number in range(2):
        listeners = [trial.own_listener(), trial.own_listener(family=socket.AF_INET6)]
        (client,) = callers.waiting(trial, listeners[number])
        outcome = trial.run(_handed(listeners), LONG, during="a client waited at one of the listeners")
        _for(trial, outcome, client, f"A client waited at the {('IPv4', 'IPv6')[number]} of two listeners")


def _no_listener(trial):
    outcome = trial.run(_handed([callers.not_listening(trial)]), IDLE, during="the socket did not listen")
    outcome.raised("OSError", errno="EINVAL", instead="the only socket does not listen, so `accept` fails")


def _handed(listeners, timeout=None):
    return [Hand(listener, timeout) for listener in listeners]


def _for(trial, outcome, client, when, own=None):
    sock = callers.pair(trial, outcome, client.getsockname(), when)
    callers.talks(outcome, sock, client)
    outcome.untouched(own, when="when a client came")
    outcome.clean()


ACCEPT_FROM_ANY = Exercise(
    name="accept_from_any",
    notebook="04",
    asks="(connection, address) of the next caller at any of several listeners, or None after `seconds`.",
    cases=(
        _at_each,
        _comes_later,
        _nobody_comes,
        _at_once,
        _at_two_at_once,
        _own_timeouts,
        _both_families,
        _no_listener,
    ),
    hints=(
        "`accept` waits at one listener, and meanwhile nobody looks at the others. Who can wait at all of "
        "them at once?",
        "`select.select(listeners, [], [], seconds)`: the first of the three lists that it gives has the "
        "listeners at which somebody waits, and is empty after `seconds`.",
        "There may be several in that list. Accept from one of them alone: the others' callers stay in "
        "their queues, for the next call.",
        "`ready, _, _ = select.select(listeners, [], [], seconds)`; where `ready` is empty return None, else "
        "`ready[0].accept()`.",
    ),
    beyond="it would take turns among those that are ready, so that a busy listener does not starve the "
    "others, and keep one selector (`selectors`), which takes more than 1024 descriptors.",
)
