"""recv_until, of 06: up to a delimiter, and no further than a limit."""

from __future__ import annotations

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb06_timeout import times_out
from labsupport.exercises.outcome import describe

END = b"\r\n\r\n"  # what ends the head of an HTTP message
LIMIT = 1000  # bytes: more than any head here, unless the case is about the limit


def _head_alone(trial):
    sock, peer = trial.pair()
    peer.sendall(b"head" + END)
    outcome = trial.run(sock, END, LIMIT, during="all up to the delimiter had come")
    _got(outcome, b"head", b"", "The peer sent the head and the delimiter, and nothing behind it")
    outcome.untouched()
    outcome.clean()


def _with_more_behind(trial):
    data = b"head" + END + b"body"
    _once(trial, data, b"head", b"body", "The head, the delimiter and the body came at once")


def _twice(trial):
    data = b"head" + END + b"second" + END
    _once(trial, data, b"head", b"second" + END, "The delimiter came twice")


def _nothing_before(trial):
    _once(trial, END + b"body", b"", b"body", "The delimiter came first of all")


def _nearly(trial):
    data = b"a\r\n\r" + END + b"body"
    _once(trial, data, b"a\r\n\r", b"body", "The delimiter came behind something that begins like it")


def _one_byte(trial):
    _once(trial, b"key=value", b"key", b"value", "The delimiter was one byte", b"=")


def _once(trial, data, before, rest, when, delimiter=END):
    sock, peer = trial.pair()
    peer.sendall(data)
    peer.close()
    outcome = trial.run(sock, delimiter, LIMIT, probe=_unread, during="all had come, and the peer had closed")
    _got(outcome, before, rest, when, outcome.probe)


def _unread(args, value):
    """What is still to read of the socket that the function was given, up to the end of the stream."""
    args[0].settimeout(1)
    data = b""
    while piece := args[0].recv(4096):
        data += piece
    return data


def _every_cut(trial):
    data = b"head" + END + b"body"
    for cut in range(1, len(data)):
        what = "delimiter" if 4 < cut < 8 else "message"
        _in_pieces(trial, (data[:cut], data[cut:]), f"The {what} came in two pieces")


def _one_at_a_time(trial):
    data = b"head" + END + b"body"
    _in_pieces(trial, [data[at : at + 1] for at in range(len(data))], "The message came one byte at a time")


def _in_pieces(trial, pieces, when):
    """What comes when the function has returned stays in the queue: it is no part of the result."""
    sock, peer = trial.pair()
    call = trial.call(sock, END, LIMIT, probe=_unread)
    trial.send_apart(peer, pieces)
    peer.close()
    outcome = call.outcome(during="all had come, and the peer had closed")
    _got(outcome, b"head", b"body", when, outcome.probe)


def _just_within(trial):
    sock, peer = trial.pair()
    peer.sendall(b"x" * 96 + END)
    outcome = trial.run(sock, END, 100, during="the delimiter had come, as the last of the 100 bytes")
    _got(outcome, b"x" * 96, b"", "The limit was 100 bytes, and the delimiter the last 4 of them")


def _just_beyond(trial):
    sock, peer = trial.pair()
    peer.sendall(b"x" * 97 + END)
    outcome = trial.run(sock, END, 100, during="the first 100 bytes had come without the whole delimiter")
    outcome.raised("ValueError", instead="the delimiter ended with the byte 101, and the limit was 100")
    outcome.untouched()


def _beyond_with_the_second_piece(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, END, 100)
    trial.send_apart(peer, (b"x" * 50, b"x" * 47 + END))
    outcome = call.outcome(during="the first 100 bytes had come without the whole delimiter")
    instead = "two pieces came, the delimiter ended with the byte 101, and the limit was 100"
    outcome.raised("ValueError", instead=instead)


def _limit_reached(trial):
    """Nothing more comes: who reads on, waits in vain."""
    sock, peer = trial.pair()
    peer.sendall(b"x" * 100)
    outcome = trial.run(sock, END, 100, during="100 bytes, the limit, had come without a delimiter")
    outcome.raised("ValueError", instead="100 bytes came without a delimiter, and the limit was 100")


