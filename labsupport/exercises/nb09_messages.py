"""The exercises `read_message` and `write_message` of 09: messages behind their length."""

from __future__ import annotations

import contextlib
import struct

from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe

LIMIT = 2**20  # bytes of the longest message
HELLO = b"hello"
PAIR = b"\x00\x00" * 129  # 258 bytes: 00 00 01 02, which is another number from the other end
FULL = bytes(range(256)) * 4096


def _framed(data):
    """The bytes that a message takes on its way: the course's own counterpart."""
    return struct.pack("!I", len(data)) + data


def _cause(outcome, when, wanted):
    """What was returned instead, in words."""
    value = outcome.value
    if value == wanted:
        return None
    if isinstance(value, bytes) and value == _framed(wanted):
        return f"{when}; what you returned still begins with the four bytes of the length."
    if isinstance(value, bytes) and len(value) < len(wanted) and wanted.startswith(value):
        return (
            f"{when}; you returned {len(value)} of its {len(wanted)} bytes: `recv(n)` gives what is there, "
            "at most n."
        )
    if value is None:
        return f"{when}; you returned None, as if the peer had ended."
    return f"{when}; you returned {describe(value)}, and the message was {describe(wanted)}."


# --- read_message ---------------------------------------------------------------------------------


def _one(trial):
    _reads(trial, HELLO, (_framed(HELLO),), "The peer sent the message `hello`")


def _length_in_network_order(trial):
    sock, peer = trial.pair()
    peer.sendall(_framed(PAIR))
    outcome = trial.run(sock, during="the whole message had come")
    if outcome.error and "ValueError" in outcome.error["kinds"]:
        raise outcome.wrong(
            "The peer sent a message of 258 bytes, its length as 00 00 01 02, and you took that for a "
            "number beyond the limit: in network order the first byte counts most (`!I` of struct)."
        )
    _judged(outcome, PAIR, "The peer sent a message of 258 bytes, its length as 00 00 01 02")


def _every_cut(trial):
    whole = _framed(HELLO)
    for cut in range(1, len(whole)):
        when = f"The first {cut} of the {len(whole)} bytes came alone (four of them are the length)"
        _reads(trial, HELLO, (whole[:cut], whole[cut:]), when)


def _one_at_a_time(trial):
    pieces = [bytes([byte]) for byte in _framed(HELLO)]
    _reads(trial, HELLO, pieces, "The message came one byte at a time")


def _empty(trial):
    _reads(trial, b"", (_framed(b""),), "The peer sent a message of 0 bytes, which is not its end")


def _at_the_limit(trial):
    sock, peer = trial.pair()
    call = trial.call(sock)
    sending = trial.script(_send, peer, _framed(FULL))
    outcome = call.outcome(during="a message of 2^20 bytes had come")
    sending.result()
    _judged(outcome, FULL, "The peer sent a message of 2^20 bytes, the longest that there is")


def _nothing_beyond(trial):
    sock, peer = trial.pair()
    peer.sendall(_framed(HELLO) + _framed(b"and the next"))
    outcome = trial.run(sock, probe=_rest, during="two whole messages had come")
    _judged(outcome, HELLO, "The peer sent two messages at once")
    _still_open(outcome)
    if outcome.probe != _framed(b"and the next"):
        raise outcome.wrong(
            "The peer sent two messages at once; you took bytes of the second with the first, and the "
            "next call misses them."
        )


def _orderly_end(trial):
    sock, peer = trial.pair()
    peer.close()
    outcome = trial.run(sock, during="the peer had ended")
    if outcome.error and "EOFError" in outcome.error["kinds"]:
        raise outcome.wrong("The peer ended between two messages, as it may: that is None, not EOFError.")
    value = outcome.returned("when the peer had ended between two messages")
    if value is not None:
        raise outcome.wrong(
            f"The peer ended between two messages, which is None; you returned {describe(value)}."
        )


def _ends_within(trial):
    whole = _framed(HELLO)
    for came in (2, 4, 6):
        sock, peer = trial.pair()
        peer.sendall(whole[:came])
        peer.close()
        said = f"the peer ended after {came} of the {len(whole)} bytes of a message"
        outcome = trial.run(sock, during=said)
        if outcome.error is None and outcome.value is None:
            raise outcome.wrong(
                f"T{said[1:]}; you returned None, as if nothing were missing: EOFError was to be raised."
            )
        outcome.raised("EOFError", instead=said)


