"""The exercise `fetch` of 08: one deadline for a whole conversation."""

from __future__ import annotations

import contextlib
import socket
import time

from labsupport.exercises import nb08_server as server
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import Hung, Wrong, describe
from labsupport.exercises.trial import needs_ipv6

AMPLE = 5.0  # seconds: a deadline that no good server comes near
TIGHT = 0.25  # seconds: the deadline that is to be kept
GRACE = 1.2  # seconds after which a deadline counts as missed; a busy machine needs a part of it
STEP = 0.004  # seconds between two readings of a server that takes the request slowly
TRICKLES = TIGHT + GRACE + 1  # seconds for which a server goes on
NEGATIVE = (
    "The time was over between two calls, and `settimeout` was given a negative number: ValueError. Raise "
    "TimeoutError yourself when nothing is left."
)
REQUEST, ANSWER = b"what is it?", b"it is this, and nothing else"
BIG = bytes(range(256)) * 1200


def _whole(trial):
    _fetched(trial, REQUEST, (ANSWER,), "The server answered in one piece")


def _in_pieces(trial):
    pieces = b"it is ", b"this, and ", b"nothing else"
    _fetched(trial, REQUEST, pieces, "The server answered in three pieces")


def _after_clean(trial):
    _fetched(trial, REQUEST, (ANSWER,), "The server answered").clean()


def _nothing_back(trial):
    _fetched(trial, REQUEST, (), "The server took the request and ended without a byte")


def _nothing_asked(trial):
    _fetched(trial, b"", (ANSWER,), "The request was empty, and the server answered when it ended")


def _big(trial):
    _fetched(trial, BIG, (BIG[::-1],), "Request and answer had 300 kB each")


@needs_ipv6
def _over_ipv6(trial):
    _fetched(trial, REQUEST, (ANSWER,), "A server at ::1 answered", family=socket.AF_INET6)


def _refused(trial):
    outcome = trial.run(trial.refusing(), REQUEST, AMPLE)
    outcome.raised("ConnectionRefusedError", instead="nobody listened at the address")
    outcome.clean("after the connect was refused")


def _resets(trial):
    call, peer = _asked(trial, AMPLE)
    _read_request(trial, peer)
    trial.send_apart(peer, (ANSWER[:5],))
    trial.reset(peer)
    said = "the server reset the connection in the middle of its answer"
    outcome = call.outcome(during=said)
    outcome.raised("ConnectionResetError", instead=said)
    outcome.clean("after the server had reset the connection")


def _silent(trial):
    call, _ = _asked(trial, TIGHT)
    outcome = _given_up(call, "The server never answered", "and you still waited long after the deadline.")
    outcome.clean("after the deadline")


def _connect_unanswered(trial):
    call = trial.call(trial.unanswering(), REQUEST, TIGHT)
    what = "Nothing answered the connect"
    _given_up(call, what, "and you still waited long after the deadline: connecting takes its part of it.")


def _trickles(trial):
    for _ in range(server.ROUNDS):
        call, peer = _asked(trial, TIGHT)
        trial.trickle(peer, TRICKLES)
        in_time = call.age < TIGHT  # else each may have given up before the first byte: it shows nothing
        _given_up(
            call,
            "The server sent a byte now and then, and did not end",
            "and you still read long after the deadline: a socket's timeout is for one call and begins anew "
            "at the next. Before each call, set it to what is left of the time.",
        )
        if in_time:
            return


def _floods(trial):
    def flood(peer):
        _for_a_while(lambda: peer.sendall(b"x" * 2000))

    call, peer = _asked(trial, TIGHT)
    trial.script(flood, peer)
    _given_up(
        call,
        "The server sent without end, so that no `recv` had to wait",
        "and you still read long after the deadline: a call that need not wait never meets a timeout. "
        "Look at the clock too.",
    )


def _no_time_left(trial):
    """A caller may have used up its time: what is left, and handed on, is nothing."""
    outcome = trial.run(trial.listener().getsockname(), REQUEST, 0)
    if outcome.error and "BlockingIOError" in outcome.error["kinds"]:
        raise outcome.wrong(
            "There were 0 s. A timeout of 0 makes a socket non-blocking: it raised BlockingIOError."
        )
    if outcome.error and "ValueError" in outcome.error["kinds"]:
        raise outcome.wrong(f"There were 0 s. {NEGATIVE}")
    outcome.raised("TimeoutError", instead="there were 0 s")
    outcome.clean("after the deadline")


def _takes_slowly(trial):
    def take(peer):
        _for_a_while(lambda: (peer.recv(16000), time.sleep(STEP)))

    listener = server.with_small_buffers(trial.listener())
    call = trial.call(listener.getsockname(), BIG * 26, TIGHT)
    trial.script(take, trial.accept(listener))
    _given_up(
        call,
        "The server took a little of the request now and then",
        "and you were still sending long after the deadline: each `send` had a timeout of its own.",
    )


