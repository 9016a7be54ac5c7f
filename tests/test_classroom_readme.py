"""The teacher's guide: what it says of the notebooks is there, and what it tells to type can be typed."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from answer_files import answers

from labsupport import Classroom, until
from labsupport.classroom import command, ready
from labsupport.exercises.exercise import catalog
from labsupport.exercises.standing import TITLES

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "classroom" / "README.md"
TEXT = FILE.read_text("utf-8")
NUMBERS = ("00", "03", "04", "05", "06", "07")


def section(title, level=3):
    """The text below a heading, to the next one of the same level or above."""
    start = TEXT.index(f"\n{'#' * level} {title}\n")
    rest = TEXT[start + 1 :]
    end = re.search(rf"\n#{{1,{level}}} ", rest)
    return rest[: end.start()] if end else rest


def cells(number):
    file = next((ROOT / "notebooks").glob(f"{number}-*.ipynb"))
    return {cell["id"]: cell for cell in json.loads(file.read_text("utf-8"))["cells"]}


def source(cell):
    return "".join(cell["source"])


def core(number):
    """The ids of the cells above the line *Deeper*."""
    names = list(cells(number))
    return names[: names.index("deeper")] if "deeper" in names else names


def rows(text):
    """The cells of a Markdown table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[part.strip() for part in line.strip("|").split(" | ")] for line in lines[2:]]


def votes(number):
    return [row for row in rows(section(number)) if row[0].startswith("`predict-")]


