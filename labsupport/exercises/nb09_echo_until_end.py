"""echo_until_end, of 09, in C: a server's conversation with one client."""

from __future__ import annotations

import ctypes
import random
import socket

from labsupport.exercises.c_calls import fails, gave, impatient, left_open
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.trial import needs_ipv6

MANY = 1_000_000  # bytes
NO_END = "the client had ended"


def call(native, sock, **wish):
    """Call it; `wish`: what becomes of its calls."""
    for name, value in wish.items():
        setattr(native.wish, name, value)
    return native(sock.fileno())


def _words(trial, family=socket.AF_INET):
    client, peer = trial.pair(family)
    running = trial.call(client)
    for word in (b"one", b"\0two\n", b"three"):
        peer.sendall(word)
        came = _back(peer, len(word), running)
        if came != word:
            raise trial.wrong(_other(came, word, running))
    peer.shutdown(socket.SHUT_WR)
    outcome = running.outcome(during=NO_END)
    _well(outcome, "The client sent three words and ended")
    left_open(outcome)
    outcome.clean()


@needs_ipv6
def _over_ipv6(trial):
    _words(trial, socket.AF_INET6)


def _back(peer, count, running):
    """What comes back, at most `count` bytes; b"" where nothing does."""
    came = b""
    try:
        while len(came) < count and (piece := peer.recv(count - len(came))):
            came += piece
    except (TimeoutError, ConnectionError):
        pass
    return came


def _other(came, word, running):
    if not running.running:
        return "You returned after the client's first words: it speaks on, and you are done when it ends."
    if word.startswith(b"\0") and not came:
        return "The client sent bytes that begin with a NUL, and they did not come back: they are no string."
    if not came:
        return f"The client sent {len(word)} bytes, and nothing came back to it."
    if word.startswith(b"\0"):
        return "The client sent bytes with a NUL among them, and others came back."
    return f"The client sent {len(word)} bytes, and {len(came)} others came back."


def _at_end(trial):
    """All that came before the client's end is to be echoed."""
    client, peer = trial.pair()
    peer.sendall(b"the last words")
    peer.shutdown(socket.SHUT_WR)
    outcome = trial.run(client, during=NO_END)
    _well(outcome, "The client had sent its words and ended before you began")
    if _back(peer, 14, None) != b"the last words":
        raise outcome.wrong("The client sent its last words and ended; they did not come back to it.")


def _many(trial):
    client, peer = trial.pair()
    running = trial.call(client)
    data = random.Random(9).randbytes(MANY)
    sending = trial.script(_send_and_end, peer, data)
    came = _back(peer, MANY, running)
    outcome = running.outcome(during=NO_END)
    _well(outcome, "The client sent 1,000,000 bytes")
    sending.result()
    if came != data:
        said = "fewer" if len(came) < MANY else "others"
        raise outcome.wrong(f"The client sent 1,000,000 bytes, and {said} came back.")


def _send_and_end(peer, data):
    try:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the function was gone before all of it: its result will show that


def _short_sends(trial):
    client, peer = trial.pair()
    peer.sendall(b"the last words")
    peer.shutdown(socket.SHUT_WR)
    outcome = trial.run(client, send_short=5, during=NO_END)
    _well(outcome, "`send` took 5 bytes at a time")
    came = _back(peer, 14, None) if not outcome.given[0][0] else b""
    if came != b"the last words":
        raise outcome.wrong(
            f"`send` took 5 of 14 bytes, as it may when its buffer is nearly full: {len(came)} came back to "
            f"the "
            "client. What it does not take is to be sent again."
        )


def _interrupted(trial):
    client, peer = trial.pair()
    peer.sendall(b"the last words")
    peer.shutdown(socket.SHUT_WR)
    outcome = trial.run(client, recv_eintr=2, send_eintr=1, during=NO_END)
    given = gave(outcome)
    if (
        given.value == -1
        and given.errno == "EINTR"
        or given.value == 0
        and _back(peer, 14, None) != b"the last words"
    ):
        raise outcome.wrong(
            "A signal came while you waited, and a call returned -1 with EINTR: you gave up. Nothing is "
            "wrong with "
            "the connection; the call is to be made again."
        )
    _well(outcome, "A signal came while you waited (EINTR), then the client ended")


def _nothing(trial):
    client, peer = trial.pair()
    peer.shutdown(socket.SHUT_WR)
    _well(trial.run(client, during=NO_END), "The client ended without a word")


def _reset(trial):
    client, peer = trial.pair()
    running = trial.call(client)
    peer.sendall(b"one")
    _back(peer, 3, running)
    trial.reset(peer)
    fails(running.outcome(), "ECONNRESET", when="The client reset the connection")


def _gone(trial):
    client, peer = trial.unix_pair()
    peer.sendall(b"anybody there?")
    peer.close()
    outcome = trial.run(client, during="the client was gone before its answer")
    fails(outcome, "EPIPE", "ECONNRESET", when="The client was gone before its bytes could come back")


def _silent(trial):
    client, _ = trial.pair()
    outcome = trial.run(impatient(client), during="the socket's timeout had passed: `recv` gave EAGAIN")
    fails(outcome, "EAGAIN", "EWOULDBLOCK", when="Nothing came within the socket's timeout (SO_RCVTIMEO)")


def _well(outcome, when):
    given = gave(outcome)
    if given.value != 0:
        errno = f" (errno {given.errno})" if given.value == -1 and given.errno else ""
        raise outcome.wrong(f"{when}: 0 was to be returned; you returned {given.value}{errno}.")


ECHO_UNTIL_END = Exercise(
    name="echo_until_end",
    notebook="09",
    asks="In C: send back all that comes until the client ends; 0 then, or -1 with errno.",
    prototype="int echo_until_end(int sock);",
    types=(ctypes.c_int, ctypes.c_int),
    through=call,
    cases=(
        _words,
        _at_end,
        _nothing,
        _gone,
        _short_sends,
        _interrupted,
        _reset,
        _silent,
        _many,
        _over_ipv6,
    ),
    hints=(
        "A loop around `recv`: 0 is the client's end, and yours with `return 0`.",
        "Send `n` bytes back, no more and no `strlen`: as many as `recv` said, and it may be a NUL among "
        "them.",
        "`send` may take a part: a loop within the loop, which goes on behind what it took.",
        "Both are called again on EINTR; `send` with MSG_NOSIGNAL, for the client may be gone.",
    ),
    beyond="it would bound the wait, so that a client that says nothing does not hold a place for ever.",
)
