"""recv_all, of 06, in C: exactly so many bytes, however they arrive."""

from __future__ import annotations

import ctypes

from labsupport.exercises.c_calls import fails, gave, impatient, left_open
from labsupport.exercises.exercise import Exercise

SIXTEEN = b"0123\x00\n\xff789abcdef"
UNTOUCHED = b"\xa5"  # what is in a buffer before


def call(native, sock, count, eintr=0, short=0):
    """Call it with a buffer of `count` bytes; `eintr`, `short`: what becomes of its receiving calls."""
    room = native.room(count)
    native.wish.recv_eintr, native.wish.recv_short = eintr, short
    return native(sock.fileno(), room, count, room=room, size=count)


def _whole(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN)
    outcome = trial.run(sock, 16, during="all 16 bytes had come")
    _got(outcome, "The peer sent 16 bytes at once")
    left_open(outcome)
    outcome.clean()


def _in_pieces(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, 16)
    trial.send_apart(peer, (SIXTEEN[:3], SIXTEEN[3:10], SIXTEEN[10:]))
    outcome = running.outcome(during="all 16 bytes had come")
    if outcome.error is None and gave(outcome).value == 3:
        raise outcome.wrong(
            "The peer sent 16 bytes in three pieces; you returned after the first: got 3 of 16."
        )
    _got(outcome, "The peer sent 16 bytes in three pieces")


def _one_at_a_time(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, 16)
    trial.send_apart(peer, (SIXTEEN[at : at + 1] for at in range(16)))
    _got(running.outcome(during="all 16 bytes had come"), "The peer sent 16 bytes one at a time")


def _every_cut(trial):
    for cut in range(1, 16):
        sock, peer = trial.pair()
        peer.sendall(SIXTEEN)
        outcome = trial.run(sock, 16, short=cut, during="all 16 bytes had come")
        _got(outcome, f"Each `recv` gave at most {cut} of 16 bytes")


def _many(trial):
    sock, peer = trial.pair()
    many = SIXTEEN * 20_000
    sending = trial.script(peer.sendall, many)
    outcome = trial.run(sock, len(many), during="all 320,000 bytes had come")
    _got(outcome, "The peer sent 320,000 bytes", many)
    sending.result()


def _nothing_beyond(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN + b"and what follows")
    outcome = trial.run(sock, 16, probe=_rest)
    _got(outcome, "The peer sent 32 bytes at once, and 16 were asked for")
    if outcome.probe != b"and what follows":
        raise outcome.wrong("You took bytes beyond the 16 that were asked for: the next reader misses them.")


def _rest(args, value):
    """What is still to read of the socket that the function was given."""
    args[0].settimeout(1)
    return args[0].recv(100)


def _interrupted(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN)
    outcome = trial.run(sock, 16, eintr=2, short=5, during="a signal had come, and all 16 bytes")
    given = gave(outcome)
    if given.value == -1 and given.errno == "EINTR":
        raise outcome.wrong(
            "A signal came while you waited, and `recv` returned -1 with EINTR: you passed that on. Nothing "
            "is "
            "wrong with the connection; `recv` is to be called again."
        )
    _got(outcome, "A signal came while you waited (`recv` returned -1 with EINTR), then 16 bytes")


def _ends_early(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN[:3])
    peer.close()
    outcome = trial.run(sock, 16, during="the peer had sent 3 bytes and closed")
    given = gave(outcome)
    if given.value != 3:
        raise outcome.wrong(
            f"The peer ended after 3 of 16 bytes: 3 was to be returned, so many had come; you returned "
            f"{given.value}."
        )
    if given.data != SIXTEEN[:3] + UNTOUCHED * 13:
        raise outcome.wrong("The peer ended after 3 of 16 bytes: those 3 alone were to be in the buffer.")
    outcome.clean("where the peer ends early")


def _ends_at_once(trial):
    sock, peer = trial.pair()
    peer.close()
    outcome = trial.run(sock, 16, during="the peer had closed")
    given = gave(outcome)
    if given.value != 0:
        raise outcome.wrong(f"The peer ended before the first byte: 0 was to be returned, not {given.value}.")


def _nothing_asked(trial):
    sock, _ = trial.pair()
    outcome = trial.run(sock, 0, during="0 bytes were asked for, and the peer sends none")
    _got(outcome, "0 bytes were asked for", b"")


def _reset(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, 16)
    trial.send_apart(peer, (SIXTEEN[:3],))
    trial.reset(peer)
    fails(running.outcome(), "ECONNRESET", when="The peer reset the connection after 3 of 16 bytes")


def _timeout(trial):
    sock, peer = trial.pair()
    peer.sendall(SIXTEEN[:3])
    outcome = trial.run(impatient(sock), 16, during="the socket's timeout had passed: `recv` gave EAGAIN")
    fails(
        outcome,
        "EAGAIN",
        "EWOULDBLOCK",
        when="Only 3 of 16 bytes came within the socket's timeout (SO_RCVTIMEO)",
    )


def _got(outcome, when, wanted=SIXTEEN):
    given = gave(outcome)
    if given.value != len(wanted):
        errno = f" (errno {given.errno})" if given.value == -1 and given.errno else ""
        raise outcome.wrong(
            f"{when}: {len(wanted):,} was to be returned; you returned {given.value:,}{errno}."
        )
    if given.data != wanted:
        said = "other bytes than those that came"
        if UNTOUCHED * 3 in given.data:
            said = "a part that nothing was written to: each piece goes behind the one before"
        raise outcome.wrong(f"{when}; you returned the right number, and in the buffer there is {said}.")


RECV_ALL = Exercise(
    name="recv_all",
    notebook="06",
    asks="In C: exactly `count` bytes into `buffer`, however they arrive; fewer where the peer ends before.",
    prototype="ssize_t recv_all(int sock, void *buffer, size_t count);",
    types=(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    through=call,
    cases=(
        _whole,
        _in_pieces,
        _ends_early,
        _ends_at_once,
        _nothing_asked,
        _interrupted,
        _reset,
        _timeout,
        _nothing_beyond,
        _one_at_a_time,
        _every_cut,
        _many,
    ),
    hints=(
        "`recv` gives between 1 and as many bytes as there is room for; 0 is the end of the stream, -1 an "
        "error.",
        "Keep how many have come. The next piece goes to `(char *) buffer + got`, where `count - got` have "
        "room.",
        "-1 with `errno == EINTR` is a signal's doing: `continue`. Any other -1 is to be returned as it is.",
        "`n` has to be a `ssize_t`: in a `size_t`, -1 is the largest number there is.",
    ),
    beyond=(
        "it would bound the wait for the whole: a peer that sends one byte a minute keeps every `recv` going."
    ),
)