def asked(cell):
    """(question, answers) of a cell that calls predict()."""
    call = next(
        node
        for node in ast.walk(ast.parse(source(cell)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict"
    )
    question, *answers = (ast.literal_eval(argument) for argument in call.args)
    return question, answers


def seen(number, after):
    """What the notebook says was seen for the prediction in the cell `after`."""
    found = cells(number)
    name = after.replace("predict-", "reveal-")
    names = list(found)
    # Some are revealed in the cell that shows it: the first "Seen: …" after the prediction.
    ahead = [name] if name in found else names[names.index(after) :]
    texts = ("".join(_texts(found[each])) for each in ahead)
    return next(match.group(1) for text in texts if (match := re.search(r"Seen: (.*)", text)))


def _texts(cell):
    for output in cell.get("outputs", ()):
        yield from output.get("text") or output.get("data", {}).get("text/plain", ())


# The votes


@pytest.mark.parametrize("number", NUMBERS)
def test_votes_are_the_notebooks_own(number):
    found = votes(number)
    assert len(found) >= 2
    for name, question, answer, tempting in found:
        cell = name.strip("`")
        assert cell in core(number), f"{cell} is not in the core of {number}"
        wanted, answers = asked(cells(number)[cell])
        assert question == wanted
        assert answer == seen(number, cell) and answer in answers
        quoted = re.findall(r'"([^"]+)":? ', tempting)
        assert quoted and set(quoted) <= set(answers) and answer not in quoted, tempting


def test_the_plan_is_two_hours_of_the_cores():
    plan = rows(section("The two hours", 2).split("### 00")[0])
    assert [row[0] for row in plan[:-1]] == [f"{number} {TITLES[number]}" for number in NUMBERS]
    assert sum(int(row[1]) for row in plan) == 120


@pytest.mark.parametrize("number", ("08", "09"))
def test_lessons_with_the_server_add_up_and_name_cells(number):
    text = section(f"Twenty minutes for {number}")
    assert sum(int(row[0]) for row in rows(text)) == 20
    assert_cells(number, text)


def assert_cells(number, text):
    named = re.findall(r"\bcells? `([\w-]+)`(?: to `([\w-]+)`)?", text)
    named += [(name, "") for name in re.findall(r"`((?:predict|reveal|step)-[\w-]+)`", text)]
    missing = {name for pair in named for name in pair if name} - set(cells(number))
    assert not missing, missing


@pytest.mark.parametrize("number", NUMBERS)
def test_cells_and_exercises_that_are_named(number):
    text = section(number)
    assert_cells(number, text)
    mine = [name for name, exercise in catalog().items() if exercise.notebook == number]
    in_class = re.findall(r"`(\w+)`", "".join(re.findall(r"\*In class:\*(.*)", text)))
    at_home = re.findall(r"`(\w+)`", "".join(re.findall(r"\*At home:\*(.*)", text)))
    assert in_class + at_home == mine
    for name in in_class:
        assert f"exercise-{name.replace('_', '-')}" in core(number)
        kept = [f"{answer.title} ==> {answer.says}" for answer in answers(name) if answer.kind == "wrong"]
        wrong = re.findall(rf'^- `{name}`: "([^"]+)"|^- `{name}`: [^"]*"([^"]+)"', text, re.M)
        assert len(wrong) >= 2
        for said in map("".join, wrong):
            assert any(said in line for line in kept), said


# What is typed


def typed():
    """The command lines of the guide, without what is explained behind a #."""
    for line in re.findall(r"^    (\S.*)$", TEXT.replace("\\\n", " "), re.M):
        words = shlex.split(line, comments=True)
        if words:
            yield words


def test_every_command_and_option_exists():
    checked = 0
    for words in typed():
        while words and not re.search(r"python3?$", words[0]):
            words.pop(0)  # such as `watch -n 10`
        if not words:
            continue
        words = words[: next((at for at, word in enumerate(words) if word in (">", "|")), None)]
        if words[1] == "-m" and words[2] == "labsupport":
            assert_options(["-m", "labsupport", words[3]], words[4:])
        elif words[1].endswith(".py") and words[1] != "lab.py":
            assert (ROOT / words[1]).is_file()
            assert_options([words[1]], words[2:])
        elif words[1] == "lab.py":
            told = subprocess.run(
                [sys.executable, "lab.py", "--help"], cwd=ROOT, capture_output=True, text=True
            )
            assert f"lab.py {words[2]} " in told.stdout
        else:
            assert words[1:3] == ["-m", "jupyterhub"] and (ROOT / words[4]).is_file()
        checked += 1
    assert checked > 12


_helps = {}


def assert_options(program, words):
    key = tuple(program)
    if key not in _helps:
        done = subprocess.run(
            [sys.executable, *program, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        _helps[key] = done.stdout
    for word in words:
        if word.startswith("--"):
            assert re.search(rf"{word}\b", _helps[key]), f"{program} has no {word}"


def test_options_and_checks_that_the_text_names():
    assert_options(["-m", "labsupport", "ready"], ["--homes", "--host", "--json", "--without"])
    named = re.findall(r'`--without "([^"]+)"`', TEXT)
    assert named and set(named) <= set(ready.NAMES)


def test_links_lead_somewhere():
    headings = {slug(line) for line in re.findall(r"^#+ (.*)$", TEXT, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (FILE.parent / target).exists(), target
    assert "classroom/README.md" in (ROOT / "README.md").read_text("utf-8")


def slug(heading):
    """As GitHub makes a heading's anchor."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_nothing_is_left_to_be_filled_in():
    assert "<!--" not in TEXT and "TODO" not in TEXT


# The lessons with the class's own server, row by row


def defined(number, *names):
    """The notebook's own functions and constants, from its code cells of those names."""
    space = {}
    exec("import contextlib, selectors, socket, threading, time\nfrom types import SimpleNamespace", space)
    exec("from labsupport import background", space)
    for name in names:
        for node in ast.parse(source(cells(number)[name])).body:
            constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if constant or isinstance(node, ast.FunctionDef):
                # A second of silence is patience enough for a learner, and not for a machine with much to do.
                exec(ast.unparse(node).replace("timeout=1", "timeout=30"), space)
    return space


def spans(text):
    return re.findall(r"`([^`]+)`", text)


def ran(code, space):
    """Run what a learner types; the value of its last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "lesson", "exec"), space)
    return eval(compile(ast.Expression(last.value), "lesson", "eval"), space) if last else None


def test_the_lesson_for_08():
    space = defined("08", "ask", "read-lines", "sending", "exchange")
    with Classroom() as room:
        desk = command.Desk(room, None)
        space["HOST"], space["PORT"] = room.address
        said = []
        for _, teacher, learner in rows(section("Twenty minutes for 08")):
            for line in spans(teacher):
                if line.startswith("answers "):
                    assert "no command" not in desk.do(line)
            said += [ran(line, space) for line in spans(learner) if "(" in line or "=" in line]
        greeting, piece, letters, volume = [value for value in said if value is not None][:4]
        assert greeting == b"hello, Ada\n" and b"does it come whole?\n".startswith(piece) and len(piece) < 20
        assert letters == ["hello, Ada", "déjà vu"] and len(volume) == 8_001
        assert said[-1][-1] == "right"
        until(lambda: not room.connections, timeout=20)
        wanted = {"named", "utf-8", "many", "volume", "pieces", "in order"}
        assert room.rows[0].done == wanted, wanted - room.rows[0].done


def test_the_lesson_for_09():
    space = defined("09", "carry-on", "welcome", "serve-many", "part")
    with Classroom() as room:
        desk = command.Desk(room, None)
        space["address"] = room.address
        for _, teacher, learner in rows(section("Twenty minutes for 09")):
            for line in spans(learner):
                if "(" in line:
                    ran(line, space)
            if "column" in teacher:
                until(lambda: "server" in room.rows[0].done, timeout=20)
            for line in spans(teacher):
                if line.startswith("visit "):
                    visits = len(room.rows[0].visits)
                    desk.do(line)
                    until(lambda: len(room.rows[0].visits) > visits + 1, timeout=30)
        assert "withstood" in room.rows[0].done, room.rows[0].visits
        space["server"].result(timeout=10)
        space["listener"].close()
        assert "Ada" in desk.board()
