"""What a learner's file of progress says, whichever of its three forms it has, and whoever wrote it.

A learner may hand in the file itself, or what `python -m labsupport progress --json` or `--csv` printed. All
of them are the learner's own: they may be damaged, enormous or made up. What the course could not have
written is left out, and said.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

from labsupport.exercises import scores
from labsupport.exercises.exercise import catalog
from labsupport.exercises.scores import Damaged, Newer, Score

MOST_TRIES = 100_000  # one a second for a day; nobody's fingers do that
LONGEST = 1_000_000  # bytes; a file with every exercise in it has some 6,000


def understood(data: bytes) -> tuple[dict[str, Score], str]:
    """({exercise: Score}, what is wrong in a sentence or ""). Never raises for what is in `data`."""
    if len(data) > LONGEST:
        return {}, f"larger than {LONGEST:,} bytes: not read"
    try:
        found = _any_form(data)
    except Newer:
        return {}, "written by a newer version of the course: not read"
    except (Damaged, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error):
        return {}, "damaged: not read"
    known = {name: _settled(found[name]) for name in catalog() if name in found}
    kept = {name: score for name, score in known.items() if score is not None}
    return kept, _left_out(len(found) - len(known), len(known) - len(kept))


def _left_out(strange, incredible):
    said = []
    if strange:
        said.append(f"{_count(strange, 'name')} of no exercise of this course left out")
    if incredible:
        said.append(f"{_count(incredible, 'exercise')} with tries that cannot be left out")
    return "; ".join(said)


def _count(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _any_form(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # as `>` of Windows' PowerShell writes
        data = data.decode("utf-16").encode()
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.startswith(b"{"):
        table = csv.DictReader(io.StringIO(data.decode()))
        if "exercise" not in (table.fieldnames or ()):
            raise Damaged("no table of exercises")
        return _of_rows(table)
    try:
        return scores.parsed(data)
    except Damaged:
        return _of_rows(json.loads(data)["exercises"])


def _of_rows(rows):
    """Of what `progress --csv` or `--json` printed; exercises without a try are in none of the files."""
    entries = {row["exercise"]: _entry(row) for row in rows if int(row["all_tries"])}
    return scores.parsed(json.dumps({"version": scores.VERSION, "exercises": entries}).encode())


def _entry(row):
    return {
        "tries": int(row["tries"]),
        "all_tries": int(row["all_tries"]),
        "solved": row["solved"] or None,
        "last": row["last"] or None,
    }


def _settled(score):
    """The Score with its times as the course writes them; None for one that it could not have written."""
    if score.all_tries > MOST_TRIES:
        return None
    try:
        return Score(int(score.tries), _time(score.solved), int(score.all_tries), _time(score.last))
    except (ValueError, OverflowError):
        return None


def _time(when):
    """A time as text may have any character between day and hour: what goes on is not what came."""
    if when is None:
        return None
    time = datetime.fromisoformat(when)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
