"""The file of the scores: counted right, written whole, shared by processes, and never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from labsupport.exercises import scores
from labsupport.exercises.scores import ProgressWarning, Score, note, read


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """The path of a file of scores that belongs to the test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(scores, "_unsaved", [])
    path = scores.path()
    if tmp_path not in path.parents:
        pytest.skip("this system does not ask XDG_DATA_HOME for the user's data folder")
    return path


def process(code, *arguments, **variables):
    """A Python that runs `code`, with the scores in this test's folder."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )


# What is counted


def test_tries_count_up_to_the_first_pass_and_all_tries_go_on():
    assert note("f", False) == Score(1, None, 1, read()[0]["f"].last)
    assert note("f", False).tries == 2
    solved = note("f", True)
    assert (solved.tries, solved.all_tries) == (3, 3) and solved.solved == solved.last
    again = note("f", False)
    assert (again.tries, again.solved, again.all_tries) == (3, solved.solved, 4)
    assert note("g", True).tries == 1
    assert read() == ({"f": again, "g": read()[0]["g"]}, "")


def test_the_time_is_utc_in_iso_8601():
    when = datetime.fromisoformat(note("f", True).solved)
    assert when.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)


def test_the_file_says_its_version_and_keeps_what_it_does_not_know(file):
    note("f", False)
    kept = json.loads(file.read_text())
    assert kept["version"] == 1 and list(kept["exercises"]) == ["f"]
    kept["made by"] = kept["exercises"]["f"]["remark"] = "a teacher"
    file.write_text(json.dumps(kept))
    note("f", True)
    kept = json.loads(file.read_text())
    assert kept["made by"] == kept["exercises"]["f"]["remark"] == "a teacher"
    assert kept["exercises"]["f"]["tries"] == 2


def test_nothing_solved_is_no_file(file):
    assert read() == ({}, "")
    assert not file.parent.exists()


def test_listeners_hear_of_each_try(monkeypatch):
    heard = []
    monkeypatch.setattr(scores, "listeners", [lambda: heard.append(read()[0]["f"].tries)])
    note("f", False)
    note("f", True)
    assert heard == [1, 2]


# Several at once


def test_processes_that_write_at_once_lose_no_try(file):
    code = """
        import sys
        from labsupport.exercises import scores
        for _ in range(15):
            scores.note(sys.argv[1], False)
            scores.note("all", False)
        while scores._unsaved:
            scores.note("more", False)
    """
    running = [process(code, f"f{number}") for number in range(5)]
    assert [one.wait(300) for one in running] == [0] * 5
    found, said = read()
    assert said == ""
    assert [found[f"f{number}"].all_tries for number in range(5)] == [15] * 5
    assert found["all"].all_tries == 75


def test_a_process_that_is_killed_leaves_a_whole_file(file):
    code = """
        from labsupport.exercises import scores
        for number in range(400):
            scores.note(f"exercise_{number}", False)
        print("ready", flush=True)
        while True:
            scores.note("f", False)
    """
    with process(code) as running:
        running.stdout.readline()
        for _ in range(40):
            json.loads(file.read_bytes())
        running.send_signal(signal.SIGKILL)
    for _ in range(6):
        before = read()[0]["f"].all_tries if "f" in read()[0] else 0
        with process(
            "from labsupport.exercises import scores\nwhile True: scores.note('f', False)"
        ) as running:
            deadline = time.monotonic() + 60
            while read()[0].get("f", Score()).all_tries < before + 3 and time.monotonic() < deadline:
                assert read()[1] == ""
            running.send_signal(signal.SIGKILL)
        assert read()[0]["f"].all_tries >= before + 3
    note("f", False)
    assert [path.name for path in file.parent.iterdir() if path.name != "progress.lock"] == ["progress.json"]


def test_a_lock_that_another_holds_is_waited_for_and_said_and_the_try_kept(file, monkeypatch):
    monkeypatch.setattr(scores, "PATIENCE", 0.1)
    note("f", False)
    with FileLock(file.with_name("progress.lock")):
        with pytest.warns(ProgressWarning, match="another program holds .*progress.lock.*this try is kept"):
            assert note("f", False).tries == 2
        with pytest.warns(ProgressWarning, match="2 tries are kept"):
            assert note("f", True).tries == 3
        assert json.loads(file.read_text())["exercises"]["f"]["tries"] == 1
    assert note("f", False) == Score(3, read()[0]["f"].solved, 4, read()[0]["f"].last)
    assert json.loads(file.read_text())["exercises"]["f"]["all_tries"] == 4


# What stands in the way


def entry(**changed):
    """A file of scores with one exercise's entry changed."""
    whole = {"tries": 3, "all_tries": 3, "solved": None, "last": None}
    return json.dumps({"version": 1, "exercises": {"f": {**whole, **changed}}}).encode()


