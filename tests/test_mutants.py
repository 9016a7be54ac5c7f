"""The solutions with one fault each, put in by machine: what still passes is equivalent, or a hole in the check."""

from __future__ import annotations

import pytest

from answer_files import Judged, equivalents
from labsupport.exercises.exercise import catalog
from mutants import mutants

pytestmark = pytest.mark.long
EXERCISES = [exercise for exercise in catalog().values() if not exercise.in_c]
exercises = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


@pytest.fixture(scope="module")
def verdicts(request):
    """The verdicts on the mutants of every exercise that was chosen, found side by side."""
    items = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    chosen = {item.callspec.params["exercise"] for item in items}
    return Judged([(exercise.name, mutant) for exercise in chosen for mutant in _mutants(exercise).values()])


def _mutants(exercise):
    return mutants(exercise.solution.read_text())


@exercises
def test_what_passes_is_equivalent(exercise, verdicts):
    passed = {said for said, source in _mutants(exercise).items() if verdicts[exercise.name, source].passed}
    known = equivalents(exercise.name)
    assert passed - set(known) == set(), "the check has a hole, or these do the same and are to be listed"
    assert set(known) - passed == set(), "these are listed as doing the same, and are found out"
    assert all(known.values()), "the reason is missing"
