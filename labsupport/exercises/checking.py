"""`check(function)`: run a learner's function against real peers, good and bad, and say what happened."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import socket
import time

from labsupport.exercises import scores, travel
from labsupport.exercises.exercise import Exercise, catalog, named
from labsupport.exercises.learner import Learner
from labsupport.exercises.outcome import NotAttempted, Wrong
from labsupport.exercises.trial import Trial
from labsupport.exercises.verdict import NOT_ATTEMPTED, NOT_YET, PASSED, Verdict

MOMENT = 0.2  # seconds for a function that ended to say so
# Where another user of this machine came between, and what went wrong may be that: so many tries, and none
# that begins later than this many seconds after the first.
TRIES, ENOUGH = 6, 8
DISTURBED = (
    "Another user of this machine kept calling at the check's sockets meanwhile: where you see no reason for "
    "this, check again."
)


def check(function) -> Verdict:
    """Judge `function`, found by its name, and note the try; the Verdict is true when it passed.

    It runs in a fresh process of its own, which is killed at the end: it cannot hang, stop or change the
    notebook. Takes at most 3 s for a right answer and 6 s for a wrong one. An exercise in C is judged in its
    own cell; its name, `check("recv_all")`, judges that cell's function once more. Raises TypeError for what
    is no function, ValueError for one that has no exercise's name, RuntimeError where this system cannot hand
    sockets to another process or has no compiler for C.
    """
    if isinstance(function, str) and function in catalog() and named(function).in_c:
        from labsupport.exercises.in_c import check_again

        return check_again(function)
    exercise = named(_name(function))
    if exercise.in_c:
        cell = f"%%c --exercise {exercise.name}"
        raise TypeError(f"{exercise.name} is asked for in C, in a cell that begins with {cell}")
    return noted(judge(function, exercise))


def noted(verdict: Verdict) -> Verdict:
    """The Verdict with the score so far, this try counted; that on a stub as it is."""
    if verdict.status == NOT_ATTEMPTED:
        return verdict
    score = scores.note(verdict.name, verdict.passed)
    return dataclasses.replace(verdict, tries=score.tries, solved=score.solved)


def judge(function, exercise: Exercise) -> Verdict:
    """The Verdict on `function`, without counting it as a try."""
    if not hasattr(socket, "send_fds"):
        raise RuntimeError(
            "check is not available here: this system cannot hand a socket to another process; "
            "run the course on Linux or macOS, on Windows in WSL2 (`wsl --install`)"
        )
    about = {"name": exercise.name, "notebook": exercise.notebook}
    if travel.is_stub(function):
        return Verdict(status=NOT_ATTEMPTED, message=NOT_ATTEMPTED, **about)
    began = time.monotonic()
    for left in reversed(range(TRIES)):
        try:
            learner = Learner(function)
        except travel.CannotTravel as error:
            said = str(error)
            return Verdict(status=NOT_YET, message=f"{said[0].upper()}{said[1:]}.", **about)
        try:
            wrong = next(filter(None, (_wrong(case, learner) for case in exercise.cases)), None)
        finally:
            learner.close()
        if not (wrong and wrong.disturbed and left) or time.monotonic() - began > ENOUGH:
            break
    return _verdict(wrong, learner.printed, exercise, about)


def _verdict(wrong, printed, exercise, about):
    if isinstance(wrong, NotAttempted):
        return Verdict(status=NOT_ATTEMPTED, message=NOT_ATTEMPTED, **about)
    if wrong is not None:
        said = f"{wrong} {DISTURBED}" if wrong.disturbed else str(wrong)
        about["timeline"] = wrong.timeline
        return Verdict(status=NOT_YET, message=said, output=printed, **about)
    skipped = tuple(dict.fromkeys(filter(None, (_missing(case) for case in exercise.cases))))
    return Verdict(
        status=PASSED,
        message=_praise(exercise),
        beyond=exercise.beyond,
        output=printed,
        skipped=skipped,
        **about,
    )


def _praise(exercise):
    count = len(exercise.cases)
    return f"It did what was asked in {count} situation{'' if count == 1 else 's'}, good peers and bad."


def _missing(case):
    """What this case needs and this machine lacks, or None."""
    needs = getattr(case, "needs", None)
    return needs() if needs else None


def _wrong(case, learner):
    """The Wrong that the case found, or None."""
    if _missing(case):
        return None
    with contextlib.ExitStack() as stack:
        trial = stack.enter_context(Trial(learner))
        try:
            case(trial)
        except Wrong as found:
            wrong = found
            learner.close()  # before the case's peers: what it waits for would come, and it would go on
        except OSError as error:
            wrong = _of_the_peer(error, trial)
        else:
            return None
        wrong.disturbed = trial.disturbed()
        return wrong


def _of_the_peer(error, trial):
    """A peer of ours could not go on: what the function did is the reason, as far as can be seen."""
    if trial.last is None:
        raise error
    try:
        outcome = trial.last.outcome(math.ceil(trial.last.age + MOMENT))  # a verdict says how long that was
        outcome.returned()
    except Wrong as wrong:
        return wrong
    what = "waited in vain for the rest" if isinstance(error, TimeoutError) else f"met {type(error).__name__}"
    return outcome.wrong(f"The other end {what}: your function had returned, or closed, before all was done.")


def _name(function):
    name = getattr(function, "__name__", None)
    if not callable(function) or not isinstance(name, str):
        raise TypeError(f"check takes the function itself, such as check(recv_exactly), not {function!r}")
    return name
