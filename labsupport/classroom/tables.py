"""What was collected, as a table: CSV for a spreadsheet, JSON for a program, an overview for the terminal."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from statistics import median

from labsupport.classroom.collecting import Learner
from labsupport.exercises.exercise import NOTEBOOKS, catalog, of_notebook
from labsupport.exercises.scores import Score
from labsupport.exercises.standing import tries

COLUMNS = ("user", "notebook", "exercise", *vars(Score()))
SOLVED, TRIED, UNTRIED = "+", "-", "."
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(learners: list[Learner]) -> list[dict]:
    """One for each learner and exercise, in the course's order; those of who has not begun have no tries."""
    return [
        {
            "user": learner.user,
            "notebook": exercise.notebook,
            "exercise": exercise.name,
            **asdict(learner.scores.get(exercise.name, Score())),
        }
        for learner in learners
        for exercise in catalog().values()
    ]


def as_csv(learners: list[Learner]) -> str:
    """The rows under one with the columns' names, the same columns as a learner's own `progress --csv`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: plain(value) for name, value in row.items()} for row in rows(learners))
    return out.getvalue()


def as_json(learners: list[Learner]) -> str:
    """A JSON object with a list of learners, each as their own `progress --json` has it."""
    said = [
        {
            "user": learner.user,
            "begun": learner.begun,
            "trouble": learner.trouble,
            "exercises": [{key: row[key] for key in COLUMNS[1:]} for row in rows([learner])],
        }
        for learner in learners
    ]
    return json.dumps({"version": 1, "learners": said}, indent=1)


def summary(learners: list[Learner]) -> str:
    """Learners by exercises, a mark each; below, how each exercise went, the marks' order, and troubles."""
    tried = {name for learner in learners for name in learner.scores}
    begun = [number for number in NOTEBOOKS if any(each.name in tried for each in of_notebook(number))]
    shown = begun or list(NOTEBOOKS)
    lines = _table(learners, shown)
    lines += ["", *_exercises(learners, begun)] if begun else []
    legend = f"{SOLVED} solved, {TRIED} tried, {UNTRIED} not tried; the marks, from left to right:"
    troubles = [f"{learner.user}: {learner.trouble}" for learner in learners if learner.trouble]
    return "\n".join([*lines, "", legend, *_order(shown), *([""] * bool(troubles)), *troubles])


def plain(value):
    """A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _table(learners, shown):
    width = max((len(learner.user) for learner in learners), default=0)
    widths = {number: max(2, len(of_notebook(number))) for number in shown}
    head = " ".join(f"{number:{widths[number]}}" for number in shown)
    lines = [f"{'':{width}}  {head}  solved"]
    for learner in learners:
        marks = " ".join(f"{_marks(learner, number):{widths[number]}}" for number in shown)
        solved = sum(score.solved is not None for score in learner.scores.values())
        lines.append(f"{learner.user:{width}}  {marks}  {solved:6}")
    return lines


def _marks(learner, number):
    found = [learner.scores.get(exercise.name) for exercise in of_notebook(number)]
    return "".join(UNTRIED if not score else SOLVED if score.solved else TRIED for score in found)


def _order(shown):
    """A line for each notebook: its exercises, in the order of their marks."""
    return [f"{number}  {', '.join(exercise.name for exercise in of_notebook(number))}" for number in shown]


def _exercises(learners, shown):
    """A line for each exercise that somebody tried."""
    named = [exercise for number in shown for exercise in of_notebook(number)]
    width = max(len(exercise.name) for exercise in named)
    lines = []
    for exercise in named:
        found = [learner.scores[exercise.name] for learner in learners if exercise.name in learner.scores]
        solved = [score.tries for score in found if score.solved]
        middle = f", half of them within {tries(round(median(solved)))}" if solved else ""
        if found:
            lines.append(
                f"{exercise.notebook}  {exercise.name:{width}}  tried by {len(found)} of {len(learners)}, "
                f"solved by {len(solved)}{middle}"
            )
    return lines
