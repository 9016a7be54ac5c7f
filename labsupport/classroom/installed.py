"""The ready check's look at what is installed: can the learners read all of it, and change none of it?"""

from __future__ import annotations

import importlib.metadata
import json
import os
import stat
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import labsupport
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding
from labsupport.exercises import worked
from labsupport.exercises.standing import TITLES

COURSE = Path(labsupport.__file__).resolve().parent.parent
PARTS = ("labsupport", "notebooks", "lab.py", "labsetup", "pins.txt", "pyproject.toml")
NAMED = 3  # so many files are named in a line
# uv leaves a file to lock in the environment, open to all: nothing reads what somebody writes there.
LOCKS = (".lock",)
_SEEN, _CHANGED = stat.S_IROTH, stat.S_IWOTH


def environment(setting):
    """Everything that a learner's kernel reads can be read by others, and written by none of them."""
    if not hasattr(os, "geteuid"):
        return Finding(LOOK, "this system has no modes of files to look at", "see that learners cannot write")
    held = places()
    closed, changeable = shared(*(path for _, path in held))
    bad = CANNOT if setting.hub else LOOK
    if changeable:
        remedy = f"`sudo chmod -R o-w {COURSE}`, and not in a folder that others may write to"
        return Finding(bad, f"others may change {_where(changeable, held)}", remedy)
    if closed:
        remedy = "set the course up as root in /srv, with a Python that is not in anyone's home; "
        own = "it may stay so where each learner has a copy of their own"
        return Finding(bad, f"others may not read {_where(closed, held)}", remedy + own)
    return Finding(OK, f"{sys.prefix}: others may read all of it, and change none")


def places():
    """What a learner's kernel reads, as (what, path): the environment, the course, the Python below it."""
    python = Path(os.path.realpath(sys.executable)), Path(os.__file__).parent
    course = (COURSE / part for part in PARTS if (COURSE / part).exists())
    named = (("the environment", [Path(sys.prefix)]), ("the course", course), ("the Python", python))
    return [(what, path) for what, paths in named for path in paths]


def shared(*roots):
    """(what others may not read, what others may change) of the files below `roots` and the way to them."""
    closed, changeable = [], []
    for root in map(Path, roots):
        for path, mode in _way(root):
            closed += [path] if not mode & stat.S_IXOTH else []
            changeable += [path] if mode & _CHANGED and not mode & stat.S_ISVTX else []
        for path, mode in _below(root):
            needed = _SEEN | stat.S_IXOTH if stat.S_ISDIR(mode) else _SEEN
            closed += [path] if mode & needed != needed and not _compiled(path) else []
            changeable += [path] if mode & _CHANGED and path.name not in LOCKS else []
    return list(dict.fromkeys(closed)), list(dict.fromkeys(changeable))


def versions(setting):
    """What is installed is what pins.txt says."""
    pins = _pins()
    if not pins:
        return Finding(LOOK, f"there is no pins.txt in {COURSE}", "install from the course's own folder")
    wanted = _wanted(setting.hub)
    missing = sorted(name for name in wanted if _version(name) is None)
    if missing:
        extra = "setup classroom" if setting.hub else "setup"
        return Finding(CANNOT, f"not installed: {', '.join(missing)}", f"`python3 lab.py {extra}`")
    other = {name: _version(name) for name in sorted(wanted) if _version(name) != pins.get(name)}
    if other:
        named = ", ".join(f"{name} {version}" for name, version in list(other.items())[:NAMED])
        count = f"{len(other)} of them" if len(other) > NAMED else "not"
        return Finding(LOOK, f"{count} as pinned: {named}", "`python3 lab.py setup` installs the pinned ones")
    return Finding(OK, f"{len(wanted)} packages, as pinned")


def notebooks(setting, folder=COURSE / "notebooks"):
    """The master copies: all there, whole, and executed."""
    bad = [said for number in TITLES if (said := _notebook(number, folder))]
    if bad:
        return Finding(
            CANNOT, "; ".join(bad[:NAMED]), f"copy them anew into {folder}, from the course's source"
        )
    return Finding(OK, f"{len(TITLES)} in {folder}")


def solutions(setting):
    """Whether solution() shows them: for the teacher to know."""
    if worked.withheld():
        return Finding(OK, "withheld; `python -m labsupport solutions give` shows them")
    return Finding(OK, "shown; `python -m labsupport solutions withhold` hides them")


def _where(paths, held):
    """The `paths` in words; of a folder that is on the way to something of `held`, what that is."""
    alike = {}
    for path in paths:
        there = tuple(dict.fromkeys(what for what, root in held if path in root.parents))
        alike.setdefault(there, []).append(path)
    return "; ".join(_some(some) + _is_there(there) for there, some in alike.items())


def _is_there(things):
    if not things:
        return ""
    *others, last = things
    return f", where {', '.join(others) + ' and ' if others else ''}{last} {'are' if others else 'is'}"


def _some(paths):
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(map(str, paths[:NAMED])) + more


def _way(root):
    """(folder, mode) for each folder on the way to `root`."""
    for folder in root.parents:
        yield folder, folder.stat().st_mode


def _below(root):
    """(path, mode) of `root` and all that is in it; links are the business of what they lead to."""
    yield root, root.stat().st_mode
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                yield path, mode


def _compiled(path):
    """Whether Python does without this file where it cannot be read."""
    return path.name == "__pycache__" or path.suffix == ".pyc"


def _pins():
    try:
        return dict(line.split("==") for line in (COURSE / "pins.txt").read_text("ascii").split())
    except (OSError, ValueError):
        return {}


def _wanted(hub):
    """The names that the course asks for, and all that comes along with them."""
    names, ahead = set(), [(line, {""}) for line in _asked(hub)]
    while ahead:
        line, with_extras = ahead.pop()
        asked = Requirement(line)
        name = canonicalize_name(asked.name)
        if name in names or (
            asked.marker and not any(asked.marker.evaluate({"extra": extra}) for extra in with_extras)
        ):
            continue
        names.add(name)
        ahead += [(line, {"", *asked.extras}) for line in _requires(name)]
    return names


def _asked(hub):
    project = tomllib.loads((COURSE / "pyproject.toml").read_text("utf-8"))["project"]
    return project["dependencies"] + (project["optional-dependencies"]["classroom"] if hub else [])


def _requires(name):
    try:
        return importlib.metadata.requires(name) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _notebook(number, folder):
    """What is wrong with the notebook of that number, or ""."""
    found = sorted(folder.glob(f"{number}-*.ipynb"))
    if not found:
        return f"{number} is not in {folder}"
    try:
        cells = json.loads(found[0].read_text("utf-8"))["cells"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"{found[0].name} cannot be read ({type(error).__name__})"
    executed = any(cell.get("outputs") for cell in cells)
    return "" if executed else f"{found[0].name} has no outputs"
