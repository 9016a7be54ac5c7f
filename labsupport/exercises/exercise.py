"""What an exercise is, and where all of them are found."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

NOTEBOOKS = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "18")
_SOLUTIONS = Path(__file__).with_name("solutions")


@dataclass(frozen=True)
class Exercise:
    """One exercise: a function that the learner writes, and the cases that it has to pass.

    `asks`: the contract in a sentence; `cases`: functions that take a Trial and raise Wrong; `hints`: one
    step each, the last nearly the solution; `beyond`: what a production program would do beyond it.
    """

    name: str
    notebook: str
    asks: str
    cases: tuple[Callable, ...]
    hints: tuple[str, ...]
    beyond: str
    parts: tuple[str, ...] = field(default=())  # further names that belong to it
    prototype: str = ""  # of an exercise in C, as a C program declares it
    types: tuple = ()  # its types for ctypes, the result's first
    through: Callable | None = None  # calls it with a case's arguments: through(native, *args)

    @property
    def in_c(self) -> bool:
        """Whether the function is asked for in C."""
        return bool(self.prototype)

    @property
    def solution(self) -> Path:
        """The file with the worked solution."""
        return _SOLUTIONS / f"{self.name}.{'c' if self.in_c else 'py'}"


@functools.cache
def of_notebook(number: str) -> tuple[Exercise, ...]:
    """The exercises of notebook `number` ("06"), in the notebook's order."""
    return importlib.import_module(f"labsupport.exercises.nb{number}").EXERCISES


@functools.cache
def catalog() -> dict[str, Exercise]:
    """All exercises by name, in the course's order."""
    return {exercise.name: exercise for number in NOTEBOOKS for exercise in of_notebook(number)}


def named(name: str) -> Exercise:
    """The exercise of that name. Raises ValueError that names those there are."""
    known = catalog()
    if name not in known:
        names = ", ".join(known)
        raise ValueError(f"no exercise is called {name!r}; a function to be checked has its exercise's name: {names}")
    return known[name]


def of(function) -> Exercise:
    """The exercise of a function or of a name. Raises ValueError as `named`, TypeError for what is neither."""
    name = function if isinstance(function, str) else getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"an exercise is given as its function or by its name, not as {function!r}")
    return named(name)
