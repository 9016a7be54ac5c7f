"""A course that can only be read: where lab.py writes then, and what it shares."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lab_course import LOAD, course_for_all, posix, pretend

from labsetup import stamp
from labsetup.places import Places


@pytest.fixture
def locked_course():
    """A course in a folder that an ordinary user can read and not write, and a home for that user."""
    with course_for_all() as folder:
        root, home = folder / "course", folder / "home"
        if os.geteuid() == 0:
            os.chown(home, 65534, 65534)
        else:
            root.chmod(0o555)
        yield root, home
        root.chmod(0o755)


def call_as_user(root, home, *arguments):
    """Run lab.py there as an ordinary user; its modules are imported before, while they can still be read."""
    script = LOAD + "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    script += "lab.main(sys.argv[2:])"
    command = [sys.executable, "-c", script, root, *arguments]
    variables = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)


@posix
def test_a_read_only_course_writes_into_the_users_folder(locked_course):
    root, home = locked_course
    done = call_as_user(root, home, "fresh", "05")
    folder = home / ".local/share/sockets-live" if sys.platform != "darwin" else home / "Library"
    assert done.returncode == 0, done.stderr
    assert f"read-only, so what is yours goes to {folder}" in done.stdout
    assert len(list(home.rglob("my-notebooks/05-*.ipynb"))) == 1
    assert not (root / "my-notebooks").exists()


@posix
def test_nowhere_to_write_is_said(locked_course):
    root, _ = locked_course
    done = call_as_user(root, root / "notebooks" / "00-start-here.ipynb", "fresh", "05")
    assert done.returncode == 1
    assert "can be written" in done.stderr and "Traceback" not in done.stderr


@posix
def test_an_environment_that_a_teacher_made_is_shared(locked_course):
    root, home = locked_course
    root.chmod(0o755)
    shared = Places(root, root)
    pretend(shared.python, 'echo "shared $2 $PWD"')
    stamp.write_stamp(shared, [])
    if os.geteuid():
        root.chmod(0o555)
    done = call_as_user(root, home)
    assert "run_module('jupyterlab'" in done.stdout and "Setting up" not in done.stdout, done.stderr
    assert len(list(home.rglob("my-notebooks/*.ipynb"))) == 2


@posix
def test_an_environment_whose_python_is_closed_to_the_user_is_not_shared(locked_course):
    root, home = locked_course
    root.chmod(0o755)
    shared = Places(root, root)
    pretend(shared.python, "echo never")
    stamp.write_stamp(shared, [])
    shared.python.chmod(0o600)
    if os.geteuid():
        root.chmod(0o555)
    done = call_as_user(root, home, "fresh", "05")
    assert done.returncode == 0, done.stderr
    assert f"{shared.venv} is not used: its folder was moved, or its Python is gone or closed" in done.stdout
