"""The exercise `close_within`: an end in order that has a deadline."""

from __future__ import annotations

import socket

from labsupport.background import until
from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb07_ends import (
    HASTE,
    MEANWHILE,
    UNREAD,
    closed,
    fill,
    has_spoken,
    read_on,
    still_runs,
)
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6
from labsupport.observe import observe

TRICKLES = 4.0  # seconds for which a peer sends a byte now and then: long after the function is judged


def _in_time(trial, family=socket.AF_INET):
    """Much is under way, something is unread; the peer reads all of it, says goodbye and ends."""
    sock, peer = trial.pair(family)
    peer.sendall(UNREAD)
    sent = fill(sock)
    call = trial.call(Hand(sock), 4)
    has_spoken(call)
    came, how = read_on(peer)
    if how == "end":
        still_runs(call, HASTE)
        trial.send_apart(peer, (b"good", b"bye"))
        peer.close()
    outcome = call.outcome(4.5, "4 s were allowed")
    value = outcome.returned()
    closed(outcome)
    if how == "nothing":
        raise outcome.wrong("The peer waited for the end of what you say, and it never came.")
    if how == "reset" or len(came) != sent:
        raise outcome.wrong("You did not wait for a peer that was about to end: it was reset, and lost data.")
    _says(outcome, value, True, "The peer read all, said goodbye and closed, well within the 4 s")
    outcome.clean()


def _never_ends(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 0.3)
    read_on(peer)
    outcome = call.outcome(during="the peer had read your end and not ended itself, and 0.3 s were allowed")
    value = outcome.returned("when the time was over, and False was to be returned")
    closed(outcome)
    _says(outcome, value, False, "The peer did not end in time")
    _waited(outcome, 0.3)
    _broken_off(outcome, peer)
    outcome.clean("with a peer that does not end")


def _never_reads(trial):
    sock, peer = trial.pair()
    fill(sock)
    outcome = trial.run(Hand(sock), 0.3, during="the peer reads nothing, and 0.3 s were allowed")
    value = outcome.returned("when the time was over, and False was to be returned")
    closed(outcome)
    _says(outcome, value, False, "The peer did not read, and so cannot have ended")
    if read_on(peer)[1] != "reset":
        raise outcome.wrong(
            "The peer had read nothing in time; you closed, and your kernel goes on sending for nobody. "
            "Hang up instead: with SO_LINGER, close throws away what is left."
        )


def _trickles(trial):
    """Each byte comes in time, and the end never. The first ones are there before the function begins: a
    pause of this process must not look like a silence of the peer's.
    """
    sock, peer = trial.pair()
    trial.trickle(peer, TRICKLES)
    call = trial.call(sock, 0.4)
    outcome = call.outcome(2, "the peer went on sending a byte now and then, and 0.4 s were allowed for all")
    value = outcome.returned("when the time was over, and False was to be returned")
    closed(outcome)
    _says(outcome, value, False, "The peer went on sending a byte now and then, and did not end")
    _waited(outcome, 0.4)


def _takes_its_time(trial):
    """The socket's own timeout is shorter than what the function is allowed."""
    sock, peer = trial.pair()
    call = trial.call(Hand(sock, timeout=0.05), 2)
    read_on(peer)
    still_runs(call, 0.3)
    peer.close()
    outcome = call.outcome(2.5, "the peer had closed")
    value = outcome.returned("although the 2 s were not over: the socket's own timeout is another, 0.05 s")
    closed(outcome)
    _says(outcome, value, True, "The peer ended after 0.3 s, and 2 s were allowed")


def _no_time(trial):
    sock, _ = trial.pair()
    outcome = trial.run(sock, 0, during="0 s were allowed")
    value = outcome.returned("with 0 s allowed, when False was to be returned")
    closed(outcome)
    _says(outcome, value, False, "0 s were allowed, and the peer had not ended")


def _ended_before(trial):
    sock, peer = trial.pair()
    peer.sendall(UNREAD)
    peer.close()
    outcome = trial.run(sock, 1, during="the peer had closed")
    value = outcome.returned("although the peer had ended in order")
    closed(outcome)
    _says(outcome, value, True, "The peer had closed before you began")


def _resets(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 2)
    read_on(peer)
    trial.reset(peer)
    outcome = call.outcome(2.5, "the peer had reset the connection")
    outcome.raised("ConnectionResetError", instead="the peer reset the connection instead of ending it")
    closed(outcome, "you raised the reset")


@needs_ipv6
def _over_ipv6(trial):
    _in_time(trial, socket.AF_INET6)


def _says(outcome, value, wanted, when):
    if value is not wanted:
        raise outcome.wrong(f"{when}; you returned {describe(value)}, not {wanted}.")


def _waited(outcome, seconds):
    if outcome.elapsed < seconds - 0.05:
        raise outcome.wrong(f"You gave the peer up before the {seconds:g} s were over.")


def _broken_off(outcome, peer):
    """The peer has read the function's FIN, so that `recv` tells it no more: its kernel does."""
    try:
        until(lambda: observe(peer).state == "CLOSED", MEANWHILE)
    except TimeoutError:
        raise outcome.wrong(
            "The time was over, and you closed as if all were well: the peer has heard no reset, and thinks "
            "that it can still answer."
        ) from None


CLOSE_WITHIN = Exercise(
    name="close_within",
    notebook="07",
    asks="End in order within `seconds`: True; where the peer does not end in time, hang up: False. Close.",
    cases=(
        _in_time,
        _never_ends,
        _never_reads,
        _trickles,
        _takes_its_time,
        _no_time,
        _ended_before,
        _resets,
        _over_ipv6,
    ),
    hints=(
        "Begin as in `finish`: shutdown, then read until b'', up to a certain moment on the clock.",
        "Once `deadline = time.monotonic() + seconds`; before each `recv`, `settimeout` what is left of it.",
        "Nothing left: do not read. A timeout of 0 means non-blocking, and a negative one is a ValueError.",
        "Time over, from the clock or by TimeoutError: set SO_LINGER to (1, 0), close, return False.",
    ),
    beyond="it would also bound what it reads in that time, and count how often peers had to be thrown out.",
)