def _too_long(trial):
    for length, text in (LIMIT + 1, "2^20 + 1"), (2**32 - 1, "2^32 - 1"):
        sock, peer = trial.pair()
        peer.sendall(struct.pack("!I", length) + HELLO)
        said = f"the peer announced {text} bytes, and sent five of them"
        outcome = trial.run(sock, probe=_rest, during=f"{said}, which is beyond the limit at once")
        outcome.raised("ValueError", instead=f"the peer announced {text} bytes, beyond the limit")
        if outcome.probe != HELLO:
            raise outcome.wrong(f"T{said[1:]}; you read of them before you raised ValueError.")


def _resets(trial):
    for came, where in (0, "between two messages"), (6, "within a message"):
        sock, peer = trial.pair()
        call = trial.call(sock)
        trial.send_apart(peer, (_framed(HELLO)[:came],) if came else ())
        trial.reset(peer)
        call.outcome().raised("ConnectionResetError", instead=f"the peer reset the connection {where}")


def _timeout(trial):
    sock, peer = trial.pair()
    peer.sendall(_framed(HELLO)[:6])
    outcome = trial.run(Hand(sock, timeout=0.2), during="the socket's own timeout, 0.2 s, had passed")
    outcome.raised("TimeoutError", instead="the rest of a message did not come within the timeout of 0.2 s")


def _leaves_the_socket(trial):
    sock, peer = trial.pair()
    peer.sendall(_framed(HELLO))
    outcome = trial.run(Hand(sock, timeout=1.5))
    _judged(outcome, HELLO, "The peer sent the message `hello`")
    _as_given(outcome, 1.5)


def _as_given(outcome, timeout):
    _still_open(outcome)
    ((_, after),) = outcome.given
    if after != timeout:
        raise outcome.wrong("You changed the socket's timeout, which is its owner's.")
    outcome.clean()


def _still_open(outcome):
    ((closed, _),) = outcome.given
    if closed:
        raise outcome.wrong("You closed the socket: the next message is to come on it.")


def _reads(trial, message, pieces, when):
    sock, peer = trial.pair()
    call = trial.call(sock)
    trial.send_apart(peer, pieces)
    _judged(call.outcome(during="the whole message had come"), message, when)


def _judged(outcome, message, when):
    outcome.returned(f"when {when[0].lower()}{when[1:]}")
    if cause := _cause(outcome, when, message):
        raise outcome.wrong(cause)


def _rest(args, value):
    """What is still to read of the socket that the function was given."""
    args[0].settimeout(1)
    return args[0].recv(100)


def _send(peer, data):
    with contextlib.suppress(OSError):
        peer.sendall(data)


READ_MESSAGE = Exercise(
    name="read_message",
    notebook="09",
    asks=(
        "One message behind its length; None at an orderly end, EOFError within one, ValueError beyond "
        "2^20 bytes."
    ),
    cases=(
        _length_in_network_order,
        _one,
        _every_cut,
        _one_at_a_time,
        _empty,
        _nothing_beyond,
        _at_the_limit,
        _orderly_end,
        _ends_within,
        _too_long,
        _resets,
        _timeout,
        _leaves_the_socket,
    ),
    hints=(
        "Two things are read exactly: four bytes, then as many as they say. A function that reads exactly "
        "n bytes serves for both.",
        "`int.from_bytes(header)` (or `struct.unpack('!I', header)`) makes a number of the four bytes, "
        "the first counting most.",
        "Where the peer's end is met matters: with nothing of the header read it is an orderly end, None; "
        "after that, with a byte or more of the message there, it is an EOFError.",
        "Compare the length with 2**20 between the two readings, before you ask for a byte of the rest. A "
        "length of 0 is a whole message, b''.",
    ),
    beyond=(
        "it would set a deadline for the whole message, or a peer that sends a byte an hour keeps it for "
        "ever."
    ),
)


# --- write_message --------------------------------------------------------------------------------


