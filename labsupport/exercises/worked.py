"""`solution("recv_exactly")`: a worked solution, its reasons in its comments, unless a teacher withholds it.

The setting is a file in the environment: students who share the environment share the setting, and cannot
change it where they can only read it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from labsupport.exercises.exercise import of
from labsupport.files import write_whole

WITHHELD = "withheld"


@dataclass(frozen=True, repr=False)
class Solution:
    """`name`: the exercise's; `source`: the program, or "" where the teacher has withheld it."""

    name: str
    source: str

    def __repr__(self):
        return (
            self.source
            or f'{self.name}: your teacher has withheld the solutions; hint("{self.name}") helps on.'
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import solution_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return solution_bundle(self)


def solution(function) -> Solution:
    """A worked solution of an exercise, given by its name or as the function.

    A teacher can withhold solutions by `python -m labsupport solutions withhold` in an environment that
    students share. That hides them and does not lock them: the files come with the course, and whoever looks
    for them will find them. Raises ValueError for a name that no exercise has, TypeError for what is neither.
    """
    exercise = of(function)
    return Solution(exercise.name, "" if withheld() else exercise.solution.read_text("utf-8").rstrip("\n"))


def setting() -> Path:
    """The file of the environment that says whether solutions are withheld."""
    return Path(sys.prefix, "etc", "labsupport.json")


def withheld() -> bool:
    """Whether the teacher has withheld the solutions. A setting that cannot be read counts as yes."""
    try:
        return _settings()["solutions"] == WITHHELD
    except (FileNotFoundError, NotADirectoryError, KeyError):
        return False
    except (OSError, ValueError, TypeError):
        return True


def withhold(yes: bool) -> Path:
    """Withhold the solutions in this environment, or give them; the setting's path. Raises OSError."""
    path = setting()
    try:
        settings = dict(_settings())
    except (FileNotFoundError, ValueError, TypeError):
        settings = {}
    path.parent.mkdir(exist_ok=True)
    write_whole(path, (json.dumps({**settings, "solutions": WITHHELD if yes else "given"}) + "\n").encode())
    return path


def _settings():
    return json.loads(setting().read_text("utf-8"))
