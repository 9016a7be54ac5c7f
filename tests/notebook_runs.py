"""Whole notebooks executed under a condition, and what came out set beside what is stored.

One execution serves several assertions: each notebook runs once for a condition, between two looks at what
its kernel holds, in a folder for temporary files of its own.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from traitlets import List

import launch
from nboutputs import ROOT, difference

HERE = Path(__file__).parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
TIMEOUT = 30  # seconds for one cell
COMPILERS = re.compile(r"(.*-)?(cc|c99|c89|gcc|clang|tcc|zig)(-[\d.]+)?")
# A kernel opens some things of its own while it serves its first cell, and `observe` keeps one netlink
# socket from its import on; so a first cell comes before the look.
LOOKS = {
    "warm-up": "import labsupport, leftovers; print('ready')",
    "look-before": "leftovers.note()",
    "look-after": "print(__import__('json').dumps(__import__('leftovers').found()))",
}


@dataclasses.dataclass(frozen=True)
class Condition:
    """How a notebook is run. `without`: options of launch.py.

    `missing`: tags of the cells that may say "not available here".
    """

    name: str
    without: tuple[str, ...] = ()
    passes: int = 1
    missing: frozenset[str] = frozenset()
    read_only: bool = False
    empty_home: bool = False
    no_compiler: bool = False
    at_once: int = 2


@dataclasses.dataclass
class Outcome:
    """What one notebook did: cells that differ from what is stored, and what was left behind."""

    differences: list[str] = dataclasses.field(default_factory=list)
    leftovers: list[str] = dataclasses.field(default_factory=list)


class LaunchedKernel(AsyncKernelManager):
    """A kernel started by launch.py. It may have a network of its own, hence the Unix sockets to it.

    And nobody else can have their paths: a TCP port may be another's before the kernel binds it.
    """

    prefix = List()

    def format_kernel_cmd(self, extra_arguments=None):
        return [*self.prefix, *super().format_kernel_cmd(extra_arguments)]


def why_not(condition: Condition) -> str | None:
    """The reason why this machine cannot give the condition, or None."""
    if not sys.platform.startswith("linux"):
        return "needs Linux" if condition.without or condition.read_only else None
    command = [sys.executable, HERE / "launch.py", *condition.without, "--", "true"]
    tried = subprocess.run(command, capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode == launch.CANNOT else None


def run(paths: list[Path], condition: Condition) -> dict[Path, Outcome]:
    """Execute the notebooks under the condition, so many at once as it says."""

    async def all_of_them():
        places = asyncio.Semaphore(condition.at_once)

        async def one(path):
            async with places:
                return await _run_one(path, condition)

        return await asyncio.gather(*map(one, paths))

    return dict(zip(paths, asyncio.run(all_of_them()), strict=True))


async def _run_one(path: Path, condition: Condition) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="run-") as scratch:
        scratch = Path(scratch)
        folders = {name: scratch / name for name in ("home", "tmp", "runtime")}
        for folder in folders.values():
            folder.mkdir()
        checkout = copy_of_the_course(scratch / "checkout")
        if condition.read_only:
            chmod(checkout, 0)
        try:
            return await _execute(path, condition, checkout, folders)
        finally:
            chmod(checkout, stat.S_IWUSR)


async def _execute(path, condition, checkout: Path, folders) -> Outcome:
    stored = nbformat.read(path, as_version=4)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    fresh = [copy.deepcopy(cell) for _ in range(condition.passes) for cell in code]
    for number, cell in enumerate(fresh):
        cell.update(outputs=[], execution_count=None, id=f"{number}-{cell.id}"[:64])
    *before, after = (new_code_cell(source, id=name) for name, source in LOOKS.items())
    notebook = nbformat.v4.new_notebook(cells=[*before, *fresh, after], metadata=stored.metadata)
    manager = _manager(condition, folders["runtime"])
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=TIMEOUT,
        iopub_timeout=TIMEOUT,  # what was printed may come long after the reply where all processors are busy
        interrupt_on_timeout=True,
        allow_errors=True,
        store_widget_state=False,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(checkout / "notebooks")}},
    )
    try:
        await client.async_execute(env=_environment(condition, checkout, folders))
    finally:  # a client ends only a kernel and channels of its own
        if client.kc is not None:
            client.kc.stop_channels()
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)
    outcome = Outcome()
    for number, cell in enumerate(fresh):
        if said := difference(code[number % len(code)], cell.outputs, condition.missing):
            outcome.differences.append(f"pass {number // len(code) + 1}, {said}")
    outcome.leftovers = _looked(after) + [
        f"temporary file: {name}" for name in sorted(os.listdir(folders["tmp"]))
    ]
    return outcome


def _looked(cell) -> list[str]:
    texts = [
        output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"
    ]
    try:
        return json.loads("".join(texts))  # a slow kernel sends one line in two pieces
    except ValueError:
        return [f"the look after the last cell failed: {cell.outputs}"]


def _manager(condition: Condition, runtime: Path) -> LaunchedKernel:
    # A Unix socket's path is short (108 bytes): hence a folder of its own right under the temporary one.
    prefix = [sys.executable, str(HERE / "launch.py"), *condition.without, "--"] if condition.without else []
    options = {"kernel_name": "python3", "prefix": prefix, "connection_file": str(runtime / "kernel.json")}
    return LaunchedKernel(transport="tcp" if os.name == "nt" else "ipc", **options)


def _environment(condition: Condition, checkout: Path, folders) -> dict[str, str]:
    changed = {"PYTHONPATH": os.pathsep.join([str(checkout), str(HERE)]), "TMPDIR": str(folders["tmp"])}
    kept = dict(os.environ)
    if condition.no_compiler:
        programs = _all_but_compilers(folders["home"].parent / "bin")
        (programs / "ziglang.py").write_text("raise ImportError('no compiler here')\n")  # nor as a package
        changed["PATH"] = str(programs)
        changed["PYTHONPATH"] = os.pathsep.join([str(programs), changed["PYTHONPATH"]])
    if condition.empty_home:
        changed["HOME"] = str(folders["home"])
        private = ("JUPYTER_", "IPYTHON", "MPL", "XDG_")
        kept = {name: value for name, value in kept.items() if not name.startswith(private)}
    return {**kept, **changed}


def _all_but_compilers(folder: Path) -> Path:
    """A folder with links to the programs that can be called here by name, those of compilers left out."""
    folder.mkdir()
    found = (program for place in os.get_exec_path() if os.path.isdir(place) for program in os.scandir(place))
    for program in found:
        link = folder / program.name
        if not COMPILERS.fullmatch(program.name) and not link.is_symlink():
            link.symlink_to(program.path)
    return folder


def copy_of_the_course(checkout: Path) -> Path:
    """What a kernel needs of the checkout, in folders of its own: a file left there is seen."""
    for name in ("notebooks", "labsupport"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return checkout


def chmod(root: Path, writable: int) -> None:
    """Take the right to write from a folder and all that is in it, and give back `writable`."""
    for path in (root, *root.rglob("*")):
        path.chmod((path.stat().st_mode & ~0o222) | writable)
