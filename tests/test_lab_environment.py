"""The environment that lab.py makes: what is noticed, what is installed, what an interruption leaves."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import sysconfig

import lab_course
import pytest
from lab_course import LOAD, call, posix, pretend

from labsetup import environment, lock, stamp
from labsetup.lock import alone
from labsetup.trouble import Trouble

places, made = lab_course.places, lab_course.made


def test_an_environment_that_is_up_to_date_is_left_alone(made):
    before = made.stamp.read_bytes()
    assert stamp.lacking(made) is None
    environment.set_up(made)
    assert made.stamp.read_bytes() == before and not (made.home / ".venv.lock").exists()


def restamp(places, **changes):
    places.stamp.write_text(json.dumps({**stamp.read_stamp(places), **changes}))


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
    found = stamp.lacking(made)
    assert found[0] == kind and reason in found[1]


def test_a_changed_dependency_is_noticed_another_change_of_the_project_is_not(made):
    file = made.root / "pyproject.toml"
    file.write_text(file.read_text("utf-8").replace('version = "', 'version = "9'), "utf-8")
    assert stamp.lacking(made) is None
    file.write_text(file.read_text("utf-8").replace("ipywidgets>=8", "ipywidgets>=7"), "utf-8")
    assert stamp.lacking(made)[0] == "install"


def test_tests_need_more_and_what_has_more_serves_a_start(made):
    assert stamp.lacking(made, ["test"]) == ("install", "test is asked for too")
    stamp.write_stamp(made, ["test"])
    assert stamp.lacking(made) is None and stamp.lacking(made, ["test"]) is None
    assert stamp.lacking(made, ["classroom", "images", "test"])[1] == "classroom, images is asked for too"


def test_an_extra_that_is_no_more_is_forgotten(made):
    stamp.write_stamp(made, ["test"])
    restamp(made, extras=["gone", "test"], digest="")
    assert stamp.lacking(made)[0] == "install"


@posix
def test_setup_installs_the_extras_that_are_named_and_those_that_are_there(made):
    uv = made.root / "bin" / "uv"
    pretend(uv, 'for part; do echo "$part"; done >$(dirname "$0")/told')
    pathlib.Path(sysconfig.get_path("purelib", "venv", {"base": made.venv})).mkdir(parents=True)
    stamp.write_stamp(made, ["c"])
    done = call(made, "setup", "classroom", path=f"{uv.parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    told = (uv.parent / "told").read_text().splitlines()
    assert set(told) >= {*stamp.requirements(made.root, ["c", "classroom"])}
    assert not set(told) & {*stamp.extras_of(made.root)["images"]}
    assert stamp.read_stamp(made)["extras"] == ["c", "classroom"]


@posix
def test_an_interrupted_set_up_is_noticed_by_the_next(places):
    uv = places.root / "bin" / "uv"
    # More output than a pipe holds: once it is out, lab.py is known to be reading.
    pretend(uv, "head -c 200000 /dev/zero\nkill -INT $PPID\nexec sleep 60")
    done = call(places, "setup", path=f"{uv.parent}:/usr/bin:/bin")
    assert done.returncode == 130 and "made anew" in done.stdout, done.stderr
    assert places.python.exists()
    assert stamp.lacking(places) == ("make", "the last set-up was not finished")


@pytest.mark.long  # ensurepip and pip take their time
def test_a_set_up_that_fails_says_so_and_the_next_begins_anew(places):
    (places.root / "wheels").mkdir()  # holds nothing, and no index is asked beside it
    done = call(places, "setup")
    assert done.returncode == 1, done.stdout
    assert "Fill it anew" in done.stderr and "Traceback" not in done.stderr
    assert places.python.exists()
    assert stamp.lacking(places) == ("make", "the last set-up was not finished")


def test_a_full_disk_is_told_before_anything_is_made(places, monkeypatch):
    monkeypatch.setattr(environment, "ROOM", 10**9)
    with pytest.raises(Trouble, match="Make room"):
        environment.make(places)
    assert not places.venv.exists()


@posix
def test_two_never_set_up_at_once(places, monkeypatch, capsys):
    holder = LOAD + "with alone(places): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(places.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        monkeypatch.setattr(lock, "PATIENCE", 0.1)
        with pytest.raises(Trouble, match="End it, then try again"), alone(places):
            pass
        assert "waiting for it" in capsys.readouterr().out
        process.kill()  # the lock ends with its holder, whatever ended that
    with alone(places):
        pass
