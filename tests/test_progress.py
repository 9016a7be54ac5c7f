"""progress(): a text that never changes, live scores that follow each check, and a command line."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import pytest

from answer_files import function
from notebook_runs import NOTEBOOKS as FILES

from labsupport import check, progress
from labsupport.exercises import scores, standing
from labsupport.exercises.exercise import NOTEBOOKS, named, of_notebook
from labsupport.widgets import progress_bundle, scoreboard

pytestmark = pytest.mark.usefixtures("scores_elsewhere")

NAME = "recv_exactly"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "labsupport", *arguments], capture_output=True, text=True, timeout=60
    )


def live(value):
    """The HTML of the widget in a value's bundle."""
    progress_bundle(value)
    return scoreboard._boards[value.notebooks][1].value


def words(html):
    """What a reader sees of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", html)))


# What it says


def test_the_text_is_the_same_whatever_was_solved():
    before = repr(progress("06")), repr(progress())
    scores.note(NAME, True)
    assert (repr(progress("06")), repr(progress())) == before
    assert before[0].startswith(f"06 Sending and Receiving Data: {NAME}")
    assert progress("06")._repr_mimebundle_()[0]["text/plain"] == before[0]


def test_the_course_has_every_notebook_with_its_title():
    numbers_and_titles = {path.stem[:2]: path.stem[3:] for path in FILES}
    slugs = {number: re.sub(r"\W+", "-", title.lower()) for number, title in standing.TITLES.items()}
    assert slugs == numbers_and_titles
    assert [line.split(":")[0] for line in repr(progress()).splitlines()] == [
        f"{number} {title}" for number, title in standing.TITLES.items()
    ]
    assert set(NOTEBOOKS) <= set(standing.TITLES)


def test_a_notebook_is_asked_for_by_its_number():
    assert repr(progress("06")) == repr(progress(6)) == repr(progress("6"))
    for wrong in ("00", "66", "six", ""):
        with pytest.raises(ValueError, match=f"no exercises in a notebook '{wrong}'; there are some in .*06"):
            progress(wrong)


def test_the_details_are_in_text_and_in_the_live_view():
    count = len(of_notebook("06"))
    for passed in (False, False, True):
        scores.note(NAME, passed)
    other = of_notebook("06")[-1].name
    assert f"solved 1 of {count}" in progress("06").text()
    assert re.search(rf"{NAME} +solved at try 3", progress("06").text())
    shown = words(live(progress("06")))
    assert f"solved 1 of {count}" in shown and f"✓ {NAME} solved at try 3, on 20" in shown
    assert named(NAME).asks.split("`")[0].strip() in shown
    if other != NAME:
        scores.note(other, False)
        assert f"◐ {other} not yet, 1 try" in words(live(progress("06")))


def test_the_map_has_marks_and_their_words():
    scores.note(NAME, True)
    html = live(progress())
    assert 'aria-label="solved"' in html and "✓ solved · ◐ tried, not yet · ○ not tried" in words(html)
    for number, title in standing.TITLES.items():
        assert f"{number} {title}" in words(html)


@pytest.mark.parametrize(
    ("tries", "said"),
    [
        ([], "not tried"),
        ([False], "not yet, 1 try"),
        ([False, False], "not yet, 2 tries"),
        ([True], "solved at the first try"),
        ([False, True, False], "solved at try 2"),
    ],
)
def test_how_an_exercise_stands_in_words(tries, said):
    score = scores.Score()
    for passed in tries:
        score = score.after(passed, "2026-01-01T00:00:00+00:00")
    assert standing.said(score) == said


def test_a_file_that_cannot_be_read_is_said():
    scores.path().parent.mkdir()
    scores.path().write_text("{")
    assert "is damaged" in progress().text() and "is damaged" in words(live(progress("06")))
    assert repr(progress("06")).startswith("06 ")


# It follows


def test_the_view_follows_a_check_in_the_same_kernel():
    board = progress("06")
    assert "✓ recv_exactly" not in words(live(board))
    widget = scoreboard._boards[board.notebooks][1]
    solution = function(NAME, named(NAME).solution.read_text())
    verdict = check(solution)
    assert verdict and (verdict.tries, verdict.solved) == (1, scores.read()[0][NAME].solved)
    assert "✓ recv_exactly solved at the first try" in words(widget.value)
    wrong = check(function(NAME, f"def {NAME}(sock, count):\n    return sock.recv(count)\n"))
    assert not wrong and wrong.tries == 1 and scores.read()[0][NAME].all_tries == 2


def test_the_same_notebooks_are_one_view_and_a_closed_one_is_made_again():
    first = scoreboard_widget()
    assert scoreboard_widget() is first
    first.close()
    assert scoreboard_widget() is not first
    scores.note(NAME, True)
    assert scores.listeners.count(scoreboard._refresh) == 1


def scoreboard_widget():
    progress_bundle(progress("06"))
    return scoreboard._boards[("06",)][1]


def test_a_stub_is_no_try():
    stub = function(NAME, f"def {NAME}(sock, count):\n    raise NotImplementedError\n")
    verdict = check(stub)
    assert (verdict.tries, scores.read()) == (None, ({}, ""))


# The command line


def test_command_line():
    for passed in (False, True, True):
        scores.note(NAME, passed)
    told = run("progress")
    assert (told.returncode, told.stderr) == (0, "") and re.search(rf"{NAME} +solved at try 2", told.stdout)
    table = list(csv.DictReader(io.StringIO(run("progress", "--csv").stdout)))
    assert len(table) == sum(len(of_notebook(number)) for number in NOTEBOOKS)
    row = next(row for row in table if row["exercise"] == NAME)
    assert row["user"] == standing.user() and row["notebook"] == "06"
    assert (row["tries"], row["all_tries"]) == ("2", "3") and row["solved"] == scores.read()[0][NAME].solved
    report = json.loads(run("progress", "--json").stdout)
    assert len(report["exercises"]) == len(table)
    assert {name: str(value) for name, value in report["exercises"][0].items()}["notebook"] == NOTEBOOKS[0]


def test_command_line_says_what_is_wrong_with_the_file():
    scores.path().parent.mkdir()
    scores.path().write_text("{")
    told = run("progress", "--csv")
    assert told.returncode == 0 and "is damaged" in told.stderr and NAME in told.stdout


def test_a_user_without_a_name(monkeypatch):
    monkeypatch.setattr(standing.getpass, "getuser", lambda: {}["no such user"])
    assert standing.user() == "" and json.loads(progress("06").json())["user"] == ""
