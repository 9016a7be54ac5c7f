"""What several exercises of 06 ask: the timeout of the socket that was handed over ends the function, too."""

from __future__ import annotations

from labsupport.exercises.channel import Hand
from labsupport.exercises.outcome import Hung

SHORT = 0.03  # seconds: so short that who tries for ever fills the timeline, which is the same in every run then


def times_out(trial, sock, *args, when, streams=False):
    """Raises Wrong unless TimeoutError comes out; `when`: why the time runs out: "nobody reads"."""
    said = f"{when}, and the socket had a timeout of {SHORT:g} s"
    call = trial.call(Hand(sock, timeout=SHORT), *args, streams=streams)
    try:
        outcome = call.outcome(during=said)
    except Hung:
        if max(call.finished().values(), default=0) < 5:
            raise
        raise trial.wrong(
            f"{said[0].upper()}{said[1:]}: each call raised TimeoutError, and you called again, for ever."
        ) from None
    outcome.raised("TimeoutError", instead=said)
    outcome.untouched(SHORT)
