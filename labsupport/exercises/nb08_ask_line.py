"""ask_line, of 08, in C: a question, and the line that answers it."""

from __future__ import annotations

import ctypes
import socket

from labsupport.exercises.c_calls import fails, gave, impatient, left_open
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.trial import needs_ipv6

LINE, ANSWER = "what is it", b"a socket"
ROOM = 64


def call(native, sock, line, room, **wish):
    """Call it with `room` bytes for the answer; `wish`: what becomes of its calls."""
    answer, line = native.room(room), native.text(line)
    for name, value in wish.items():
        setattr(native.wish, name, value)
    return native(sock.fileno(), line, answer, room, room=answer, size=room)


def _at_once(trial, family=socket.AF_INET):
    sock, peer = trial.pair(family)
    running = trial.call(sock, LINE, ROOM)
    _asked(trial, running, peer)
    peer.sendall(ANSWER + b"\n")
    outcome = running.outcome(during="the peer had answered with a line")
    _got(outcome, "The peer answered with a line")
    left_open(outcome)
    outcome.clean()


@needs_ipv6
def _over_ipv6(trial):
    _at_once(trial, socket.AF_INET6)


def _in_pieces(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, LINE, ROOM)
    _asked(trial, running, peer)
    trial.send_apart(peer, (b"a so", b"cke", b"t", b"\n"))
    outcome = running.outcome(during="the peer's line had come, in four pieces")
    given = gave(outcome)
    if given.value == 4:
        raise outcome.wrong(
            "The peer's answer came in four pieces; you returned after the first. It ends where '\\n' is."
        )
    _got(outcome, "The peer's answer came in four pieces")


def _one_at_a_time(trial):
    sock, peer = trial.pair()
    peer.sendall(ANSWER + b"\n")
    outcome = trial.run(sock, LINE, ROOM, recv_short=1, during="the peer's line had come")
    _got(outcome, "The peer's answer came one byte at a time")


def _exact_room(trial):
    sock, peer = trial.pair()
    peer.sendall(ANSWER + b"\n")
    outcome = trial.run(sock, LINE, len(ANSWER) + 1, during="the peer's line had come")
    given = gave(outcome)
    if given.value == -1:
        raise outcome.wrong(
            f"The answer has {len(ANSWER)} characters, and there was room for {len(ANSWER) + 1}: with its "
            f"NUL it "
            "fits. You returned -1: the '\\n' needs no room."
        )
    _got(outcome, "The answer and its NUL filled the room exactly")


def _too_long(trial):
    for length, said in (
        (ROOM, "one character longer than there is room for"),
        (5000, "far longer than the room"),
    ):
        sock, peer = trial.pair()
        peer.sendall(b"x" * length + b"\n")
        outcome = trial.run(sock, LINE, ROOM, during="an answer longer than the room had come")
        fails(outcome, "EMSGSIZE", when=f"The peer's answer was {said}")


def _empty(trial):
    sock, peer = trial.pair()
    peer.sendall(b"\n")
    outcome = trial.run(sock, LINE, ROOM, during="the peer had answered with an empty line")
    _got(outcome, "The peer answered with an empty line", b"")


def _interrupted(trial):
    sock, peer = trial.pair()
    peer.sendall(ANSWER + b"\n")
    outcome = trial.run(
        sock, LINE, ROOM, recv_eintr=2, send_eintr=1, during="a signal had come, and the answer"
    )
    given = gave(outcome)
    if given.value == -1 and given.errno == "EINTR":
        raise outcome.wrong(
            "A signal came while you waited, and a call returned -1 with EINTR: you passed that on. Nothing "
            "is "
            "wrong with the connection; the call is to be made again."
        )
    _got(outcome, "A signal came while you waited (EINTR), then the peer's answer")


def _short_sends(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, LINE, ROOM, send_short=3)
    _asked(trial, running, peer, "Each `send` took at most 3 bytes, as it may when its buffer is nearly full")
    peer.sendall(ANSWER + b"\n")
    _got(running.outcome(during="the peer had answered"), "`send` took 3 bytes at a time")


