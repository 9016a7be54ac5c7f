"""The exercise `talk` of 08: lines to an echo server and back."""

from __future__ import annotations

import contextlib
import socket

from labsupport.exercises import nb08_server as server
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6

THREE = ["hello", "and again", "goodbye"]
LONG = "a line that is a little longer than the others, " * 400
MANY = [LONG] * 110  # two megabytes
GATHERING = 0.04  # seconds
LONG_RUN = 2.5  # seconds for two megabytes there and back


# --- the cases ------------------------------------------------------------------------------------


def _one_line(trial):
    _echoed(trial, ["hello"], "The server echoed one line")


def _three_lines(trial):
    _echoed(trial, THREE, "The server echoed three lines").clean()


def _byte_by_byte(trial):
    def slowly(peer, answers):
        trial.send_apart(peer, (answers[at : at + 1] for at in range(len(answers))))

    _echoed(trial, ["déjà vu", "人"], "The server sent its answer one byte at a time", answer=slowly)


def _joined(trial):
    def cut(peer, answers):
        trial.send_apart(peer, (answers[:-3], answers[-3:]))

    when = "The server's answers came joined, and cut in the middle of a line"
    _echoed(trial, THREE, when, answer=cut, gathering=GATHERING)


def _empty_lines(trial):
    _echoed(trial, ["", "one", "", "two", ""], "Some of the lines were empty")


def _spaces(trial):
    _echoed(trial, [" spaces ", "\ttab"], "Lines began and ended with spaces")


def _other_line_ends(trial):
    _echoed(trial, ["a\rb", "x\u2028y", "at the end\r"], "Lines held `\\r` and U+2028")


def _no_lines(trial):
    listener = trial.listener()
    call = trial.call(listener.getsockname(), [])
    during = "there were no lines, and so you did not connect: that nobody is there would go unnoticed"
    _conversed(trial, call, trial.accept(listener, during), [], "There were no lines")


def _many_lines(trial):
    _large(trial, MANY, "two megabytes of lines")


def _one_long_line(trial):
    _large(trial, [LONG * 110], "one line of two megabytes")


def _large(trial, lines, what):
    listener = server.with_small_buffers(trial.listener())
    call = trial.call(listener.getsockname(), lines)
    trial.script(server.echo, trial.accept(listener))
    outcome = call.outcome(
        LONG_RUN,
        f"you were sending {what}, and the server sends back what it has read; you read nothing meanwhile, "
        "so it could send no more, and so it read no more: each waited for the other",
    )
    if isinstance(outcome.returned(f"while {what} went there and back"), list) and outcome.value != lines:
        raise outcome.wrong(f"The server echoed {what}; what you returned is not what it sent.")
    _got(outcome, lines, f"The server echoed {what}")


@needs_ipv6
def _over_ipv6(trial):
    _echoed(trial, THREE, "A server at ::1 echoed three lines", family=socket.AF_INET6)


def _by_name(trial):
    _echoed(trial, THREE, "A server, given by the name localhost, echoed three lines", host="localhost")


def _refused(trial):
    outcome = trial.run(trial.refusing(), THREE)
    outcome.raised("ConnectionRefusedError", instead="nobody listened at the address")
    outcome.clean("after the connect was refused")


def _ends_after_one(trial):
    said = "the server ended after 1 of 3 lines"
    _ends(trial, (b"hello\n",), server.end, said).clean("after the server had ended early")


def _ends_within_a_line(trial):
    _ends(trial, (b"hello\nand again\n", b"goodb"), server.end, "the server ended within the third line")


def _resets(trial):
    said = "the server reset the connection after 1 of 3 lines"
    outcome = _ends(trial, (b"hello\n",), trial.reset, said)
    outcome.clean("after the server had reset the connection")


def _ends(trial, answer, end, said):
    """Answer the first line by `answer`, then `end`; the Outcome, which has to be an error."""
    listener = trial.listener()
    call = trial.call(listener.getsockname(), THREE)
    peer = trial.accept(listener)
    with contextlib.suppress(OSError):
        server.first_line(peer)
        trial.send_apart(peer, answer)
        end(peer)
    outcome = call.outcome(during=said)
    if outcome.error is None and isinstance(outcome.value, list):
        raise outcome.wrong(
            f"{said[0].upper()}{said[1:]}; you returned {describe(outcome.value)}, as if that were all. "
            "Who called you cannot see that something is missing: raise."
        )
    # EOFError after a reset too: where a sending thread met the reset, the reading one finds an end.
    outcome.raised("EOFError", "OSError", instead=said)
    return outcome


def _resets_while_you_send(trial):
    _while_you_send(trial, trial.reset, "the server reset the connection while you were still sending")


def _ends_while_you_send(trial):
    def end(peer):
        peer.shutdown(socket.SHUT_WR)

    _while_you_send(trial, end, "the server ended while you were still sending, and read no more")


def _while_you_send(trial, end, said):
    listener = server.with_small_buffers(trial.listener())
    call = trial.call(listener.getsockname(), MANY)
    peer = trial.accept(listener)
    peer.recv(1)
    end(peer)
    outcome = call.outcome(during=said)
    outcome.raised("OSError", "EOFError", instead=said)
    outcome.clean(f"after {said.replace('you were still', 'it was')},")


