"""The course's programs: in C, built by each compiler, and in Python, taken from the notebooks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "notebooks" / "c"
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ("-std=c17", "-Wall", "-Wextra", "-Werror", "-O1", "-g")
SANITIZED = (*STRICT, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
WAITS = 20  # seconds, the longest that a program is waited for


def build(name: str, compiler: str, folder: Path, options=STRICT) -> Path:
    """The program `name` of notebooks/c, built in `folder`; AssertionError with what the compiler said."""
    program = folder / f"{name}-{compiler}-{len(options)}"
    if not program.exists():
        command = [compiler, *options, "-o", program, SOURCES / f"{name}.c"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and not done.stderr, done.stderr
    return program


def cell(notebook: str, name: str) -> str:
    """The source of one cell."""
    path = next((ROOT / "notebooks").glob(f"{notebook}-*.ipynb"))
    cells = nbformat.read(path, as_version=4).cells
    return next(cell.source for cell in cells if cell.id == name)


def python_client() -> list[str]:
    """The command of 08's program, without its host and port."""
    parts = [cell("08", name) for name in ("read-lines", "sending", "exchange", "explain", "main")]
    head = "import contextlib, socket, sys, threading\nfrom types import SimpleNamespace\n\n"
    return [sys.executable, "-c", head + "\n\n".join(parts) + "\n\nmain()\n"]


def python_server() -> list[str]:
    """The command of 09's server as a program that prints where it listens, and ends with its input."""
    parts = [cell("09", name) for name in ("carry-on", "welcome", "serve-many", "part")]
    parts[-1] = parts[-1].partition("\nlistener.close()")[0]
    head = (
        "import contextlib, selectors, socket, sys, threading, time\nfrom types import SimpleNamespace\n"
        "host = sys.argv[1]\n"
        "family = socket.AF_INET6 if ':' in host else socket.AF_INET\n"
        "listener = socket.create_server((host, 0), family=family)\n"
        "print('listening on', host, 'port', listener.getsockname()[1], flush=True)\n"
    )
    tail = (
        "stop = threading.Event()\n"
        "thread = threading.Thread(target=serve_many, args=(listener, stop))\n"
        "thread.start()\nsys.stdin.read()\nstop.set()\nthread.join()\n"
    )
    return [sys.executable, "-c", head + "\n\n".join(parts) + "\n\n" + tail]


@contextlib.contextmanager
def serving(command, host):
    """The server `command` at `host`, a port of its own: (process, port). It is ended as its kind is."""
    server = subprocess.Popen(
        [*command, host, *(["0"] if command[0] != sys.executable else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"},
    )
    try:
        yield server, server.stdout.readline().split()[-1]
        if server.poll() is None and command[0] != sys.executable:
            server.terminate()
        server.communicate(timeout=WAITS)
        assert server.returncode == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.communicate()
