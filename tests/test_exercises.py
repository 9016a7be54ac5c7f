"""Every exercise in Python: right answers pass whatever their style, wrong ones fail for their own reason."""

from __future__ import annotations

import re

import pytest

from answer_files import Judged, answers, function
from labsupport.exercises.checking import judge
from labsupport.exercises.exercise import catalog

EXERCISES = [exercise for exercise in catalog().values() if not exercise.in_c]
ANSWERS = [answer for exercise in EXERCISES for answer in answers(exercise.name)]
exercises = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


@pytest.fixture(scope="session")
def verdicts(request):
    """The verdicts on the answers and solutions that were chosen, found side by side."""
    chosen = []
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "answer" in parameters:
            chosen.append((parameters["answer"].name, parameters["answer"].source))
        elif "exercise" in parameters and "solution" in item.name:
            chosen.append((parameters["exercise"].name, parameters["exercise"].solution.read_text()))
    return Judged(chosen)


@exercises
def test_the_solution_passes(exercise, verdicts):
    verdict = verdicts[exercise.name, exercise.solution.read_text()]
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer.kind == "right"], ids=str)
def test_right_in_another_style_passes(answer, verdicts):
    verdict = verdicts[answer.name, answer.source]
    assert verdict.passed, repr(verdict)


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer.kind == "wrong"], ids=str)
def test_wrong_fails_for_its_own_reason(answer, verdicts):
    verdict = verdicts[answer.name, answer.source]
    if verdict.passed and verdict.skipped:
        pytest.skip(f"its fault cannot show here: {', '.join(verdict.skipped)}")
    assert not verdict.passed
    assert re.search(answer.says, verdict.message), f"{verdict.message!r} does not say {answer.says!r}"


@exercises
def test_eight_wrong_answers_are_kept(exercise):
    kept = [answer for answer in answers(exercise.name) if answer.kind == "wrong"]
    assert len(kept) >= 8 and all(answer.says for answer in kept)


@exercises
@pytest.mark.parametrize("body", ["raise NotImplementedError", "pass", "...", "'''What it is to do.'''"])
def test_the_stub_is_not_attempted_yet(exercise, body):
    stub = function(exercise.name, f"def {exercise.name}(*args, **kwargs):\n    {body}\n")
    verdict = judge(stub, exercise)
    assert not verdict.passed
    assert repr(verdict) == f"{exercise.name}: not attempted yet"


@exercises
def test_hints_and_texts_are_there(exercise):
    assert len(exercise.hints) >= 3 and exercise.asks and exercise.beyond
    assert "#" in exercise.solution.read_text(), "a solution gives its reasons"
