"""recv_exactly, of 06: exactly so many bytes, however they arrive."""

from __future__ import annotations

from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb06_timeout import times_out
from labsupport.exercises.outcome import describe

SIXTEEN = b"0123456789abcdef"


def _whole(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN)
    outcome = trial.run(sock, 16, during="all 16 bytes had come")
    _got(outcome, outcome.returned(), "The peer sent 16 bytes at once")
    outcome.untouched()
    outcome.clean()


def _in_pieces(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 16)
    trial.send_apart(peer, (b"012", b"3456789", b"abcdef"))
    outcome = call.outcome(during="all 16 bytes had come")
    value = outcome.returned()
    if isinstance(value, bytes) and len(value) == 3:
        raise outcome.wrong(
            "The peer sent 16 bytes in three pieces; you returned after the first: got 3 of 16."
        )
    _got(outcome, value, "The peer sent 16 bytes in three pieces")


def _with_a_timeout(trial):
    sock, peer = trial.pair()
    call = trial.call(Hand(sock, timeout=1.5), 16)
    trial.send_apart(peer, (b"012", b"3456789", b"abcdef"))
    outcome = call.outcome(during="all 16 bytes had come")
    value = outcome.returned("on a socket with a timeout, where the 16 bytes came in three pieces")
    _got(outcome, value, "The socket had a timeout, and the 16 bytes came in three pieces")
    outcome.untouched(1.5)


def _more_than_a_buffer(trial):
    sock, peer = trial.pair()
    many = SIXTEEN * 1250
    sending = trial.script(peer.sendall, many)
    outcome = trial.run(sock, len(many), during="all 20,000 bytes had come")
    sending.result()
    _got(outcome, outcome.returned(), "The peer sent 20,000 bytes", many)


def _every_cut(trial):
    for cut in range(1, 16):
        sock, peer = trial.pair()
        call = trial.call(sock, 16)
        trial.send_apart(peer, (SIXTEEN[:cut], SIXTEEN[cut:]))
        outcome = call.outcome(during="all 16 bytes had come")
        _got(outcome, outcome.returned(), f"The peer sent {cut} bytes, then {16 - cut}")


def _one_at_a_time(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 16)
    trial.send_apart(peer, (SIXTEEN[at : at + 1] for at in range(16)))
    outcome = call.outcome(during="all 16 bytes had come")
    _got(outcome, outcome.returned(), "The peer sent 16 bytes one at a time")


def _nothing_beyond(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN + b"and what follows")
    outcome = trial.run(sock, 16, probe=_rest)
    _got(outcome, outcome.returned(), "The peer sent 32 bytes at once, and 16 were asked for")
    if outcome.probe != b"and what follows":
        raise outcome.wrong("You took bytes beyond the 16 that were asked for: the next reader misses them.")


def _more_behind(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 16, probe=_rest)
    trial.send_apart(peer, (b"012",))
    peer.sendall(b"3456789abcdef and what follows")
    outcome = call.outcome(during="all 16 bytes had come")
    _got(outcome, outcome.returned(), "The peer sent 3 bytes, then 13 with more behind them")
    if outcome.probe != b" and what follows":
        raise outcome.wrong("You took bytes beyond the 16 that were asked for: the next reader misses them.")


def _rest(args, value):
    """What is still to read of the socket that the function was given."""
    args[0].settimeout(1)
    return args[0].recv(100)


def _ends_early(trial):
    sock, peer = trial.pair()
    peer.sendall(b"012")
    peer.close()
    outcome = trial.run(sock, 16, during="the peer had sent 3 bytes and closed")
    outcome.raised("EOFError", instead="the peer ended after 3 of 16 bytes")
    outcome.untouched()
    outcome.clean("where the peer ends early")


def _ends_at_once(trial):
    sock, peer = trial.pair()
    peer.close()
    outcome = trial.run(sock, 16, during="the peer had closed")
    outcome.raised("EOFError", instead="the peer ended before the first byte")


def _nothing_asked(trial):
    sock, _ = trial.pair()
    outcome = trial.run(sock, 0, during="0 bytes were asked for, and the peer sends none")
    _got(outcome, outcome.returned(), "0 bytes were asked for", b"")


def _reset(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, 16)
    trial.send_apart(peer, (b"012",))
    trial.reset(peer)
    call.outcome().raised("ConnectionResetError", instead="the peer reset the connection after 3 bytes")


def _timeout(trial):
    sock, peer = trial.pair()
    peer.sendall(b"012")
    times_out(trial, sock, 16, when="only 3 bytes came")


def _got(outcome, value, when, wanted=SIXTEEN):
    if value == wanted:
        return
    if isinstance(value, bytes):
        raise outcome.wrong(f"{when}; you returned {describe(value)}: {len(value)} of {len(wanted)}.")
    raise outcome.wrong(f"{when}; you returned {describe(value)}, and bytes were asked for.")


RECV_EXACTLY = Exercise(
    name="recv_exactly",
    notebook="06",
    asks="Exactly `count` bytes, however they arrive; EOFError where the peer ends before.",
    cases=(
        _whole,
        _in_pieces,
        _with_a_timeout,
        _more_than_a_buffer,
        _every_cut,
        _one_at_a_time,
        _nothing_beyond,
        _more_behind,
        _ends_early,
        _ends_at_once,
        _nothing_asked,
        _reset,
        _timeout,
    ),
    hints=(
        "`recv(n)` returns as soon as it has anything: between 1 and n bytes.",
        "Keep what has come, and ask again for what is still missing: `count - len(data)`.",
        "`recv` returning b'' is the end of the stream: raise EOFError there, and nowhere else.",
    ),
    beyond=(
        "it would bound `count` before it believes a number that came from the network, and set a deadline "
        "for the whole of it: a peer that sends one byte a minute keeps every `recv` within its timeout."
    ),
)
