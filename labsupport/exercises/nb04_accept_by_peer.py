"""The exercise `accept_by_peer`: connections told apart by the other end's port."""

from __future__ import annotations

import socket

from labsupport.exercises import callers
from labsupport.exercises.channel import Hand, Handed
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6

SHORT = 0.2  # seconds


def _three_wait(trial):
    listener = trial.own_listener()
    _each_has_its_own(trial, listener, callers.waiting(trial, listener, 3))


def _one_after_another(trial):
    """The next comes when the one before has been accepted: its words go nowhere else meanwhile."""
    listener = trial.own_listener()
    address = listener.getsockname()
    call = trial.call(Hand(listener), 3)
    clients = [trial.connect(address) for _ in range(3)]
    outcome = call.outcome(during="three clients had come, one after another")
    _told_apart(trial, outcome, clients)


def _none_asked(trial):
    outcome = trial.run(Hand(trial.own_listener()), 0, during="0 connections were asked for")
    if outcome.returned() != {}:
        raise outcome.wrong(
            f"0 connections were asked for; you returned {describe(outcome.value)}, not an empty dict."
        )


def _more_wait(trial):
    listener = trial.own_listener()
    clients = callers.waiting(trial, listener, 3)
    outcome = trial.run(Hand(listener), 2, probe=_still_waiting)
    _told_apart(trial, outcome, clients[:2])
    if outcome.probe != 1:
        raise outcome.wrong(
            "Three waited and two were asked for; you took the third out of the queue as well."
        )


def _still_waiting(args, value):
    """How many wait in the queue of the listener that the function was given."""
    args[0].settimeout(0)
    count = 0
    try:
        while True:
            args[0].accept()[0].close()
            count += 1
    except BlockingIOError:
        return count


def _left_before(trial):
    listener = trial.own_listener()
    gone, client = callers.waiting(trial, listener, 2)
    port = gone.getsockname()[1]
    gone.sendall(callers.WORD)
    gone.close()
    outcome = trial.run(Hand(listener), 2, during="two had come, and one of them had left")
    value = _dict(outcome, 2)
    callers.holds(outcome, _connection(trial, outcome, value, port), callers.WORD)
    callers.talks(outcome, _connection(trial, outcome, value, client.getsockname()[1]), client)


def _broke_off(trial):
    listener = trial.own_listener()
    rude, client = callers.waiting(trial, listener, 2)
    port = rude.getsockname()[1]
    trial.reset(rude)
    outcome = trial.run(Hand(listener), 2, during="two had come, and one of them had reset its connection")
    if outcome.error_name == "ENOTCONN":
        raise outcome.wrong(
            "A client had reset its connection before you accepted it, and a socket without a peer does not "
            "know the peer's address any more (ENOTCONN). `accept` gave you the address beside the "
            "connection."
        )
    value = _dict(outcome, 2, "when a client had reset its connection before")
    _connection(trial, outcome, value, port)
    callers.talks(outcome, _connection(trial, outcome, value, client.getsockname()[1]), client)


@needs_ipv6
def _ipv6(trial):
    listener = trial.own_listener(family=socket.AF_INET6)
    clients = callers.waiting(trial, listener, 2)
    outcome = trial.run(Hand(listener), 2, during="two clients had come")
    if outcome.error and "ValueError" in outcome.error["kinds"]:
        raise outcome.wrong(
            f"It raised {outcome.said}, at `{outcome.line}`: an IPv6 address has four parts, of which the "
            "host and the port are the first two."
        )
    _told_apart(trial, outcome, clients)


def _too_few(trial):
    listener = trial.own_listener()
    callers.waiting(trial, listener)
    outcome = trial.run(Hand(listener, SHORT), 2, during="the listener's own timeout, 0.2 s, was over")
    when = "one of two came within the listener's own timeout of 0.2 s"
    if isinstance(outcome.value, dict):
        raise outcome.wrong(
            f"{when.capitalize()}: TimeoutError was to be raised; you returned those who had come, as if all "
            "had."
        )
    outcome.raised("TimeoutError", instead=when)


def _no_listener(trial):
    outcome = trial.run(Hand(callers.not_listening(trial)), 1, during="the socket did not listen")
    outcome.raised("OSError", errno="EINVAL", instead="the socket does not listen, so `accept` fails")


def _each_has_its_own(trial, listener, clients):
    outcome = trial.run(Hand(listener), len(clients), during="all had come")
    _told_apart(trial, outcome, clients)
    outcome.untouched()
    outcome.clean()


def _told_apart(trial, outcome, clients):
    value = _dict(outcome, len(clients))
    for client in clients:
        callers.talks(outcome, _connection(trial, outcome, value, client.getsockname()[1]), client)


def _dict(outcome, count, after=""):
    value = outcome.returned(after=after)
    if not isinstance(value, dict):
        raise outcome.wrong(
            f"You returned {describe(value)}, and a dict was asked for: peer's port → connection."
        )
    if len(value) > count:
        raise outcome.wrong(
            f"{count} were asked for; you took {len(value)} out of the queue, and returned them."
        )
    if len(value) < count:
        raise outcome.wrong(f"{count} clients came; your dict has {len(value)} of them{_why_fewer(value)}.")
    return value


def _why_fewer(value):
    for key, item in value.items():
        if isinstance(item, Handed) and key in (item.getsockname()[1], item.getsockname()):
            return ": your own port is the same for all connections, so each took the place of the one before"
    return ": the keys are the same, so that each took the place of the one before" if len(value) == 1 else ""


def _connection(trial, outcome, value, port):
    if port in value:
        return callers.connection(trial, outcome, value[port])
    key = next(iter(value))
    if isinstance(key, tuple):
        raise outcome.wrong("The keys of your dict are whole addresses; the peer's port alone was asked for.")
    if isinstance(key, str):
        raise outcome.wrong("The keys of your dict are text; the peer's port as a number was asked for.")
    raise outcome.wrong("The keys of your dict are not the ports of the clients.")


ACCEPT_BY_PEER = Exercise(
    name="accept_by_peer",
    notebook="04",
    asks="Accepts `count` connections and returns them in a dict, each under its peer's port.",
    cases=(
        _three_wait,
        _one_after_another,
        _none_asked,
        _more_wait,
        _left_before,
        _broke_off,
        _ipv6,
        _too_few,
        _no_listener,
    ),
    hints=(
        "`accept` gives two things. What you need for the key is in the second.",
        "An address begins with the host and the port, in IPv4 (two parts) and in IPv6 (four): "
        "`address[1]` is right for both.",
        "Do not ask the connection for its peer: one that was reset while it waited does not know any more.",
        "`for _ in range(count):`, and in it `connection, address = listener.accept()` and "
        "`connections[address[1]] = connection`.",
    ),
    beyond="it would use the whole address as the key, for two hosts may use the same port, and close what "
    "it has when a later `accept` fails.",
)
