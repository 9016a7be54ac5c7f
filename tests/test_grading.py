"""The notebooks under a grader: copies with its marks, and real gradings of a solved and an unsolved one."""

from __future__ import annotations

import csv
import doctest
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import grading
from answer_files import function
from compilers import needs_compiler
from labsupport import check
from labsupport.c.compilers import NoCompiler, find
from labsupport.exercises import in_c, scores
from labsupport.exercises.exercise import named, of_notebook

NUMBER = "05"
GRADED = of_notebook(NUMBER)
ROOT = Path(__file__).resolve().parent.parent
STUB = '''\
def recv_exactly(sock, count):
    """Return exactly `count` bytes."""
    raise NotImplementedError


check(recv_exactly)'''

STUB_IN_C = """\
%%c --exercise recv_all
#include <sys/socket.h>

ssize_t recv_all(int sock, void *buffer, size_t count)
{
    return -1; // your part
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(scores, "_unsaved", [])


@pytest.fixture
def notebook():
    other = STUB.replace("recv_exactly", "send_all")
    return new_notebook(
        cells=[
            new_markdown_cell("# 06 A Sample", id="title"),
            new_code_cell("from labsupport import check", id="imports"),
            new_code_cell("%%child\ncheck(", id="a-magic"),
            new_code_cell(STUB, id="exercise-recv-exactly"),
            new_code_cell("check(os)", id="something-else"),
            new_code_cell(other, id="exercise-send-all"),
            new_code_cell(STUB_IN_C, id="exercise-recv-all"),
        ]
    )


def ids(notebook):
    return [cell.id for cell in notebook.cells]


# The copies


def test_nbgrader_gets_an_answer_and_a_locked_test_with_points(notebook):
    assert list(grading.for_nbgrader(notebook, points=2)) == ["recv_exactly", "send_all", "recv_all"]
    assert ids(notebook)[3:] == [
        *("exercise-recv-exactly", "test-recv-exactly", "something-else"),
        *("exercise-send-all", "test-send-all", "exercise-recv-all", "test-recv-all"),
    ]
    answer, test = notebook.cells[3:5]
    assert "    ### BEGIN SOLUTION\n    raise NotImplementedError\n    ### END SOLUTION\n" in answer.source
    assert answer.metadata.nbgrader == {
        **{"grade": False, "grade_id": "exercise-recv-exactly", "locked": False},
        **{"schema_version": 3, "solution": True, "task": False},
    }
    assert test.source == "assert check(recv_exactly)"
    assert test.metadata.nbgrader == {
        **{"grade": True, "grade_id": "test-recv-exactly", "locked": True, "points": 2},
        **{"schema_version": 3, "solution": False, "task": False},
    }
    assert [cell.id for cell in notebook.cells if "nbgrader" in cell.metadata] == [
        *("exercise-recv-exactly", "test-recv-exactly", "exercise-send-all", "test-send-all"),
        *("exercise-recv-all", "test-recv-all"),
    ]


def test_an_exercise_in_c_is_an_answer_as_the_others_are(notebook):
    """What nbgrader puts between the marks is Python, and has to do no harm there."""
    grading.for_nbgrader(notebook, points=2)
    answer, test = notebook.cells[-2:]
    assert answer.metadata.nbgrader["solution"] and not answer.metadata.nbgrader["grade"]
    assert test.metadata.nbgrader["grade"] and test.metadata.nbgrader["points"] == 2
    assert test.source == 'assert check("recv_all")'
    before, region, after = answer.source.partition("### BEGIN SOLUTION\n")
    assert before.startswith(STUB_IN_C) and region
    text = f"{before}# YOUR CODE HERE\nraise NotImplementedError(){after.removeprefix('### END SOLUTION')}"
    source = text.partition("\n")[2]
    assert in_c.is_stub(source, "recv_all")
    assert in_c.check_c("recv_all", source).status == "not attempted yet"


@needs_compiler
def test_a_graders_words_beside_a_solution_in_c_do_no_harm(capsys):
    exercise = named("recv_all")
    source = exercise.solution.read_text() + grading.REGION_IN_C
    assert in_c.check_c("recv_all", source) and check("recv_all")
    assert not capsys.readouterr().out


def test_an_exercise_in_c_can_be_asked_for_once_more_by_its_name(monkeypatch):
    monkeypatch.setattr(in_c, "_cells", {})
    assert check("recv_all").status == "not attempted yet"
    monkeypatch.setattr(in_c, "judge_c", _no_compiler)
    in_c.check_c("recv_all", named("recv_all").solution.read_text())
    with pytest.raises(RuntimeError, match="no C compiler"):
        check("recv_all")


def _no_compiler(*_, **__):
    raise NoCompiler("there is none", "install one")


def test_otter_is_asked_behind_each_exercise(notebook):
    tests = grading.for_otter(notebook, "06-a-sample.ipynb")
    assert list(tests) == ["recv_exactly", "send_all", "recv_all"]
    assert tests["recv_all"] == 'assert check("recv_all")'
    assert ids(notebook)[:2] == ["title", "otter"] and ids(notebook)[5] == "grade-recv-exactly"
    assert notebook.cells[5].source == 'grader.check("recv_exactly")'
    assert notebook.cells[1].source.endswith('otter.Notebook("06-a-sample.ipynb")')


def test_otters_tests_pass_for_the_solution_alone(tmp_path):
    """The files hold doctests, which otter runs where the notebook's names are."""
    grading.write_otter_tests(tmp_path, {"recv_exactly": "assert check(recv_exactly)"}, points=3)
    space = {}
    exec((tmp_path / "recv_exactly.py").read_text(), space)
    assert space["test"]["points"] == 3
    (case,) = space["test"]["suites"][0]["cases"]
    for source, failures in ((named("recv_exactly").solution.read_text(), 0), (STUB.rsplit("\n\n\n")[0], 1)):
        names = {"check": check, "recv_exactly": function("recv_exactly", source)}
        examples = doctest.DocTestParser().get_doctest(case["code"], names, "case", None, 0)
        assert doctest.DocTestRunner(verbose=False).run(examples, out=lambda _: None).failed == failures