def _ends_inside(trial):
    for said, when in ((b"a sock", "in the middle of its answer"), (b"", "without an answer")):
        sock, peer = trial.pair()
        running = trial.call(sock, LINE, ROOM)
        _asked(trial, running, peer)
        peer.sendall(said)
        peer.close()
        outcome = running.outcome(during=f"the peer had ended {when}")
        fails(outcome, "EPROTO", when=f"The peer ended {when}")


def _reset(trial):
    sock, peer = trial.pair()
    running = trial.call(sock, LINE, ROOM)
    _asked(trial, running, peer)
    trial.reset(peer)
    fails(running.outcome(), "ECONNRESET", when="The peer reset the connection instead of answering")


def _gone(trial):
    sock, peer = trial.unix_pair()
    peer.close()
    outcome = trial.run(sock, LINE, ROOM, during="the peer was gone")
    fails(outcome, "EPIPE", when="The peer was gone before you asked")


def _silent(trial):
    sock, _ = trial.pair()
    outcome = trial.run(
        impatient(sock), LINE, ROOM, during="the socket's timeout had passed: `recv` gave EAGAIN"
    )
    fails(outcome, "EAGAIN", "EWOULDBLOCK", when="No answer came within the socket's timeout (SO_RCVTIMEO)")


def _asked(trial, running, peer, when="You were to ask"):
    """Read the question. Raises Wrong where it is another one than was asked for."""
    wanted, came = f"{LINE}\n".encode(), b""
    peer.settimeout(2)  # a busy machine may take its time to begin
    try:
        while len(came) < len(wanted) and (piece := peer.recv(100)):
            came += piece
    except TimeoutError:
        pass
    if came == wanted:
        return
    if came == wanted[:-1]:
        raise trial.wrong("Your question came without the '\\n' that ends it: the peer waits for the rest.")
    if came == wanted[:-1] + b"\0":
        raise trial.wrong(
            "A NUL came behind your question: `strlen` counts without it, and '\\n' was to come."
        )
    raise trial.wrong(
        f"{when}: {len(wanted)} bytes with their '\\n', of which {_right(came, wanted)} came to the peer."
    )


def _right(came, wanted):
    return next(
        (at for at, (one, other) in enumerate(zip(came, wanted, strict=False)) if one != other), len(came)
    )


def _got(outcome, when, wanted=ANSWER):
    given = gave(outcome)
    if given.value == len(wanted) + 1 and given.data.startswith(wanted + b"\n"):
        raise outcome.wrong(f"{when}; you left its '\\n' in it: the answer is what stands before.")
    if given.value != len(wanted):
        errno = f" (errno {given.errno})" if given.value == -1 and given.errno else ""
        raise outcome.wrong(
            f"{when}: its length, {len(wanted)}, was to be returned; you returned {given.value}{errno}."
        )
    if given.data[: len(wanted)] != wanted:
        raise outcome.wrong(f"{when}; you returned the right length, and other characters stand in `answer`.")
    if given.data[len(wanted)] != 0:
        raise outcome.wrong(
            f"{when}; no NUL stands behind it: who prints it goes on until one is met by chance."
        )


ASK_LINE = Exercise(
    name="ask_line",
    notebook="08",
    asks="In C: send a line, receive the line that answers it as a string; its length, or -1 with errno.",
    prototype="ssize_t ask_line(int sock, const char *line, char *answer, size_t room);",
    types=(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
    through=call,
    cases=(
        _at_once,
        _in_pieces,
        _ends_inside,
        _exact_room,
        _too_long,
        _gone,
        _interrupted,
        _short_sends,
        _reset,
        _empty,
        _one_at_a_time,
        _silent,
        _over_ipv6,
    ),
    hints=(
        "Two loops: one that sends until all has been taken, the '\\n' too; one that receives until '\\n' "
        "has come.",
        "`send` with MSG_NOSIGNAL gives -1 and EPIPE where the peer is gone; without it SIGPIPE ends the "
        "program.",
        "Receive one byte at a time and look at it: '\\n' becomes '\\0' and the end; any other needs a "
        "place before "
        "the last one of `room`, which is the NUL's. No place: `errno = EMSGSIZE; return -1;`.",
        "`recv` gave 0: `errno = EPROTO; return -1;`. It gave -1: again on EINTR, else return -1.",
    ),
    beyond=(
        "it would read many bytes in one call and keep what follows the '\\n' for the next answer, and "
        "bound the wait."
    ),
)
