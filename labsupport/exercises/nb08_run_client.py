"""The exercise `run_client` of 08: a program's arguments, its complaints and its exit status."""

from __future__ import annotations

import contextlib
import re
import socket

from labsupport.exercises import nb08_server as server
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import needs_ipv6

THREE = ["hello", "déjà vu", ""]
ASKED = ("hello", "and again", "goodbye")
AMPLE, TIGHT = 5.0, 0.3  # seconds of silence that a call bears
NOT_PORTS = ("http", "", "0", "65536", "-1", "1.0", "1_0", " 1", "²")


def _all_well(trial):
    _echoed(trial, THREE, "The server echoed three lines").clean()


def _by_name(trial):
    _echoed(trial, THREE, "A server, given by the name localhost, echoed three lines", host="localhost")


@needs_ipv6
def _over_ipv6(trial):
    _echoed(trial, THREE, "A server at ::1 echoed three lines", family=socket.AF_INET6)


def _no_lines(trial):
    _echoed(trial, [], "There were no lines")


def _usage(trial):
    for arguments in [], ["localhost"], ["localhost", "1", "more"]:
        _complains_of_usage(trial, arguments)


def _no_port(trial):
    for text in NOT_PORTS:
        _complains_of_usage(trial, ["localhost", text])


def _lowest_and_highest(trial):
    for port in "1", "65535":
        outcome = trial.run(["127.0.0.1", port], [], TIGHT)
        status, *_ = _three_parts(outcome, f"when the port was {port}")
        if status == 2:
            raise outcome.wrong(
                f"The port {port} is one that there may be, and you returned 2, the status of a wrong call."
            )


def _complains_of_usage(trial, arguments):
    when = f"The arguments were {describe(arguments)}"
    outcome = trial.run(arguments, ["hello"], AMPLE)
    status, answers, complaint = _three_parts(outcome, f"when {when[0].lower()}{when[1:]}")
    if status != 2 or answers != []:
        raise outcome.wrong(
            f"{when}, which is not a host and a port from 1 to 65535: (2, [], usage) was asked for; you "
            f"returned the status {describe(status)}{_with(answers)}."
        )
    if "usage" not in complaint.lower():
        raise outcome.wrong(f"{when}; your complaint, {_settled(complaint)}, does not say “usage”.")
    outcome.clean()


def _refused(trial):
    address = trial.refusing()
    outcome = trial.run(_arguments(address), ["hello"], AMPLE)
    outcome = _complained(outcome, [], "Nobody listened at host and port", *map(str, address))
    outcome.clean("after a refused connect")


def _no_such_name(trial):
    for name in "no/such/host", "two..dots":
        outcome = trial.run([name, "80"], ["hello"], AMPLE)
        _complained(outcome, [], f"There is no host called `{name}`", name)
        outcome.clean("after the name was not found")


def _ends_early(trial):
    outcome = _ends(trial, server.end)
    when = "The server answered 1 of 3 lines, and ended"
    _complained(outcome, ["hello"], when).clean("after the server had ended early")


def _not_text(trial):
    outcome = _ends(trial, server.end, b"caf\xe9\n")
    _complained(outcome, [], "The server sent a line that is not UTF-8")


def _ends_within_a_line(trial):
    outcome = _ends(trial, server.end, b"hel")
    _complained(outcome, [], "The server sent `hel`, no newline, and ended")


def _resets(trial):
    outcome = _ends(trial, trial.reset)
    when = "The server answered 1 of 3 lines, and reset the connection"
    _complained(outcome, ["hello"], when).clean("after the server had reset the connection")


def _falls_silent(trial):
    for _ in range(server.ROUNDS):
        call, peer = _connected(trial, TIGHT)
        server.first_line(peer)
        trial.send_apart(peer, (b"hello\n",))
        in_time = call.age < TIGHT  # else it may have given up before: the next answer will be in time
        said = f"the server had answered 1 of 3 lines, and was silent for more than {TIGHT:g} s"
        outcome = call.outcome(during=said)
        if in_time:
            break
    _complained(outcome, ["hello"], "The server answered 1 of 3 lines, and fell silent")
    outcome.clean("after the silence")


# --- one conversation -----------------------------------------------------------------------------


def _arguments(address):
    return [address[0], str(address[1])]


def _connected(trial, silence, lines=ASKED, family=socket.AF_INET, host=None, after=""):
    """(the Call, the server's end of its connection)."""
    listener = trial.listener(family=family)
    own, port, *_ = listener.getsockname()
    call = trial.call([host or own, str(port)], list(lines), silence)
    return call, trial.accept(listener, after=after)


