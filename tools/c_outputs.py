"""The outputs of the notebooks' C programs, which are shown where there is no compiler: remake them.

    python tools/c_outputs.py record [NN …]  runs these notebooks (or all that have C in them) and keeps what
    came python tools/c_outputs.py list           names the recordings, each by its program's first line

With no numbers, recordings that no notebook asked for are removed. A notebook that uses a live server is run
whole, so that a program finds what it talks to.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from nbrun import execute

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, RECORDINGS = ROOT / "notebooks", ROOT / "labsupport" / "recordings" / "c"
_SIGNS = ("%%c\n", "%%c ", "%c ", "run_c(")


def with_c(numbers=()):
    """The notebooks that run C programs, of these numbers (all where none is given)."""
    found = []
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb")):
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        if any(sign in source for sign in _SIGNS for source in cells):
            if not numbers or path.name[:2] in numbers:
                found.append(path)
    return found


def record(numbers, folder=RECORDINGS):
    """Run the notebooks and keep what their C programs gave, one file each."""
    from labsupport.c.outputs import WANTED

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        os.environ[WANTED] = fresh
        for path in with_c(numbers):
            execute(nbformat.read(path, as_version=4))
            print(path.stem)
        made = sorted(Path(fresh).glob("*.json"))
        if not numbers:
            for old in folder.glob("*.json"):
                if not Path(fresh, old.name).exists():
                    old.unlink()
                    print(f"-- {old.stem}")
        for one in made:
            shutil.copyfile(one, folder / one.name)
    print(f"{len(made)} recordings")


def main(arguments=None):
    """The command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Remake the recorded outputs of the notebooks' C programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("numbers", nargs="*")
    commands.add_parser("list")
    asked = parser.parse_args(arguments)
    if asked.command == "record":
        record(asked.numbers)
    else:
        for path in sorted(RECORDINGS.glob("*.json")):
            print(path.stem, json.loads(path.read_text("utf-8"))["begins"])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
