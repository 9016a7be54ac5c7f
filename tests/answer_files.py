"""Answers that people give to an exercise: kept in answers/, read here, judged side by side.

An exercise's answers are one file, or where they are many all files of a folder of the exercise's name.
A section begins with `# === right: TITLE` (in C `// === right: TITLE`) or
`# === wrong: TITLE ==> WHAT THE VERDICT MUST SAY` (a regular expression); what follows is a cell as a learner
would write it. `# === equivalent: MUTANT ==> REASON` names a mutant of the solution that passes because it
does the same.
"""

from __future__ import annotations

import linecache
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from labsupport.exercises.checking import judge
from labsupport.exercises.exercise import named

FOLDER = Path(__file__).with_name("answers")
AT_ONCE = 6  # checks that run side by side: most of their time they wait
_HEAD = re.compile(r"^(?:#|//) === (right|wrong|equivalent): (.*?)(?: ==> (.*))?$", re.M)


@dataclass(frozen=True)
class Answer:
    """`kind`: "right" or "wrong"; `says`: what the verdict on a wrong one must say, a regular expression."""

    name: str
    kind: str
    title: str
    source: str
    says: str = ""

    def __str__(self):
        return f"{self.name}-{self.title}".replace(" ", "-")


def answers(name: str) -> list[Answer]:
    """The answers to the exercise `name`, in its files' order."""
    sections = [section for section in _sections(name) if section[0] != "equivalent"]
    return [Answer(name, kind, title, source, says) for kind, title, says, source in sections]


def equivalents(name: str) -> dict[str, str]:
    """{mutant: why it does the same as the solution}."""
    return {title: says for kind, title, says, _ in _sections(name) if kind == "equivalent"}


def _sections(name):
    suffix = named(name).solution.suffix
    files = [FOLDER / f"{name}{suffix}", *sorted((FOLDER / name).glob(f"*{suffix}"))]
    parts = [part for file in files if file.exists() for part in _HEAD.split(file.read_text())[1:]]
    fours = zip(*[iter(parts)] * 4, strict=True)
    return [(kind, title, says or "", source) for kind, title, says, source in fours]


def function(name: str, source: str):
    """The function of that name, defined as a notebook's cell defines it."""
    file = f"<answer {abs(hash(source))}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), space)
    return space[name]


class Judged:
    """Verdicts found side by side, each had as `judged[name, source]`; a check that broke raises there."""

    def __init__(self, sources: list[tuple[str, str]]):
        def one(name, source):
            return judge(function(name, source), named(name))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            self._found = {key: pool.submit(one, *key) for key in dict.fromkeys(sources)}

    def __getitem__(self, key):
        return self._found[key].result()
