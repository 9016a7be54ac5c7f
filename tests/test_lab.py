"""lab.py itself: what it says, to which Pythons, and that labsetup beside it is all it needs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys

import lab_course
import pytest
from lab_course import ROOT, call, names

import labsetup
from labsetup import commands, stamp

places = lab_course.places
MODULES = sorted((ROOT / "labsetup").glob("*.py"))


def test_help_names_every_command(places):
    done = call(places, "--help")
    assert done.returncode == 0
    assert all(f"lab.py {name}" in done.stdout for name in set(commands.COMMANDS) - {"start"})
    assert not places.venv.exists() and not places.mine.exists()


def test_what_is_not_understood_is_answered_with_the_help(places):
    done = call(places, "tset")
    assert done.returncode == 1 and "Not understood" in done.stderr and commands.HELP in done.stderr
    assert not places.venv.exists()


@pytest.mark.parametrize("command", ["setup", "wheels"])
def test_an_unknown_extra_is_answered_with_those_that_there_are(places, command):
    done = call(places, command, "classroom", "clasroom")
    assert done.returncode == 1 and "no extra 'clasroom'" in done.stderr
    assert all(extra in done.stderr for extra in stamp.extras_of(places.root))
    assert not places.venv.exists()


def test_an_older_python_reads_the_file_and_says_what_to_do(tmp_path):
    source = (ROOT / "lab.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    (tmp_path / "lab.py").write_text(
        source, "utf-8"
    )  # alone: what is beside it may be newer than that Python
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path('lab.py')"
    command = [sys.executable, "-c", pretend]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "needs Python 3.11 or later; this is 3.9" in done.stderr and "Traceback" not in done.stderr


# ---- The folder beside it


@pytest.mark.parametrize("missing", [".", "stamp.py"])
def test_a_course_that_was_half_copied_says_so(places, missing):
    gone = places.root / "labsetup" / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    command = [sys.executable, "-S", places.root / "lab.py", "--help"]  # -S: this environment has a labsetup
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Copy the course anew" in done.stderr and "Traceback" not in done.stderr


def test_it_is_found_from_anywhere_and_nothing_is_left_in_it(places, tmp_path_factory):
    before = names(places.root)
    command = [sys.executable, "-I", places.root / "lab.py", "--help"]  # -I: does not look beside the script
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == f"{commands.HELP}\n"
    assert names(places.root) == before and names(elsewhere) == []


def imported(module):
    """The names of the modules that the file `module` imports anywhere."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "named in full, so that it can be looked at here"
            whole = node.module == "labsetup"  # from labsetup import jupyter
            yield from (f"labsetup.{alias.name}" for alias in node.names) if whole else [node.module]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_each_module_imports_the_standard_library_alone_and_those_above_it(module):
    order = re.findall(r"^    (\w+) ", labsetup.__doc__, re.MULTILINE)
    assert sorted([*order, "__init__"]) == [module.stem for module in MODULES]
    above = order[: order.index(module.stem)] if module.stem in order else []
    for name in imported(module):
        top, _, part = name.partition(".")
        assert part in above if top == "labsetup" else top in sys.stdlib_module_names, name
