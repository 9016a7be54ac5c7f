"""The scenes of the notebooks: play them, and remake their recordings.

    python tools/scenes.py record [NN …]     remakes the recordings (of these notebooks, or of all)
    python tools/scenes.py play NAME         plays one scene and prints its ladder
    python tools/scenes.py list              names them

A scene's cell is self-contained: it needs its notebook's imports cell, and cells above it that do nothing but
define functions.
"""

from __future__ import annotations

import argparse
import ast
import linecache
import os
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, RECORDINGS = ROOT / "notebooks", ROOT / "labsupport" / "recordings"


class Scene:
    """One scene of one notebook: its `name`, the `notebook`'s number, the source of what it needs (`imports`)
    and
    of its cell."""

    def __init__(self, name, notebook, imports, source):
        self.name, self.notebook, self.imports, self.source = name, notebook, imports, source

    def play(self):
        """Run its cell in a fresh namespace; returns the Timeline."""
        namespace = {"__name__": "__main__"}
        for part, source in (("imports", self.imports), (self.name, self.source)):
            filename = f"<scene {self.notebook} {part}>"
            # inspect.getsource, by which a recording knows its code, reads it from there
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
            exec(compile(source, filename, "exec"), namespace)
        return namespace[self.name]


def scenes(numbers=()):
    """Every Scene of the notebooks whose numbers begin so (all where none is given), in the course's order.
    """
    found = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        number = path.name[:2]
        if numbers and number not in numbers:
            continue
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        imports = next((_plain(cell.source) for cell in cells if cell.get("id") == "imports"), "")
        for cell in cells:
            source = _plain(cell.source)
            if "@scene" in source:
                found += [Scene(name, number, imports, source) for name in _names(source)]
            elif _is_helper(source):
                imports += "\n\n" + source
    return found


def _plain(source):
    """The cell without IPython's own lines."""
    lines = source.splitlines(keepends=True)
    return "".join("\n" if line.startswith("%") else line for line in lines)


def _is_helper(source):
    """Whether a cell does nothing but define functions."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return bool(body) and all(isinstance(node, ast.FunctionDef) and not node.decorator_list for node in body)


def _names(source):
    """The functions of a cell that are scenes."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if any(map(_is_scene, function.decorator_list))]


def _is_scene(decorator):
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id == "scene"


def record(numbers, folder=RECORDINGS):
    """Play the scenes, and write each one's recording; those of scenes that are no more are removed."""
    from labsupport.scenes.recordings import WANTED

    chosen = scenes(numbers)
    names = [one.name for one in chosen]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(
            f"two scenes have one name, so they would share a recording: {', '.join(sorted(twice))}"
        )
    os.environ[WANTED] = str(folder)
    for one in chosen:
        one.play()
        print(f"{one.notebook} {one.name}")
    if not numbers:
        for path in folder.glob("*.json"):
            if path.stem not in names:
                path.unlink()
                print(f"-- {path.stem}")


def main(arguments=None):
    """The command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Play the notebooks' scenes, and remake their recordings.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("numbers", nargs="*")
    commands.add_parser("play").add_argument("name")
    commands.add_parser("list")
    asked = parser.parse_args(arguments)
    if asked.command == "record":
        record(asked.numbers)
    elif asked.command == "list":
        for one in scenes():
            print(one.notebook, one.name)
    else:
        chosen = [one for one in scenes() if one.name == asked.name]
        if not chosen:
            raise SystemExit(f"no scene {asked.name}; `python tools/scenes.py list` names them")
        print(chosen[0].play())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
