"""The form that every notebook keeps, checked without executing anything.

Each rule is one small function that yields sentences; a sentence names the cell and says what to do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from nboutputs import EXCUSES, accidents, canonical
from nbtext import is_readable

CORE_CELLS = 16
LONGEST_CELL = 24  # lines
LONGEST_ROW = 3  # code cells without prose between them
EXCUSED_SHARE = 12  # one cell in so many
NEEDS = {"needs-network", "needs-ipv6", "needs-cc", "needs-bbr"}
TAGS = NEEDS | EXCUSES | {"raises-exception"}
REASON = re.compile(r"^# not compared: \S.{10,}", re.MULTILINE)
NOT_STORED_AS_SHOWN = ("clear_output", "display_id", "Output(", "time.sleep(")
LINK = re.compile(r"\]\(([^)#\s]+\.ipynb)\)")


def problems(notebook: NotebookNode, path: Path, siblings: list[str]) -> list[str]:
    """Every rule that the notebook at `path` breaks. `siblings`: the file names of the course, in order."""
    found = []
    for rule in (_title, _links, _ids, _tags, _rows, _lengths, _core, _way, _excused, _calls, _end):
        found.extend(rule(notebook, path, siblings))
    return found


def stored_problems(notebook: NotebookNode, path: Path) -> list[str]:
    """What is wrong with the file as it is stored: counts, accidents in outputs, another form."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    found = accidents(notebook)
    if counts != list(range(1, len(counts) + 1)):
        found.append(f"execution counts are {counts}, not 1 to {len(counts)}: run the notebook")
    if path.read_text("utf-8") != canonical(notebook):
        found.append("not in the canonical form: run the notebook with the tool")
    return found


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The notebook's code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def core_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells above `## Deeper`, imports and predictions not counted."""
    core = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^## Deeper", cell.source, re.MULTILINE):
            break
        if cell.cell_type == "code" and not is_import(cell.source) and not is_prediction(cell.source):
            core.append(cell)
    return core


def is_import(source: str) -> bool:
    """Whether the cell does nothing but import and load extensions."""
    statements = _statements(source)
    return bool(source.strip()) and all(isinstance(item, ast.Import | ast.ImportFrom) for item in statements)


def is_prediction(source: str) -> bool:
    """Whether the cell asks for a prediction, or ends by setting it beside the evidence."""
    statements = _statements(source)
    if not statements:
        return False
    asks = [
        item
        for item in statements
        if isinstance(item, ast.Assign | ast.Expr) and _called(item.value) == "predict"
    ]
    others = [item for item in statements if item not in asks]
    if asks and all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Name) for item in others):
        return True
    return isinstance(statements[-1], ast.Expr) and _called(statements[-1].value) == "reveal"


def _statements(source: str) -> list[ast.stmt]:
    if source.startswith("%%"):
        return [ast.Pass()]
    plain = "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())
    try:
        return ast.parse(plain).body
    except SyntaxError:
        return [ast.Pass()]


def _called(value) -> str | None:
    if not isinstance(value, ast.Call):
        return None
    return value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", None)


def _title(notebook, path, _siblings) -> Iterator[str]:
    first = notebook.cells[0]
    title = first.source.splitlines()[0] if first.cell_type == "markdown" else ""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not title.startswith("# ") or words != path.stem:
        yield f"the first cell begins with {title!r}, the file's name asks for '# {path.stem[:2]} …'"
    if _number(path.name) in range(1, 10) and "You will be able to" not in first.source:
        yield "the first cell does not say 'You will be able to …'"


def _links(notebook, path, siblings) -> Iterator[str]:
    linked = {
        at: set(LINK.findall(cell.source))
        for at, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
    }
    everywhere = set().union(*linked.values()) if linked else set()
    for name in sorted(everywhere - set(siblings)):
        if "/" not in name:
            yield f"a link goes to {name}, which is not there"
    for name, word in _neighbors(path.name, siblings):
        if name not in everywhere:
            yield f"no link to the {word} notebook, {name}"
    for at, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and re.search(r"\]\((/|file:|[A-Za-z]:\\)", cell.source):
            yield f"{notebook.cells[at].id}: a link to a place on one machine"