def test_the_command_writes_a_copy_and_never_into_the_notebooks(tmp_path, capsys):
    before = {path: path.read_bytes() for path in grading.NOTEBOOKS.glob("*.ipynb")}
    for grader in ("nbgrader", "otter"):
        assert grading.main([grader, NUMBER, "--into", str(tmp_path / grader)]) == 0
        (path,) = (tmp_path / grader).glob("*.ipynb")
        copy = nbformat.read(path, as_version=4)
        assert not any(cell.get("outputs") for cell in copy.cells)
    assert {path.stem for path in (tmp_path / "otter" / "tests").iterdir()} == {
        exercise.name for exercise in GRADED
    }
    (path,) = (tmp_path / "nbgrader").glob("*.ipynb")
    marks = {
        cell.id: cell.metadata.nbgrader
        for cell in nbformat.read(path, as_version=4).cells
        if "nbgrader" in cell.metadata
    }
    for name in (grading.dashed(exercise.name) for exercise in GRADED):
        assert marks[f"exercise-{name}"]["solution"] and not marks[f"exercise-{name}"]["grade"]
        assert marks[f"test-{name}"]["grade"] and marks[f"test-{name}"]["points"] == 1
    assert len(marks) == 2 * len(GRADED) and any(exercise.in_c for exercise in GRADED)
    assert grading.main(["nbgrader", NUMBER, "--into", str(grading.NOTEBOOKS / "graded")]) == 1
    assert grading.main(["nbgrader", "00", "--into", str(tmp_path)]) == 1
    assert grading.main(["nbgrader", "66", "--into", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "choose another folder" in said and "no exercises in 00-" in said and "no notebook 66" in said
    assert {path: path.read_bytes() for path in grading.NOTEBOOKS.glob("*.ipynb")} == before
    assert all(b"nbgrader" not in data for data in before.values())


def test_a_students_notebook_in_a_graders_hands_is_no_try_of_the_teachers(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check(function("recv_exactly", named("recv_exactly").solution.read_text()))
    assert scores.read() == ({}, "")


# nbgrader itself


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """The Python of an environment that has nbgrader beside all that is here.

    One of its own: nbgrader brings extensions of JupyterLab along, which a learner is not to have.
    """
    home = tmp_path_factory.mktemp("nbgrader")
    try:
        venv.create(home, with_pip=True)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"needs an environment of its own: {error}")
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    beside = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    Path(packages, "beside.pth").write_text("\n".join(beside) + "\n")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][
        "grading"
    ]
    # alembic may be there already, beside (JupyterHub brings it along); here it is called as a program.
    pip = [python, "-m", "pip", "--no-input", "install", "-q", "-c", ROOT / "pins.txt"]
    for packages in wanted, ["--ignore-installed", "--no-deps", "alembic"]:
        done = subprocess.run([*pip, *packages], capture_output=True, text=True, timeout=400)
        if done.returncode:
            pytest.skip(f"nbgrader cannot be had: {done.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.mark.long
def test_nbgrader_gives_the_points_to_the_solved_one_alone(nbgrader, tmp_path):
    """The whole way: the teacher's version, the students', two handed in, graded, and the table of points."""
    course = tmp_path / "course"
    grading.main(["nbgrader", NUMBER, "--into", str(course / "source" / "sockets"), "--points", "2"])

    def run(*arguments):
        command = [nbgrader, "-m", "nbgrader", *arguments, f"--CourseDirectory.root={course}"]
        homes = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        variables = {**os.environ, **{name: str(tmp_path / name) for name in homes}}
        # It calls alembic by its name.
        variables["PATH"] = f"{nbgrader.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stderr[-4000:]

    run("generate_assignment", "sockets", "--create")
    (released,) = (course / "release" / "sockets").glob("*.ipynb")
    notebook = nbformat.read(released, as_version=4)
    assert "BEGIN SOLUTION" not in str(notebook) and "raise NotImplementedError" in str(notebook)
    # In an environment without a compiler nobody can have the points for C.
    solved_there = [exercise for exercise in GRADED if _compiles() or not exercise.in_c]
    for student, solved in (("bob", ()), ("alice", solved_there)):
        for exercise in solved:
            cell = next(cell for cell in notebook.cells if exercise.name in grading.tests_of(cell))
            worked = exercise.solution.read_text()
            if exercise.in_c:
                cell.source = f"%%c --exercise {exercise.name}\n{worked}"
            else:
                cell.source = f"{worked}\n\ncheck({exercise.name})"
        handed_in = course / "submitted" / student / "sockets" / released.name
        handed_in.parent.mkdir(parents=True)
        nbformat.write(notebook, handed_in)
    run("autograde", "sockets", "--ExecutePreprocessor.timeout=120")
    run("export", "--to", str(tmp_path / "grades.csv"))
    with open(tmp_path / "grades.csv") as table:
        grades = {
            row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(table)
        }
    most = 2.0 * len(GRADED)
    assert grades == {"alice": (2.0 * len(solved_there), most), "bob": (0.0, most)}
    assert not (tmp_path / "data").exists(), "students' tries are none of the teacher's"
    shutil.rmtree(course)


def _compiles():
    try:
        return bool(find())
    except NoCompiler:
        return False
