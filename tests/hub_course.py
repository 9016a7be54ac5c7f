"""A course for a hub to ship: what learners read, which nobody can change, with this test's environment."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from nboutputs import ROOT


def copy_of_the_course(course: Path) -> Path:
    """Make it at `course`; returns that."""
    for name in ("notebooks", "classroom"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("lab.py", "pyproject.toml", "pins.txt"):
        shutil.copy(ROOT / name, course)
    (course / ".venv").symlink_to(sys.prefix)
    for path in course.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    return course