def _neighbors(name: str, siblings: list[str]) -> Iterator[tuple[str, str]]:
    """The notebooks before and after this one; the numbers between may have gaps."""
    number = _number(name)
    if number < 0:
        return
    before = [other for other in siblings if 0 <= _number(other) < number]
    after = [other for other in siblings if _number(other) > number]
    if before:
        yield max(before, key=_number), "previous"
    if after:
        yield min(after, key=_number), "next"


def _number(name: str) -> int:
    return int(name[:2]) if name[:2].isdigit() else -99


def _ids(notebook, _path, _siblings) -> Iterator[str]:
    ids = [cell.id for cell in notebook.cells]
    for name in sorted(set(ids)):
        if not is_readable(name):
            yield f"{name!r} is no readable cell id"
        if ids.count(name) > 1:
            yield f"{name!r} is the id of {ids.count(name)} cells"


def _tags(notebook, _path, _siblings) -> Iterator[str]:
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", ()):
            if tag not in TAGS:
                yield f"{cell.id}: the tag {tag!r} is not one of {', '.join(sorted(TAGS))}"
        if re.search(r"^\s*#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source, re.MULTILINE):
            yield f"{cell.id}: a comment directs nbval; use a tag"


def _rows(notebook, _path, _siblings) -> Iterator[str]:
    row = 0
    for cell in notebook.cells:
        row = row + 1 if cell.cell_type == "code" else 0
        if row == LONGEST_ROW + 1:
            yield f"{cell.id}: the fourth code cell in a row without prose"


def _lengths(notebook, _path, _siblings) -> Iterator[str]:
    for cell in code_cells(notebook):
        if (lines := len(cell.source.splitlines())) > LONGEST_CELL:
            yield f"{cell.id}: {lines} lines; at most {LONGEST_CELL}"
        if not cell.source.strip():
            yield f"{cell.id}: an empty cell"


def _core(notebook, _path, _siblings) -> Iterator[str]:
    if (count := len(core_cells(notebook))) > CORE_CELLS:
        yield f"the core has {count} code cells besides imports and predictions; at most {CORE_CELLS}"


def _way(notebook, path, _siblings) -> Iterator[str]:
    """What each of 01 to 09 has: a live view, and two predictions asked for before the run."""
    if _number(path.name) not in range(1, 10):
        return
    source = "\n".join(cell.source for cell in code_cells(notebook))
    if "watch(" not in source:
        yield "no live view: watch(…)"
    asked, revealed = source.count("predict("), source.count(".reveal(")
    if asked < 2 or revealed < asked:
        yield f"{asked} predictions asked for and {revealed} revealed; at least two, and each is revealed"
    headings = {
        line.strip()
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    }
    for heading in ("## The call", "## Break it", "## Deeper", "## In short"):
        if not any(line.startswith(heading) for line in headings) and not _is_program(path, heading):
            yield f"no passage {heading!r}"


def _is_program(path, heading) -> bool:
    """08 and 09 build a program: they have no single call, and break it all the way."""
    return _number(path.name) in (8, 9) and heading in ("## The call", "## Break it")


def _excused(notebook, _path, _siblings) -> Iterator[str]:
    cells = code_cells(notebook)
    excused = [cell for cell in cells if EXCUSES & set(cell.metadata.get("tags", ()))]
    if len(excused) * EXCUSED_SHARE > len(cells):
        yield f"{len(excused)} of {len(cells)} code cells are excused; at most one in {EXCUSED_SHARE}"
    for cell in excused:
        if not REASON.search(cell.source):
            yield f"{cell.id}: excused from comparison without a line '# not compared: the reason'"


def _calls(notebook, _path, _siblings) -> Iterator[str]:
    for cell in code_cells(notebook):
        for call in NOT_STORED_AS_SHOWN:
            if call in cell.source:
                why = "wait with until()" if "sleep" in call else "what it shows is not what is stored"
                yield f"{cell.id}: uses {call.rstrip('(')}: {why}"


def _end(notebook, _path, _siblings) -> Iterator[str]:
    last = code_cells(notebook)[-1:]
    if not last or last[0].source.strip().splitlines()[-1:] != ["tidy()"]:
        yield "the last code cell does not end with tidy()"
