"""Exercises that say what went wrong: `check`, `hint`, `solution`, `progress`; one module a notebook.

Names arrive when they are first used: the process that runs a learner's function imports this package too, and needs
little of it.
"""

from __future__ import annotations

import importlib

_HOME = {"check": "checking", "hint": "hints", "progress": "standing", "solution": "worked"}

__all__ = sorted(_HOME)


def __getattr__(name):
    """Import the module that is home to `name`."""
    if name not in _HOME:
        raise AttributeError(f"labsupport.exercises has no {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"labsupport.exercises.{_HOME[name]}"), name)
