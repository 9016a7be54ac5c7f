"""The exercise `ask_and_read`: a client that ends its question by a half-close, and reads to the end."""

from __future__ import annotations

import random
import socket

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb07_ends import HASTE, read_on, still_runs
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6

QUESTION = b"2 3 4"
PIECES = b"2 and 3\n", b"and 4\nmake ", b"9\n"
ANSWER = b"".join(PIECES)
LARGE = 1 << 20  # bytes: the longest question that the contract names
LONG = 5_000  # bytes of an answer: so few that reading them one at a time is quick enough


def _half_closed(trial, family=socket.AF_INET, host=None):
    """A server that answers when it has read the question's end, in three pieces."""
    listener = trial.listener(family=family)
    address = listener.getsockname()
    call = trial.call((host or address[0], address[1]), QUESTION)
    server = trial.accept(listener)
    asked, how = read_on(server)
    if how == "end":
        still_runs(call, HASTE)
        trial.send_apart(server, PIECES)
        server.close()
    outcome = call.outcome(during=_before(how))
    value = outcome.returned()
    if how == "nothing":
        raise outcome.wrong(f"You returned {describe(value)}, and the server waits for your question's end.")
    _asked(outcome, asked, QUESTION)
    _answered(outcome, value)
    outcome.clean()


def _before(how):
    if how == "nothing":
        return "the server waits for the end of your question, and you wait for its answer"
    return "the server had answered and closed"


def _answered(outcome, value):
    if value == ANSWER:
        return
    when = "The server answered in three pieces and closed"
    if value == PIECES[0]:
        raise outcome.wrong(f"{when}; you returned after the first: got {len(value)} of {len(ANSWER)} bytes.")
    if not value:
        raise outcome.wrong(f"{when}; you had stopped reading before: you returned {describe(value)}.")
    raise outcome.wrong(f"{when}; you returned {describe(value)} and not all of it, as bytes.")


def _asked(outcome, came, wanted):
    if came != wanted:
        raise outcome.wrong(f"The server did not get the whole question of {len(wanted):,} bytes as it was.")


@needs_ipv6
def _over_ipv6(trial):
    _half_closed(trial, socket.AF_INET6)


def _by_name(trial):
    _half_closed(trial, host="localhost")


def _large(trial):
    question, answer = random.Random(7).randbytes(LARGE), random.Random(8).randbytes(LONG)
    outcome, asked = _exchange(trial, question, answer)
    value = outcome.returned()
    _asked(outcome, asked, question)
    if value != answer:
        got = f"{len(value):,} bytes" if isinstance(value, bytes) else describe(value)
        raise outcome.wrong(f"The server answered with {LONG:,} bytes; you returned {got}.")


def _empty_question(trial):
    outcome, asked = _exchange(trial, b"", ANSWER, "an empty question was not asked: it is one too")
    value = outcome.returned("when the question was empty")
    _asked(outcome, asked, b"")
    if value != ANSWER:
        raise outcome.wrong(f"The question was empty, the answer was not: you returned {describe(value)}.")


def _empty_answer(trial):
    outcome, _ = _exchange(trial, QUESTION, b"")
    value = outcome.returned("when the server closed without an answer")
    if value != b"":
        raise outcome.wrong(f"The server closed without an answer; you returned {describe(value)}, not b''.")
    outcome.clean("with an empty answer")


def _exchange(trial, question, answer, otherwise="nobody connected"):
    """(the outcome, what the server was asked) of one question, which the server reads to its end."""
    listener = trial.listener()
    call = trial.call(listener.getsockname(), question)
    server = trial.accept(listener, otherwise)
    asked, how = read_on(server)
    try:
        server.sendall(answer)
    except OSError:
        pass  # the function was gone before: its result will show that
    server.close()
    return call.outcome(during=_before(how)), asked


def _refused(trial):
    outcome = trial.run(trial.refusing(), QUESTION)
    outcome.raised("ConnectionRefusedError", instead="nobody listens at the address")
    outcome.clean("when it is refused")


def _reset_halfway(trial):
    listener = trial.listener()
    call = trial.call(listener.getsockname(), QUESTION)
    server = trial.accept(listener)
    read_on(server)
    trial.send_apart(server, PIECES[:2])
    trial.reset(server)
    outcome = call.outcome(during="the server had reset the connection")
    outcome.raised(
        "ConnectionResetError", instead="the server reset the connection in the middle of its answer"
    )
    outcome.clean("after a reset")


ASK_AND_READ = Exercise(
    name="ask_and_read",
    notebook="07",
    asks="Connect, send the whole request, mark its end by a half-close, return the whole answer, close.",
    cases=(
        _half_closed,
        _large,
        _empty_question,
        _empty_answer,
        _refused,
        _reset_halfway,
        _by_name,
        _over_ipv6,
    ),
    hints=(
        "The server answers when it has seen the end of your question. What makes its `recv` return b''?",
        "`create_connection(address)`, `sendall`, then `shutdown(socket.SHUT_WR)`: you can still read.",
        "The answer is whole when your own `recv` returns b'': collect in a loop until then.",
        "`with socket.create_connection(address) as sock:` around all of it closes on every way out.",
    ),
    beyond="it would set a deadline for each step and a limit for the answer, and read while it sends: "
    "a server that answers before the question's end may fill both directions.",
)
