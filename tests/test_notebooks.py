"""The notebooks under conditions that a learner may meet: same outputs as stored, and nothing left over.

One plain pass over each notebook is nbval's (see pyproject.toml: pytest collects notebooks/ too). Here each
condition executes every chosen notebook once, and the tests of that condition share the outcome.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_output

import notebook_runs
from abilities import has_ipv6, missing_here
from notebook_runs import NOTEBOOKS, Condition

MISSING = missing_here()
NO_IPV6 = MISSING | {"needs-ipv6"}
TWICE = Condition("twice in one kernel", passes=2, missing=MISSING)
ELSEWHERE = Condition(
    "an ordinary user, a read-only checkout, an empty home",
    without=("--user",),
    missing=MISSING,
    read_only=True,
    empty_home=True,
)
IPV6_OFF = Condition("IPv6 off", without=("--no-ipv6",), missing=NO_IPV6)
IPV6_ABSENT = Condition("a kernel without IPv6", without=("--no-ipv6-sockets",), missing=NO_IPV6)
NO_NETWORK = Condition(
    "no user namespaces",
    without=("--no-namespaces",),
    missing=MISSING | {"needs-network", "needs-bbr"},
)
CONTAINER = Condition(
    "a container: no TUN, a filter on calls, settings that cannot be made",
    without=("--no-tun", "--fixed-settings", "--user", "--no-unshare"),
    missing=MISSING | {"needs-network", "needs-bbr"},
)
NO_COMPILER = Condition("no C compiler", missing=MISSING | {"needs-cc"}, no_compiler=True)
AT_ONCE = Condition("all at once beside two busy loops", missing=MISSING, at_once=len(NOTEBOOKS) or 1)

notebooks = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
conditions = pytest.mark.parametrize(
    "condition",
    [
        TWICE,
        ELSEWHERE,
        IPV6_OFF,
        NO_NETWORK,
        pytest.param(CONTAINER, marks=pytest.mark.long),
        pytest.param(NO_COMPILER, marks=pytest.mark.long),
        pytest.param(IPV6_ABSENT, marks=pytest.mark.long),
        pytest.param(AT_ONCE, marks=pytest.mark.long),
    ],
    ids=lambda condition: condition.name.replace(" ", "-").replace(",", "").replace(":", ""),
    scope="session",
)


@pytest.fixture(scope="session")
def outcomes(request, condition):
    """What every notebook that was chosen did under the condition."""
    if reason := notebook_runs.why_not(condition):
        pytest.skip(reason)
    chosen = {
        item.callspec.params["notebook"]
        for item in request.session.items
        if getattr(item, "callspec", None) and item.callspec.params.get("condition") == condition
    }
    with busy_loops(2 if condition == AT_ONCE else 0):
        return notebook_runs.run(sorted(chosen), condition)


@contextlib.contextmanager
def busy_loops(count: int):
    """So many processes that do nothing but take processor time."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@conditions
@notebooks
def test_the_outputs_are_as_stored(notebook, outcomes):
    assert not outcomes[notebook].differences, "\n".join(outcomes[notebook].differences)


@conditions
@notebooks
def test_nothing_is_left_over(notebook, outcomes):
    assert not outcomes[notebook].leftovers, "\n".join(outcomes[notebook].leftovers)


def test_there_are_ten_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS[:10]] == [f"{number:02}" for number in range(10)]


def stored_cell(*outputs, tags=()):
    return nbformat.v4.new_code_cell("1", metadata={"tags": list(tags)}, outputs=list(outputs))


def said(text):
    return new_output("stream", name="stdout", text=text)


def test_a_difference_names_the_cell_and_shows_both():
    cell = stored_cell(said("one\n"))
    cell.id = "the-cell"
    told = notebook_runs.difference(cell, [said("two\n")], frozenset())
    assert "the-cell" in told and "one" in told and "two" in told


def test_ports_and_pictures_are_no_difference():
    def output(port, picture):
        return new_output("execute_result", {"text/plain": f"('127.0.0.1', {port})", "image/png": picture})

    assert notebook_runs.difference(stored_cell(output(4000, "a")), [output(5000, "b")], frozenset()) is None


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("not available here: no IPv6 loopback\n", True),
        ("not available here: no IPv6 loopback\nand more\n", False),
        ("something else\n", False),
    ],
)
def test_only_the_one_line_stands_in_for_an_ability(text, accepted):
    cell = stored_cell(said("as stored\n"), tags=["needs-ipv6"])
    assert (notebook_runs.difference(cell, [said(text)], NO_IPV6) is None) == accepted
    assert notebook_runs.difference(cell, [said(text)], frozenset()) is not None


def test_a_read_only_copy_cannot_be_written(tmp_path):
    if reason := notebook_runs.why_not(ELSEWHERE):
        pytest.skip(reason)
    copied = notebook_runs.copy_of_the_course(tmp_path / "checkout")
    notebook_runs.chmod(copied, 0)
    try:
        code = "import pathlib, sys; pathlib.Path(sys.argv[1], 'notebooks', 'new').touch()"
        launched = [sys.executable, notebook_runs.HERE / "launch.py", *ELSEWHERE.without, "--"]
        tried = subprocess.run(
            [*launched, sys.executable, "-c", code, copied], capture_output=True, text=True
        )
        assert "PermissionError" in tried.stderr
    finally:
        notebook_runs.chmod(copied, stat.S_IWUSR)


@pytest.mark.parametrize("option", ["--no-ipv6", "--no-ipv6-sockets", "--user"])
def test_the_launcher_takes_away_what_it_says(option):
    if reason := notebook_runs.why_not(Condition("one", without=(option,))):
        pytest.skip(reason)
    look = "import abilities, os; print(abilities.has_ipv6(), os.geteuid() != 0)"
    command = [sys.executable, notebook_runs.HERE / "launch.py", option, "--", sys.executable, "-c", look]
    tools = notebook_runs.ROOT / "tools"
    ipv6, ordinary = subprocess.run(command, capture_output=True, text=True, cwd=tools).stdout.split()
    assert (ordinary == "True") == (option == "--user" or os.geteuid() != 0)
    assert (ipv6 == "True") == (option == "--user" and has_ipv6())
