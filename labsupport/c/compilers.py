"""Which C compiler there is: the system's `cc`, or the one in the package ziglang, tried once and for all.

Tried, not looked for: on some machines a `cc` stands on the PATH that finds no headers, or only asks to
install something.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

PATIENCE = 60  # seconds; it takes a fraction of one
NAMES = ("cc", "gcc", "clang")
REMEDY = (
    "`sudo apt install gcc libc6-dev`; on macOS `xcode-select --install`; or `pip install ziglang` into the "
    "course's environment, a compiler without a system's help"
)
_TRIAL = "#include <sys/socket.h>\n#include <stdio.h>\nint main(void) { return 0; }\n"


class NoCompiler(RuntimeError):
    """There is no C compiler here. `reason`: what was found instead; `remedy`: how to get one."""

    def __init__(self, reason, remedy=REMEDY):
        super().__init__(f"no C compiler here ({reason}); {remedy}")
        self.reason, self.remedy = reason, remedy


class Compiler(NamedTuple):
    """One compiler: the words that call it, and which it is: "gcc", "clang", "zig" or "" (neither)."""

    command: tuple[str, ...]
    kind: str

    @property
    def found(self):
        """What `doctor()` says of it: where it is."""
        return "ziglang" if self.kind == "zig" else self.command[0]

    def environment(self, folder):
        """What it should find in its environment: messages as they are everywhere; zig's notes in
        `folder`."""
        plain = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}
        return {**plain, "ZIG_LOCAL_CACHE_DIR": str(folder)} if self.kind == "zig" else plain

    @property
    def symbolizer(self):
        """The program that tells clang's sanitizers the source lines; "" where none is needed or found."""
        if self.kind != "clang":
            return ""
        beside = Path(os.path.realpath(shutil.which(self.command[0]) or "")).parent / "llvm-symbolizer"
        return str(beside) if beside.exists() else shutil.which("llvm-symbolizer") or ""


def find(name=None):
    """The Compiler of that name, "gcc" say, or the first that works. Raises NoCompiler, ValueError for a
    name."""
    if name is not None and name not in (*NAMES, "zig"):
        raise ValueError(f"the compilers known here are {', '.join(NAMES)} and zig, not {name!r}")
    found = _find(name, os.environ.get("PATH", ""))
    if isinstance(found, str):
        raise NoCompiler(found)
    return found


@functools.lru_cache(maxsize=8)
def _find(name, path):
    """As `find`, for one PATH; text for what is in the way."""
    reasons = []
    for one in (name,) if name else (*NAMES, "zig"):
        if one == "zig":
            if importlib.util.find_spec("ziglang") is None:
                continue
            command = (sys.executable, "-m", "ziglang", "cc")
        else:
            where = shutil.which(one, path=path)
            if where is None:
                continue
            command = (where,)
        compiler = Compiler(command, "zig" if one == "zig" else _kind(command))
        reason = _in_the_way(compiler)
        if not reason:
            return compiler
        reasons.append(reason)
    return reasons[0] if reasons else f"no {name or 'cc, gcc or clang'} on the PATH"


def _kind(command):
    """Which compiler it is, by its own word."""
    try:
        said = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=PATIENCE
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "clang" if "clang" in said else "gcc" if "Free Software Foundation" in said else ""


def _in_the_way(compiler):
    """Why a small program with the sockets' header cannot be compiled; "" where it can."""
    with tempfile.TemporaryDirectory(prefix="labsupport-c-") as folder:
        source = Path(folder, "trial.c")
        source.write_text(_TRIAL)
        try:
            done = subprocess.run(
                [*compiler.command, "-c", "-o", "trial.o", source.name],
                cwd=folder,
                env=compiler.environment(folder),
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{compiler.found} does not run: {error}"
    return f"{compiler.found} does not find the system's headers" if done.returncode else ""
