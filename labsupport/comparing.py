"""Several machines' `doctor --json`, side by side: what a room can show, and where to go first.

python -m labsupport doctor --json > pc07.json       on each machine
python -m labsupport doctor --compare pc*.json       where the files are
"""

from __future__ import annotations

import json
from pathlib import Path

VERSION = 1


class NotComparable(ValueError):
    """A file that `doctor --json` has not written, or of a version that this one does not know."""


def compared(*files) -> str:
    """A table: an ability a line, a machine a column; below, who lacks what, and what helps.

    A machine has its file's name. Raises OSError for a file that cannot be read, NotComparable (a ValueError)
    for one that is something else, ValueError for no file at all.
    """
    if not files:
        raise ValueError("name at least one file that `doctor --json` has written")
    machines = {Path(file).stem: _read(Path(file)) for file in files}
    names = list(dict.fromkeys(name for told in machines.values() for name in told["abilities"]))
    return "\n".join(
        [*_table(machines, names), "", *(_lacking(machines, names) or ["Every machine has all of it."])]
    )


def _read(path):
    try:
        told = json.loads(path.read_bytes())  # bytes: PowerShell's > writes UTF-16, and json finds that out
        if told["version"] != VERSION:
            raise NotComparable(
                f"{path} is of version {told['version']!r}; this course knows version {VERSION}"
            )
        abilities = {str(each["name"]): each for each in told["abilities"]}
        for each in abilities.values():
            each["present"], each["found"], each["remedy"]
        cells = {
            name: {number: len(ids) for number, ids in told["affected"][name].items()}
            for name in told["affected"]
        }
    except NotComparable:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise NotComparable(f"{path} is not what `python -m labsupport doctor --json` writes") from None
    return {"abilities": abilities, "affected": cells}


def _table(machines, names):
    width = max(map(len, names))
    yield f"{'':{width}}  " + "  ".join(machines)
    for name in names:
        marks = (f"{_mark(told, name):{len(machine)}}" for machine, told in machines.items())
        yield f"{name:{width}}  {'  '.join(marks)}".rstrip()


def _mark(told, name):
    ability = told["abilities"].get(name)
    return "?" if ability is None else "yes" if ability["present"] else "no"


def _lacking(machines, names):
    """For each way in which an ability is missing: who lacks it, why, what helps, and what it costs."""
    lines = []
    for name in names:
        groups = {}
        for machine, told in machines.items():
            ability = told["abilities"].get(name)
            if ability and not ability["present"]:
                groups.setdefault((ability["found"], ability["remedy"]), []).append(machine)
        for (found, remedy), who in groups.items():
            cells = machines[who[0]]["affected"].get(name, {})
            lines += [f"{name}: {', '.join(who)}: {found}", f"    to get it: {remedy}"]
            lines += [f"    cells that lack it: {_counted(cells)}"] if cells else []
    return [line.encode("ascii", "replace").decode() for line in lines]


def _counted(cells):
    return ", ".join(f"{count} in {number}" for number, count in cells.items())
