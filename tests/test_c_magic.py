"""`%%c`: what a cell shows, live and recorded, and that the notebooks' C programs have their recordings."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.error import UsageError

import c_outputs
import nbrun
from compilers import needs_compiler
from labsupport import Network
from labsupport.c import NoCompiler, outputs
from labsupport.c import magic as module
from labsupport.c.magic import CMagic
from needs import needs_network

PROGRAM = """\
#include <stdio.h>
int main(int argc, char **argv)
{
    int len;
    char line[16];
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    while (fgets(line, sizeof line, stdin))
        printf("<%.1s>", line);
    return argc - 1;
}
"""
LATER = re.compile(r"--exercise|--name|\{")
SHOWN = """\
line 5: warning: unused variable 'len' [-Wunused-variable]
    int len;
a
b c
<x><y>
exit 2
"""


@needs_compiler
def test_a_cell_shows_remarks_output_and_how_it_ended(shell, capsys):
    shell.run_cell(f"%%c --args \"a 'b c'\" --stdin 'x\\ny\\n'\n{PROGRAM}")  # lines count as the cell's do
    assert capsys.readouterr().out == SHOWN


@needs_compiler
def test_below_a_need(shell, capsys):
    shell.run_cell("%%needs compiler\n%%c\nint main(void) { return 3; }")
    assert capsys.readouterr().out == "exit 3\n"


@needs_compiler
def test_the_notebooks_own_values_in_its_line(shell, capsys):
    shell.user_ns["port"] = 5432
    shell.run_cell(f"%%c --args {{port}}\n{PROGRAM}")
    assert "5432\n" in capsys.readouterr().out


@needs_compiler
def test_what_does_not_compile(shell, capsys):
    shell.run_cell("%%c\nint main(void) { return x; }")
    assert capsys.readouterr().out == (
        "line 2: error: 'x' is not declared\n    int main(void) { return x; }\n"
        "it was not compiled, so nothing was run\n"
    )


@needs_compiler
def test_deadline_and_sanitizers(shell, capsys):
    shell.run_cell("%%c --deadline 0.3\nint main(void) { for (;;); }")
    assert capsys.readouterr().out == "killed at the deadline of 0.3 s\n"
    shell.run_cell("%%c --sanitize\nint main(int argc, char **argv) { (void)argv; return 1 << (argc + 31); }")
    said = capsys.readouterr().out
    assert said.startswith("UndefinedBehaviorSanitizer: shift exponent 32") and said.endswith("exit 1\n")


@needs_compiler
def test_a_file_by_the_line_magic(shell, capsys, tmp_path, monkeypatch):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "seven.c").write_text("int main(void) { return 7; }\n")
    monkeypatch.chdir(tmp_path)
    for name in ("c/seven.c", "notebooks/c/seven.c"):
        shell.run_cell(f"%c --file {name}")
        assert capsys.readouterr().out == "exit 7\n"
    failed = shell.run_cell("%c --file c/eight.c")
    assert isinstance(failed.error_in_exec, FileNotFoundError)


@needs_compiler
def test_a_program_kept_under_a_name(shell, capsys):
    shell.run_cell("%%c --name seven\nint main(void) { int x; return 7; }")
    assert capsys.readouterr().out.startswith("line 2: warning: unused variable 'x'")
    assert shell.run_cell("seven.run().status").result == "exit 7"
    shell.user_ns.pop("seven").close()


@needs_compiler
@needs_network
def test_on_a_host(shell, capsys):
    program = """
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(80)};
    inet_pton(AF_INET, "10.0.0.1", &sin.sin_addr);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (struct sockaddr *)&sin, sizeof sin) == 0)
        puts("bound");
}
"""
    with Network() as net:
        shell.user_ns["net"] = net
        shell.run_cell("%%c --host net.a" + program)
        assert capsys.readouterr().out == "bound\n"
        del shell.user_ns["net"]


@pytest.mark.parametrize("cell", ["%c", "%%c --file x.c\nint main(void) {}"])
def test_a_program_or_a_file(shell, cell, capsys):
    shell.run_cell(cell)
    assert "%%c takes a program in the cell below it" in capsys.readouterr().err


@needs_compiler
@pytest.mark.parametrize("program", [PROGRAM, "int main(void) { return x; }", "int main(void) { return 0; }"])
def test_without_a_compiler_the_recorded_output_stands_there_marked(
    shell, capsys, monkeypatch, tmp_path, program
):
    cell = f"%%c --args a --stdin 'x\\n'\n{program}"
    monkeypatch.setenv(outputs.WANTED, str(tmp_path))
    shell.run_cell(cell)
    live = capsys.readouterr().out
    monkeypatch.setattr(outputs, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "compile_c", _none)
    shell.run_cell(cell)
    first, _, rest = capsys.readouterr().out.partition("\n")
    assert first == "recorded earlier: no C compiler here (gone); get one"
    assert rest == live
    shell.run_cell(cell + "/* edited */")
    assert capsys.readouterr().out == (
        "not available here: a C compiler (gone; and this program, with these arguments, has no recording); "
        "get one\n"
    )


def _none(*_, **__):
    raise NoCompiler("gone", "get one")


@needs_compiler
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls are noted on Linux alone")
def test_a_timeline_is_the_cells_value(shell, capsys):
    pair = """
