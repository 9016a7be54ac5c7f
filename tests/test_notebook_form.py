"""The form that every notebook keeps, read from the file. The rules are in tools/nbform.py."""

from __future__ import annotations

import json

import nbformat
import pytest

import nbform
import nboutputs
import nbtext
from notebook_runs import NOTEBOOKS
from notebooks import APART

SIBLINGS = [path.name for path in NOTEBOOKS]
notebooks = pytest.mark.parametrize("path", [*NOTEBOOKS, *APART.values()], ids=lambda path: path.stem)


@notebooks
def test_the_form_is_kept(path):
    notebook = nbformat.read(path, as_version=4)
    found = nbform.problems(notebook, path, SIBLINGS)
    assert not found, "\n".join(found)


@notebooks
def test_what_is_stored_is_settled_and_canonical(path):
    found = nbform.stored_problems(nbformat.read(path, as_version=4), path)
    assert not found, "\n".join(found)


@notebooks
def test_nothing_of_the_run_is_stored_but_its_outputs(path):
    stored = json.loads(path.read_text("utf-8"))
    assert stored["metadata"] == {"kernelspec": nbtext.KERNELSPEC, "language_info": nbtext.LANGUAGE}
    for cell in stored["cells"]:
        assert set(cell["metadata"]) <= nboutputs.CELL_METADATA, cell["id"]
        for output in cell.get("outputs", ()):
            assert nboutputs.WIDGET not in output.get("data", {}), cell["id"]


@notebooks
def test_the_text_form_gives_the_same_cells_back(path):
    notebook = nbformat.read(path, as_version=4)
    back = nbtext.from_text(nbtext.to_text(notebook))
    assert [(cell.id, cell.source) for cell in back.cells] == [
        (cell.id, cell.source) for cell in notebook.cells
    ]
    assert [cell.metadata.get("tags") for cell in back.cells] == [
        cell.metadata.get("tags") for cell in notebook.cells
    ]


def test_every_cell_that_mentions_ipv6_sockets_is_tagged_or_says_nothing_else():
    """A cell whose stored output holds ::1 needs the tag: without IPv6 it cannot come out."""
    for path in NOTEBOOKS:
        for cell in nbform.code_cells(nbformat.read(path, as_version=4)):
            texts = str(nboutputs.compared(cell.outputs, nboutputs.rules()).get("text/plain", ""))
            if "('::1'" in texts:
                assert "needs-ipv6" in cell.metadata.get("tags", ()), f"{path.name}: {cell.id}"


def test_the_sanitize_file_is_small_and_plain():
    rules = nboutputs.rules()
    assert 1 <= len(rules) <= 6
