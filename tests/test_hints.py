"""hint and solution: one step more at each call, a worked solution, and a teacher who withholds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ipywidgets.widgets.widget import _instances

from labsupport import hint, solution
from labsupport.exercises import hints, worked
from labsupport.exercises.exercise import catalog, named

NAME = "recv_exactly"


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    """An environment of the test's own, and a kernel that has given no hint."""
    monkeypatch.setattr(worked.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(hints, "_given", {})
    return tmp_path


def live(value):
    """The HTML of the widget in a value's bundle."""
    data, _ = value._repr_mimebundle_()
    assert data["text/plain"] == repr(value)
    shown = data["application/vnd.jupyter.widget-view+json"]["model_id"]
    return _instances[shown].value


# Hints


def test_each_call_goes_one_step_further_and_the_last_points_to_the_solution():
    texts = named(NAME).hints
    seen = [hint(NAME) for _ in texts]
    assert [one.text for one in seen] == list(texts)
    assert repr(seen[1]) == f"{NAME}, hint 2 of {len(texts)}: {texts[1]}"
    assert seen[0].beyond == "" and f'solution("{NAME}")' in repr(seen[-1])
    assert hint(NAME) == seen[-1]


def test_a_function_and_its_name_are_one_exercise():
    def recv_exactly(sock, count):
        raise NotImplementedError

    assert hint(recv_exactly).number == 1 and hint(NAME).number == 2
    assert solution(recv_exactly) == solution(NAME)


def test_what_is_no_exercise():
    with pytest.raises(ValueError, match="no exercise is called 'recv_some'.*recv_exactly"):
        hint("recv_some")
    with pytest.raises(TypeError, match="by its name, not as 6"):
        solution(6)


def test_a_hint_on_the_page_marks_its_code():
    html = live(hint(NAME))
    assert "hint 1 of" in html and re.search(r"<code [^>]*>recv\(n\)</code>", html)


# Solutions


@pytest.mark.parametrize("name", list(catalog()))
def test_the_solution_is_its_file(name):
    shown = solution(name)
    assert repr(shown) == named(name).solution.read_text("utf-8").rstrip("\n")
    plain = re.sub(r"<style>.*?</style>|<[^>]*>", "", live(shown))
    assert f"{name}(" in plain
    assert "var(--jp-mirror-editor-keyword-color" in live(shown) and "\ufffd" not in live(shown)


def test_a_teacher_withholds_solutions_and_hints_still_work(environment):
    path = worked.withhold(True)
    assert path == environment / "etc" / "labsupport.json"
    assert repr(solution(NAME)) == (
        f'{NAME}: your teacher has withheld the solutions; hint("{NAME}") helps on.'
    )
    assert "your teacher has withheld" in live(solution(NAME)) and "def recv" not in live(solution(NAME))
    seen = [repr(hint(NAME)) for _ in named(NAME).hints]
    assert "That was the last hint." in seen[-1] and "solution(" not in seen[-1]
    worked.withhold(False)
    assert solution(NAME).source


def test_other_settings_are_kept(environment):
    worked.withhold(True)
    setting = worked.setting()
    setting.write_text('{"room": 12, "solutions": "withheld"}')
    worked.withhold(False)
    assert json.loads(setting.read_text()) == {"room": 12, "solutions": "given"}


@pytest.mark.parametrize("text", ["{", "[]", "", '"withheld"'])
def test_a_setting_that_cannot_be_read_withholds_and_can_be_mended(environment, text):
    worked.setting().parent.mkdir()
    worked.setting().write_text(text)
    assert worked.withheld()
    worked.withhold(False)
    assert not worked.withheld()


# The command line, in an environment of its own


@pytest.fixture
def shared(tmp_path):
    """An environment as a teacher makes one, its Python."""
    import venv

    venv.create(tmp_path / "shared", with_pip=False)
    return tmp_path / "shared" / ("Scripts" if os.name == "nt" else "bin") / "python"


def run(python, *arguments, before=""):
    code = f"import sys; sys.path[:] = {sys.path!r}; {before}\n"
    code += f"from labsupport.__main__ import main; sys.exit(main({list(arguments)!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60)


def test_the_command_line_withholds_and_gives(shared):
    done = run(shared, "solutions", "withhold")
    setting = shared.parent.parent / "etc" / "labsupport.json"
    assert (done.returncode, done.stderr) == (0, "") and str(setting) in done.stdout
    assert json.loads(setting.read_text()) == {"solutions": "withheld"}
    told = run(shared, before="from labsupport import solution; print(solution('recv_exactly'))")
    assert "withheld" in told.stdout
    assert run(shared, "solutions", "give").returncode == 0
    assert json.loads(setting.read_text()) == {"solutions": "given"}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="has no permissions to take away")
def test_who_may_not_write_there_is_told_so(tmp_path):
    """Root may write everywhere, and so is told by a folder that is a file; others by their permissions."""
    Path(tmp_path, "etc").write_text("")
    code = f"import sys; sys.prefix = {str(tmp_path)!r}; from labsupport.__main__ import main\n"
    code += "sys.exit(main(['solutions', 'withhold']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert f"in {tmp_path / 'etc' / 'labsupport.json'}, and cannot be written: " in done.stderr