def _without_end(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, END, LIMIT)
    trial.script(_flood, peer, call)
    outcome = call.outcome(during="the peer sent on and on, without a delimiter")
    outcome.raised("ValueError", instead=f"the peer sent on and on, no delimiter, and the limit was {LIMIT}")
    outcome.clean("where the limit is passed")


def _flood(peer, call):
    try:
        for _ in range(1000):
            peer.sendall(b"x" * 10_000)
    except OSError:
        return  # nobody reads on: as it should be


def _ends_early(trial):
    for sent, said in (b"head\r\n", "within the delimiter"), (b"", "before the first byte"):
        sock, peer = trial.pair()
        peer.sendall(sent)
        peer.close()
        outcome = trial.run(sock, END, LIMIT, during="the peer had closed")
        outcome.raised("EOFError", instead=f"the peer ended {said}")
        outcome.untouched()


def _reset(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, END, LIMIT)
    trial.send_apart(peer, (b"head\r\n",))
    trial.reset(peer)
    outcome = call.outcome(during="the peer had reset the connection")
    outcome.raised("ConnectionResetError", instead="the peer reset the connection before the delimiter")


def _timeout(trial):
    sock, peer = trial.pair()
    peer.sendall(b"head\r\n")
    times_out(trial, sock, END, LIMIT, when="half of the delimiter came, and no more")


def _got(outcome, before, rest, when, unread=b""):
    """`rest`: what came behind the delimiter; what was not returned of it is still to read (`unread`)."""
    value = outcome.returned(f"where {when[0].lower()}{when[1:]}")
    if type(value) not in (tuple, list) or len(value) != 2 or any(type(part) is not bytes for part in value):
        raise outcome.wrong(
            f"You returned {describe(value)}: a pair of bytes was asked for, what came before the delimiter "
            "and what you had read beyond it."
        )
    if value[0] != before:
        raise outcome.wrong(f"{when}: {_difference(value[0], before, value[1])}")
    if value[1] + unread == rest:
        return
    if value[1] and not unread and len(value[1]) < len(rest):
        raise outcome.wrong(f"{when}: of what you had read beyond the delimiter you returned only a part.")
    if not value[1]:
        raise outcome.wrong(
            f"{when}: you had read beyond the delimiter, and returned b\"\" for that. "
            "Nobody can read those bytes again: they are lost."
        )
    raise outcome.wrong(
        f"{when}: beyond the delimiter came {describe(rest)}, and you returned {describe(value[1])} for it."
    )


def _difference(got, before, rest):
    if got == before + END:
        return "what you return as before the delimiter still has the delimiter at its end."
    if got.startswith(before) and END in got:
        return f"the first one ends it, and you went on to a later one: {describe(got)}."
    return f"before the delimiter came {describe(before)}, and you returned {describe(got)}."


RECV_UNTIL = Exercise(
    name="recv_until",
    notebook="06",
    asks="What comes before the delimiter, and what was read beyond it; no further than `limit` bytes.",
    cases=(
        _head_alone,
        _with_more_behind,
        _twice,
        _nothing_before,
        _nearly,
        _one_byte,
        _every_cut,
        _one_at_a_time,
        _just_within,
        _just_beyond,
        _beyond_with_the_second_piece,
        _limit_reached,
        _without_end,
        _ends_early,
        _reset,
        _timeout,
    ),
    hints=(
        "Keep all that has come in one bytes object, and look for the delimiter in the whole of it: "
        "it may lie in two pieces.",
        "`data.partition(delimiter)` gives what is before, the delimiter, and what is behind the first one.",
        "Never ask `recv` for more than `limit - len(data)`. When that is 0, it is time for the ValueError.",
        "`while delimiter not in data:` first the ValueError, then `recv`, then the EOFError for b''; "
        "after the loop, `partition`.",
    ),
    beyond=(
        "it would look for the delimiter in what is new alone, keep the rest for the next call by itself, "
        "as `asyncio`'s readuntil does, and set a deadline."
    ),
)
