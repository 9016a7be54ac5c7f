"""connect_any, of 05: a name's addresses tried in turn."""

from __future__ import annotations

import socket

from labsupport.exercises import stand_ins
from labsupport.exercises.channel import There
from labsupport.exercises.connected import reached, receives, undisturbed
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb05_peers import (
    FIRST,
    NO_WAY,
    SECOND,
    SIX,
    THIRD,
    has_no_way,
    is_silent,
    listens,
    needs_hosts,
    peers,
    refuses,
)
from labsupport.exercises.trial import needs_ipv6

TIMEOUT = 0.2  # seconds
AMPLE = 1.0  # … where an answer comes at once, though not to one who has no processor
LATE = 1.0  # seconds beyond its timeouts that a call on a busy machine may take


def _named(trial, *places):
    """((name, port), listeners): `places`, pairs (host, what it does), are the name's addresses, in order."""
    port, listeners = peers(trial, places)
    return (There(stand_ins.name, "localhost", [host for host, _ in places]), port), listeners


# --- cases ----------------------------------------------------------------------------------------


def _literal(trial):
    listener = trial.listener()
    outcome = trial.run(*listener.getsockname(), AMPLE, probe=stand_ins.default_timeout)
    sock = reached(trial, outcome, listener, "where the host is one address and somebody listens there")
    receives(trial, outcome, listener, sock)
    outcome.clean("besides the socket that it returns")
    undisturbed(outcome)


@needs_ipv6
def _literal_of_ipv6(trial):
    listener = trial.listener(family=socket.AF_INET6)
    outcome = trial.run(*listener.getsockname()[:2], AMPLE)
    if outcome.failed:
        raise outcome.wrong(
            f"The host was an IPv6 address, and you raised {outcome.said}: a socket of AF_INET has IPv4 "
            "alone. Each of `getaddrinfo`'s answers names the family that its address needs."
        )
    reached(trial, outcome, listener, "where the host is an IPv6 address")


@needs_hosts
def _second_of_two(trial):
    name, (listener,) = _named(trial, (FIRST, refuses), (SECOND, listens))
    outcome = trial.run(*name, AMPLE)
    if outcome.failed and outcome.called.get("connect", 0) > outcome.called.get("socket", 0):
        raise outcome.wrong(
            "The first of two addresses refused, and you called `connect` again on the same socket. One "
            "whose connect has failed is spent: each address needs a socket of its own."
        )
    where = "where the name has two addresses, the first refuses, and at the second somebody listens"
    reached(trial, outcome, listener, where)
    outcome.clean("when the first address refuses")


@needs_hosts
def _first_of_three(trial):
    name, listeners = _named(trial, (FIRST, listens), (SECOND, listens), (THIRD, listens))
    outcome = trial.run(*name, AMPLE)
    reached(trial, outcome, listeners[0], "where the name has three addresses, and at each somebody listens")
    if any(_was_called(trial, listener) for listener in listeners[1:]):
        raise outcome.wrong("The first address had answered, and you connected to another one too.")


@needs_hosts
def _no_way_to_the_first(trial):
    name, (listener,) = _named(trial, (NO_WAY, has_no_way), (SECOND, listens))
    outcome = trial.run(*name, AMPLE)
    where = "where there is no way to the first of two addresses (ENETUNREACH), and the second would answer"
    reached(trial, outcome, listener, where)
    outcome.clean("when there is no way to the first address")


@needs_ipv6
def _second_family(trial):
    for first, second in ((SIX, FIRST), (FIRST, SIX)):
        name, (listener,) = _named(trial, (first, refuses), (second, listens))
        where = f"where the name has {first}, which refuses, and {second}, where somebody listens"
        reached(trial, trial.run(*name, AMPLE), listener, where)


@needs_ipv6
def _order_of_the_families(trial):
    for first, second in ((SIX, FIRST), (FIRST, SIX)):
        name, (listener, other) = _named(trial, (first, listens), (second, listens))
        outcome = trial.run(*name, AMPLE)
        both = f"both of the name's addresses, {first} and {second}, in this order"
        reached(trial, outcome, listener, f"where somebody listens at {both}")


