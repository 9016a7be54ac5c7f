"""The exercise `stop_waiting`: set another thread free that is blocked in recv."""

from __future__ import annotations

import socket
import threading

from labsupport.background import background, until
from labsupport.exercises.channel import Hand, There
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb07_ends import closed, read_on
from labsupport.exercises.trial import needs_ipv6

PATIENCE = 2.0  # seconds that the function waits for the thread: its contract
SOON = 1.5  # seconds: a function that waits only as long as it must is back long before
LONGEST = 4.5  # seconds: one that waits a little too long is back by then, and is told so
MOMENT = 0.5  # seconds for a thread that is about to end
STILL_WAITS = (
    "The thread is still blocked in `recv`: closing does not wake it, and the call under way even holds the "
    "connection. `shutdown` ends the connection, and `recv` returns."
)


# --- over there -----------------------------------------------------------------------------------


def _waiting(sock):
    """A thread that is blocked in recv, seen there, and ends when recv has returned."""
    return background(sock.recv, 1024).thread


def _stubborn(sock):
    """A thread that is blocked in recv, and goes on for ever with something else when it is woken."""
    woken = threading.Event()

    def receive():
        try:
            sock.recv(1024)
        finally:
            woken.set()
            threading.Event().wait()

    thread = background(receive).thread
    thread.woken = woken
    return thread


def _ended(args):
    return not args or not args[1].is_alive()  # no arguments any more: the call is over


def _ends(args, value):
    """Whether the thread has ended, or is about to: how promptly is another case's question."""
    args[1].join(MOMENT)
    return _ended(args)


def _woken(args):
    return not args or args[1].woken.is_set()


def _open(args):
    return not args or args[0].fileno() >= 0


# --- cases ----------------------------------------------------------------------------------------


def _woken_and_gone(trial, pair=None, timeout=None):
    sock, peer = pair or trial.pair()
    call = trial.call(Hand(sock, timeout), There(_waiting, sock), probe=_ends)
    outcome = _result(call, _ended)
    if not outcome.probe:
        _not_ended(outcome)
    if outcome.elapsed > SOON:
        raise outcome.wrong("The thread ended at once, and you waited on: `join` returns when it has ended.")
    closed(outcome, "the thread had ended, and you returned")
    outcome.clean()
    if read_on(peer)[1] != "end":
        raise outcome.wrong("The thread is free, but the peer never heard an end of the connection.")


def _result(call, freed):
    """The outcome of a call that had to return; where it did not, why, from what the thread does."""
    try:
        until(lambda: not call.running, PATIENCE + SOON)
    except TimeoutError:
        free = call.ask(freed)
        during = "the thread had ended" if free else "nothing had woken the thread, which waits in `recv`"
        return call.outcome(PATIENCE + SOON, during)
    outcome = call.outcome(call.age + 1)
    outcome.returned()
    return outcome


def _not_ended(outcome):
    if "shutdown" in outcome.called:
        raise outcome.wrong(
            "You returned, and the thread is still blocked in `recv`: the `shutdown` that you made ends your "
            "own direction, and `recv` waits on the other."
        )
    if outcome.given[0][0]:
        raise outcome.wrong(STILL_WAITS)
    raise outcome.wrong("You returned, and the thread is still blocked in `recv`: nothing woke it.")


def _goes_on(trial):
    sock, _ = trial.pair()
    call = trial.call(sock, There(_stubborn, sock))
    _until_woken(call)
    try:
        until(lambda: not call.running, PATIENCE / 2)
    except TimeoutError:
        if not call.ask(_open):
            raise call.outcome(PATIENCE + SOON).wrong(
                "You closed the socket while the thread still ran and could use it. Wait for it first: "
                "its next call would meet a number that is nobody's, or somebody else's."
            ) from None
    outcome = call.outcome(LONGEST, "the thread had been woken, and does not end")
    outcome.returned("because the thread had not ended after 2 s: you are to return then too")
    if outcome.elapsed < PATIENCE - 0.1:
        raise outcome.wrong("The thread was woken and had not ended yet: you did not wait for it.")
    if outcome.elapsed >= PATIENCE + 1:
        raise outcome.wrong("The thread does not end, and you waited for it longer than 2 s.")
    closed(outcome, "the thread did not end within 2 s, and you returned")
    outcome.clean("with a thread that does not end")


def _until_woken(call):
    try:
        until(lambda: not call.running or call.ask(_woken), PATIENCE)
    except TimeoutError:
        pass


def _with_a_timeout(trial):
    _woken_and_gone(trial, timeout=30)


def _unix(trial):
    _woken_and_gone(trial, trial.unix_pair())


@needs_ipv6
def _over_ipv6(trial):
    _woken_and_gone(trial, trial.pair(socket.AF_INET6))


STOP_WAITING = Exercise(
    name="stop_waiting",
    notebook="07",
    asks="Wake the `thread` that is blocked in `sock.recv`, wait until it has ended (2 s at most), close.",
    cases=(_woken_and_gone, _with_a_timeout, _unix, _over_ipv6, _goes_on),
    hints=(
        "`close` gives back a descriptor. The thread in `recv` does not notice: it holds the connection.",
        "`sock.shutdown(socket.SHUT_RDWR)` ends the connection itself, and a `recv` that waits returns b''.",
        "`thread.join(2)` waits until the thread has ended, 2 s at most. That it still runs is no error.",
        "Shutdown, join, close, in this order; `with sock:` around the first two closes on every way out.",
    ),
    beyond="it would expect that the peer has reset the connection a moment before (`shutdown` then says "
    "ENOTCONN), and log a thread that did not end.",
)