def _writes_one(trial):
    _writes(trial, HELLO, "The message was `hello`")


def _writes_length_in_network_order(trial):
    _writes(trial, PAIR, "The message had 258 bytes")


def _writes_empty(trial):
    _writes(trial, b"", "The message had 0 bytes")


def _writes_the_longest(trial):
    _writes(trial, FULL, "The message had 2^20 bytes, and the peer read it slowly")


def _too_long_to_write(trial):
    sock, peer = trial.unix_pair()
    peer.settimeout(1)
    reading = trial.script(_read, peer)
    outcome = trial.run(sock, bytes(LIMIT + 1), during="2^20 + 1 bytes were to be refused")
    if outcome.error is None or "ValueError" not in outcome.error["kinds"]:
        outcome.raised("ValueError", instead="the message had 2^20 + 1 bytes")
    if came := reading.result():
        raise outcome.wrong(
            f"The message had 2^20 + 1 bytes; you raised ValueError, and had sent {len(came)} bytes by "
            "then: the peer takes what follows for the rest of it. Look at the length first."
        )


def _nobody_reads(trial):
    sock, _ = trial.unix_pair()
    outcome = trial.run(Hand(sock, timeout=0.2), FULL, during="the peer read nothing")
    outcome.raised("TimeoutError", instead="the peer read nothing within the socket's timeout of 0.2 s")


def _peer_gone(trial):
    sock, peer = trial.pair()
    trial.reset(peer)
    outcome = trial.run(sock, HELLO)
    outcome.raised("ConnectionResetError", "BrokenPipeError", instead="the peer had reset the connection")


def _leaves_the_socket_written(trial):
    sock, _ = trial.pair()
    outcome = trial.run(Hand(sock, timeout=1.5), HELLO)
    outcome.returned()
    _as_given(outcome, 1.5)


def _writes(trial, message, when):
    """The peer reads small pieces; the socket has a timeout, so `send` takes what there is room for."""
    sock, peer = trial.unix_pair()
    reading = trial.script(_read, peer)
    outcome = trial.run(Hand(sock, timeout=2), message, during="the peer read all the time")
    outcome.returned(f"when {when[0].lower()}{when[1:]}")
    came = reading.result()
    if came != _framed(message):
        raise outcome.wrong(f"{when}; {_written_wrongly(came, message)}")


def _read(peer):
    """All that comes until the other end is closed."""
    data = bytearray()
    with contextlib.suppress(OSError):
        while piece := peer.recv(10_000):
            data += piece
    return bytes(data)


def _written_wrongly(came, message):
    length = len(message)
    if came == struct.pack("<I", length) + message:
        return "its length came with the last byte first: network order is the other way (`!I` of struct)."
    if came[:4] == struct.pack("!I", length) and len(came) < 4 + length:
        return "only a part of it arrived: `send` takes what there is room for, and says how much."
    if not came:
        return "nothing arrived, not even its length, and the peer waits for it."
    if came == message:
        return "it came without the four bytes of its length."
    if came[4:] == message:
        return (
            f"the length before it was {describe(came[:4])}, and {describe(struct.pack('!I', length))} was "
            "asked for."
        )
    return f"{describe(came)} arrived, and {describe(_framed(message))} was asked for."


WRITE_MESSAGE = Exercise(
    name="write_message",
    notebook="09",
    asks=(
        "A message of at most 2^20 bytes, its length in four bytes before it; of more ValueError, and "
        "nothing sent."
    ),
    cases=(
        _writes_one,
        _writes_length_in_network_order,
        _writes_empty,
        _writes_the_longest,
        _too_long_to_write,
        _nobody_reads,
        _peer_gone,
        _leaves_the_socket_written,
    ),
    hints=(
        "`len(data).to_bytes(4)` (or `struct.pack('!I', len(data))`) is the length in network order.",
        "`sendall` goes on until everything is taken; `send` may take a part and says how much.",
        "Look at the length before the first byte goes out: `if len(data) > 2**20: raise ValueError`. "
        "Then one `sendall` of both parts together.",
    ),
    beyond="it would let one thread at a time write to a connection, so that two messages do not mix.",
)
