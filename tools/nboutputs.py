"""What of a notebook's outputs is compared, and the one form in which a notebook is stored.

nbval decides what is compared; its rules are repeated here as one small function, so that the maintainer's
tool and the tests say "changed" exactly where `pytest --nbval` would.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections import defaultdict
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams, get_sanitize_patterns

from nbtext import KERNELSPEC, LANGUAGE

ROOT = Path(__file__).resolve().parent.parent
SANITIZE = ROOT / "tests" / "sanitize.cfg"
WIDGET = "application/vnd.jupyter.widget-view+json"
NOT_COMPARED = {
    "metadata",
    "traceback",
    "output_type",
    "name",
    "execution_count",
    WIDGET,
    "image/png",
    "image/jpeg",
}
EXCUSES = {"nbval-skip", "nbval-ignore-output"}
CELL_METADATA = {"tags"}
# An object's default repr: `at 0x7f…`, or an address long enough to be nothing else.
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}|\b0x[0-9a-f]{12,16}\b", re.IGNORECASE)
TEMPORARY = re.compile(r"/tmp/\S+|ipykernel_\d+")
LATE = re.compile(r"the wire ran \d+ ms late")  # compares equal to a finding that held, and shows nothing


def rules(path: Path = SANITIZE) -> list[tuple[str, str]]:
    """The (pattern, replacement) pairs of a sanitize file in nbval's format."""
    return get_sanitize_patterns(path.read_text("ascii"))


def compared(outputs, patterns) -> dict[str, list]:
    """The parts of a cell's outputs that nbval compares, by kind, in order, sanitized."""
    parts = defaultdict(list)
    for output in coalesce_streams(copy.deepcopy(list(outputs))) or ():
        if output.output_type == "stream":
            parts[output.name].append(_sanitized(output.text, patterns))
            continue
        for key, value in {**output, **output.get("data", {})}.items():
            if key not in NOT_COMPARED and key != "data":
                parts[key].append(_sanitized(value, patterns))
    return dict(parts)


def _sanitized(value, patterns):
    if isinstance(value, str):
        for pattern, replacement in patterns:
            value = re.sub(pattern, replacement, value)
    return value


def is_excused(cell) -> bool:
    """Whether the cell is tagged as one whose output nbval does not compare."""
    return bool(EXCUSES & set(cell.metadata.get("tags", ())))


def difference(stored, outputs, missing: frozenset[str]) -> str | None:
    """How the outputs differ from the stored cell's, in the parts that nbval compares, or None."""
    if is_excused(stored):
        return None
    expected, seen = compared(stored.outputs, rules()), compared(outputs, rules())
    if expected == seen or (missing & set(stored.metadata.get("tags", ())) and is_unavailable(outputs)):
        return None
    parts = [
        f"  {key}\n    stored: {now_and_then[0]}\n    now:    {now_and_then[1]}"
        for key in sorted({*expected, *seen})
        if (now_and_then := _where_they_part(expected.get(key), seen.get(key)))
    ]
    return "\n".join([f"cell {stored.id}:", *parts])


def _where_they_part(stored, now, around: int = 120) -> tuple[str, str] | None:
    """Both texts about the place where they begin to differ: a drawing is too long to be shown whole."""
    texts = [
        value if isinstance(value, str) else "\n".join(map(str, value or ["nothing"]))
        for value in (stored, now)
    ]
    at = len(os.path.commonprefix(texts))
    if texts[0] == texts[1]:
        return None
    first, second = (("…" if at > around else "") + text[max(0, at - around) : at + around] for text in texts)
    return first, second


