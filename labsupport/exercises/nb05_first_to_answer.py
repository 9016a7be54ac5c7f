"""first_to_answer, of 05: many addresses called at once, without waiting."""

from __future__ import annotations

import socket

from labsupport.background import until
from labsupport.exercises import stand_ins
from labsupport.exercises.connected import reached, receives, undisturbed
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.trial import UNREACHABLE, needs_ipv6
from labsupport.waiting import readable

SHORT, LONG = 0.5, 1.5  # seconds
LONGER = 2.0  # … a part of which, one of four, is well apart from LATE
LATE = 1.0  # seconds beyond its timeout that a call on a busy machine may take


def _only_one(trial):
    listener = trial.listener()
    outcome = trial.run([listener.getsockname()], LONG, probe=stand_ins.default_timeout)
    sock = reached(trial, outcome, listener, "where there is one address and somebody listens there")
    receives(trial, outcome, listener, sock)
    outcome.clean("besides the socket that it returns")
    undisturbed(outcome)


def _refused_first(trial):
    listener = trial.listener()
    outcome = trial.run([trial.refusing(), listener.getsockname()], LONG)
    where = "where the first address refuses and at the second somebody listens"
    reached(trial, outcome, listener, where)
    outcome.clean("when an address refuses")


def _no_way_first(trial):
    listener = trial.listener()
    outcome = trial.run([UNREACHABLE, listener.getsockname()], LONG)
    where = "where there is no way to the first address (ENETUNREACH) and at the second somebody listens"
    reached(trial, outcome, listener, where)
    outcome.clean("when there is no way to an address")


@needs_ipv6
def _over_ipv6(trial):
    listener = trial.listener(family=socket.AF_INET6)
    addresses = [trial.refusing(), listener.getsockname()[:2]]
    outcome = trial.run(addresses, LONG)
    if outcome.failed:
        raise outcome.wrong(
            f"Somebody listens at ::1, and you raised {outcome.said}: an IPv6 address needs a socket of "
            "AF_INET6."
        )
    reached(trial, outcome, listener, "where only the second address, ::1, has somebody who listens")


def _silent_first(trial):
    listener = trial.listener()
    silent = [trial.unanswering() for _ in range(3)]
    call = trial.call([*silent, listener.getsockname()], LONGER)
    not_called = (
        "Three addresses were silent, and while you waited for them you had not called the fourth, which "
        "would have answered at once. Call all of them before you wait for any."
    )
    try:
        until(lambda: readable([listener], 0) or not call.running, max(0, LATE - call.age))
    except TimeoutError:
        raise trial.wrong(not_called) from None
    where = "where three addresses are silent and at the fourth somebody listens"
    outcome = call.outcome(LONGER + LATE, "three addresses were silent, and the fourth had answered")
    reached(trial, outcome, listener, where)
    if outcome.elapsed >= LONGER:
        raise outcome.wrong("The fourth address had answered, and you still waited for the silent ones.")
    if outcome.elapsed > 0.7 * LONGER:  # the look at the listener came as late as the call
        raise outcome.wrong(not_called)
    outcome.clean("when other addresses are silent")


def _both_answer(trial):
    listeners = [trial.listener(), trial.listener()]
    outcome = trial.run([listener.getsockname() for listener in listeners], LONG)
    value = outcome.returned("where somebody listens at both addresses")
    port = _port(value)
    chosen = next((one for one in listeners if one.getsockname()[1] == port), listeners[0])
    reached(trial, outcome, chosen, "where somebody listens at both addresses")
    outcome.clean("when two addresses answer")


def _port(value):
    try:
        return value.getpeername()[1]
    except (AttributeError, OSError):
        return None


def _all_fail(trial):
    addresses = [trial.refusing(), trial.refusing()]
    outcome = trial.run(addresses, LONG, deadline=LONG + LATE, during="both addresses had refused")
    outcome.raised("ConnectionRefusedError", instead="both addresses refused")
    if outcome.elapsed >= LONG:
        raise outcome.wrong("Both addresses had refused at once, and you waited until the time was over.")
    outcome.clean("when every address refuses")
    outcome = trial.run([UNREACHABLE], LONG, during="there was no way to the only address")
    outcome.raised("OSError", instead="there is no way to the only address", errno="ENETUNREACH")


def _none_in_time(trial):
    addresses = [trial.unanswering(), trial.refusing(), *(trial.unanswering() for _ in range(3))]
    during = f"one address had refused, the others were silent, and `timeout` was {SHORT:g} s"
    deadline = (len(addresses) - 1) * SHORT + LATE  # for who waits that long for each silent one
    outcome = trial.run(addresses, SHORT, deadline=deadline, during=during)
    instead = "one address refused, the others were silent, and the time was over"
    outcome.raised("TimeoutError", instead=instead)
    if outcome.elapsed < SHORT - 0.02:
        raise outcome.wrong(f"You gave up before {SHORT:g} s were over: a silent address may still answer.")
    if outcome.elapsed > SHORT + LATE:
        raise outcome.wrong(f"All together were to have {SHORT:g} s; you waited that long for each.")
    outcome.clean("when nobody answers in time")


FIRST_TO_ANSWER = Exercise(
    name="first_to_answer",
    notebook="05",
    asks="Call all addresses at once, without waiting; take the first that answers, close the others.",
    cases=(
        _only_one,
        _refused_first,
        _no_way_first,
        _over_ipv6,
        _both_answer,
        _all_fail,
        _silent_first,
        _none_in_time,
    ),
    hints=(
        "One socket an address, each `setblocking(False)`; `connect` then starts the call and raises "
        "BlockingIOError, which means: it is under way. Any other OSError means that it has failed already.",
        "`select.select([], waiting, [], left)` returns the sockets whose connect is decided, well or ill, "
        "or three empty lists when `left` seconds are over.",
        "Ready is not connected: `sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)` is 0, or the errno. "
        "Close a failed one, keep its error, and wait for the others.",
        "One deadline for all: `deadline = time.monotonic() + timeout` at the beginning, and before each "
        "`select` it is `left = deadline - time.monotonic()`. In a `finally`, close every socket that is not "
        "the one you return; `setblocking(True)` on that one.",
    ),
    beyond="it would begin with the address that is likely best and call the next a quarter of a second "
    "later, so that servers do not get calls which are dropped at once (RFC 8305).",
)
