"""send_all, of 06: every byte sent, with calls that each may take a part."""

from __future__ import annotations

import contextlib
import socket

from labsupport.background import until
from labsupport.exercises.channel import Hand, There
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.nb06_timeout import times_out
from labsupport.exercises.outcome import describe

COUNTED = b"".join(number.to_bytes(4, "big") for number in range(75_000))  # no two places look the same
SMALL = 4608  # bytes: as small as Linux lets a send queue be (SOCK_MIN_SNDBUF)
GONE = "BrokenPipeError", "ConnectionResetError"  # which one depends on what the kernel heard first
FRUGAL = 3  # bytes that a Frugal socket takes in one call


class Frugal(socket.socket):
    """A socket whose `send` takes at most three bytes: it may take as little as it likes, send(2)."""

    def send(self, data, flags=0):
        return super().send(memoryview(data).cast("B")[:FRUGAL], flags)


def frugal(sock):
    """The same connection as a Frugal socket."""
    return Frugal(sock.family, sock.type, sock.proto, fileno=sock.detach())


def _at_once(trial):
    sock, peer = trial.pair()
    outcome = trial.run(sock, b"hello, peer", during="11 bytes were to be sent")
    outcome.returned()
    _with_send_alone(outcome)
    came = _rest(peer)
    if came != b"hello, peer":
        raise outcome.wrong(f'b"hello, peer" was to be sent, and what arrived is {describe(came)}.')
    if outcome.value is not None:
        raise outcome.wrong(
            f"You returned {describe(outcome.value)}, and None was asked for: "
            "when all is sent, there is no more to say."
        )
    outcome.untouched()
    outcome.clean()


def _with_send_alone(outcome):
    for name in sorted(outcome.called):
        if name in ("sendall", "sendmsg", "sendto"):
            raise outcome.wrong(f"You called `{name}`: do with `send` alone what `sendall` does.")
    if not outcome.called.get("send"):
        raise outcome.wrong("You made no call of `send`, and the exercise asks for it.")


def _in_parts(trial):
    """A small queue, nobody reads until it is full: the first call takes a part, the second has to wait."""
    sock, peer = trial.unix_pair()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    data = COUNTED[:40_000]
    call = trial.call(Hand(sock, timeout=1.5), data)
    _stuck(call)
    reading = trial.script(_rest, peer)
    outcome = call.outcome(DEADLINE + 1, "the peer read all that came")  # a send that blocks took a half of it
    outcome.returned("where each `send` took a part")
    _arrived(outcome, reading.result(), data)
    outcome.untouched(1.5)


def _little_by_little(trial):
    sock, peer = trial.pair()
    data = COUNTED[:3000]
    call = trial.call(There(frugal, sock), data)
    reading = trial.script(_rest, peer)
    outcome = call.outcome(during="each `send` took 3 bytes, and 3000 were to go")
    outcome.returned("where each `send` took 3 bytes at most")
    _arrived(outcome, reading.result(), data, "Each `send` took 3 bytes at most")


def _much(trial):
    """More than both queues hold, on a blocking socket and on one with a timeout."""
    for timeout in None, 1.5:
        sock, peer = trial.pair()
        call = trial.call(Hand(sock, timeout=timeout), COUNTED)
        reading = trial.script(_rest, peer)
        outcome = call.outcome(during="the peer read all that came")
        outcome.returned("where 300,000 bytes were to be sent")
        _arrived(outcome, reading.result(), COUNTED)


def _nothing(trial):
    sock, peer = trial.pair()
    outcome = trial.run(sock, b"", during="there was nothing to send")
    outcome.returned("where there was nothing to send")
    if came := _rest(peer):
        raise outcome.wrong(f"There was nothing to send, and {describe(came)} arrived.")


def _nobody_reads(trial):
    sock, _ = trial.unix_pair()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    times_out(trial, sock, COUNTED, when="nobody read")


def _peer_goes(trial):
    sock, peer = trial.unix_pair()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    call = trial.call(Hand(sock, timeout=1.5), COUNTED)
    _stuck(call)
    peer.close()
    outcome = call.outcome(DEADLINE + 1, "the peer had closed, and much was still to send")
    outcome.raised(*GONE, instead="the peer closed before all was sent")
    outcome.untouched(1.5)
    outcome.clean("where the peer leaves half-way")


def _reset(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, COUNTED * 20)
    peer.recv(1)
    trial.reset(peer)
    outcome = call.outcome(during="the peer had reset the connection")
    outcome.raised(*GONE, instead="the peer reset the connection half-way")


def _stuck(call):
    """Wait until one `send` has taken what it could, or the function has ended, or does not get so far."""
    with contextlib.suppress(TimeoutError):
        until(lambda: not call.running or call.finished().get("send"), DEADLINE / 2)


def _rest(peer):
    """All that comes until the end of the stream."""
    data = bytearray()
    while piece := peer.recv(4096):
        data += piece
    return bytes(data)


def _arrived(outcome, came, data, how=""):
    if came == data:
        return
    said = f"{how}: " if how else ""
    size = f"{len(data):,} bytes were to be sent"
    if data.startswith(came):
        raise outcome.wrong(
            f"{said}{size}, and the end never arrived: a `send` took a part, told you how much, "
            "and the rest of what it was given was sent by nobody."
        )
    if came.startswith(data):
        raise outcome.wrong(f"{said}{size}, and more than that arrived: some of them were sent twice.")
    if len(came) > len(data):
        raise outcome.wrong(
            f"{said}{size}, and more than that arrived: after a `send` that took a part you sent bytes again "
            "that it had taken."
        )
    raise outcome.wrong(
        f"{said}{size}, and some in the middle are missing: a `send` took a part, and you went on "
        "behind what you had given it, not behind what it had taken."
    )


SEND_ALL = Exercise(
    name="send_all",
    notebook="06",
    asks="Every byte of `data` sent, with `send` alone, however little each call takes.",
    cases=(
        _at_once,
        _in_parts,
        _little_by_little,
        _much,
        _nothing,
        _nobody_reads,
        _peer_goes,
        _reset,
    ),
    hints=(
        "`send` returns how many bytes it took: between 1 and all that you gave it.",
        "What it did not take is `data[taken:]`: give it that next, until nothing is left.",
        "`while data:` … `data = data[sock.send(data):]`. Errors need no line: your caller wants to know.",
    ),
    beyond=(
        "it would call `sendall`, which also keeps one deadline for the whole, where `send` has one for each "
        "call; and after an error it would close the connection: nobody knows how much has arrived."
    ),
)
