"""`progress()`: which exercises are solved, of one notebook or of the whole course.

The text form names the exercises and nothing else, so that it is the same for everybody; what was solved
stands in the live view, which follows each check, in `text()`, and in `python -m labsupport progress`.
"""

from __future__ import annotations

import csv
import getpass
import io
import json
from dataclasses import asdict, dataclass

from labsupport.exercises import scores
from labsupport.exercises.exercise import NOTEBOOKS, of_notebook
from labsupport.exercises.scores import Score

TITLES = {
    "00": "Start Here",
    "01": "Creating a Socket",
    "02": "Binding a Socket",
    "03": "Listening on a Socket",
    "04": "Accepting a Connection",
    "05": "Connecting to a Server",
    "06": "Sending and Receiving Data",
    "07": "Closing a Socket",
    "08": "Simple Client",
    "09": "Simple Server",
    "18": "Loss and Congestion",
}


@dataclass(frozen=True)
class Standing:
    """How one exercise stands: `tries`, `solved`, `all_tries` and `last` are those of its Score."""

    notebook: str
    exercise: str
    asks: str
    score: Score

    @property
    def solved(self) -> bool:
        """Whether it has passed once."""
        return self.score.solved is not None


class Progress:
    """How the exercises of `notebooks` (numbers, "06") stand; asked again each time it is looked at."""

    def __init__(self, notebooks: tuple[str, ...]):
        self.notebooks = notebooks

    def standings(self) -> list[Standing]:
        """One Standing for each exercise, in the course's order."""
        found, _ = scores.read()
        return [
            Standing(number, exercise.name, exercise.asks, found.get(exercise.name, Score()))
            for number in self.notebooks
            if number in NOTEBOOKS
            for exercise in of_notebook(number)
        ]

    @property
    def trouble(self) -> str:
        """What is wrong with the file of the scores, in a sentence, or ""."""
        return scores.read()[1]

    def text(self) -> str:
        """All details as lines."""
        lines = []
        for number in self.notebooks:
            mine = [standing for standing in self.standings() if standing.notebook == number]
            lines.append(f"{number}  {TITLES[number]}" + (f": {solved_of(mine)}" if mine else ""))
            width = max((len(standing.exercise) for standing in mine), default=0)
            lines += [f"    {standing.exercise:{width}}  {said(standing.score)}" for standing in mine]
        return "\n".join([*lines, *filter(None, [self.trouble])])

    def json(self) -> str:
        """The same for a program: a JSON object with the user's name and a list of exercises."""
        exercises = [_row(standing) for standing in self.standings()]
        return json.dumps({"user": user(), "trouble": self.trouble, "exercises": exercises}, indent=2)

    def csv(self) -> str:
        """One line for each exercise, under one with the columns' names; for a teacher who collects them."""
        out = io.StringIO()
        rows = [{"user": user(), **_row(standing)} for standing in self.standings()]
        columns = ("user", "notebook", "exercise", *vars(Score()))
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    def __repr__(self):
        lines = []
        for number in self.notebooks:
            names = [exercise.name for exercise in of_notebook(number)] if number in NOTEBOOKS else []
            lines.append(f"{number} {TITLES[number]}" + (": " + ", ".join(names) if names else ""))
        return "\n".join(lines)

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import progress_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return progress_bundle(self)


def progress(notebook=None) -> Progress:
    """How the exercises of one notebook stand, `progress("06")`, or those of the course, `progress()`.

    The cell shows what is solved, and after how many tries; it follows each check. `print(progress().text())`
    gives it as text, `python -m labsupport progress` in a shell. Raises ValueError for a notebook without
    exercises.
    """
    if notebook is None:
        return Progress(tuple(TITLES))
    number = str(notebook).zfill(2)
    if number not in NOTEBOOKS:
        raise ValueError(f"no exercises in a notebook {notebook!r}; there are some in {', '.join(NOTEBOOKS)}")
    return Progress((number,))


def solved_of(standings) -> str:
    """ "solved 2 of 5"."""
    return f"solved {sum(standing.solved for standing in standings)} of {len(standings)}"


def said(score: Score) -> str:
    """How an exercise stands, in words: "solved at the first try", "not yet, 3 tries"."""
    if score.solved:
        return f"solved at {'the first try' if score.tries == 1 else f'try {score.tries}'}"
    if score.tries:
        return f"not yet, {tries(score.tries)}"
    return "not tried"


def tries(count: int) -> str:
    """ "1 try", "2 tries"."""
    return f"{count} {'try' if count == 1 else 'tries'}"


def user() -> str:
    """The user's name; "" where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _row(standing):
    return {"notebook": standing.notebook, "exercise": standing.exercise, **asdict(standing.score)}