# --- one conversation -----------------------------------------------------------------------------


def _asked(trial, timeout, family=socket.AF_INET, request=REQUEST, after=""):
    """(the Call, the server's end of its connection)."""
    listener = trial.listener(family=family)
    call = trial.call(listener.getsockname()[:2], request, timeout)
    return call, trial.accept(listener, after=after)


def _fetched(trial, request, pieces, when, family=socket.AF_INET):
    """The Outcome of a request to a server that answers by `pieces`, once the client has ended; judged."""
    clause = f"when {when[0].lower()}{when[1:]}"
    call, peer = _asked(trial, AMPLE, family, request, clause)
    received = _read_request(trial, peer)
    if received != request:
        raise trial.wrong(
            f"The request was {describe(request)}; the server got {describe(received)}, and then your end."
        )
    trial.send_apart(peer, pieces)
    peer.close()
    outcome = call.outcome(during="the server had answered and ended")
    value, wanted = outcome.returned(clause), b"".join(pieces)
    if value == wanted:
        return outcome
    if isinstance(value, bytes) and wanted.startswith(value) and len(pieces) > 1:
        raise outcome.wrong(
            f"{when}; you returned the first {len(value)} of {len(wanted)} bytes: read until it ends."
        )
    raise outcome.wrong(f"{when}; you returned {describe(value)}, and {describe(wanted)} was sent.")


def _read_request(trial, peer):
    """All that the client sends before it ends. Raises Wrong where it does not end."""
    received = b""
    peer.settimeout(server.SILENCE)
    try:
        while data := peer.recv(65536):
            received += data
    except TimeoutError:
        raise trial.wrong(
            "You sent the request and did not say that no more comes (`shutdown`): the server waits for "
            "the rest of it, and you for its answer."
            if received
            else "You connected, and neither sent nor ended: the server waits."
        ) from None
    return received


def _for_a_while(step):
    ends = time.monotonic() + TRICKLES
    with contextlib.suppress(OSError):
        while time.monotonic() < ends:
            step()


def _given_up(call, what, cause):
    """The Outcome: TimeoutError when TIGHT seconds were over, and not much later. GRACE begins now: until the
    function has begun, and connected, much may go by on a busy machine.
    """
    try:
        outcome = call.outcome(call.age + TIGHT + GRACE)
    except Hung as hung:
        wrong = Wrong(f"{what}, {cause}")
        wrong.timeline = hung.timeline
        raise wrong from None
    if outcome.elapsed > TRICKLES:  # it ended with its server, while it was looked at
        raise outcome.wrong(f"{what}, {cause}")
    kinds = outcome.error["kinds"] if outcome.error else ()
    if "ValueError" in kinds and outcome.called.get("settimeout"):
        raise outcome.wrong(f"{what}. {NEGATIVE}")
    if "BlockingIOError" in kinds:
        raise outcome.wrong(f"{what}. A timeout of 0 makes a socket non-blocking: it raised BlockingIOError.")
    if outcome.error is None and outcome.elapsed >= TIGHT:
        raise outcome.wrong(
            f"{what}; when the time was over you returned {_what_came(outcome.value)}, as if that were the "
            "whole answer: raise TimeoutError."
        )
    outcome.raised("TimeoutError", instead=f"{what[0].lower()}{what[1:]}")
    if outcome.elapsed < TIGHT * 0.95:
        raise outcome.wrong(f"{what}; you gave up before the time was over.")
    return outcome


def _what_came(value):
    return "what had come" if isinstance(value, bytes) and value else describe(value)


FETCH = Exercise(
    name="fetch",
    notebook="08",
    asks="Send a request, return the whole answer; all of it within `timeout` seconds, or TimeoutError.",
    cases=(
        _whole,
        _in_pieces,
        _after_clean,
        _nothing_back,
        _nothing_asked,
        _big,
        _over_ipv6,
        _refused,
        _resets,
        _silent,
        _connect_unanswered,
        _trickles,
        _floods,
        _takes_slowly,
        _no_time_left,
    ),
    hints=(
        "The conversation first: `create_connection`, `sendall`, `shutdown(SHUT_WR)`, then `recv` until "
        "it returns b''; `with` closes.",
        "A socket's timeout is for one call. Note when it is all to be over: `deadline = time.monotonic() "
        "+ timeout`.",
        "Before each call: `sock.settimeout(deadline - time.monotonic())`. For connecting, "
        "`create_connection` takes a timeout of its own.",
        "What is left may be 0 or less: then raise TimeoutError yourself, for `settimeout(0)` makes the "
        "socket non-blocking and a negative number is a ValueError.",
    ),
    beyond=(
        "it would bound the length of the answer too, and share the time among the addresses of a name "
        "that has several."
    ),
)
