"""lab.py on a small course in a temporary folder. Nothing reaches a network: installing fails at once."""

from __future__ import annotations

import ast
import datetime
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile

import pytest

from labsupport import until

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = ("00-start-here.ipynb", "05-connecting-to-a-server.ipynb", "05-img/handshake.svg")

spec = importlib.util.spec_from_file_location("lab", ROOT / "lab.py")
lab = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab)

# The same in a child process: `lab`, and the places of the course whose lab.py is the first argument.
LOAD = """
import fcntl, importlib.util, os, pathlib, signal, subprocess, sys
spec = importlib.util.spec_from_file_location("lab", sys.argv[1])
lab = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab)
places = lab.Places(lab.ROOT, lab.ROOT)
"""

posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the environment's Python")


def make_course(folder):
    """A course of two notebooks and a picture."""
    for name in NOTEBOOKS:
        (folder / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "notebooks" / name).write_text(f"course's {name}", "utf-8")
    for name in ("lab.py", "pins.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return lab.Places(folder, folder)


@pytest.fixture
def places(tmp_path):
    return make_course(tmp_path.resolve())


@pytest.fixture
def made(places):
    """The same with an environment that is up to date, its Python a script that tells how it was called."""
    places.bin.mkdir(parents=True)
    places.python.write_text('#!/bin/sh\necho "cwd=$PWD"\nfor part; do echo "arg=$part"; done\n')
    places.python.chmod(0o755)
    lab.write_stamp(places, [])
    return places


def call(places, *arguments, path="/usr/bin:/bin"):
    """Run the course's own lab.py, with no uv in reach unless it is on `path`."""
    variables = dict(os.environ, PATH=path) if os.name != "nt" else None
    command = [sys.executable, str(places.root / "lab.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=variables)


# ---- What it says


def test_help_names_every_command(places):
    done = call(places, "--help")
    assert done.returncode == 0
    assert all(f"lab.py {name}" in done.stdout for name in set(lab.COMMANDS) - {"start"})
    assert not places.venv.exists() and not places.mine.exists()


def test_what_is_not_understood_is_answered_with_the_help(places):
    done = call(places, "tset")
    assert done.returncode == 1 and "Not understood" in done.stderr and lab.HELP in done.stderr
    assert not places.venv.exists()


@pytest.mark.parametrize("command", ["setup", "wheels"])
def test_an_unknown_extra_is_answered_with_those_that_there_are(places, command):
    done = call(places, command, "classroom", "clasroom")
    assert done.returncode == 1 and "no extra 'clasroom'" in done.stderr
    assert all(extra in done.stderr for extra in lab.extras_of(places.root))
    assert not places.venv.exists()


def test_an_older_python_reads_the_file_and_says_what_to_do():
    source = (ROOT / "lab.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    pretend = f"import sys; sys.version_info = (3, 9, 2); exec(open({str(ROOT / 'lab.py')!r}).read())"
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "needs Python 3.11 or later; this is 3.9" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "Make room"),
        ("error: failed to write: No space left on device (os error 28)", "Make room"),
        ("connection broken by NewConnectionError(...)", "lab.py wheels"),
        ("dns error: failed to lookup address information", "lab.py wheels"),
        ("something nobody has seen before", "Try again"),
    ],
)
def test_advice_fits_the_failure(places, output, remedy):
    assert remedy in lab.advice(output, places)


def test_advice_of_an_offline_set_up_is_about_the_folder(places):
    places.wheels = places.root / "wheels"
    assert "Fill it anew" in lab.advice("No matching distribution found", places)


def test_a_failed_step_shows_all_its_output(places, capsys):
    script = "import sys; print('first'); print('last', file=sys.stderr); sys.exit(3)"
    with pytest.raises(lab.Trouble, match=r"(?s)first\nlast\n.*Try again"):
        lab.run([sys.executable, "-u", "-c", script], "trying", places)
    assert "trying: failed after" in capsys.readouterr().out


# ---- The learner's notebooks


def test_first_start_copies_all_but_checkpoints(places):
    (places.course / ".ipynb_checkpoints").mkdir()
    (places.course / ".ipynb_checkpoints" / "00-start-here-checkpoint.ipynb").write_text("old")
    lab.copy_course(places)
    copied = [path.relative_to(places.mine).as_posix() for path in places.mine.rglob("*") if path.is_file()]
    assert sorted(copied) == sorted([*NOTEBOOKS, lab.SEEN])


def test_a_copy_of_the_course_is_trusted_and_nothing_else(places, tmp_path, monkeypatch):
    import nbformat
    from nbformat.sign import NotebookNotary

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    for name in ("10-ours.ipynb", "11-other.ipynb"):
        notebook.metadata["name"] = name
        nbformat.write(notebook, places.course / name)
    new = lab.copy_course(places)
    assert [path.name for path in new if path.name == "10-ours.ipynb"]
    places.python = sys.executable
    lab.trust(places, [places.mine / "10-ours.ipynb"])
    notary = NotebookNotary(data_dir=str(tmp_path / "jupyter"))
    names = ("10-ours.ipynb", "11-other.ipynb")
    assert [notary.check_signature(nbformat.read(places.mine / name, 4)) for name in names] == [True, False]


def test_later_starts_add_what_is_new_and_keep_what_is_there(places):
    lab.copy_course(places)
    mine = places.mine / NOTEBOOKS[1]
    mine.write_text("my work")
    (places.course / NOTEBOOKS[1]).write_text("course's, improved")
    (places.course / "06-new.ipynb").write_text("new")
    lab.copy_course(places)
    assert mine.read_text() == "my work"
    assert (places.mine / "06-new.ipynb").read_text() == "new"


def test_copies_of_a_read_only_course_can_be_written(places):
    (places.course / NOTEBOOKS[0]).chmod(0o444)
    lab.copy_course(places)
    assert (places.mine / NOTEBOOKS[0]).stat().st_mode & 0o200


def test_a_copy_is_whole_or_absent(places):
    target = places.mine / "gone.ipynb"
    with pytest.raises(FileNotFoundError):
        lab.add(places.course / "gone.ipynb", target)
    assert list(places.mine.iterdir()) == []


def test_fresh_gives_a_new_copy_and_keeps_every_old_one(places):
    lab.copy_course(places)
    mine = places.mine / NOTEBOOKS[1]
    for count in (1, 2):
        mine.write_text(f"my work {count}")
        done = call(places, "fresh", "05")
        assert done.returncode == 0, done.stderr
        assert mine.read_text() == (places.course / NOTEBOOKS[1]).read_text()
    first = f"05-connecting-to-a-server.kept-{datetime.date.today()}"
    kept = [places.mine / f"{first}.ipynb", places.mine / f"{first}-2.ipynb"]
    assert [path.read_text() for path in kept] == ["my work 1", "my work 2"]


def test_fresh_needs_no_earlier_copy_and_takes_several(places):
    assert call(places, "fresh", "0", "5").returncode == 0
    assert sorted(path.name for path in places.mine.glob("*.ipynb")) == sorted(NOTEBOOKS[:2])


@pytest.mark.parametrize("numbers", [["7"], ["../00"], [], ["5", "7"]])
def test_fresh_of_an_unknown_number_lists_the_notebooks_and_touches_none(places, numbers):
    done = call(places, "fresh", *numbers)
    assert done.returncode == 1 and NOTEBOOKS[1] in done.stderr
    assert not places.mine.exists()


# ---- The environment


def test_an_environment_that_is_up_to_date_is_left_alone(made):
    before = made.stamp.read_bytes()
    assert lab.lacking(made) is None
    lab.set_up(made)
    assert made.stamp.read_bytes() == before and not (made.home / ".venv.lock").exists()


def restamp(places, **changes):
    places.stamp.write_text(json.dumps({**lab.read_stamp(places), **changes}))


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        (lambda places: shutil.rmtree(places.venv), "make", "first start"),
        (lambda places: places.stamp.unlink(), "make", "not finished"),
        (lambda places: places.stamp.write_text('{"venv": '), "make", "not finished"),
        (lambda places: places.python.unlink(), "make", "Python is gone"),
        (lambda places: restamp(places, python="cpython-310"), "make", "made for cpython-310"),
        (lambda places: restamp(places, venv="/elsewhere/.venv"), "make", "moved"),
        (lambda places: restamp(places, root="/elsewhere"), "install", "changed"),
        (lambda places: (places.root / "pins.txt").write_text("numpy==1\n"), "install", "pins have changed"),
    ],
)
def test_whatever_is_wrong_with_the_environment_is_noticed(made, change, kind, reason):
    change(made)
    found = lab.lacking(made)
    assert found[0] == kind and reason in found[1]