def is_unavailable(outputs) -> bool:
    """Whether all that a cell says is one line: not available here, and why."""
    streams = [output for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    text = "".join(stream.text for stream in streams)
    alone = len(streams) == len(outputs)
    return alone and text.startswith("not available here: ") and len(text.strip().splitlines()) == 1


def normalize(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what is not its content: timings, versions, widget state."""
    cells = []
    for cell in notebook.cells:
        metadata = {
            key: cell.metadata[key]
            for key in sorted(CELL_METADATA & set(cell.metadata))
            if cell.metadata[key]
        }
        plain = NotebookNode(
            cell_type=cell.cell_type, id=cell.id, metadata=metadata, source=cell.source.rstrip("\n")
        )
        if cell.cell_type == "code":
            plain.execution_count = 1 + sum(earlier.cell_type == "code" for earlier in cells)
            plain.outputs = [_plain_output(output, plain.execution_count) for output in _merged(cell.outputs)]
        cells.append(plain)
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": dict(LANGUAGE)}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _merged(outputs):
    """Streams joined as nbval joins them. Two streams race each other, so stdout is put before stderr."""
    merged = coalesce_streams(copy.deepcopy(list(outputs))) or []
    places = [at for at, output in enumerate(merged) if output.output_type == "stream"]
    streams = sorted((merged[at] for at in places), key=lambda output: output.name != "stdout")
    for at, stream in zip(places, streams, strict=True):
        merged[at] = stream
    return merged


def _plain_output(output, count):
    plain = copy.deepcopy(output)
    if "data" in plain:
        plain.data.pop(WIDGET, None)
        plain.metadata = {}
    if plain.output_type == "execute_result":
        plain.execution_count = count
    if plain.output_type == "error":
        plain.traceback = [_without_paths(line) for line in plain.traceback]
    plain.pop("transient", None)
    return plain


def _without_paths(line: str) -> str:
    """A traceback's line without this machine's folders."""
    line = re.sub(r"[~/][^\s\x1b:]*/lib/python3\.\d+/(site-packages/)?", "", line)
    return line.replace(f"{ROOT}/", "").replace(f"{Path.home()}/", "~/")


def accidents(notebook: NotebookNode) -> list[str]:
    """What is stored and differs elsewhere: memory addresses, temporary files, this machine's folders."""
    found = []
    for cell in notebook.cells:
        for kind, values in compared(cell.get("outputs", ()), ()).items():
            text = "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values)
            for what, pattern in (
                ("a memory address", ADDRESS),
                ("a temporary file", TEMPORARY),
                ("a race that does not count", LATE),
            ):
                if match := pattern.search(text):
                    found.append(f"{cell.id}: {kind} holds {what}: {match.group()}")
            if str(ROOT) in text:
                found.append(f"{cell.id}: {kind} holds a folder of this machine: {ROOT}")
    return found


def keep_stored(
    new: NotebookNode, stored: NotebookNode | None, patterns, *, pictures: bool = False
) -> list[str]:
    """Put stored outputs in place of new ones that compare equal, and say which cells changed.

    A port or a picture alone is no change. Where a cell's source changed, a picture in it or after it is
    taken anew, for it may show something else; `pictures=True` takes all of them anew.
    """
    before = {cell.id: cell for cell in stored.cells} if stored else {}
    changed, edited = [], pictures
    for cell in new.cells:
        old = before.pop(cell.id, None)
        if old is None or old.cell_type != cell.cell_type:
            changed.append(f"{cell.id}: new")
            edited = edited or cell.cell_type == "code"
            continue
        if old.source != cell.source:
            changed.append(f"{cell.id}: source")
            edited = edited or cell.cell_type == "code"
        if old.metadata != cell.metadata:
            changed.append(f"{cell.id}: tags")
        if cell.cell_type != "code":
            continue
        same = compared(old.outputs, patterns) == compared(cell.outputs, patterns)
        if is_excused(cell) and old.source == cell.source and old.outputs and not pictures:
            cell.outputs = old.outputs
        elif not same:
            changed.append(f"{cell.id}: output")
        elif not (edited and _has_picture(cell)):
            cell.outputs = old.outputs
    changed.extend(f"{name}: removed" for name in before)
    return changed


def _has_picture(cell) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def canonical(notebook: NotebookNode) -> str:
    """The bytes that are committed: normalized, keys in order, one space of indentation."""
    plain = nbformat.v4.rwbase.split_lines(copy.deepcopy(normalize(notebook)))
    nbformat.validate(copy.deepcopy(notebook))
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
