"""`%%needs`: the cell as it is where the machine has what it takes, one line where not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import nbrun
from labsupport import needs
from labsupport.needs import lacking, transform
from launch import CANNOT


@pytest.fixture
def known(monkeypatch):
    """Two needs of the test's own: one that is there, one that is not."""
    known = {"bread": lambda: "", "wine": lambda: "wine (an empty cellar); grow some"}
    monkeypatch.setattr(needs, "KNOWN", known)


WITHOUT = "not available here: wine (an empty cellar); grow some"


def test_what_is_missing_is_told_with_its_reason(known):
    assert lacking(["bread"]) == ""
    assert lacking(["wine"]) == lacking(["bread", "wine"]) == WITHOUT


def test_an_unknown_need_names_the_known_ones(known):
    with pytest.raises(ValueError, match="does not know 'beer'; it knows bread, wine"):
        lacking(["wine", "beer"])
    with pytest.raises(ValueError, match="told what"):
        lacking([])


def test_the_course_knows_the_network_ipv6_a_compiler_and_bbr():
    assert list(needs.KNOWN) == ["network", "ipv6", "compiler", "bbr"]
    for word in ("ipv6", "compiler"):
        said = lacking([word])
        assert said == "" or (said.startswith("not available here: ") and "; " in said)


def test_what_names_its_own_remedy_is_said_as_it_is(monkeypatch):
    monkeypatch.setattr(needs, "KNOWN", {"bbr": lambda: "BBR in this kernel; load it"})
    assert lacking(["bbr"]) == "not available here: BBR in this kernel; load it"


@pytest.mark.parametrize(
    "lines",
    [[], [""], ["x = 1\n"], ["# %%needs bread\n"], ["x = 1\n", "%%needs wine\n"], ["%%needsbread\n"]],
)
def test_any_other_cell_stays_as_it_is(known, lines):
    assert transform(lines) == lines


def test_the_lines_keep_their_numbers_and_a_second_magic_comes_first(known):
    assert transform(["%%needs bread\n", "x = 1\n"]) == ["\n", "x = 1\n"]
    assert transform(["%%needs bread\n", "%%child\n", "x = 1\n"]) == ["%%child\n", "x = 1\n"]
    assert transform(["%%needs wine\n", "%%child\n", "x = 1\n"]) == [f"print({WITHOUT!r})\n"]


def test_a_cells_value_names_and_second_magic(known, shell, capsys):
    done = shell.run_cell("\n%%needs bread\nloaf = 3\nloaf + 1")
    assert (done.result, shell.user_ns["loaf"]) == (4, 3)
    capsys.readouterr()
    shell.run_cell("%%needs bread\n%%child\nprint('in a child')")
    assert capsys.readouterr().out == "in a child\n"
    shell.run_cell("%%needs wine\nloaf = 5\nloaf")
    assert (capsys.readouterr().out, shell.user_ns["loaf"]) == (WITHOUT + "\n", 3)


def test_an_unknown_need_fails_the_cell(known, shell):
    failed = shell.run_cell("%%needs beer\nx = 1")
    assert isinstance(failed.error_in_exec, ValueError)
    assert "it knows bread, wine" in str(failed.error_in_exec)


def test_loaded_again_and_again_it_is_there_once(shell):
    for _ in range(3):
        shell.run_line_magic("load_ext", "labsupport")
        shell.run_cell("1")
    assert shell.input_transformers_cleanup.count(transform) == 1


SETUP = """\
%load_ext labsupport
from labsupport import needs
needs.KNOWN = {"bread": lambda: "", "wine": lambda: "wine (an empty cellar); grow some"}"""
CELLS = [SETUP, "%%needs bread\nx = 6\nx * 7", "%%needs wine\nx = 0\nx", "%%needs wine bread", "x"]


def test_nbclient_and_nbval_run_it(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    done = nbrun.execute(nbformat.v4.new_notebook(cells=cells))
    said = [[one.get("text") or one.data["text/plain"] for one in cell.outputs] for cell in done.cells]
    assert said == [[], ["42"], [WITHOUT + "\n"], [WITHOUT + "\n"], ["6"]]
    nbformat.write(done, tmp_path / "needs.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "needs.ipynb"]
    compared = subprocess.run(
        command,
        cwd=tmp_path,
        env=nbrun.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert compared.returncode == 0, compared.stdout
    assert "5 passed" in compared.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="takes abilities away as Linux can")
def test_one_line_where_the_network_cannot_be_had():
    program = "from labsupport.needs import transform; print(*transform(['%%needs network\\n', '1']))"
    launcher = [sys.executable, str(Path(__file__).with_name("launch.py")), "--no-tun", "--"]
    done = subprocess.run(
        [*launcher, sys.executable, "-c", program],
        env=nbrun.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == CANNOT:
        pytest.skip(done.stderr)
    said = done.stdout.strip()
    assert said.startswith("print(") and "\\n" not in said, done
    assert "not available here: a network of one's own (" in said
    assert said.endswith("; doctor() says how to get it\")")
