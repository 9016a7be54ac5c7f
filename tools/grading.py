"""For teachers: a copy of a notebook that nbgrader or otter grades. The course's own stay as they are.

    python tools/grading.py nbgrader 06 --into COURSE/source/sockets   [--points 2]
    python tools/grading.py otter 06 --into ASSIGNMENT                 [--points 2]

Each exercise's cell becomes an answer, and a cell behind it says `assert check(NAME)` for its points: a
verdict is true when it passed. For an exercise in C, in a cell `%%c --exercise NAME`, it says
`assert check("NAME")`, and grading needs a C compiler. nbgrader's marks are cell metadata, and its copy is the
instructor's version, from which `nbgrader generate_assignment` makes the students'. otter wants a file for
each exercise, in `tests/`.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

# Not nboutputs.ROOT: a class's environment has no nbval, and a teacher needs none for this.
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
STUB = "raise NotImplementedError"
IN_C = re.compile(r"%%c\s[^\n]*--exercise[ =](\w+)")
# nbgrader puts a stub in Python where the solution was. In C it is a comment; the function's own stub stays.
REGION_IN_C = """
/* nbgrader's own words, which are no part of the program:
### BEGIN SOLUTION
### END SOLUTION
*/"""
SCHEMA = 3  # of nbgrader's metadata
OTTER_TEST = '''\
OK_FORMAT = True

test = {{
    "name": "{name}",
    "points": {points},
    "suites": [
        {{
            "cases": [{{"code": r""">>> {test}""", "hidden": False, "locked": False}}],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        }}
    ],
}}
'''


def main(arguments: list[str] | None = None) -> int:
    """Write one copy. Returns 0, or 1 where there is nothing to grade, or no place for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("grader", choices=("nbgrader", "otter"))
    parser.add_argument("number", metavar="NN")
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--points", type=int, default=1, help="for each exercise")
    options = parser.parse_args(arguments)
    found = sorted(NOTEBOOKS.glob(f"{options.number}-*.ipynb"))
    if len(found) != 1:
        print(f"no notebook {options.number}", file=sys.stderr)
        return 1
    if options.into.resolve().is_relative_to(NOTEBOOKS):
        print(
            "the course's own notebooks stay without a grader's marks: choose another folder", file=sys.stderr
        )
        return 1
    notebook = nbformat.read(found[0], as_version=4)
    if options.grader == "nbgrader":
        tests = for_nbgrader(notebook, options.points)
    else:
        tests = for_otter(notebook, found[0].name)
    if not tests:
        print(f"no exercises in {found[0].name}", file=sys.stderr)
        return 1
    write(options.into / found[0].name, notebook)
    if options.grader == "otter":
        write_otter_tests(options.into / "tests", tests, options.points)
    print(f"{options.into / found[0].name}: {', '.join(tests)}")
    return 0


def for_nbgrader(notebook: NotebookNode, points: int) -> dict[str, str]:
    """Mark the exercises in `notebook`, in place, as answers with tests behind them.

    Returns the tests, by the exercises' names.
    """
    tests = {}
    for at, cell in reversed(list(enumerate(notebook.cells))):
        asked = tests_of(cell)
        if not asked:
            continue
        cell.source = cell.source + REGION_IN_C if in_c(cell) else with_solution_region(cell.source)
        mark(cell, cell.id, solution=True)
        worth = [new_code_cell(test, id=f"test-{dashed(name)}") for name, test in asked.items()]
        for test in worth:
            mark(test, test.id, grade=True, points=points)
        notebook.cells[at + 1 : at + 1] = worth
        tests = asked | tests
    return tests


def for_otter(notebook: NotebookNode, file: str) -> dict[str, str]:
    """Let `notebook`, in place, ask otter after each exercise; `file`: its name.

    Returns the tests, by the exercises' names.
    """
    tests = {}
    for at, cell in reversed(list(enumerate(notebook.cells))):
        asked = tests_of(cell)
        asking = [new_code_cell(f'grader.check("{name}")', id=f"grade-{dashed(name)}") for name in asked]
        notebook.cells[at + 1 : at + 1] = asking
        tests = asked | tests
    if tests:
        begin = next(at for at, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        setting = f'import otter\n\ngrader = otter.Notebook("{file}")'
        notebook.cells.insert(begin, new_code_cell(setting, id="otter"))
    return tests


def write_otter_tests(folder: Path, tests: dict[str, str], points: int) -> None:
    """One file for each exercise, in otter's format."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, test in tests.items():
        (folder / f"{name}.py").write_text(OTTER_TEST.format(name=name, test=test, points=points), "utf-8")


def tests_of(cell: NotebookNode) -> dict[str, str]:
    """What is to be true behind an exercise's cell, by the exercise's name; nothing for any other cell."""
    name = in_c(cell)
    if name:  # its function is in no Python name
        return {name: f'assert check("{name}")'}
    return {name: f"assert check({name})" for name in checked_in(cell)}


def in_c(cell: NotebookNode) -> str:
    """The exercise in C whose cell this is; "" for any other cell."""
    found = IN_C.match(cell.source) if cell.cell_type == "code" else None
    return found[1] if found else ""


def checked_in(cell: NotebookNode) -> list[str]:
    """The Python functions that a cell defines and checks: ["recv_exactly"]; none for any other cell."""
    if cell.cell_type != "code" or "check(" not in cell.source:
        return []
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:  # a magic
        return []
    defined = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    calls = [node.value for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return [
        call.args[0].id
        for call in calls
        if getattr(call.func, "id", None) == "check" and getattr(call.args[0], "id", None) in defined
    ]


def with_solution_region(source: str) -> str:
    """The stub as nbgrader wants it, which makes it anew in the students' version and leaves the rest."""
    lines = []
    for line in source.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        whole = line.strip() == STUB
        lines += [f"{indent}### BEGIN SOLUTION", line, f"{indent}### END SOLUTION"] if whole else [line]
    return "\n".join(lines)


def mark(cell: NotebookNode, identity: str, *, grade=False, solution=False, points=None) -> None:
    """Put nbgrader's metadata into a cell."""
    meta = {"grade": grade, "grade_id": identity, "locked": grade, "schema_version": SCHEMA}
    meta |= {"solution": solution, "task": False}
    cell.metadata["nbgrader"] = meta | ({"points": points} if grade else {})


def dashed(name: str) -> str:
    return name.replace("_", "-")


def write(path: Path, notebook: NotebookNode) -> None:
    """Write a copy without outputs: the graders make their own."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
