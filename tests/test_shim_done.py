"""What is done to a C program's calls: cut short, interrupted, reset; and what the shim is and leaves."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from c_sources import CLIENT, HEAD, SERVER
from compilers import needs_tracing
from timelines import ladder

from labsupport import EchoServer, compile_c, run_c, until
from labsupport.c import CannotTrace, trace
from labsupport.c.trace import Rule, Trace, rules

pytestmark = needs_tracing


@pytest.mark.parametrize(
    ("inject", "output", "told"),
    [
        ("send 1 short 3", "3 3 ", 'send(b"hello") → 3, injected'),
        ("recv every short 1", "5 1 ", 'recv(64) → b"h", injected'),
        ("recv 1 EINTR", "5 -1 Interrupted system call", "recv(64) ✕ -1, injected (EINTR)"),
        ("recv 1 reset", "5 -1 Connection reset by peer", "recv(64) ✕ -1, injected (ECONNRESET)"),
        ("recv 2 EINTR", "5 5 ", 'recv(64) → b"hello"'),
        ("recv 1 short 100", "5 5 ", 'recv(64) → b"hello"'),
        (["send 1 short 3", "recv 1 short 1"], "3 1 ", 'recv(64) → b"h", injected'),
    ],
)
def test_done_to_a_call(inject, output, told):
    with EchoServer() as server:
        run = run_c(CLIENT, server.port, record=True, inject=inject)
    assert run.output == output + "\n"
    assert any(told in line for line in ladder(run.timeline)), run.timeline


def test_a_reset_is_one_at_the_other_end_too():
    with EchoServer() as server:
        run_c(CLIENT, server.port, inject="recv 1 reset")
        until(lambda: "reset" in repr(server.log))  # the program may be gone before it is accepted


def test_nobody_listens_any_more():
    with EchoServer() as server:
        assert run_c(CLIENT, server.port, inject="send 1 EPIPE").status == "killed by SIGPIPE"
        assert run_c(CLIENT, server.port, inject="connect 1 ETIMEDOUT").output.startswith("connect: ")


# The reference's kind of server: what came is printed as if it were one line, and ended by a NUL.
CARELESS = (
    SERVER.replace("write(c, buf, (size_t)got);", "fputs(buf, stdout);")
    .replace("char buf[16];", "char buf[256];")
    .replace("while ((got = read(c, buf, sizeof buf)) > 0)", "while ((got = recv(c, buf, sizeof buf, 0)))")
)


def lines_printed(inject=()):
    with compile_c(CARELESS) as program, program.start(inject=inject) as running:
        with socket.create_connection(("127.0.0.1", int(until(lambda: running.output)))) as client:
            client.sendall(b"".join(b"line %02d\n\0" % number for number in range(20)))
        running.wait()
    return [line for line in running.output.splitlines()[1:] if line.startswith("line ") and len(line) == 7]


def test_the_references_kind_of_server_is_seen_to_lose_data():
    assert len(lines_printed("recv every short 9")) == 20  # as if each message came alone
    assert len(lines_printed("recv every short 27")) == 7  # three at once, of which it prints the first
    assert len(lines_printed("recv 3 EINTR, recv every short 9")) == 21  # -1 is taken for data


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("send 2 short 3", [Rule("send", 2, trace.SHORT, 3)]),
        ("recv every EINTR", [Rule("recv", 0, trace.FAIL, 4)]),
        (
            " read 1 reset , write 2 short 1 ,",
            [Rule("read", 1, trace.RESET), Rule("write", 2, trace.SHORT, 1)],
        ),
        ([], []),
    ],
)
def test_rules(text, found):
    assert rules(text) == found


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("send", ValueError, "'send' is none of: CALL NUMBER short BYTES"),
        ("sent 1 reset", ValueError, "'sent 1 reset' is none of"),
        ("send x reset", ValueError, "is none of"),
        ("send 0 reset", ValueError, "the first send is number 1"),
        ("send 1 short 0", ValueError, "short BYTES .1 or more."),
        ("send 1 ENOTHING", ValueError, "an errno"),
        ("accept 1 short 2", ValueError, "accept cannot be cut short; read, recv"),
        ([3], TypeError, "is text such as"),
        (["send 1 reset"] * 17, ValueError, "at most 16"),
    ],
)
def test_what_is_no_rule(text, error, said):
    with pytest.raises(error, match=said):
        rules(text)


def test_what_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CannotTrace, match="on Linux alone"):
        Trace(tmp_path)


@pytest.mark.parametrize("name", ["gcc", "clang"])
def test_it_is_compiled_without_a_warning(name, tmp_path):
    if not shutil.which(name):
        pytest.skip(f"no {name} here")
    command = [
        name,
        "-std=c17",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        "-fPIC",
        "-shared",
        "-o",
        tmp_path / "shim.so",
    ]
    done = subprocess.run([*command, trace.SOURCE, "-ldl"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_it_is_part_of_the_package():
    import tomllib

    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["labsupport"]
    assert any(trace.SOURCE in (root / "labsupport").glob(pattern) for pattern in patterns)
    assert isinstance(trace.SOURCE.read_text(), str)


def test_nothing_of_it_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(trace, "IN_MEMORY", str(tmp_path))
    trace._library.cache_clear()
    with compile_c(HEAD + "int main(void) { return 0; }") as program:
        program.run(record=True)
        program.start(inject="send 1 reset").close()
    assert list(tmp_path.iterdir()) == []
