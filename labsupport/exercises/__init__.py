"""Exercises that say what went wrong: `check`, `hint`, `solution`; one module a notebook."""

from __future__ import annotations

from labsupport.exercises.checking import check

__all__ = ["check"]