# --- one conversation -----------------------------------------------------------------------------


def _echoed(trial, lines, when, family=socket.AF_INET, host=None, **how):
    """A talk with a server that answers whole lines, by `answer` and `gathering`; its Outcome, judged."""
    listener = trial.listener(family=family)
    own, port, *_ = listener.getsockname()
    call = trial.call((host or own, port), lines)
    peer = trial.accept(listener, after=f"when {when[0].lower()}{when[1:]}")
    return _conversed(trial, call, peer, lines, when, **how)


def _conversed(trial, call, peer, lines, when, **how):
    with peer:
        seen = server.serve(peer, **how)
        if not seen.ended and call.running:
            raise trial.wrong(_why_waiting(seen, lines))
    outcome = call.outcome(during="all lines had been answered, and the server had ended")
    _got(outcome, lines, when)
    wanted = _as_bytes(lines)
    if seen.received != wanted:
        raise outcome.wrong(f"{when}; {_sent_wrongly(seen.received, wanted)}")
    return outcome


def _as_bytes(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def _why_waiting(seen, lines):
    """The cause, where both ends wait: the server for the client, the client for the server."""
    wanted = _as_bytes(lines)
    if seen.received == wanted:
        return (
            "Every line had been answered, and you neither ended nor returned: you wait for the server's "
            "end, and it waits for yours. Say that no more comes (`shutdown`), or count the answers."
        )
    if not seen.received:
        return "You connected and sent nothing: the server waits."
    if not seen.received.endswith(b"\n"):
        return (
            f"The server got {describe(seen.received)}, without a newline at its end: for it the line is "
            "not over. It waits for the rest, and you for its answer."
        )
    count = seen.received.count(b"\n")
    return (
        f"The server answered the {count} of {len(lines)} lines that came, and then nothing more came from "
        "you."
    )


def _sent_wrongly(received, wanted):
    if received.replace(b"\r\n", b"\n") == wanted:
        return "you ended them with `\\r\\n`, and the protocol's line ends with `\\n` alone."
    return f"you sent {describe(received)}, and {describe(wanted)} was asked for."


def _got(outcome, lines, when):
    """Raises Wrong that says in which way the result is not `lines`."""
    if outcome.error and "UnicodeDecodeError" in outcome.error["kinds"]:
        raise outcome.wrong(
            f"{when}; you decoded a piece that ended within a letter, for é is two bytes, and they came "
            "apart: decode whole lines."
        )
    value = outcome.returned(f"when {when[0].lower()}{when[1:]}")
    if value == lines:
        return
    raise outcome.wrong(f"{when}; {_returned_wrongly(value, lines)}")


def _returned_wrongly(value, lines):
    if not isinstance(value, list):
        return f"you returned {describe(value)}, and a list of str was asked for."
    if any(isinstance(line, bytes) for line in value):
        return "your list holds bytes, and text (str) was asked for: decode each whole line."
    if value == [f"{line}\n" for line in lines]:
        return "your lines still have their newline at the end."
    if len(value) < len(lines) and value == lines[: len(value)]:
        empty = " You took an empty line for the end." if lines[len(value)] == "" else ""
        return f"you returned {len(value)} of {len(lines)} lines.{empty}"
    if value == [line for line in lines if line]:
        return "you left the empty lines out: an empty line is a line too."
    if not all(isinstance(line, str) for line in value):
        return f"you returned {describe(value)}, and a list of str was asked for."
    if [line.strip() for line in value] == [line.strip() for line in lines]:
        return "yours differ there: `strip` takes more than the newline."
    if _letters(value) == _letters(lines) or ("\r" in "".join(lines) and "\r" not in "".join(value)):
        return f"you cut them elsewhere: {describe(value)}. A line ends at `\\n`, and nowhere else."
    return f"you returned {describe(value)}, and {describe(lines)} was sent back."


def _letters(lines):
    return "".join("".join(lines).split())


TALK = Exercise(
    name="talk",
    notebook="08",
    asks=(
        "Send each line to an echo server and return the list of its lines, whatever their number and length."
    ),
    cases=(
        _one_line,
        _three_lines,
        _byte_by_byte,
        _joined,
        _empty_lines,
        _spaces,
        _other_line_ends,
        _no_lines,
        _ends_after_one,
        _ends_within_a_line,
        _resets,
        _refused,
        _by_name,
        _over_ipv6,
        _one_long_line,
        _many_lines,
        _resets_while_you_send,
        _ends_while_you_send,
    ),
    hints=(
        "`with socket.create_connection(address) as sock:` takes a name or an address of either family, "
        "and closes on every way out.",
        "A line is over at its newline: collect bytes, cut them at b'\\n', and decode whole lines only.",
        "Two megabytes do not fit into the buffers on the way: the server cannot go on while you do not "
        "read. Let one thread send while another reads, or send and read by turns with `selectors`.",
        "After the last line `shutdown(SHUT_WR)` says that no more comes, so the server ends too, and you "
        "read until `recv` returns b''. Fewer lines than you sent are an EOFError; an error of the "
        "sending thread is raised.",
    ),
    beyond=(
        "it would give out each line as it comes, not keep them all, and set a deadline for a server that "
        "falls silent."
    ),
)
