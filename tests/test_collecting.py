"""Progress collected from homes and hand-ins: what learners did, and nothing that a joker would like."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labsupport.classroom import handed, tables
from labsupport.classroom.collecting import LONGEST_NAME, NothingThere, clean, collect
from labsupport.exercises import scores, standing
from labsupport.exercises.exercise import catalog, named

pytestmark = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="opens below a folder's descriptor")
NAME, OTHER = "recv_exactly", "finish"
WHEN = "2026-01-01T10:00:00+00:00"


@pytest.fixture
def homes(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def file_of(homes, user):
    file = homes / user / ".local/share/sockets-live/progress.json"
    file.parent.mkdir(parents=True)
    return file


def entry(tries=2, solved=WHEN, all_tries=3):
    return {"tries": tries, "solved": solved, "all_tries": all_tries, "last": WHEN}


def content(**exercises):
    return json.dumps({"version": scores.VERSION, "exercises": exercises})


def write(homes, user, **exercises):
    file = file_of(homes, user)
    file.write_text(content(**(exercises or {NAME: entry()})))
    return file


def run(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "labsupport", "progress", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


def trouble(homes, user="joker"):
    """What is said of one learner, who must have no scores; the others' must be there."""
    write(homes, "ada")
    learners = {learner.user: learner for learner in collect(homes)}
    assert learners["ada"].scores[NAME].tries == 2 and not learners["ada"].trouble
    assert learners[user].scores == {}
    return learners[user].trouble


# What is collected


def test_what_check_wrote_is_collected(homes, monkeypatch):
    for user in ("bob", "ada"):
        monkeypatch.setenv("XDG_DATA_HOME", str(homes / user / ".local/share"))
        scores.note(NAME, False)
        scores.note(NAME, True)
        expected = scores.read()[0]
    (homes / "carol").mkdir()
    (homes / "lost+found").mkdir()
    (homes / "notes.txt").write_text("not a home")
    learners = collect(homes)
    assert [learner.user for learner in learners] == ["ada", "bob", "carol"]
    assert learners[0].scores == learners[1].scores == expected
    assert [learner.begun for learner in learners] == [True, True, False]
    assert {learner.trouble for learner in learners} == {""}


def test_one_home_and_the_homes_of_macos(homes):
    write(homes, "ada")
    mac = homes / "bob/Library/Application Support/sockets-live/progress.json"
    mac.parent.mkdir(parents=True)
    mac.write_text(content(**{OTHER: entry()}))
    assert [learner.user for learner in collect(homes / "ada")] == ["ada"]
    assert [set(learner.scores) for learner in collect(homes / "ada", homes / "bob")] == [{NAME}, {OTHER}]


def test_what_was_handed_in_has_the_name_of_its_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for passed in (False, True):
        scores.note(NAME, passed)
    inbox = tmp_path / "inbox"
    (inbox / "dora").mkdir(parents=True)
    mine = standing.progress()
    (inbox / "ada.csv").write_text(mine.csv())
    (inbox / "bob.json").write_text(mine.json())
    (inbox / "carol.csv").write_bytes(b"\xff\xfe" + mine.csv().encode("utf-16-le"))  # PowerShell's >
    (inbox / "dora/progress.json").write_bytes(scores.path().read_bytes())
    (inbox / "emil.json").write_bytes(b"\xef\xbb\xbf" + mine.json().encode())
    learners = collect(inbox)
    assert [learner.user for learner in learners] == ["ada", "bob", "carol", "dora", "emil"]
    assert [learner.scores for learner in learners] == [scores.read()[0]] * 5
    assert {learner.trouble for learner in learners} == {""}
    assert collect(inbox / "ada.csv") == learners[:1]


def test_places_with_nobody_in_them(homes):
    for place in (homes, homes / "nowhere"):
        with pytest.raises(NothingThere, match=str(place)):
            collect(place)
    with pytest.raises(ValueError, match="at least one folder"):
        collect()
    with pytest.raises(TypeError):
        collect(7)


# A joker's files


@pytest.mark.parametrize("depth", range(4))
def test_no_link_is_followed(homes, tmp_path, depth):
    secret = write(tmp_path, "secret")
    path = homes / "joker/.local/share/sockets-live/progress.json"
    source = [secret, secret.parent, secret.parents[1], secret.parents[2]][depth]
    link = [path, path.parent, path.parents[1], path.parents[2]][depth]
    link.parent.mkdir(parents=True)
    link.symlink_to(source)
    assert "link" in trouble(homes) and "not followed" in trouble_again(homes)


def trouble_again(homes):
    return next(learner.trouble for learner in collect(homes) if learner.user == "joker")


