"""The exercise `hang_up`: an end by RST, made on purpose."""

from __future__ import annotations

import socket

from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb07_ends import closed, fill, read_on
from labsupport.exercises.trial import needs_ipv6


def _idle(trial, family=socket.AF_INET):
    sock, peer = trial.pair(family)
    _judge_reset(trial.run(sock), peer)


def _much_unsent(trial):
    sock, peer = trial.pair()
    fill(sock)
    outcome = trial.run(Hand(sock), during="the peer does not read, and nothing is to be waited for")
    _judge_reset(outcome, peer)


def _peer_is_done(trial):
    """The peer has ended its own direction, and waits for an answer."""
    sock, peer = trial.pair()
    peer.sendall(b"question")
    peer.shutdown(socket.SHUT_WR)
    _judge_reset(trial.run(sock), peer)


def _over_already(trial):
    sock, peer = trial.pair()
    trial.reset(peer)
    outcome = trial.run(sock)
    outcome.returned("because the peer had reset the connection first: then it is over, as you wanted")
    closed(outcome)


@needs_ipv6
def _over_ipv6(trial):
    _idle(trial, socket.AF_INET6)


def _judge_reset(outcome, peer):
    outcome.returned()
    closed(outcome)
    outcome.clean()
    how = read_on(peer)[1]
    if how == "reset":
        return
    if how == "nothing":
        raise outcome.wrong("You returned, and the peer has heard nothing: it still waits.")
    saw = "The peer saw an end in order, b'' from `recv`, and was to see ECONNRESET"
    if "shutdown" in outcome.called:
        raise outcome.wrong(f"{saw}: `shutdown` sends a FIN, before anything else can be said.")
    if "setsockopt" in outcome.called:
        raise outcome.wrong(
            f"{saw}: `close` sends RST only where SO_LINGER is on (not 0) with a time of 0, in this order."
        )
    raise outcome.wrong(f"{saw}: `close` alone sends a FIN.")


HANG_UP = Exercise(
    name="hang_up",
    notebook="07",
    asks="End a connection at once with RST: the peer sees ECONNRESET, nothing stays in TIME-WAIT.",
    cases=(_idle, _much_unsent, _peer_is_done, _over_already, _over_ipv6),
    hints=(
        "`close` decides between FIN and RST. What makes it decide is an option of the socket: SO_LINGER.",
        "Its value is a C struct of two ints: is it on, and how many seconds. On, with 0 seconds, means RST.",
        "`sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))`, then close.",
    ),
    beyond="it would log whom it threw out, and why: the peer only sees ECONNRESET.",
)