#include <stdio.h>
#include <sys/socket.h>
int main(void)
{
    int p[2];
    char c;
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    send(p[0], "xyz", 3, 0);
    printf("%zd\\n", recv(p[1], &c, 1, 0));
}
"""
    done = shell.run_cell(f"%%c --record --inject 'send 1 short 2'{pair}")
    assert capsys.readouterr().out.startswith("1\n")
    assert [event.call for event in done.result.calls] == ["socketpair", "socketpair", "send", "recv"]
    assert 'send(b"xyz") → 2, injected' in repr(done.result)


@needs_compiler
def test_in_a_kernel(tmp_path):
    cells = ["%load_ext labsupport", f"%%c --args 'a \"b c\"' --stdin 'x\\ny\\n'\n{PROGRAM}"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    done = nbrun.execute(notebook)
    assert "".join(output.text for output in done.cells[1].outputs) == SHOWN


def cells_in_c():
    """The `%%c` line and the program of every cell in the course whose recording's name can be told from it.

    Not of an exercise; nor where the line has a value of the notebook's in it, or the program is only kept.
    """
    for path in c_outputs.with_c():
        for cell in nbformat.read(path, as_version=4).cells:
            lines = cell.source.splitlines()
            at = next((number for number, line in enumerate(lines) if line.split()[:1] == ["%%c"]), None)
            if cell.cell_type == "code" and at is not None and not LATER.search(lines[at]):
                yield pytest.param(lines[at][3:], "\n".join(lines[at + 1 :]), id=f"{path.stem[:2]}-{cell.id}")


@pytest.mark.parametrize(("line", "program"), list(cells_in_c()))
def test_each_of_the_courses_cells_has_a_recording(line, program):
    asked = CMagic.c.parser.parse_args(shlex.split(line))
    stdin = asked.stdin.encode().decode("unicode_escape")
    more = {"sanitize": asked.sanitize, "record": asked.record, "inject": asked.inject}
    mark = outputs.wanted(program, shlex.split(asked.args), stdin=stdin, **more).mark
    assert Path(outputs.FOLDER, f"{mark}.json").exists(), "remake them: python tools/c_outputs.py record"


@needs_compiler
def test_the_tool_records_what_a_notebook_runs(tmp_path, monkeypatch):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(s) for s in ("%load_ext labsupport", f"%%c --args a\n{PROGRAM}")]
    )
    nbformat.write(notebook, tmp_path / "01-one.ipynb")
    monkeypatch.setattr(c_outputs, "NOTEBOOKS", tmp_path)
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "old.json").write_text('{"begins": "old"}')
    monkeypatch.setenv(outputs.WANTED, "")
    c_outputs.record([], folder)
    mark = outputs.wanted(PROGRAM, ["a"])
    assert [path.stem for path in folder.glob("*.json")] == [mark.mark]


def test_the_tool_lists_them():
    tool = Path(c_outputs.__file__)
    done = subprocess.run([sys.executable, tool, "list"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@needs_compiler
def test_what_came_is_kept(shell, capsys):
    shell.run_cell_magic("c", "--into seen --args 'a'", PROGRAM)
    assert shell.user_ns["seen"].output == "a\n" and shell.user_ns["seen"].status == "exit 1"
    shell.run_cell_magic("c", "--into seen", "int main(void) { return nothing; }\n")
    assert "nothing" in str(shell.user_ns["seen"]) and not shell.user_ns["seen"].ok
    capsys.readouterr()


def test_a_file_is_shown(shell, tmp_path):
    path = tmp_path / "some.c"
    path.write_text(PROGRAM)
    shown = shell.run_line_magic("c", f"--file {path} --show")
    assert repr(shown) == PROGRAM.rstrip("\n")
    data, _ = shown._repr_mimebundle_()
    assert data["text/plain"] == repr(shown) and len(data) == 2
    with pytest.raises(UsageError, match="--file"):
        shell.run_cell_magic("c", "--show", PROGRAM)