def _echoed(trial, lines, when, **how):
    clause = f"when {when[0].lower()}{when[1:]}"
    call, peer = _connected(trial, AMPLE, lines, after=clause, **how)
    with peer:
        server.serve(peer)
    outcome = call.outcome(during="the server had answered every line, and waited for your end")
    status, answers, complaint = _three_parts(outcome, clause)
    if complaint:
        raise outcome.wrong(f"{when}: all went well, and you complained: {_settled(complaint)}.")
    if answers != lines:
        raise outcome.wrong(f"{when}; your answers are {describe(answers)}.")
    if status != 0:
        raise outcome.wrong(f"{when}: all went well, which is status 0; you returned {describe(status)}.")
    return outcome


def _ends(trial, end, answer=b"hello\n"):
    """The Outcome of a talk with a server that gives one answer and ends."""
    call, peer = _connected(trial, AMPLE)
    with contextlib.suppress(OSError):
        server.first_line(peer)
        trial.send_apart(peer, (answer,))
        end(peer)
    return call.outcome()


def _complained(outcome, answers, when, *names):
    """The Outcome, which has to be status 1, these answers, and a sentence that holds these names."""
    status, came, complaint = _three_parts(outcome, f"when {when[0].lower()}{when[1:]}")
    if status == 0:
        raise outcome.wrong(
            f"{when}, and your status is 0: the program that started this one takes it for success."
        )
    if status != 1:
        raise outcome.wrong(f"{when}: that is status 1; you returned {describe(status)}.")
    if came != answers:
        raise outcome.wrong(
            f"{when}; the answers that came were {describe(answers)}, and yours are {describe(came)}."
        )
    _helps(outcome, complaint, when, names)
    return outcome


def _helps(outcome, complaint, when, names):
    if not complaint.strip():
        raise outcome.wrong(f"{when}, and you do not say so: the complaint is empty.")
    if len(complaint.strip().splitlines()) > 1:
        raise outcome.wrong(
            f"{when}; your complaint has several lines: one sentence is for a person, a traceback is not."
        )
    if "None" in complaint:
        raise outcome.wrong(f"{when}; your complaint says “None”: not every error has a `strerror`.")
    if "Errno" in complaint:
        raise outcome.wrong(
            f"{when}; your complaint holds `Errno`: a number of the kernel's says nothing to a person."
        )
    for name in names:
        if name not in complaint:
            what = "the port" if name.isdecimal() else f"{name!r}"
            raise outcome.wrong(
                f"{when}; your complaint, {_settled(complaint)}, does not name {what}: one cannot see what "
                "to mend."
            )


def _three_parts(outcome, clause):
    """(status, answers, complaint). Raises Wrong where it raised, or returned no such thing."""
    value = outcome.returned(clause)
    if not isinstance(value, tuple) or len(value) != 3:
        raise outcome.wrong(
            f"You returned {describe(value)}, and (status, answers, complaint) was asked for."
        )
    status, answers, complaint = value
    if not isinstance(complaint, str) or not isinstance(answers, list):
        raise outcome.wrong(
            f"You returned {describe((status, answers, complaint))}; asked for are a number, a list of str "
            "and a str."
        )
    return value


def _with(answers):
    return f" and the answers {describe(answers)}" if answers else ""


def _settled(complaint):
    """The complaint, quoted, without the port, which differs from run to run."""
    return "“" + re.sub(r"\d{4,}", "PORT", complaint.strip()) + "”"


RUN_CLIENT = Exercise(
    name="run_client",
    notebook="08",
    asks=(
        "What a client's `main` does: (status, answers, complaint) of arguments, lines and seconds of "
        "silence."
    ),
    cases=(
        _all_well,
        _no_lines,
        _usage,
        _no_port,
        _lowest_and_highest,
        _refused,
        _no_such_name,
        _by_name,
        _over_ipv6,
        _ends_early,
        _ends_within_a_line,
        _resets,
        _not_text,
        _falls_silent,
    ),
    hints=(
        "Look at the arguments before anything else: two of them, and `port.isascii() and "
        "port.isdecimal()` before `int(port)`. `int` alone takes '8_0' and ' 80' too.",
        "Keep the list of answers outside the `try`: what came before an error is still to be returned.",
        "`socket.gaierror`, `ConnectionRefusedError` and `TimeoutError` are all OSErrors: name them "
        "first, each with its own sentence, and OSError last. A name that cannot even be written for the "
        "resolver is a UnicodeError.",
        "`except OSError as error: return 1, answers, f\"{host} port {port}: {error.strerror or "
        "error}\"`; `strerror` is the text without its number. A `readline` without a newline at its end "
        "is the server's early end.",
    ),
    beyond="it would write the answers to standard output as they come, and the complaint to standard error.",
)
