"""Collecting the learners' progress from their homes, or from what they handed in: `progress --homes /home`.

It is often root who collects, and what is collected is in the learners' hands: a file may be a link to
another's, a pipe that nobody ever writes to, or a gigabyte. So every step from the folder down is opened
without following a link, nothing is opened that could make it wait, no more is read than such a file can
have, and nothing is ever written.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from labsupport.classroom.handed import LONGEST, understood
from labsupport.exercises.scores import Score

FILE = "progress.json"
# Where platformdirs puts it, below a home, on Linux and on macOS; and as a learner's folder of a hand-in.
PLACES = (
    (".local", "share", "sockets-live", FILE),
    ("Library", "Application Support", "sockets-live", FILE),
    (FILE,),
    ("progress.csv",),
)
HANDED = (".json", ".csv")
NOBODYS = ("lost+found",)
LONGEST_NAME = 60  # characters

_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# Without O_NONBLOCK, opening a FIFO waits for somebody who writes to it: open(2).
_FILE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_SAID = {
    errno.EACCES: "may not be read by this user; root may",
    errno.EPERM: "may not be read by this user; root may",
    errno.ELOOP: "is a link: not followed",
    errno.ENOTDIR: "is a link or no folder: not followed",
    errno.EMLINK: "is a link: not followed",  # FreeBSD's word for it
}


class NothingThere(OSError):
    """What was named has no homes in it, or is not there."""


@dataclass(frozen=True)
class Learner:
    """`user`: the name of the home or of the file; `scores`: by exercise; `trouble`: a sentence or "".

    `begun`: whether there was a file of progress at all.
    """

    user: str
    scores: dict[str, Score] = field(default_factory=dict)
    trouble: str = ""
    begun: bool = False


def collect(*places) -> list[Learner]:
    """The learners of `places`, sorted by name. A place is one of these:

    - a folder of homes, such as /home, or of files that were handed in, `NAME.json` or `NAME.csv`
    - one home, or one such file

    A learner's name is the folder's or the file's, never what the file says. Raises NothingThere (an OSError)
    where a place cannot be listed or has nobody in it, TypeError for what is no path, ValueError for none.
    """
    if not places:
        raise ValueError("name at least one folder: collect('/home')")
    if os.open not in os.supports_dir_fd:
        raise NothingThere("this system cannot open a learner's file safely; collect on Linux or macOS")
    found = [learner for place in places for learner in _of_place(Path(os.path.abspath(place)))]
    return sorted(found, key=lambda learner: learner.user)


def clean(name: str) -> str:
    """A folder's or a file's name as it may be shown: printable, at most LONGEST_NAME characters."""
    shown = "".join(
        letter if letter.isprintable() else "?" for letter in os.fsencode(name).decode(errors="replace")
    )
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def _of_place(place):
    try:
        if os.path.lexists(place) and not place.is_dir():
            return [_of_file(place.parent, place.name)]
        if _is_home(place):
            return [_of_home(place.parent, place.name)]
        names = sorted(name for name in os.listdir(place) if not name.startswith(".") and name not in NOBODYS)
    except OSError as error:
        raise NothingThere(error.errno, f"{place}: {error.strerror}") from None
    learners = [learner for name in names if (learner := _of_entry(place, name)) is not None]
    if not learners:
        raise NothingThere(errno.ENOENT, f"{place} has no homes in it, and no files of progress")
    return learners


def _is_home(place):
    """Whether a folder is one home: it has the data folder that every home with a desktop or a course has."""
    return any(os.path.lexists(place.joinpath(*parts[:1])) for parts in PLACES)


def _of_entry(place, name):
    """The Learner of a home or a file in `place`; None for what is neither."""
    mode = os.lstat(place / name).st_mode
    if stat.S_ISDIR(mode):
        return _of_home(place, name)
    if name.endswith(HANDED):
        return _of_file(place, name)
    if stat.S_ISLNK(mode) and (place / name).is_dir():
        return Learner(clean(name), trouble="the home is a link: name the folder that it leads to as well")
    return None


def _of_home(place, name):
    for parts in PLACES:
        try:
            data, trouble = _opened(place, (name, *parts))
        except FileNotFoundError:
            continue
        except OSError as error:
            return Learner(clean(name), trouble=f"the file of progress {_reason(error)}")
        return _learner(name, data, trouble)
    return Learner(clean(name))


def _of_file(place, name):
    shown = name.removesuffix(".json").removesuffix(".csv")
    try:
        data, trouble = _opened(place, (name,))
    except OSError as error:
        return Learner(clean(shown), trouble=f"the file {_reason(error)}")
    return _learner(shown, data, trouble)


def _learner(shown, data, trouble):
    scores, wrong = ({}, "") if trouble else understood(data)
    said = f"the file of progress is {trouble or wrong}" if trouble or wrong else ""
    return Learner(clean(shown), scores, said, begun=True)


def _opened(place, parts):
    """(the file's bytes, what is wrong with it or ""). Raises OSError where it cannot be opened."""
    folder = os.open(place, getattr(os, "O_DIRECTORY", 0))  # the teacher's own word: this one may be a link
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        owner = os.fstat(folder).st_uid
        file = os.open(parts[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        return _read(file, owner if len(parts) > 1 else None)
    finally:
        os.close(file)


def _read(file, owner):
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        return b"", "no ordinary file: not read"
    if owner is not None and about.st_uid != owner:
        return b"", "somebody else's: not read"
    data = b""
    while len(data) <= LONGEST and (more := os.read(file, LONGEST + 1 - len(data))):
        data += more
    return data, ""


def _reason(error):
    return _SAID.get(error.errno) or f"cannot be read: {error.strerror}"
