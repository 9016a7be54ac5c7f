"""The exercise `finish`: shutdown, drain, close."""

from __future__ import annotations

import random
import socket

from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb07_ends import (
    HASTE,
    NO_END,
    UNREAD,
    all_came,
    closed,
    fill,
    has_spoken,
    read_on,
    still_runs,
)
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6


def _all_delivered(trial):
    """Much is under way to the peer, which has not read it yet, and a question of its own is unread."""
    sock, peer = trial.pair()
    peer.sendall(UNREAD)
    sent = fill(sock)
    call = trial.call(Hand(sock))
    has_spoken(call)
    came, how = read_on(peer)
    if how != "nothing":
        peer.close()
    outcome = call.outcome(during=NO_END if how == "nothing" else "the peer had read all and closed")
    value = outcome.returned()
    closed(outcome)
    all_came(outcome, came, sent, how)
    _got(outcome, value, UNREAD, "The peer's second question was still to be read")


def _goodbye(trial, family=socket.AF_INET):
    """The peer speaks once more after it has heard that the function is done."""
    sock, peer = trial.pair(family)
    call = trial.call(sock)
    _, how = read_on(peer)
    if how == "end":
        still_runs(call, HASTE)
        trial.send_apart(peer, (b"good", b"bye"))
        peer.close()
    outcome = call.outcome(during=NO_END if how == "nothing" else "the peer had said goodbye and closed")
    value = outcome.returned()
    closed(outcome)
    said = "The peer read your end, said goodbye in two pieces, and closed"
    if value == b"good":
        raise outcome.wrong(f"{said}; you came back after the first piece: what followed is lost.")
    if not value:
        raise outcome.wrong(
            f"{said}; you had not waited for that. You are done when `recv` gives b'' because the peer is."
        )
    _got(outcome, value, b"goodbye", said)
    outcome.clean()


@needs_ipv6
def _over_ipv6(trial):
    _goodbye(trial, socket.AF_INET6)


def _peer_was_first(trial):
    sock, peer = trial.pair()
    peer.sendall(b"the rest")
    peer.close()
    outcome = trial.run(sock, during="the peer had sent its rest and closed")
    value = outcome.returned("although the peer had ended in order")
    closed(outcome)
    _got(outcome, value, b"the rest", "The peer had sent its rest and closed before you began")


def _nothing_left(trial):
    sock, peer = trial.pair()
    peer.close()
    outcome = trial.run(sock, during="the peer had closed, and nothing was left to read")
    value = outcome.returned("although the peer had ended in order")
    closed(outcome)
    _got(outcome, value, b"", "The peer had closed before you began, and nothing was left to read")


def _long_rest(trial):
    rest = random.Random(7).randbytes(5_000)  # so few that reading them one at a time is quick enough
    sock, peer = trial.pair()
    call = trial.call(sock)
    read_on(peer)
    try:
        peer.sendall(rest)
    except OSError:
        pass  # the function was gone before all of it: its result will show that
    peer.close()
    outcome = call.outcome(during="the peer had sent 5,000 bytes more and closed")
    value = outcome.returned()
    _got(outcome, value, rest, "The peer sent 5,000 bytes more before it ended")


def _reset_midway(trial):
    sock, peer = trial.pair()
    call = trial.call(sock)
    read_on(peer)
    trial.send_apart(peer, (b"good",))
    trial.reset(peer)
    outcome = call.outcome(during="the peer had reset the connection")
    outcome.raised("ConnectionResetError", instead="the peer reset the connection instead of ending it")
    closed(outcome, "you raised the reset")
    outcome.clean("after a reset")


def _reset_before(trial):
    sock, peer = trial.pair()
    trial.reset(peer)
    outcome = trial.run(sock, during="the peer had reset the connection")
    # `shutdown` is the first to meet it, and says ENOTCONN: there is no connection any more
    outcome.raised("OSError", instead="the peer had reset the connection before you began")
    if outcome.error_name not in ("ECONNRESET", "ENOTCONN", "EPIPE"):
        raise outcome.wrong(f"The peer had reset the connection before you began: you raised {outcome.said}.")
    closed(outcome, "the peer had reset the connection: an error was raised")


def _silent(trial):
    """The peer does not end. A function with a deadline of its own is met by an end that comes late."""
    sock, peer = trial.pair()
    call = trial.call(Hand(sock, timeout=0.2))
    read_on(peer)
    late = still_runs(call, 0.6)
    peer.close()
    outcome = call.outcome(during="the peer had closed")
    if late and outcome.error is None:
        _got(outcome, outcome.value, b"", "The peer ended late, with nothing more to say")
        return
    outcome.raised("TimeoutError", instead="the peer did not end within the socket's timeout of 0.2 s")
    closed(outcome, "the socket's timeout had passed: TimeoutError was raised")


def _got(outcome, value, wanted, when):
    if value == wanted and isinstance(value, bytes):
        return
    if isinstance(value, bytes):
        raise outcome.wrong(f"{when}; you returned {describe(value)}: {len(value)} of {len(wanted)} bytes.")
    raise outcome.wrong(
        f"{when}; you returned {describe(value)}: what was still to read is asked for, as bytes."
    )


FINISH = Exercise(
    name="finish",
    notebook="07",
    asks="End in order: no more to say, read until the peer ends, close; return what was still to read.",
    cases=(
        _all_delivered,
        _goodbye,
        _peer_was_first,
        _nothing_left,
        _long_rest,
        _reset_midway,
        _reset_before,
        _silent,
        _over_ipv6,
    ),
    hints=(
        "Three steps in this order: say that you are done, read what is still to come, close.",
        "`sock.shutdown(socket.SHUT_WR)` says that you are done. The other direction is left to read from.",
        "The peer is done when `recv` returns b'': collect until then, however many pieces there are.",
        "All of it in `with sock:` closes on every way out, an exception from `recv` or `shutdown` too.",
    ),
    beyond="it would set a deadline and a limit: this peer may never end, or send for ever.",
)
