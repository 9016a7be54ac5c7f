"""A notebook as text to edit, and back.

The text is jupytext's MyST Markdown. Readable cell ids must survive the round trip, and jupytext does not
carry them; so they travel as the cell attribute `name`, and are moved between the id and the attribute here
and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata

import jupytext
import nbformat
from nbformat import NotebookNode

READABLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_ID = 48
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}


class TextError(Exception):
    """The text does not make a notebook; the message says which cell and why."""


def to_text(notebook: NotebookNode) -> str:
    """The notebook's text form. Outputs are left behind; ids become `name` attributes."""
    cells = []
    for cell, slug in zip(notebook.cells, _slugs(notebook.cells), strict=True):
        metadata = {key: value for key, value in cell.metadata.items() if key in ("tags",) and value}
        if cell.cell_type == "code" or cell.id != slug:
            metadata = {"name": cell.id, **metadata}
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        cells.append(make(cell.source, metadata=metadata))
    plain = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": dict(KERNELSPEC)})
    return jupytext.writes(plain, "md:myst")


def from_text(text: str) -> NotebookNode:
    """A notebook without outputs. TextError: a code cell has no name, or two cells have the same."""
    read = jupytext.reads(text, "md:myst")
    for number, cell in enumerate(read.cells, 1):
        name = cell.metadata.pop("name", None)
        if cell.cell_type == "raw":
            raise TextError(f"cell {number} is raw: only markdown and code have a place here")
        if cell.cell_type == "code" and name is None:
            raise TextError(
                f"code cell {number} has no name; add a line ':name: connect-refused' to\n{cell.source}"
            )
        if name is not None and not is_readable(str(name)):
            raise TextError(f"cell {number}: {name!r} is no readable name, such as connect-refused")
        cell["id"] = name  # markdown without a name: filled in below, once the taken ones are known
    taken = [cell.id for cell in read.cells if cell.id]
    for name in taken:
        if taken.count(name) > 1:
            raise TextError(f"two cells are named {name!r}")
    for cell, slug in zip(read.cells, _slugs(read.cells), strict=True):
        cell["id"] = cell.id or slug
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": dict(LANGUAGE)}
    return nbformat.v4.new_notebook(cells=read.cells, metadata=metadata)


def is_readable(name: str) -> bool:
    """Whether `name` can be a cell id: lower-case words with hyphens, not a random token."""
    return (
        bool(READABLE.fullmatch(name)) and len(name) <= LONGEST_ID and not re.fullmatch(r"[0-9a-f]{8}", name)
    )


def slug_of(source: str) -> str:
    """An id made of the first words of a markdown cell: of its heading, where it begins with one."""
    first_line = next((line for line in source.splitlines() if re.search(r"[A-Za-z]", line)), "")
    text = re.sub(r"\]\([^)]*\)", "]", first_line)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", text.lower())
    while words and not words[0][0].isalpha():
        words.pop(0)
    return "-".join(words[:5])[:LONGEST_ID].rstrip("-") or "text"


def _slugs(cells) -> list[str]:
    """The id each cell would have without a name of its own: unique among names and earlier slugs."""
    own = [cell.get("id") for cell in cells]
    result: list[str] = []
    for place, cell in enumerate(cells):
        base = slug = slug_of(cell.source)
        others = set(result) | {name for at, name in enumerate(own) if name and at != place}
        count = 1
        while slug in others or not is_readable(slug):
            count += 1
            slug = f"{base[: LONGEST_ID - 3]}-{count}"
        result.append(slug)
    return result
