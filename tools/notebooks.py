"""The notebooks' maintainer's tool: text to edit and back, execute, normalize, say which cells changed.

    python tools/notebooks.py text 05        notebooks/05-….ipynb → build/05-….md
    python tools/notebooks.py build 05       build/05-….md, executed → notebooks/05-….ipynb
    python tools/notebooks.py run [05 …]     execute again; written only where something compared changed
    python tools/notebooks.py check [05 …]   the form, without executing

In place of a number, `teacher` is classroom/teacher.ipynb.

The executed .ipynb is the only source that is committed; the text in build/ is a copy to edit. In the text
a code cell's first line is `:name: connect-refused`, its cell id; a markdown cell may have one by
`+++ {"name": "the-call"}` above it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

import nbformat

import nbform
import nboutputs
import nbrun
import nbtext

NOTEBOOKS = nboutputs.ROOT / "notebooks"
TEXTS = nboutputs.ROOT / "build"
APART = {"teacher": nboutputs.ROOT / "classroom" / "teacher.ipynb"}  # no part of the course


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 where something has to be mended."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (("text", "write the text form"), ("build", "execute the text form and store it")):
        command = commands.add_parser(name, help=summary)
        command.add_argument("numbers", nargs="+", metavar="NN")
    for name, summary in (("run", "execute again"), ("check", "check the form")):
        command = commands.add_parser(name, help=summary)
        command.add_argument("numbers", nargs="*", metavar="NN")
    for name in ("build", "run"):
        command = commands.choices[name]
        command.add_argument("--quiet", action="store_true", help="do not show outputs")
        command.add_argument("--pictures", action="store_true", help="take every picture anew")
    options = parser.parse_args(arguments)
    try:
        return max([_one(options, number) for number in options.numbers or _all_numbers()], default=0)
    except (nbtext.TextError, nbrun.CellFailed, FileNotFoundError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _one(options, number: str) -> int:
    if options.command == "text":
        return write_text(number)
    if options.command == "check":
        return check(find(NOTEBOOKS, number, "ipynb"))
    if options.command == "build":
        text = find(TEXTS, number, "md")
        source = nbtext.from_text(text.read_text("utf-8"))
        path = APART.get(number, NOTEBOOKS / f"{text.stem}.ipynb")
    else:
        path = find(NOTEBOOKS, number, "ipynb")
        source = nbformat.read(path, as_version=4)
    return store(
        source, path, show=not options.quiet and options.command == "build", pictures=options.pictures
    )


def find(folder: Path, number: str, ending: str) -> Path:
    """The one file `NN-….ending` in a folder. FileNotFoundError: none, or several."""
    if number in APART:
        return APART[number] if folder == NOTEBOOKS else folder / f"{number}.{ending}"
    found = sorted(folder.glob(f"{number[:2]}-*.{ending}"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise FileNotFoundError(f"expected one file {number[:2]}-*.{ending} in {folder.name}/, found {names}")
    return found[0]


def write_text(number: str) -> int:
    """Write the text form of a notebook to build/."""
    path = find(NOTEBOOKS, number, "ipynb")
    TEXTS.mkdir(exist_ok=True)
    text = TEXTS / f"{path.stem}.md"
    _write(text, nbtext.to_text(nbformat.read(path, as_version=4)))
    print(f"wrote {text.relative_to(nboutputs.ROOT)}")
    return 0


def store(source, path: Path, *, show: bool, pictures: bool) -> int:
    """Execute `source`, keep what compares equal, write the file if its bytes change; say what changed."""
    stored = nbformat.read(path, as_version=4) if path.exists() else None
    fresh = nboutputs.normalize(nbrun.execute(source))
    if found := nboutputs.accidents(fresh):
        show_outputs(fresh, set())
        print(
            "\n".join([f"\n{path.name} is not written; its outputs hold accidents:", *found]), file=sys.stderr
        )
        return 1
    changed = nboutputs.keep_stored(fresh, stored, nboutputs.rules(), pictures=pictures)
    if show:
        show_outputs(fresh, {line.split(":")[0] for line in changed})
    text = nboutputs.canonical(fresh)
    if stored is not None and path.read_text("utf-8") == text:
        print(f"{path.name}: unchanged")
    else:
        path.parent.mkdir(exist_ok=True)
        _write(path, text)
        print(f"{path.name}: written; " + ("; ".join(changed) or "only its form or a picture changed"))
    for problem in nbform.problems(fresh, path, _siblings()):
        print(f"  form: {problem}")
    return 0


def check(path: Path) -> int:
    """Print what is wrong with a notebook's form. Returns 1 if anything is."""
    notebook = nbformat.read(path, as_version=4)
    found = nbform.problems(notebook, path, _siblings()) + nbform.stored_problems(notebook, path)
    core, code = len(nbform.core_cells(notebook)), len(nbform.code_cells(notebook))
    print(f"{path.name}: {code} code cells, {core} counted in the core; {len(found) or 'no'} problems")
    print("".join(f"  {problem}\n" for problem in found), end="")
    return 1 if found else 0


def show_outputs(notebook, changed: set[str], width: int = 130, lines: int = 30) -> None:
    """Print each code cell and what it gave, cut short."""
    for cell in nbform.code_cells(notebook):
        mark = "  ← changed" if cell.id in changed else ""
        print(f"\n── [{cell.execution_count}] {cell.id}{mark}")
        print("".join(f"   ▷ {line[:width]}\n" for line in cell.source.splitlines()), end="")
        for output in cell.outputs:
            kind, text = _in_short(output)
            print(f"   ⇒ {kind}")
            shown = text.splitlines()
            rest = [f"… {len(shown) - lines} more lines"] if len(shown) > lines else []
            print("".join(f"     {line[:width]}\n" for line in shown[:lines] + rest), end="")


def _in_short(output) -> tuple[str, str]:
    if output.output_type == "stream":
        return output.name, output.text
    if output.output_type == "error":
        return "error", f"{output.ename}: {re.sub(chr(27) + r'.[0-9;]*m', '', output.evalue)}"
    return ", ".join(sorted(output.data)), str(output.data.get("text/plain", ""))


def _siblings() -> list[str]:
    return sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))


def _all_numbers() -> list[str]:
    return [name[:2] for name in _siblings()]


def _write(path: Path, text: str) -> None:
    """Replace a file whole or not at all: a build that is interrupted must not leave half a notebook."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8", newline="\n")
    os.replace(part, path)


if __name__ == "__main__":
    sys.exit(main())
