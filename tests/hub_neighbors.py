"""Those beside a class who are out of luck, or careless: what each does, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
from pathlib import Path

from hublearner import Trouble
from rehearsal import Visit

SMALL = 12  # MB: the disk of the one whose disk gets full; room for the notebooks and a little more
NAMES = ("killed", "full", "loop", "hungry")
HUNGRY = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
blocks = []
try:
    while True:
        blocks.append(b"x" * 2**24)
except MemoryError:
    pass
"""
FILL = """
import errno, os, pathlib
try:
    with open(pathlib.Path.home() / "too-much", "wb", buffering=0) as file:
        while True:
            file.write(bytes(2**16))
except OSError as error:
    why = error.errno
"""


def small_disk(home: Path) -> tuple[str, ...]:
    """The command that starts another with a small disk mounted at `home`, for it and its children alone.

    For those who are not root, in a user namespace of its own.
    """
    mine = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    script = f'mount -t tmpfs -o size={SMALL}m none "$0" && exec "$@"'
    return (*mine, "sh", "-c", script, str(home))


class Neighbors:
    """Each method is one of them, to be run beside a class until it is canceled. `did`: what came of it."""

    def __init__(self, hub):
        self.hub, self.did = hub, {}

    @contextlib.asynccontextmanager
    async def _kernel(self, name):
        visit = Visit(self.hub, name)
        try:
            await visit.arrive("00")
            notebook = await visit.find("00")
            async with visit.learner.kernel(notebook) as kernel:
                yield visit, kernel
        finally:
            await visit.close()

    async def killed(self):
        """Its kernel is killed while a cell runs. It has another at once, and goes on."""
        async with self._kernel("killed") as (visit, kernel):
            pid = int(await kernel.value("__import__('os').getpid()"))
            await kernel.send("entered = True; __import__('threading').Event().wait()")
            running = asyncio.ensure_future(kernel.value("entered"))
            os.kill(pid, signal.SIGKILL)
            try:
                await running
            except Trouble as trouble:
                self.did["killed"] = str(trouble)
        await visit_again(self.hub, "killed", self.did)

    async def full(self):
        """It fills its disk, and then would save."""
        async with self._kernel("full") as (visit, kernel):
            name = await visit.find("03")
            notebook = await visit.learner.notebook(name)
            await kernel.value(f"exec({FILL!r}, globals())")
            self.did["full"] = await kernel.value("errno.errorcode[why]")
            self.did["save"] = await visit.learner.save(name, notebook)
            self.did["still"] = await kernel.value("6 * 7")
            await asyncio.Event().wait()

    async def loop(self):
        """A cell that never ends."""
        async with self._kernel("loop") as (_, kernel):
            pid = int(await kernel.value("__import__('os').getpid()"))
            await kernel.send("while True: pass")
            try:
                await asyncio.Event().wait()
            finally:
                self.did["loop"] = processor_seconds(pid)

    async def hungry(self):
        """It takes as much memory as it may have, and keeps it."""
        async with self._kernel("hungry") as (_, kernel):
            await kernel.value(f"exec({HUNGRY!r}, globals())")
            self.did["hungry"] = int(await kernel.value("len(blocks) * 2**24"))
            await asyncio.Event().wait()

    def all(self):
        """The coroutine functions, for `rehearse`."""
        return tuple(functools.partial(self._kept, name) for name in NAMES)

    async def _kept(self, name):
        """That one; `rehearse` drops what it raises, and `did["trouble"]` has it."""
        try:
            await getattr(self, name)()
        except Exception as error:
            self.did.setdefault("trouble", []).append(f"{name}: {error!r}")


async def visit_again(hub, name, did):
    """The learner's next try, with a new kernel."""
    visit = Visit(hub, name)
    try:
        await visit.learner.log_in()
        await visit.learner.start()
        await visit.work(["04"])
        attendance = visit.attendance
        did["afterward"] = [said for said in (*attendance.differences, attendance.trouble) if said]
    finally:
        await visit.close()


def processor_seconds(pid: int) -> float:
    """Seconds that a process ran, by its own account and the kernel's (proc(5): utime, stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
