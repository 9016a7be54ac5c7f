"""The maintainer's tool on small notebooks made here: round trip, what is a change, what is refused."""

from __future__ import annotations

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import nbform
import nboutputs
import nbrun
import nbtext
import notebooks

TEXT = """\
# 42 A Sample

Some words.

```{code-cell}
:name: imports

import socket
```

```{code-cell}
:name: bound
:tags: [needs-ipv6]

with socket.socket() as sock:
    sock.bind(("127.0.0.1", 0))
    address = sock.getsockname()
address
```

+++ {"name": "the-call"}

## Something else
"""


def shown(text, **more):
    return new_output("execute_result", {"text/plain": text, **more}, execution_count=1)


def notebook(*cells):
    return nboutputs.normalize(new_notebook(cells=list(cells)))


def code(source="1", *outputs, name="one", tags=()):
    return new_code_cell(
        source, id=name, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {}
    )


# ---- text and back


def test_ids_and_tags_survive_the_round_trip():
    there = nbtext.from_text(TEXT)
    assert [cell.id for cell in there.cells] == ["a-sample", "imports", "bound", "the-call"]
    assert there.cells[2].metadata.tags == ["needs-ipv6"]
    assert nbtext.from_text(nbtext.to_text(there)) == there


def test_the_text_form_settles_at_once():
    once = nbtext.to_text(nbtext.from_text(TEXT))
    assert nbtext.to_text(nbtext.from_text(once)) == once


def test_a_cell_magic_and_two_markdown_cells_survive():
    there = notebook(
        new_markdown_cell("one", id="one"),
        new_markdown_cell("two", id="two"),
        code("%%child\nprint(1)", name="x"),
    )
    assert [cell.source for cell in nbtext.from_text(nbtext.to_text(there)).cells] == [
        "one",
        "two",
        "%%child\nprint(1)",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```{code-cell}\n1\n```\n", "has no name"),
        ("```{code-cell}\n:name: Not Readable\n\n1\n```\n", "no readable name"),
        (
            "```{code-cell}\n:name: a\n\n1\n```\n\n```{code-cell}\n:name: a\n\n2\n```\n",
            "two cells are named 'a'",
        ),
    ],
)
def test_a_bad_name_is_refused(text, reason):
    with pytest.raises(nbtext.TextError, match=reason):
        nbtext.from_text(text)


def test_equal_headings_get_different_ids():
    there = nbtext.from_text("## The call\n\n+++\n\n## The call\n")
    assert [cell.id for cell in there.cells] == ["the-call", "the-call-2"]


# ---- what is compared, what is stored


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("('127.0.0.1', 40001)", "('127.0.0.1', PORT)"),
        ("('127.0.0.2', 1)", "('127.0.0.2', PORT)"),
        ("('::1', 40001, 0, 0)", "('::1', PORT, 0, 0)"),
        ("<socket.socket fd=71, family=2>", "<socket.socket fd=FD, family=2>"),
        ("('192.0.2.1', 80)", "('192.0.2.1', 80)"),
        ("sent 5, received 5", "sent 5, received 5"),
    ],
)
def test_ports_and_descriptors_are_settled_and_nothing_else(text, settled):
    assert nboutputs.compared([shown(text)], nboutputs.rules()) == {"text/plain": [settled]}


def test_a_port_or_a_picture_alone_changes_nothing():
    stored = notebook(code("1", shown("('127.0.0.1', 1)", **{"image/png": "old"})))
    fresh = notebook(code("1", shown("('127.0.0.1', 2)", **{"image/png": "new"})))
    assert nboutputs.keep_stored(fresh, stored, nboutputs.rules()) == []
    assert nboutputs.canonical(fresh) == nboutputs.canonical(stored)


def test_a_picture_is_taken_anew_after_an_edit():
    picture = {"image/png": "old"}
    stored = notebook(code("a = 1", name="a"), code("plot(a)", shown("<Figure>", **picture), name="b"))
    fresh = notebook(
        code("a = 2", name="a"), code("plot(a)", shown("<Figure>", **{"image/png": "new"}), name="b")
    )
    assert nboutputs.keep_stored(fresh, stored, nboutputs.rules()) == ["a: source"]
    assert fresh.cells[1].outputs[0].data["image/png"] == "new"


def test_changes_are_named():
    stored = notebook(code("1", shown("1"), name="a"), code("2", shown("2"), name="b"), code("3", name="c"))
    fresh = notebook(code("1", shown("one"), name="a"), code("2 ", shown("2"), name="b"), code("4", name="d"))
    assert nboutputs.keep_stored(fresh, stored, []) == ["a: output", "b: source", "d: new", "c: removed"]


def test_an_excused_output_is_kept():
    stored = notebook(code("1", shown("old"), tags=["nbval-ignore-output"]))
    fresh = notebook(code("1", shown("new"), tags=["nbval-ignore-output"]))
    assert nboutputs.keep_stored(fresh, stored, []) == []
    assert fresh.cells[0].outputs == stored.cells[0].outputs


def test_what_belongs_to_one_run_is_removed():
    widget = {nboutputs.WIDGET: {"model_id": "x"}, "text/plain": "a view"}
    cell = code("1", new_output("display_data", widget, metadata={"a": 1}))
    cell.metadata["execution"] = {"iopub.status.busy": "2026"}
    cell.execution_count = 9
    plain = notebook(cell).cells[0]
    assert plain.metadata == {} and plain.execution_count == 1
    assert plain.outputs[0].data == {"text/plain": "a view"} and plain.outputs[0].metadata == {}


