"""why_not, of 05: the ways in which connecting fails, told apart."""

from __future__ import annotations

import socket

from labsupport.exercises import stand_ins
from labsupport.exercises.channel import There
from labsupport.exercises.connected import undisturbed
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.outcome import describe
from labsupport.exercises.trial import UNREACHABLE, needs_ipv6

SHORT, LONG = 0.2, 1.25  # seconds
LATE = 1.0  # seconds beyond its timeout that a call on a busy machine may take


def _listening(trial):
    listener = trial.listener()
    outcome = trial.run(listener.getsockname(), LONG, probe=stand_ins.default_timeout)
    _says(outcome, "connected", "somebody listens at the address")
    peer = trial.accept(listener, "you returned, and nobody had connected")
    outcome.clean("where it is connected")
    undisturbed(outcome)
    if peer.recv(1):
        raise outcome.wrong("You sent bytes to the listener: it was only asked whether it can be reached.")


def _refusing(trial):
    outcome = trial.run(trial.refusing(), LONG)
    _says(outcome, "refused", "the machine answered with RST, because nobody listens on that port")
    outcome.clean("where the connection is refused")


def _unanswering(trial):
    silent = "nothing answered the SYN"
    outcome = trial.run(trial.unanswering(), SHORT, during=f"{silent}, and your timeout was {SHORT:g} s")
    _says(outcome, "no answer", silent)
    if outcome.elapsed > SHORT + LATE:
        raise outcome.wrong(f"You waited much longer than `timeout`, {SHORT:g} s, for an answer.")
    outcome.clean("where nothing answers")
    during = f"{silent}, and your timeout was {LONG:g} s"
    outcome = trial.run(trial.unanswering(), LONG, deadline=LONG + LATE, during=during)
    _says(outcome, "no answer", silent)
    if outcome.elapsed < LONG - 0.05:
        raise outcome.wrong(f"You gave up before `timeout`, {LONG:g} s, was over: an answer may still come.")


def _unreachable(trial):
    outcome = trial.run(UNREACHABLE, LONG)
    _says(outcome, "unreachable", "the kernel has no way to the address (ENETUNREACH)")
    outcome.clean("where there is no way")


def _no_way_from_a_router(trial):
    address = trial.refusing()
    outcome = trial.run(There(stand_ins.failing, address, "EHOSTUNREACH"), LONG)
    _says(outcome, "unreachable", "a router said that the host cannot be reached (EHOSTUNREACH)")


def _no_name(trial):
    outcome = trial.run((stand_ins.NO_NAME, 80), LONG)
    _says(outcome, "no such name", "the name has no address (gaierror, a kind of OSError)")
    outcome.clean("where the name has no address")


def _by_name(trial):
    address = (There(stand_ins.name, "localhost", ["127.0.0.1"]), trial.listener().getsockname()[1])
    _says(trial.run(address, LONG), "connected", "the address is a name, localhost")


def _another_error(trial):
    address = trial.refusing()
    outcome = trial.run(There(stand_ins.failing, address, "EPERM"), LONG)
    outcome.raised("PermissionError", instead="this machine's own firewall forbade the connection (EPERM)")
    outcome.clean("when it raises")


@needs_ipv6
def _over_ipv6(trial):
    listener = trial.listener(family=socket.AF_INET6)
    outcome = trial.run(listener.getsockname()[:2], LONG)
    if outcome.failed or outcome.value in ("no such name", "unreachable"):
        raise outcome.wrong(
            "Somebody listens at an IPv6 address, and you did not reach it: a socket of AF_INET has IPv4 "
            "alone. `getaddrinfo` tells the family that an address needs."
        )
    _says(outcome, "connected", "somebody listens at an IPv6 address")
    outcome = trial.run(trial.refusing(socket.AF_INET6)[:2], LONG)
    _says(outcome, "refused", "nobody listens on that port of an IPv6 address")
    outcome.clean("over IPv6")


def _says(outcome, wanted, what):
    """Raises Wrong unless the function said `wanted`; `what` happened, a clause."""
    happened = f"{what[0].upper()}{what[1:]}"
    if outcome.error is not None and outcome.error_name == "EAGAIN" and wanted == "no answer":
        raise outcome.wrong(
            f"{happened}; you raised EAGAIN, which is what `connect_ex` returns where `connect` raises "
            "TimeoutError."
        )
    value = outcome.returned(f"where {what}")
    if value is None:
        raise outcome.wrong(f'{happened}; you returned None, and "{wanted}" is the word for it.')
    if value != wanted:
        raise outcome.wrong(f'{happened}: that is "{wanted}"; you returned {describe(value)}.')


WHY_NOT = Exercise(
    name="why_not",
    notebook="05",
    asks="Try to connect, and say in a word what came of it; an error that has no word is raised.",
    cases=(
        _listening,
        _refusing,
        _unreachable,
        _no_way_from_a_router,
        _no_name,
        _by_name,
        _another_error,
        _over_ipv6,
        _unanswering,
    ),
    hints=(
        "Each way to fail has an exception of its own, or an errno: the table under *Break it* lists them.",
        "`socket.create_connection(address, timeout)` takes names and both families, and closes what failed; "
        "`with` closes what succeeded.",
        "Several `except` branches, the particular before the general: `socket.gaierror`, "
        "`ConnectionRefusedError` and `TimeoutError` are all OSErrors: `except OSError as error` comes last.",
        "In that last branch look at `error.errno`: `errno.ENETUNREACH` and `errno.EHOSTUNREACH` are "
        '"unreachable"; for any other a bare `raise`.',
    ),
    beyond="it would try again where that may help, after no answer or no way, at growing intervals, and not "
    "where it cannot help: a name that does not exist.",
)
