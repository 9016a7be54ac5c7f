"""recv_lines, of 06: text lines from a stream that is cut anywhere."""

from __future__ import annotations

import math

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import DEADLINE
from labsupport.exercises.nb06_timeout import times_out
from labsupport.exercises.outcome import describe

DRINKS = ("tea", "café", "3 €", "🍵")  # characters of one, two, three and four bytes in UTF-8
CUT = "one character of several bytes lay in two pieces"
WHOLE = "the line had come, whole, and you had not yielded it"


def _a_few(trial):
    sock, peer = trial.pair()
    peer.sendall("tea\n3 €\n".encode())
    peer.close()
    outcome = trial.call(sock, streams=True).outcome(during="the peer had sent two lines and closed")
    _lines(outcome, ["tea", "3 €"], 'The peer sent "tea\\n3 €\\n" and closed')
    outcome.untouched()
    outcome.clean()


def _as_they_come(trial):
    """The peer sends no more until the line before has been yielded."""
    sock, peer = trial.pair()
    call = trial.call(sock, streams=True)
    for sent, line in ((b"one\n", "one"), (b"two\nthr", "two"), (b"ee\nfour\n", "three")):
        peer.sendall(sent)
        _item(trial, call, line)
    _item(trial, call, "four")
    peer.close()
    deadline = max(DEADLINE, math.ceil(call.age + 1))  # the lines may have taken long
    _lines(call.outcome(deadline, "the peer had closed"), ["one", "two", "three", "four"], "Four lines came")


def _every_cut(trial):
    data = "".join(f"{line}\n" for line in DRINKS).encode()
    for cut in range(1, len(data)):
        _in_pieces(trial, (data[:cut], data[cut:]), list(DRINKS), "Four lines came in two pieces")


def _one_at_a_time(trial):
    data = "3 €\n🍵\n".encode()
    pieces = tuple(data[at : at + 1] for at in range(len(data)))
    _in_pieces(trial, pieces, ["3 €", "🍵"], "Two lines came one byte at a time")


def _in_pieces(trial, pieces, wanted, when):
    sock, peer = trial.pair()
    call = trial.call(sock, streams=True)
    trial.send_apart(peer, pieces)
    peer.close()
    _lines(call.outcome(during="the peer had closed"), wanted, when)


def _last_without_newline(trial):
    _said_and_closed(trial, b"one\ntwo", ["one", "two"])


def _empty_ones(trial):
    _said_and_closed(trial, b"\n\nthird\n\n", ["", "", "third", ""])


def _none(trial):
    sock, peer = trial.pair()
    peer.close()
    outcome = trial.call(sock, streams=True).outcome(during="the peer had closed, and sent nothing")
    _lines(outcome, [], "The peer sent nothing and closed")


def _no_newlines(trial):
    """What other functions take for the end of a line, and for blanks to strip."""
    for content in "a\rb", " a\r", "a\u2028b\u2029", "a\x85b", "a\x0bb\x0c", "a\x1cb\x1d\x1e ":
        _said_and_closed(trial, f"{content}\nlast\n".encode(), [content, "last"])


def _said_and_closed(trial, data, wanted):
    sock, peer = trial.pair()
    peer.sendall(data)
    peer.close()
    outcome = trial.call(sock, streams=True).outcome(during="the peer had closed")
    _lines(outcome, wanted, f"The peer sent {ascii(data.decode())} and closed")


def _long_one(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, streams=True)
    trial.script(peer.sendall, b"x" * 20_000 + b"\nshort\n").result()
    peer.close()
    # Who reads byte by byte makes 20,000 calls: a second of work where the processors are busy, and more.
    outcome = call.outcome(5, "a line of 20,000 characters and a short one had come")
    _lines(outcome, ["x" * 20_000, "short"], "A line of 20,000 characters came, and a short one")


def _no_text(trial):
    for second, what in (b"\xff\xfe\n", "bytes that are no UTF-8"), (b"3 \xe2\x82", "half a character"):
        sock, peer = trial.pair()
        peer.sendall(b"fine\n" + second)
        peer.close()
        outcome = trial.call(sock, streams=True).outcome(during="the peer had closed")
        outcome.raised("UnicodeDecodeError", instead=f"the second line was {what}")
        outcome.untouched()


def _reset(trial):
    sock, peer = trial.pair()
    call = trial.call(sock, streams=True)
    peer.sendall(b"one\ntw")
    _item(trial, call, "one")
    trial.read(peer)
    trial.reset(peer)
    outcome = call.outcome(during="the peer had reset the connection")
    outcome.raised("ConnectionResetError", instead="the peer reset the connection within the second line")
    outcome.untouched()
    outcome.clean("where the peer resets")