def test_streams_are_joined_and_stdout_comes_first():
    parts = [
        new_output("stream", name=name, text=text)
        for name, text in (("stderr", "x"), ("stdout", "a"), ("stdout", "b"))
    ]
    assert [(part.name, part.text) for part in notebook(code("1", *parts)).cells[0].outputs] == [
        ("stdout", "ab"),
        ("stderr", "x"),
    ]


def test_normalizing_again_changes_nothing():
    once = notebook(code("1", new_output("stream", text="a\n"), shown("1")), new_markdown_cell("x", id="x"))
    text = nboutputs.canonical(once)
    assert nboutputs.canonical(nbformat.reads(text, as_version=4)) == text and text.endswith("}\n")


@pytest.mark.parametrize(
    "text", ["<object at 0x7f12ab34cd56>", "0x7f12ab34cd56", "/tmp/abc", "/tmp/ipykernel_1/2.py:1: W"]
)
def test_accidents_are_found(text):
    assert nboutputs.accidents(notebook(code("1", shown(text))))


@pytest.mark.parametrize("text", ["0x7f000001", "b'\\x7f\\x00'", "0x2A"])
def test_numbers_in_hexadecimal_are_no_accident(text):
    assert not nboutputs.accidents(notebook(code("1", shown(text))))


def test_a_traceback_names_no_folder_of_this_machine():
    trace = new_output(
        "error",
        ename="E",
        evalue="e",
        traceback=["File \x1b[32m~/x/lib/python3.11/socket.py:8\x1b[0m", f"{nboutputs.ROOT}/a.py"],
    )
    lines = notebook(code("1", trace)).cells[0].outputs[0].traceback
    assert lines == ["File \x1b[32msocket.py:8\x1b[0m", "a.py"]


# ---- the form


def form(*cells, name="05-a-title.ipynb", siblings=("05-a-title.ipynb",)):
    there = notebook(
        new_markdown_cell("# 05 A Title\n\nYou will be able to see.", id="title"),
        *cells,
        code("tidy()", name="tidy"),
    )
    return "\n".join(nbform.problems(there, notebooks.NOTEBOOKS / name, list(siblings)))


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ([code("1", name="a"), code("1", name="b"), code("1", name="c")], "fourth code cell in a row"),
        ([code("\n".join("abc" for _ in range(25)), name="long")], "25 lines; at most 24"),
        ([code("1", name="a", tags=["nbval-skip"])], "without a line '# not compared"),
        ([code("1", name="a", tags=["fancy"])], "the tag 'fancy'"),
        ([code("# NBVAL_SKIP\n1", name="a")], "use a tag"),
        ([code("time.sleep(1)", name="a")], "wait with until()"),
        ([new_markdown_cell("[x](06-nothing.ipynb)", id="x")], "06-nothing.ipynb, which is not there"),
        ([code("1", name="a1b2c3d4")], "no readable cell id"),
        (
            [
                part
                for n in range(17)
                for part in (code("1", name=f"c-{n}"), new_markdown_cell("x", id=f"m-{n}"))
            ],
            "the core has 18",
        ),
    ],
)
def test_a_broken_rule_is_named(cells, problem):
    assert problem in form(*copy.deepcopy(cells))


def test_the_links_to_both_neighbors_are_asked_for():
    found = form(siblings=("04-before.ipynb", "05-a-title.ipynb", "06-after.ipynb"))
    assert "previous notebook, 04-before.ipynb" in found and "next notebook, 06-after.ipynb" in found


@pytest.mark.parametrize(
    ("source", "imports", "predicts"),
    [
        ("import socket\nfrom labsupport import watch", True, False),
        ("%load_ext labsupport\nimport socket", True, False),
        ('guess = predict("How many?", "one", "two")\nguess', False, True),
        ("seen = 2\nguess.reveal(seen)", False, True),
        ("import socket\nsocket.socket()", False, False),
        ("%%child\nimport socket", False, False),
    ],
)
def test_imports_and_predictions_are_told_apart(source, imports, predicts):
    assert (nbform.is_import(source), nbform.is_prediction(source)) == (imports, predicts)


# ---- executing


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(notebooks, "TEXTS", tmp_path / "build")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "42-a-sample.md").write_text(TEXT)
    return tmp_path


def test_build_then_run_changes_nothing(course, capsys):
    path = course / "notebooks" / "42-a-sample.ipynb"
    assert notebooks.main(["build", "42"]) == 0
    built = path.read_text()
    assert "bound: new" in capsys.readouterr().out
    assert notebooks.main(["run"]) == 0
    assert "42-a-sample.ipynb: unchanged" in capsys.readouterr().out
    assert path.read_text() == built


def test_a_cell_that_raises_stops_the_build(course, capsys):
    (course / "build" / "42-a-sample.md").write_text(TEXT.replace("import socket", "import nothing_like_it"))
    assert notebooks.main(["build", "42"]) == 1
    said = capsys.readouterr().err
    assert "cell imports failed" in said and "ModuleNotFoundError" in said
    assert not (course / "notebooks").exists()


def test_a_cell_that_hangs_stops_the_build(monkeypatch):
    monkeypatch.setattr(nbrun, "CELL_TIMEOUT", 1)
    cells = new_notebook(
        cells=[code("1", name="first"), code("import threading\nthreading.Event().wait()", name="hangs")]
    )
    with pytest.raises(nbrun.CellFailed, match="cell hangs failed"):
        nbrun.execute(cells)


def test_a_number_that_names_nothing_is_said(course, capsys):
    assert notebooks.main(["text", "77"]) == 1
    assert "77-*.ipynb" in capsys.readouterr().err