@needs_hosts
def _none(trial):
    name, _ = _named(trial, (FIRST, refuses), (SECOND, refuses))
    outcome = trial.run(*name, AMPLE)
    if outcome.error and "UnboundLocalError" in outcome.error["kinds"]:
        raise outcome.wrong(
            f"Both addresses refused, and at `{outcome.line}` there was no error left to raise: "
            "`except … as error` forgets `error` at the end of its block. Keep it under another name."
        )
    outcome.raised("ConnectionRefusedError", instead="both of the name's addresses refused")
    outcome.clean("when every address refuses")


def _no_name(trial):
    outcome = trial.run(stand_ins.NO_NAME, 80, AMPLE)
    outcome.raised("gaierror", instead="the name has no address")
    outcome.clean("when the name has no address")


@needs_hosts
def _third_after_two_silent(trial):
    name, (listener,) = _named(trial, (FIRST, is_silent), (SECOND, is_silent), (THIRD, listens))
    during = f"two addresses gave no answer, and `timeout` was {TIMEOUT:g} s"
    outcome = trial.run(*name, TIMEOUT, deadline=3, during=during)
    where = "where two addresses are silent and the third would answer: each has `timeout` seconds of its own"
    reached(trial, outcome, listener, where)
    outcome.clean("when an address is silent")
    _waited(outcome, 1.9 * TIMEOUT)
    if outcome.called.get("socket", 0) >= 6:
        raise outcome.wrong(
            "You tried each address several times, and waited as often: without `type`, `getaddrinfo` lists "
            "an address once for every kind of socket."
        )
    if outcome.elapsed > 2 * TIMEOUT + LATE:
        raise outcome.wrong(f"You waited much longer for a silent address than `timeout`, {TIMEOUT:g} s.")


@needs_hosts
def _last_error(trial):
    name, _ = _named(trial, (FIRST, is_silent), (SECOND, refuses))
    outcome = trial.run(*name, TIMEOUT, during="the first address gave no answer")
    outcome.raised("ConnectionRefusedError", instead="the first address was silent, the last refused")
    _waited(outcome, 0.95 * TIMEOUT)
    name, _ = _named(trial, (FIRST, refuses), (SECOND, is_silent))
    outcome = trial.run(*name, TIMEOUT, during="the second address gave no answer")
    outcome.raised("TimeoutError", instead="the first address refused, the last was silent")
    _waited(outcome, 0.95 * TIMEOUT)
    outcome.clean("when the last address is silent")


def _waited(outcome, seconds):
    """Raises Wrong where it gave up before; asked of several calls: one alone may have had no processor."""
    if outcome.elapsed < seconds:
        raise outcome.wrong("You gave up on a silent address before its `timeout` seconds were over.")


def _was_called(trial, listener):
    return trial.caller(listener) is not None


CONNECT_ANY = Exercise(
    name="connect_any",
    notebook="05",
    asks="Connect to the first of a name's addresses that answers, each tried for at most `timeout` seconds.",
    cases=(
        _literal,
        _literal_of_ipv6,
        _second_of_two,
        _first_of_three,
        _no_way_to_the_first,
        _second_family,
        _order_of_the_families,
        _none,
        _no_name,
        _third_after_two_silent,
        _last_error,
    ),
    hints=(
        "`socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)` is the list to go through, in its order.",
        "Each answer is `(family, kind, protocol, _, address)`: the first three make the socket, `connect` "
        "takes the address.",
        "`settimeout(timeout)` before `connect`; `except OSError` keeps the error and closes that socket.",
        "After `connect` has returned: `sock.settimeout(None)`, and return it. After the loop: raise the "
        "error that was kept. (`except … as error` forgets `error` at its end: give it another name.)",
    ),
    beyond="it would call the next address before the one before has given up, a quarter of a second later, "
    "and take whichever answers first (RFC 8305, Happy Eyeballs).",
)
