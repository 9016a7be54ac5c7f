"""A small course for the tests of lab.py, and what they all do with one.

Nothing reaches a network: no uv is in reach of what is called here, unless a test gives one.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from labsetup.places import Places
from labsetup.stamp import write_stamp

ROOT = pathlib.Path(__file__).resolve().parent.parent
NEEDED = ("lab.py", "labsetup", "pins.txt", "pyproject.toml")  # by lab.py, of the course's parts
NOTEBOOKS = ("00-start-here.ipynb", "05-connecting-to-a-server.ipynb", "05-img/handshake.svg")
FIVE = NOTEBOOKS[1]
today = datetime.date.today  # asked for when it is needed: the tests may begin before midnight
# Begins a child process that loads the lab.py of the course whose folder is its first argument.
LOAD = """
import fcntl, os, pathlib, signal, subprocess, sys
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
import lab
from labsetup.lock import alone
from labsetup.places import Places
from labsetup.steps import run
places = Places(root, root)
"""

posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the environment's Python")


def copy_parts(folder: pathlib.Path, *names: str, source: pathlib.Path = ROOT) -> pathlib.Path:
    """Copy what lab.py needs, and the parts named, from the course in `source` into `folder`; returns that.

    What is hidden, and what Python compiled, stays behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*NEEDED, *names):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(source / name, folder)
    return folder


def make_course(folder: pathlib.Path) -> Places:
    """A course of two notebooks and a picture."""
    for name in NOTEBOOKS:
        (folder / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "notebooks" / name).write_text(f"course's {name}", "utf-8")
    copy_parts(folder)
    return Places(folder, folder)


@contextlib.contextmanager
def course_for_all() -> Iterator[pathlib.Path]:
    """A folder that everybody may enter and read, with a small `course` and an empty `home` in it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder).resolve()
        folder.chmod(0o755)
        make_course(folder / "course")
        (folder / "home").mkdir()
        yield folder


def pretend(program: pathlib.Path, script: str) -> None:
    """Put a shell script in the place of a program: an environment's Python, or uv."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def places(tmp_path):
    """Where things are in a small course of this test's own."""
    return make_course(tmp_path.resolve())


@pytest.fixture
def made(places):
    """The same with an environment that is up to date, its Python a script that tells how it was called."""
    pretend(places.python, 'echo "cwd=$PWD"\nfor part; do echo "arg=$part"; done')
    write_stamp(places, [])
    return places


def call(places, *arguments, path="/usr/bin:/bin"):
    """Run the course's own lab.py, with no uv in reach unless it is on `path`."""
    variables = dict(os.environ, PATH=path) if os.name != "nt" else None
    command = [sys.executable, str(places.root / "lab.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=variables)


def names(folder: pathlib.Path) -> list[str]:
    """The files below `folder`, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def visible(folder: pathlib.Path) -> list[str]:
    """The same without those that are hidden."""
    return [name for name in names(folder) if not name.startswith(".")]