DAMAGED = {
    "empty": b"",
    "cut": b'{"version": 1, "exercises": {"f": {"tr',
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "no version": b'{"exercises": {}}',
    "an older version": b'{"version": 0, "exercises": {}}',
    "no counts": entry(tries="3"),
    "more tries than tries": entry(tries=4),
    "no time": entry(solved="now"),
    "lacking": json.dumps({"version": 1, "exercises": {"f": {"tries": 1}}}).encode(),
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_put_aside_and_said(file, data):
    file.parent.mkdir()
    file.write_bytes(data)
    found, said = read()
    assert found == {} and "is damaged; the next check puts it aside" in said
    assert file.read_bytes() == data
    aside = file.with_name("progress-damaged-1.json")
    with pytest.warns(ProgressWarning, match=f"was damaged. It is now {aside}; a new one was begun"):
        assert note("f", True).tries == 1
    assert aside.read_bytes() == data
    assert read()[0]["f"].solved


def test_what_was_put_aside_is_never_overwritten(file):
    file.parent.mkdir()
    for data in (b"one", b"two"):
        file.write_bytes(data)
        with pytest.warns(ProgressWarning):
            note("f", False)
    assert file.with_name("progress-damaged-1.json").read_bytes() == b"one"
    assert file.with_name("progress-damaged-2.json").read_bytes() == b"two"


def test_a_file_of_a_newer_version_is_left_alone(file):
    file.parent.mkdir()
    file.write_text('{"version": 2, "something": "else"}')
    with pytest.warns(
        ProgressWarning, match="written by a newer version .* left as it is.* this try is kept"
    ):
        assert note("f", True).tries == 1
    assert file.read_text() == '{"version": 2, "something": "else"}'
    assert "newer version" in read()[1]
    assert {path.name for path in file.parent.iterdir()} <= {"progress.json", "progress.lock"}


@pytest.mark.parametrize("hindrance", ["a file for a folder", "a folder for a file", "no home"])
def test_where_nothing_can_be_written_the_verdict_goes_on(file, hindrance, monkeypatch):
    if hindrance == "a file for a folder":
        file.parent.write_text("")
    elif hindrance == "a folder for a file":
        file.mkdir(parents=True)
    else:
        monkeypatch.setattr(scores.platformdirs, "user_data_dir", lambda *_, **__: "~/.local/share")
    with pytest.warns(ProgressWarning, match="could not be noted: .*this notebook's kernel alone"):
        assert note("f", False).tries == 1
    with pytest.warns(ProgressWarning, match="2 tries are kept"):
        assert note("f", True).tries == 2


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="has no permissions to take away")
def test_a_folder_that_is_read_only():
    """Root may write everywhere, and so gives its privileges up in a process of its own."""
    code = """
        import os, warnings
        from labsupport.exercises import scores
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            print(scores.note("f", False).tries, said[0].message)
    """
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "sockets-live")
        folder.mkdir()
        for path in (folder, Path(home)):
            path.chmod(0o555)
        finished = process(code, XDG_DATA_HOME=home)
        said = finished.communicate(timeout=60)[0]
        Path(home).chmod(0o755)
        assert (
            said.startswith("1 Your progress could not be noted: Permission denied")
            and finished.returncode == 0
        )
        assert list(folder.iterdir()) == []


def test_a_full_disk_keeps_the_old_file_whole(file, tmp_path):
    """A file system of 64 KiB, mounted where only this test's process sees it."""
    code = f"""
        import os, warnings
        from labsupport.exercises import scores
        scores.note("f", False)
        before = scores.path().read_bytes()
        with open({str(tmp_path)!r} + "/filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert scores.note("f", False).tries == 2
        assert "No space left on device" in str(said[0].message), said
        assert scores.path().read_bytes() == before
        os.unlink({str(tmp_path)!r} + "/filler")
        assert scores.note("f", False).tries == 3 and not scores._unsaved
        assert b'"tries": 3' in scores.path().read_bytes()
    """
    mount = f'mount -t tmpfs -o size=64k none {tmp_path} && exec {sys.executable} -c "$CODE"'
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    try:
        missing = subprocess.run([*probe, f"mount -t tmpfs none {tmp_path}"], capture_output=True).returncode
    except FileNotFoundError:
        missing = True
    if missing:
        pytest.skip("needs unshare(1), and leave to mount in a namespace")
    finished = subprocess.run(
        [*probe, mount],
        env={**os.environ, "CODE": textwrap.dedent(code)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr


def test_where_warnings_are_errors_the_verdict_goes_on(file, capsys):
    file.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert note("f", True).tries == 1
    assert "could not be noted" in capsys.readouterr().err