def test_a_home_that_is_a_link_is_said(homes, tmp_path):
    write(tmp_path, "elsewhere")
    (homes / "joker").symlink_to(tmp_path / "elsewhere")
    assert trouble(homes) == "the home is a link: name the folder that it leads to as well"
    assert "not followed" in collect(homes / "joker")[0].trouble


def test_a_pipe_is_not_waited_for(homes):
    os.mkfifo(file_of(homes, "joker"))
    assert trouble(homes) == "the file of progress is no ordinary file: not read"
    os.mkfifo(homes / "other.json")
    assert "no ordinary file" in run("--homes", homes).stdout


def test_a_socket_and_a_folder_in_the_files_place(homes, monkeypatch):
    file = file_of(homes, "joker")
    monkeypatch.chdir(file.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(file.name)
        assert "cannot be read" in trouble(homes)
    file.unlink()
    file.mkdir()
    assert "no ordinary file" in trouble_again(homes)


def test_an_enormous_file_is_not_read_whole(homes):
    file = file_of(homes, "joker")
    file.touch()
    os.truncate(file, 1 << 40)  # a terabyte, of holes
    assert trouble(homes) == f"the file of progress is larger than {handed.LONGEST:,} bytes: not read"


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="gives files to others, as root may"
)
def test_somebody_elses_file_is_nobodys(homes):
    file = write(homes, "joker")
    os.chown(file, 12345, 12345)
    assert trouble(homes) == "the file of progress is somebody else's: not read"


DAMAGED = {
    "not JSON": b"{",
    "nothing": b"",
    "no text": bytes(range(256)),
    "a list": b"[]",
    "deep": b'{"a":' + b"[" * 90_000,
    "no exercises": b'{"version": 1}',
    "exercises in a list": b'{"version": 1, "exercises": [1, [], {}]}',
    "words for tries": content(**{NAME: entry(tries="=1+1")}).encode(),
    "a float": content(**{NAME: entry(tries=float("inf"))}).encode(),
    "too many digits": content(**{NAME: entry()}).replace("2,", "9" * 5000 + ",", 1).encode(),
    "no time": content(**{NAME: entry(solved="=HYPERLINK()")}).encode(),
    "an unhashable name": b'{"exercises": [{"exercise": [], "all_tries": 1}]}',
    "a table of something else": b"a,b\n1,2\n",
    "a cell too long for a table": b"user,exercise\n" + b"x" * 200_000,
    "half of UTF-16": b"\xff\xfea",
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_said(homes, data):
    file_of(homes, "joker").write_bytes(data)
    assert trouble(homes) == "the file of progress is damaged: not read"


def test_a_newer_version_is_said(homes):
    file_of(homes, "joker").write_text('{"version": 2, "exercises": {}}')
    assert "newer version" in trouble(homes)


def test_what_the_course_could_not_have_written_is_left_out(homes):
    made_up = {"=cmd|' /C calc'!A0": entry(), "x" * 5000: entry(), NAME: entry(all_tries=10**9)}
    write(homes, "joker", **made_up, **{OTHER: entry()})
    learner = collect(homes)[0]
    assert set(learner.scores) == {OTHER}
    assert learner.trouble == (
        "the file of progress is 2 names of no exercise of this course left out; "
        "1 exercise with tries that cannot be left out"
    )


def test_a_times_odd_separator_does_not_go_on(homes):
    write(homes, "joker", **{NAME: entry(solved="2026-01-01\n10:00:00+00:00")})
    assert collect(homes)[0].scores[NAME].solved == WHEN


def test_names_are_cleaned(homes):
    odd = os.fsdecode(b"a\x1b[31m\nb\xff")
    write(homes, odd)
    assert [learner.user for learner in collect(homes)] == ["a?[31m?b\N{REPLACEMENT CHARACTER}"]
    assert len(clean("y" * 200)) == LONGEST_NAME
    assert run("--homes", homes).returncode == 0


def test_no_cell_is_a_formula(homes):
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", 'quote"d', "com,ma"):
        write(homes, name)
    table = list(csv.DictReader(io.StringIO(run("--csv", "--homes", homes).stdout)))
    users = {row["user"] for row in table}
    assert users == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", 'quote"d', "com,ma"}
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row.values()
    )


def test_nothing_is_written_into_a_home(homes):
    write(homes, "ada")
    file_of(homes, "joker").write_text("{")
    before = tree(homes)
    for form in ("--csv", "--json", "--summary"):
        assert run(form, "--homes", homes).returncode == 0
    assert tree(homes) == before


def tree(folder):
    found = sorted(Path(folder).rglob("*"))
    return [
        (path, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns, path.lstat().st_size) for path in found
    ]


