"""Starting JupyterLab and pytest: what lab.py tells them, and which ports it refuses."""

from __future__ import annotations

import socket
import subprocess
import sys

import lab_course
import pytest
from lab_course import NOTEBOOKS, call, posix

from labsetup import jupyter, stamp
from labsetup.trouble import Trouble

places, made = lab_course.places, lab_course.made


def test_jupyter_starts_without_the_grammar_that_it_does_not_use(tmp_path):
    tells = "import sys; print(sys.argv[1:], sys.modules['rfc3987_syntax'], __name__)"
    (tmp_path / "telling.py").write_text(tells)
    command = [sys.executable, *jupyter.lean("telling"), "--one", "two"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['--one', 'two'] None __main__\n"


@posix
def test_a_second_start_goes_straight_to_jupyterlab(made):
    done = call(made, "--no-browser", "--LabApp.quit_button=False")
    said = done.stdout.splitlines()
    assert "Setting up" not in done.stdout and f"cwd={made.mine}" in said
    arguments = [line[4:] for line in said if line.startswith("arg=")]
    assert arguments[:2] == jupyter.lean("jupyterlab")
    assert arguments[-2:] == ["--no-browser", "--LabApp.quit_button=False"]
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--LabApp.default_url=/lab/tree/00-start-here.ipynb" in arguments
    assert (made.mine / NOTEBOOKS[2]).exists()


@posix
@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        (["-x", "tests/test_tcp.py"], ["-m", "pytest", "-x", "tests/test_tcp.py"]),
        (["--long", "-x"], ["-m", "pytest", "-m", "", "-x"]),
    ],
)
def test_test_runs_pytest_in_the_course(made, given, arguments):
    stamp.write_stamp(made, ["test"])
    said = call(made, "test", *given).stdout.splitlines()
    assert said == [f"cwd={made.root}", *(f"arg={argument}" for argument in arguments)]


def test_what_the_learner_says_comes_instead_of_ours(places):
    options = jupyter.options(places.mine, ["--ip=0.0.0.0", "--notebook-dir", "/x", "--port", "9000"])
    assert not [option for option in options if "127.0.0.1" in option or "root_dir" in option]
    assert "--ServerApp.port_retries=0" in options
    assert "--LabApp.default_url=/lab" in options  # there is no copy of 00 yet


def test_a_port_that_is_taken_is_refused_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], [f"--ServerApp.port={port}"]):
            with pytest.raises(Trouble, match=f"Port {port}: .*\nName another"):
                jupyter.check_port(arguments)
    jupyter.check_port(["--port", str(port)])
    jupyter.check_port(["--no-browser"])


@pytest.mark.parametrize("port", ["70000", "http", "", "-1"])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(Trouble, match="up to 65535"):
        jupyter.check_port(["--port", port])