def _timeout(trial):
    sock, peer = trial.pair()
    peer.sendall(b"one\ntw")
    times_out(trial, sock, when="a line and a half came, and no more", streams=True)


def _item(trial, call, wanted):
    """The next line, which has come, while the connection stays open."""
    try:
        line = call.item(during=WHOLE)
    except IndexError:
        outcome = call.outcome()
        outcome.returned()
        raise outcome.wrong("You ended while the connection was open, and more was to come.") from None
    if line != wanted:
        raise trial.wrong(_difference([line], [wanted], f"The line {describe(wanted)} came"))


def _lines(outcome, wanted, when):
    if outcome.error and "TypeError" in outcome.error["kinds"] and "not iterable" in outcome.error["text"]:
        raise outcome.wrong(
            "You returned None, and a generator was asked for: `yield` each line as soon as it is whole."
        )
    if outcome.error and "UnicodeDecodeError" in outcome.error["kinds"]:
        at = f", at `{outcome.line}`" if outcome.line else ""
        raise outcome.wrong(f"You decoded a piece by itself, and {CUT}: UnicodeDecodeError{at}.")
    lines = outcome.returned()
    if lines != wanted:
        raise outcome.wrong(_difference(lines, wanted, when))


def _difference(lines, wanted, when):
    said = f"{when}; you yielded {describe(lines)}"
    for usual in _USUAL:
        if cause := usual(lines, wanted):
            return f"{said}: {cause}."
    return f"{said}, and {describe(wanted)} was asked for."


def _keeps(lines, wanted):
    if any(type(line) is str and line.endswith("\n") for line in lines):
        return "a line is asked for without its newline"


def _of_bytes(lines, wanted):
    if any(not isinstance(line, str) for line in lines):
        return "lines of text, str, were asked for"


def _forgets_the_last(lines, wanted):
    if lines == wanted[:-1] and wanted[-1]:
        return "what is there when the stream ends is the last line, also without a newline"


def _one_too_many(lines, wanted):
    if lines == [*wanted, ""]:
        return "the newline ends the last line, and no other line begins behind it"


def _strips(lines, wanted):
    if lines != wanted and lines in (_each(wanted, str.strip), _each(wanted, str.rstrip)):
        return "blanks and `\\r` at a line's ends are content, and `strip` takes them off"


def _each(lines, change):
    return [change(line) for line in lines]


def _splits(lines, wanted):
    if "".join(lines).replace("\n", "") == "".join(wanted) or len(lines) > len(wanted):
        return "only `\\n` ends a line here; `splitlines`, and a text file unless told otherwise, know more"
    if lines == _each(wanted, lambda line: line.replace("\r", "")):
        return "`\\r` is content"


def _drops_empty(lines, wanted):
    if lines == [line for line in wanted if line]:
        return "an empty line is a line"


def _pieces(lines, wanted):
    for line, whole in zip(lines, wanted, strict=False):
        if line != whole and whole.startswith(line):
            return "what `recv` gives is a piece of the stream, and its end is seldom a line's end"


def _stops_early(lines, wanted):
    if lines == wanted[: len(lines)]:
        return "an empty line is not the end of the stream" if not wanted[len(lines)] else "lines were lost"


_USUAL = (
    *(_keeps, _of_bytes, _forgets_the_last, _one_too_many, _strips, _drops_empty, _splits, _pieces),
    _stops_early,
)

RECV_LINES = Exercise(
    name="recv_lines",
    notebook="06",
    asks="A generator of the UTF-8 lines (str, without their newline), each as soon as it is whole.",
    cases=(
        _a_few,
        _as_they_come,
        _every_cut,
        _one_at_a_time,
        _last_without_newline,
        _empty_ones,
        _none,
        _no_newlines,
        _long_one,
        _no_text,
        _reset,
        _timeout,
    ),
    hints=(
        "Keep the bytes that have come and are no whole line yet: the next piece goes behind them.",
        'Look for b"\\n" in the bytes, and decode whole lines alone: no other character of UTF-8 has it.',
        "`*lines, waiting = (waiting + piece).split(b\"\\n\")` leaves in `waiting` what has no newline yet.",
        "`while piece := sock.recv(4096):` … `yield line.decode()`; after the loop `waiting` is the last "
        "line, if there is anything in it.",
    ),
    beyond=(
        "it would bound the length of a line, since a peer that never sends a newline fills its memory, "
        "and set a deadline."
    ),
)