def test_a_changed_dependency_is_noticed_another_change_of_the_project_is_not(made):
    file = made.root / "pyproject.toml"
    file.write_text(file.read_text("utf-8").replace('version = "', 'version = "9'), "utf-8")
    assert lab.lacking(made) is None
    file.write_text(file.read_text("utf-8").replace("ipywidgets>=8", "ipywidgets>=7"), "utf-8")
    assert lab.lacking(made)[0] == "install"


def test_tests_need_more_and_what_has_more_serves_a_start(made):
    assert lab.lacking(made, ["test"]) == ("install", "test is asked for too")
    lab.write_stamp(made, ["test"])
    assert lab.lacking(made) is None and lab.lacking(made, ["test"]) is None
    assert lab.lacking(made, ["classroom", "images", "test"])[1] == "classroom, images is asked for too"


def test_an_extra_that_is_no_more_is_forgotten(made):
    lab.write_stamp(made, ["test"])
    restamp(made, extras=["gone", "test"], digest="")
    assert lab.lacking(made)[0] == "install"


@posix
def test_setup_installs_the_extras_that_are_named_and_those_that_are_there(made):
    uv = made.root / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text('#!/bin/sh\nfor part; do echo "$part"; done >$(dirname "$0")/told\nexit 0\n')
    uv.chmod(0o755)
    pathlib.Path(sysconfig.get_path("purelib", "venv", {"base": made.venv})).mkdir(parents=True)
    lab.write_stamp(made, ["c"])
    done = call(made, "setup", "classroom", path=f"{uv.parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    told = (uv.parent / "told").read_text().splitlines()
    assert set(told) >= {*lab.requirements(made.root, ["c", "classroom"])}
    assert not set(told) & {*lab.extras_of(made.root)["images"]}
    assert lab.read_stamp(made)["extras"] == ["c", "classroom"]


@posix
def test_an_interrupted_set_up_is_noticed_by_the_next(places):
    uv = places.root / "bin" / "uv"
    uv.parent.mkdir()
    # More output than a pipe holds: once it is out, lab.py is known to be reading.
    uv.write_text("#!/bin/sh\nhead -c 200000 /dev/zero\nkill -INT $PPID\nexec sleep 60\n")
    uv.chmod(0o755)
    done = call(places, "setup", path=f"{uv.parent}:/usr/bin:/bin")
    assert done.returncode == 130 and "made anew" in done.stdout, done.stderr
    assert places.python.exists()
    assert lab.lacking(places) == ("make", "the last set-up was not finished")


@pytest.mark.long  # ensurepip and pip take their time
def test_a_set_up_that_fails_says_so_and_the_next_begins_anew(places):
    (places.root / "wheels").mkdir()  # holds nothing, and no index is asked beside it
    done = call(places, "setup")
    assert done.returncode == 1, done.stdout
    assert "Fill it anew" in done.stderr and "Traceback" not in done.stderr
    assert places.python.exists()
    assert lab.lacking(places) == ("make", "the last set-up was not finished")


def test_a_full_disk_is_told_before_anything_is_made(places, monkeypatch):
    monkeypatch.setattr(lab, "ROOM", 10**9)
    with pytest.raises(lab.Trouble, match="Make room"):
        lab.make(places)
    assert not places.venv.exists()


@posix
def test_two_never_set_up_at_once(places, monkeypatch, capsys):
    holder = LOAD + "with lab.alone(places): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(places.root / "lab.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        monkeypatch.setattr(lab, "PATIENCE", 0.1)
        with pytest.raises(lab.Trouble, match="End it, then try again"), lab.alone(places):
            pass
        assert "waiting for it" in capsys.readouterr().out
        process.kill()  # the lock ends with its holder, whatever ended that
    with lab.alone(places):
        pass


@posix
def test_an_interrupted_step_ends_its_command(places):
    pid_file = places.root / "pid"
    # More output than a pipe holds: once it is out, lab.py is known to be reading.
    waits = "import os, pathlib, signal; print('Collecting\\n' * 30000, flush=True); "
    waits += "pathlib.Path('new').write_text(str(os.getpid())); os.rename('new', 'pid'); signal.pause()"
    script = LOAD + "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    script += f"lab.run([sys.executable, '-c', {waits!r}], 'waiting', places)"
    with subprocess.Popen([sys.executable, "-c", script, places.root / "lab.py"], cwd=places.root) as process:
        until(pid_file.exists, timeout=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


# ---- Starting


def test_jupyter_starts_without_the_grammar_that_it_does_not_use(tmp_path):
    tells = "import sys; print(sys.argv[1:], sys.modules['rfc3987_syntax'], __name__)"
    (tmp_path / "telling.py").write_text(tells)
    command = [sys.executable, *lab.jupyter("telling"), "--one", "two"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['--one', 'two'] None __main__\n"


@posix
def test_a_second_start_goes_straight_to_jupyterlab(made):
    done = call(made, "--no-browser", "--LabApp.quit_button=False")
    said = done.stdout.splitlines()
    assert "Setting up" not in done.stdout and f"cwd={made.mine}" in said
    arguments = [line[4:] for line in said if line.startswith("arg=")]
    assert arguments[:2] == lab.jupyter("jupyterlab")
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
    lab.write_stamp(made, ["test"])
    said = call(made, "test", *given).stdout.splitlines()
    assert said == [f"cwd={made.root}", *(f"arg={argument}" for argument in arguments)]


def test_what_the_learner_says_comes_instead_of_ours(places):
    options = lab.jupyter_options(places.mine, ["--ip=0.0.0.0", "--notebook-dir", "/x", "--port", "9000"])
    assert not [option for option in options if "127.0.0.1" in option or "root_dir" in option]
    assert "--ServerApp.port_retries=0" in options
    assert "--LabApp.default_url=/lab" in options  # there is no copy of 00 yet


def test_a_port_that_is_taken_is_refused_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], [f"--ServerApp.port={port}"]):
            with pytest.raises(lab.Trouble, match=f"Port {port}: .*\nName another"):
                lab.check_port(arguments)
    lab.check_port(["--port", str(port)])
    lab.check_port(["--no-browser"])


@pytest.mark.parametrize("port", ["70000", "http", "", "-1"])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(lab.Trouble, match="up to 65535"):
        lab.check_port(["--port", port])


# ---- A course that can only be read


@pytest.fixture
def locked_course():
    """A course in a folder that an ordinary user can read and not write, and a home for that user."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder).resolve()
        folder.chmod(0o755)
        (folder / "course").mkdir()
        places = make_course(folder / "course")
        (folder / "home").mkdir()
        if os.geteuid() == 0:
            os.chown(folder / "home", 65534, 65534)
        else:
            places.root.chmod(0o555)
        yield places.root, folder / "home"
        places.root.chmod(0o755)


def call_as_user(root, home, *arguments):
    """Run lab.py there as an ordinary user; its modules are imported before, while they can still be read."""
    script = LOAD + "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    script += "lab.main(sys.argv[2:])"
    command = [sys.executable, "-c", script, str(root / "lab.py"), *arguments]
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
    shared = lab.Places(root, root)
    shared.bin.mkdir(parents=True)
    shared.python.write_text('#!/bin/sh\necho "shared $2 $PWD"\n')
    shared.python.chmod(0o755)
    lab.write_stamp(shared, [])
    if os.geteuid():
        root.chmod(0o555)
    done = call_as_user(root, home)
    assert "run_module('jupyterlab'" in done.stdout and "Setting up" not in done.stdout, done.stderr
    assert len(list(home.rglob("my-notebooks/*.ipynb"))) == 2
