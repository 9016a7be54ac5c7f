"""close_in_order, of 07, in C: shutdown, drain, close."""

from __future__ import annotations

import ctypes

from labsupport.exercises.c_calls import fails, gave, impatient
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
from labsupport.observe import observe


def call(native, sock, eintr=0):
    """Call it; `eintr`: how many of its receiving calls a signal interrupts."""
    native.wish.recv_eintr = eintr
    return native(sock.fileno())


def _in_order(trial):
    """The peer speaks once more after it has heard that the function is done."""
    sock, peer = trial.pair()
    running = trial.call(sock)
    _, how = read_on(peer)
    if how == "end":
        still_runs(running, HASTE)
        trial.send_apart(peer, (b"good", b"bye"))
        # One that has closed, and is slow to return, has answered the goodbye with a reset.
        gone = observe(peer).state == "CLOSED" or not still_runs(running, HASTE)
        peer.close()
    outcome = running.outcome(during=NO_END if how == "nothing" else "the peer had said goodbye and closed")
    given = gave(outcome)
    closed(outcome)
    if how != "end":
        raise outcome.wrong("The peer did not see the end of what you said, but a reset.")
    if gone:
        raise outcome.wrong(
            "The peer read your end, said goodbye, and closed; you had not waited for that. You are done "
            "when `recv` gives 0 because the peer is."
        )
    _well(outcome, given, "The peer ended in order")
    outcome.clean()


def _all_delivered(trial):
    """Much is under way to the peer, which has not read it yet, and a question of its own is unread."""
    sock, peer = trial.pair()
    peer.sendall(UNREAD)
    sent = fill(sock)
    sock.setblocking(True)
    running = trial.call(sock)
    has_spoken(running)
    came, how = read_on(peer)
    if how != "nothing":
        peer.close()
    outcome = running.outcome(during=NO_END if how == "nothing" else "the peer had read all and closed")
    given = gave(outcome)
    closed(outcome)
    all_came(outcome, came, sent, how)
    _well(outcome, given, "The peer ended in order")


def _long_rest(trial):
    sock, peer = trial.pair()
    running = trial.call(sock)
    read_on(peer)
    all_sent = True
    try:
        peer.sendall(bytes(100_000))
    except OSError:
        all_sent = False
    peer.close()
    outcome = running.outcome(during="the peer had sent 100,000 bytes more and closed")
    if not all_sent:
        raise outcome.wrong(
            "The peer sent 100,000 bytes more before it ended, and met a reset: you had stopped reading."
        )
    _well(outcome, gave(outcome), "The peer sent 100,000 bytes more before it ended")


def _interrupted(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, eintr=2)
    _, how = read_on(peer)
    late = how == "end" and still_runs(running, HASTE)
    peer.close()
    outcome = running.outcome(during=NO_END if how == "nothing" else "the peer had closed")
    given = gave(outcome)
    if given.value == -1 and given.errno == "EINTR" or not late:
        raise outcome.wrong(
            "A signal came while you waited, and `recv` returned -1 with EINTR: you gave up. The peer had "
            "not ended yet; `recv` is to be called again."
        )
    _well(outcome, given, "A signal came while you waited (EINTR), and then the peer ended in order")


def _peer_was_first(trial):
    sock, peer = trial.pair()
    peer.sendall(b"the rest")
    peer.close()
    outcome = trial.run(sock, during="the peer had sent its rest and closed")
    given = gave(outcome)
    closed(outcome)
    _well(outcome, given, "The peer had sent its rest and closed before you began")


def _reset_midway(trial):
    sock, peer = trial.pair()
    running = trial.call(sock)
    read_on(peer)
    trial.send_apart(peer, (b"good",))
    trial.reset(peer)
    outcome = running.outcome(during="the peer had reset the connection")
    gave(outcome)
    closed(outcome, "the peer had reset the connection instead of ending it")
    fails(outcome, "ECONNRESET", when="The peer reset the connection instead of ending it")
    outcome.clean("after a reset")


def _reset_before(trial):
    sock, peer = trial.pair()
    trial.reset(peer)
    outcome = trial.run(sock, during="the peer had reset the connection")
    gave(outcome)
    closed(outcome, "the peer had reset the connection before you began")
    # `shutdown` is the first to meet it, and says ENOTCONN: there is no connection any more
    fails(
        outcome, "ENOTCONN", "ECONNRESET", "EPIPE", when="The peer had reset the connection before you began"
    )


def _silent(trial):
    sock, peer = trial.pair()
    running = trial.call(impatient(sock))
    read_on(peer)
    outcome = running.outcome(during="the socket's timeout had passed: `recv` gave EAGAIN")
    gave(outcome)
    closed(outcome, "the socket's timeout had passed (EAGAIN)")
    fails(
        outcome,
        "EAGAIN",
        "EWOULDBLOCK",
        when="The peer did not end within the socket's timeout (SO_RCVTIMEO)",
    )


def _well(outcome, given, when):
    if given.value != 0:
        errno = f" (errno {given.errno})" if given.value == -1 and given.errno else ""
        raise outcome.wrong(f"{when}: 0 was to be returned; you returned {given.value}{errno}.")


CLOSE_IN_ORDER = Exercise(
    name="close_in_order",
    notebook="07",
    asks=(
        "In C: say that you are done, read until the peer is, close; 0, or -1 with errno, and closed then "
        "too."
    ),
    prototype="int close_in_order(int sock);",
    types=(ctypes.c_int, ctypes.c_int),
    through=call,
    cases=(
        _in_order,
        _all_delivered,
        _peer_was_first,
        _interrupted,
        _reset_midway,
        _reset_before,
        _silent,
        _long_rest,
    ),
    hints=(
        "Three steps in this order: `shutdown(sock, SHUT_WR)`, `recv` until it gives 0, `close`.",
        "What comes meanwhile goes into a buffer of your own and is not looked at; a signal's EINTR is no "
        "end.",
        "Each step may fail. Keep the first errno in a variable, close all the same, and put it back: "
        "`close` "
        "may change errno.",
    ),
    beyond="it would set a deadline and a limit: this peer may never end, or send for ever.",
)
