"""The learner's notebooks: copied from the course's, kept whatever comes, and a newer one offered beside."""

import contextlib
import datetime
import glob
import hashlib
import json
import os
import re
import shutil

from labsetup.trouble import Trouble, say

SEEN = ".course.json"  # in the learner's folder: which of the course's files were copied, or offered
NUMBER = r"(?:\d\d-)?"  # which the names of notebooks begin with, and those of other files do not
# A copy beside the learner's own, named by `dated`; the second form is that of earlier versions of this.
ASIDE = re.compile(NUMBER + r"(new|kept)-\d{4}-\d\d-\d\d-|.+\.(new|kept)-\d{4}-\d\d-\d\d")


def masters(places):
    """{name below notebooks/: path} of the course's files that learners get copies of, sorted."""
    found = [file for file in sorted(places.course.rglob("*")) if file.is_file() and os.access(file, os.R_OK)]
    files = {file.relative_to(places.course).as_posix(): file for file in found}
    return {name: file for name, file in files.items() if not re.search(r"(^|/)(\.|__)", name)}


def copy_course(places):
    """Copy what the learner does not have yet, and offer what the course has a newer one of. What is there
    stays as it is. Returns the new notebooks."""
    new, seen = [], recall(places)
    before = dict(seen)
    try:
        for name, source in masters(places).items():
            mine, now = places.mine / name, fingerprint(source)
            if add(source, mine):
                new.append(mine)
            elif seen.get(name, now) != now:
                new += offer(source, mine)
            seen[name] = now
    finally:
        if seen != before:
            remember(places, seen)
    return [path for path in new if path.suffix == ".ipynb"]


def fingerprint(file):
    """What is in `file`, as a short text; None where it cannot be read."""
    with contextlib.suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()


def recall(places):
    """{name: fingerprint of the course's file that the learner was last given, or offered}.

    A file that is not in it is taken for a copy of today's, since nothing tells when it was copied.
    """
    try:
        seen = json.loads((places.mine / SEEN).read_text("utf-8"))
        return {name: value for name, value in seen.items() if isinstance(value, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(places, seen):
    """Write what `recall` reads, whole or not at all."""
    draft = places.mine / f"{SEEN}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(seen, indent=1), "utf-8")
        os.replace(draft, places.mine / SEEN)
    finally:
        draft.unlink(missing_ok=True)


def offer(source, mine):
    """Put the course's newer file beside the learner's, unless it is there already. Returns what is new."""
    number, rest = numbered(mine)
    older = f"{glob.escape(mine.stem)}.new-*{mine.suffix}"  # the form of earlier versions of this
    names = (f"{number}new-*-{glob.escape(rest)}{mine.suffix}", older)
    beside = [file for name in names for file in mine.parent.glob(name)]
    if fingerprint(source) in {fingerprint(file) for file in (mine, *beside)}:
        return []
    offered = next(path for path in dated(mine, "new") if add(source, path))
    say(f"The course has a newer {source.name}: it is beside yours, which stays, as {offered.name}")
    return [offered]


def add(source, target):
    """Copy `source` to `target`, whole or not at all. False if something is there already: it is kept."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, draft)  # without its mode: a read-only course must not give read-only copies
        try:
            os.link(draft, target)  # unlike a rename, this never replaces a file that has come meanwhile
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            os.rename(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return True


def find_notebook(places, number):
    """The course's notebook with that number, as the learner typed it."""
    names = sorted(file.name for file in places.course.glob("[0-9][0-9]-*.ipynb"))
    for name in names:
        if number.isdecimal() and int(number) == int(name[:2]):
            return places.course / name
    raise Trouble(f"There is no notebook {number!r}. There are:\n  " + "\n  ".join(names))


def own(folder, number):
    """The learner's notebooks of that number in `folder`, sorted: not the newer and the kept ones beside."""
    return sorted(file for file in folder.glob(f"{number}-*.ipynb") if not ASIDE.match(file.name))


def numbered(file):
    """The two parts of the stem of `file`: "05-", or "" where it has no number, and the rest."""
    return re.fullmatch(f"({NUMBER})(.*)", file.stem).groups()


def dated(file, word):
    """Names to try one after the other for a file beside `file`: 05-WORD-2026-11-22-NAME; then -22-2-NAME …

    The mark is right behind the number: JupyterLab's list of files cuts long names at their end.
    """
    number, rest = numbered(file)
    for count in ("", *(f"-{count}" for count in range(2, 1000))):
        yield file.with_name(f"{number}{word}-{datetime.date.today()}{count}-{rest}{file.suffix}")
    raise Trouble(f"{file.parent} has 999 copies of today. Move some elsewhere, then try again.")


def set_aside(notebook):
    """Rename `notebook` to a name with today's date that no other file has; returns the new path."""
    for kept in dated(notebook, "kept"):
        with contextlib.suppress(FileExistsError):
            kept.touch(exist_ok=False)  # the name is ours from here on, and replacing it loses nothing
            os.replace(notebook, kept)
            return kept