# The forms


def test_csv_has_the_columns_of_a_learners_own(homes):
    write(homes, "ada")
    (homes / "bob").mkdir()
    done = run("--csv", "--homes", homes)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == standing.progress().csv().splitlines()[0]
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(table) == 2 * len(catalog())
    solved = [row for row in table if row["solved"]]
    assert solved == [
        {
            "user": "ada",
            "notebook": named(NAME).notebook,
            "exercise": NAME,
            "tries": "2",
            "solved": WHEN,
            "all_tries": "3",
            "last": WHEN,
        }
    ]


def test_troubles_are_beside_the_table(homes):
    write(homes, "ada")
    file_of(homes, "joker").write_text("{")
    done = run("--csv", "--homes", homes)
    assert done.returncode == 0 and done.stderr == "joker: the file of progress is damaged: not read\n"
    told = json.loads(run("--json", "--homes", homes).stdout)
    assert told["version"] == 1
    assert [(each["user"], each["begun"], bool(each["trouble"])) for each in told["learners"]] == [
        ("ada", True, False),
        ("joker", True, True),
    ]
    assert [len(each["exercises"]) for each in told["learners"]] == [len(catalog())] * 2


def test_the_summary(homes):
    write(homes, "ada", **{NAME: entry(), "send_all": entry(4, None, 4)})
    write(homes, "bob", **{NAME: entry(6, WHEN, 6)})
    (homes / "carol").mkdir()
    assert run("--homes", homes).stdout.splitlines() == [
        "       06      solved",
        "ada    +-....       1",
        "bob    +.....       1",
        "carol  ......       0",
        "",
        "06  recv_exactly  tried by 2 of 3, solved by 2, half of them within 4 tries",
        "06  send_all      tried by 1 of 3, solved by 0",
        "",
        "+ solved, - tried, . not tried; the marks, from left to right:",
        "06  recv_exactly, send_all, recv_lines, recv_until, ask_udp, recv_all",
    ]


def test_the_summary_says_which_mark_is_whose(homes):
    """Each exercise's own mark is the one at its place in the order below, in every notebook."""
    for exercise in catalog().values():
        write(homes, exercise.name, **{exercise.name: entry()})
    said = tables.summary(collect(homes)).splitlines()
    below = next(at for at, line in enumerate(said) if line.endswith("from left to right:")) + 1
    order = {line[:2]: line[4:].split(", ") for line in said[below:]}
    starts = {number: said[0].index(number) for number in order}
    assert sorted(name for names in order.values() for name in names) == sorted(catalog())
    for exercise in catalog().values():
        marks = next(line for line in said if line.startswith(f"{exercise.name} "))
        place = starts[exercise.notebook] + order[exercise.notebook].index(exercise.name)
        assert marks[place] == "+" and marks[starts["01"] :].count("+") == 1


def test_the_guides_table_is_the_commands_own(homes):
    write(homes, "ada", **{NAME: entry(), "send_all": entry(4, None, 4)})
    write(homes, "bob", **{NAME: entry(6, WHEN, 6)})
    (homes / "carol").mkdir()
    guide = Path(__file__).parent.parent / "classroom" / "README.md"
    shown = textwrap.indent(tables.summary(collect(homes)), "    ")
    assert f"\n\n{shown}\n\n" in guide.read_text("utf-8")


def test_the_summary_of_nobody_names_every_exercise():
    *_, legend, last = tables.summary([]).partition("; the marks, from left to right:\n")
    assert legend and set(re.findall(r"\w{3,}", last)) == set(catalog())


def test_the_command_says_what_it_needs(homes):
    done = run("--summary")
    assert done.returncode == 2 and "--summary needs --homes FOLDER" in done.stderr
    done = run("--csv", "--homes", homes / "nowhere")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"Nothing was collected: {homes}/nowhere: No such file or directory.\n"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives root's privileges up")
def test_a_home_that_is_closed_to_the_teacher_says_so(homes):
    write(homes, "ada").parent.chmod(0o700)
    (homes / "ada").chmod(0o700)
    for path in (homes, *homes.parents):
        if path.is_relative_to("/tmp"):
            path.chmod(path.stat().st_mode | 0o005)
    code = (
        "import os, sys; from labsupport.classroom.collecting import collect; "
        "from labsupport.exercises import exercise; exercise.catalog(); "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        "print(collect(sys.argv[1])[0].trouble)"
    )
    done = subprocess.run([sys.executable, "-c", code, homes], capture_output=True, text=True, timeout=60)
    assert done.stdout == "the file of progress may not be read by this user; root may\n", done.stderr
