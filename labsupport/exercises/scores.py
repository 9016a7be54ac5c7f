"""What was solved, when, and after how many tries: one small file in the user's data folder.

It stays on this machine. It is written whole or not at all, by one process at a time; a try that it cannot
take is kept here, said, and written with the next one. What is there is never lost: a damaged file is put
aside, one of a newer version is left as it is.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from labsupport.files import write_whole

VERSION = 1
PATIENCE = 2.0  # seconds to wait for another notebook that writes; it takes some milliseconds
_EVERY = 0.01  # seconds between two looks whether it has finished

_mutex = threading.Lock()
_unsaved = []  # (name, passed, when) that the file has not taken yet
listeners = []  # functions without arguments, called after each try that was noted


@dataclass(frozen=True)
class Score:
    """`tries`: up to and including the first that passed; `solved`: when that was, ISO 8601 in UTC, or None.

    `all_tries`: those after it too; `last`: when the last one was.
    """

    tries: int = 0
    solved: str | None = None
    all_tries: int = 0
    last: str | None = None

    def after(self, passed: bool, when: str) -> Score:
        """The score with one try more."""
        if self.solved:
            return Score(self.tries, self.solved, self.all_tries + 1, when)
        return Score(self.tries + 1, when if passed else None, self.all_tries + 1, when)


class ProgressWarning(UserWarning):
    """The file of the scores could not take a try, or had to be begun anew."""


class Damaged(ValueError):
    """The file is not one that `note` has written."""


class Newer(ValueError):
    """The file is of a version that this one does not know."""


def path() -> Path:
    """Where the scores are kept. Raises OSError for a user without a folder of their own."""
    folder = Path(platformdirs.user_data_dir("sockets-live", appauthor=False))
    if not folder.is_absolute():
        raise FileNotFoundError("this user has no home folder; XDG_DATA_HOME can name one")
    return folder / "progress.json"


def note(name: str, passed: bool) -> Score:
    """Count one try at the exercise `name`; the Score with it. Where the file cannot take it, it warns."""
    if os.environ.get("NBGRADER_EXECUTION"):  # a student's notebook, in the teacher's hands
        return read()[0].get(name, Score())
    when = datetime.now(UTC).isoformat(timespec="seconds")
    with _mutex:
        _unsaved.append((name, passed, when))
        said = _saved()
    if said:
        _warn(said)
    for listener in listeners:
        listener()
    return read()[0].get(name, Score())


def read() -> tuple[dict[str, Score], str]:
    """({name: Score} with what is not written yet, what is wrong with the file in a sentence or "")."""
    scores, said = {}, ""
    with _mutex:
        try:
            scores = {name: _score(entry) for name, entry in _load(path())["exercises"].items()}
        except FileNotFoundError:
            pass
        except (OSError, Damaged, Newer) as error:
            said = f"The file of your progress cannot be read: {_reason(error)}."
        return _with_unsaved(scores), said


def _with_unsaved(scores):
    scores = dict(scores)
    for name, passed, when in _unsaved:
        scores[name] = scores.get(name, Score()).after(passed, when)
    return scores


def _saved():
    """Write what is unsaved. Returns a sentence about what was in the way, or ""."""
    try:
        file = path()
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name("progress.lock")).acquire(timeout=PATIENCE, poll_interval=_EVERY):
            return _written(file)
    except (OSError, NotImplementedError, Newer) as error:  # filelock's Timeout is an OSError
        count = len(_unsaved)
        tries = "this try is" if count == 1 else f"{count} tries are"
        return (
            f"Your progress could not be noted: {_reason(error)}. Until it can, {tries} kept in this "
            "notebook's kernel alone; the next check tries again."
        )


def _written(file):
    """The same, while no other process writes."""
    for draft in file.parent.glob(f".{file.name}.*"):
        draft.unlink(missing_ok=True)  # of a process that was killed
    said = ""
    try:
        kept = _load(file)
    except FileNotFoundError:
        kept = _empty()
    except Damaged:
        aside = _put_aside(file)
        kept, said = (
            _empty(),
            f"The file of your progress was damaged. It is now {aside}; a new one was begun.",
        )
    scores = {name: _score(entry) for name, entry in kept["exercises"].items()}
    for name, score in _with_unsaved(scores).items():
        kept["exercises"].setdefault(name, {}).update(vars(score))
    write_whole(file, (json.dumps(kept, indent=1) + "\n").encode())
    _unsaved.clear()
    return said


def _empty():
    return {"version": VERSION, "exercises": {}}


def parsed(data: bytes) -> dict[str, Score]:
    """{name: Score} of a file's content, whoever wrote it. Raises Damaged, Newer."""
    return {name: _score(entry) for name, entry in _understood(data, "it")["exercises"].items()}


def _load(file):
    """What is in the file. Raises OSError, Damaged, Newer."""
    return _understood(file.read_bytes(), file)


def _understood(data, file):
    try:
        kept = json.loads(data)
        version = kept["version"]
        if isinstance(version, int) and version > VERSION:
            raise Newer(f"{file} was written by a newer version of this course, and is left as it is")
        if version != VERSION or not all(map(_sound, kept["exercises"].values())):
            raise ValueError
    except Newer:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Damaged(f"{file} is damaged; the next check puts it aside") from None
    return kept


def _sound(entry):
    """Whether an exercise's entry is one that `note` has written."""
    score = _score(entry)
    return (
        all(isinstance(count, int) for count in (score.tries, score.all_tries))
        and 0 < score.tries <= score.all_tries
        and all(when is None or datetime.fromisoformat(when) for when in (score.solved, score.last))
    )


def _score(entry):
    return Score(entry["tries"], entry["solved"], entry["all_tries"], entry["last"])


def _put_aside(file):
    """Rename a damaged file; the path that it has now."""
    number = 1
    while (aside := file.with_name(f"{file.stem}-damaged-{number}.json")).exists():
        number += 1
    os.replace(file, aside)
    return aside


def _reason(error):
    if isinstance(error, Timeout):
        return f"another program holds {path().with_name('progress.lock')}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({path()})"
    return str(error) or type(error).__name__


def _warn(said):
    """Say it beside the verdict, as from the cell that called `check`."""
    try:
        warnings.warn(said, ProgressWarning, stacklevel=4)
    except ProgressWarning:  # where warnings are errors: the verdict is not to be lost for one
        print(said, file=sys.stderr)
