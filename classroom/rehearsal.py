"""A dress rehearsal of a class: so many learners log in at once, and all run the notebooks' cores together.

    python3 classroom/rehearsal.py --learners 30

It starts the hub that ships, classroom/jupyterhub_config.py, on ports of its own, with invented learners
whose homes are in a temporary folder: nobody's account, password or files are touched, and the limits of
systemd are not tried. One learner comes alone first; then all come in the same moment. The table says how
long they waited and how much memory they took; below it stands whose output differed from the stored one.
Ctrl-C ends it, and everything that it started.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
PYTHON = COURSE / ".venv" / "bin" / "python"
NEEDS = "python3 lab.py setup classroom test"

if __name__ == "__main__" and PYTHON.exists() and Path(sys.prefix) != PYTHON.parent.parent:
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # started with another Python than the course's
sys.path[:0] = [str(COURSE), str(COURSE / "tools")]
try:
    from abilities import missing_here
    from hublearner import Learner, Trouble, collector, core
    from hubs import PASSWORD, Hub, HubFailed, occupied, processes_of, processes_of_all, proportional, why_not
    from nboutputs import difference
except ModuleNotFoundError as missing:
    sys.exit(f"A rehearsal needs {missing.name}, which is not installed here. To get it: {NEEDS}")

CORES = ("00", "03", "04", "05", "06", "07")
ALONE = "alone"


@dataclass
class Attendance:
    """How it went for one learner: seconds, bytes, and what was not as it should be."""

    name: str
    in_after: float = 0.0  # seconds from the login page to being logged in
    server_after: float = 0.0  # … to JupyterLab's page
    first_after: float = 0.0  # … to the first cell's output
    cores: dict[str, float] = field(default_factory=dict)  # seconds for each core, kernel's start too
    server: int = 0  # bytes (PSS), at most
    kernels: dict[str, int] = field(default_factory=dict)  # bytes, at the end of each core
    disk: int = 0  # bytes of the learner's home, at the end
    networks: dict[str, bool] = field(default_factory=dict)  # whether the kernel had a private network
    differences: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def seconds(self) -> float:
        """All cores together."""
        return sum(self.cores.values())

    @property
    def well(self) -> bool:
        """Whether every output was as stored, and nothing else went wrong."""
        return not self.differences and not self.trouble


class Visit:
    """A learner in the room: first `arrive`, then `work`. What went wrong is kept in `attendance`."""

    def __init__(self, hub: Hub, name: str, missing=frozenset()):
        self.hub, self.missing = hub, missing
        self.learner = Learner(hub.url, name, PASSWORD)
        self.attendance = Attendance(name)

    async def arrive(self, number: str) -> None:
        """Log in, have a server started, and run the first cell of that notebook."""
        with self._noting_trouble():
            began = time.monotonic()
            await self.learner.log_in()
            self.attendance.in_after = time.monotonic() - began
            await self.learner.start()
            self.attendance.server_after = time.monotonic() - began
            name = await self.find(number)
            async with self.learner.kernel(name) as kernel:
                await self._run(kernel, await self.learner.notebook(name), count=1)
                self.attendance.first_after = time.monotonic() - began

    async def work(self, numbers) -> None:
        """Run the cores of those notebooks, one after the other, each in a kernel of its own."""
        for number in numbers:
            with self._noting_trouble():
                await self.work_on(number)
        self.attendance.disk = occupied(self.hub.home(self.attendance.name))

    async def work_on(self, number: str) -> None:
        """Run one notebook's core. Raises Trouble."""
        began = time.monotonic()
        name = await self.find(number)
        async with self.learner.kernel(name) as kernel:
            await self._run(kernel, await self.learner.notebook(name))
            self.attendance.cores[number] = time.monotonic() - began
            had = await kernel.value("__import__('labsupport').Network.available()")
            self.attendance.networks[number] = had == "True"
            self._weigh(number)

    async def find(self, number: str) -> str:
        """The file name of the learner's own notebook with that number."""
        for name in await self.learner.files():
            if re.fullmatch(rf"{number}-(?!(new|kept)-\d).*\.ipynb", name):  # not a copy that lies beside it
                return name
        raise Trouble(f"there is no notebook {number}")

    async def _run(self, kernel, notebook, count=None):
        stored, gathers = copy.deepcopy(notebook), collector(notebook)
        for place, cell in core(notebook)[:count]:
            cell.outputs = []
            await kernel.run(cell, place, gathers)
            if said := difference(stored.cells[place], cell.outputs, self.missing):
                self.attendance.differences.append(said)

    def _weigh(self, number):
        server, kernels = processes_of(self.hub.token, self.attendance.name)
        self.attendance.server = max(self.attendance.server, proportional(server))
        self.attendance.kernels[number] = proportional(kernels)

    @contextlib.contextmanager
    def _noting_trouble(self):
        try:
            yield
        except Trouble as trouble:
            self.attendance.trouble += f"{trouble}\n"

    async def close(self) -> None:
        """Close the browser."""
        await self.learner.close()


async def rehearse(hub: Hub, names, numbers=CORES, *, alone: bool = True, others=()) -> list[Attendance]:
    """All of `names` arrive at once, then all work at once. The first of the list is who came alone before.

    `others`: coroutine functions of no argument that go on beside the work, neighbors of the learners; they
    are started before it and canceled after it.
    """
    missing = missing_here()
    first = [await _alone(hub, numbers, missing)] if alone else []
    visits = [Visit(hub, name, missing) for name in names]
    try:
        await asyncio.gather(*(visit.arrive(numbers[0]) for visit in visits))
        beside = [asyncio.ensure_future(other()) for other in others]
        try:
            ready = (visit for visit in visits if not visit.attendance.trouble)
            await asyncio.gather(*(visit.work(numbers) for visit in ready))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    finally:
        for visit in visits:
            await visit.close()
    return first + [visit.attendance for visit in visits]


async def _alone(hub, numbers, missing):
    visit = Visit(hub, ALONE, missing)
    try:
        await visit.arrive(numbers[0])
        await visit.work(numbers)
        await visit.learner.stop()
    finally:
        await visit.close()
    return visit.attendance


# ---- What it says ------------------------------------------------------------------------------------------


def summary(attendances: list[Attendance], shared: int = 0) -> dict:
    """The figures of a rehearsal: seconds and bytes, of the one alone and of those together.

    `shared`: bytes of memory that the hub and its proxy take.
    """
    one, *many = attendances
    done = [each for each in many if each.cores] or [one]

    def figures(take):
        values = [take(each) for each in done]
        return {"alone": take(one), "median": statistics.median(values), "most": max(values)}

    return {
        "learners": len(many),
        "bytes of the hub": shared,
        "seconds to the server": figures(lambda each: each.server_after),
        "seconds to the first output": figures(lambda each: each.first_after),
        "seconds for the cores": figures(lambda each: each.seconds),
        "bytes of a server": figures(lambda each: each.server),
        "bytes of a kernel": figures(lambda each: max(each.kernels.values(), default=0)),
        "bytes of disk": figures(lambda each: each.disk),
        "slowdown": statistics.median(each.seconds for each in done) / (one.seconds or 1),
        "private networks": all(all(each.networks.values()) for each in attendances),
        "went well": sum(each.well for each in many),
    }


def table(figures: dict) -> str:
    """The figures as lines to read."""
    lines = [f"{'':32}{'alone':>10}{'median':>10}{'most':>10}   of {figures['learners']} at once"]
    for name, row in figures.items():
        if isinstance(row, dict):
            unit, scale = ("MB", 1e6) if name.startswith("bytes") else ("s", 1)
            cells = "".join(f"{row[key] / scale:>7.1f} {unit:2}" for key in ("alone", "median", "most"))
            lines.append(f"{name:32}{cells}")
    lines.append(f"{'slowdown':32}{'':10}{figures['slowdown']:>8.1f} ×")
    lines.append(f"{'the hub and its proxy':32}{figures['bytes of the hub'] / 1e6:>7.1f} MB")
    has = "in every kernel" if figures["private networks"] else "not in every kernel"
    lines.append(f"{'a private network':32}{has}")
    lines.append(f"{'every output as stored':32}for {figures['went well']} of {figures['learners']}")
    return "\n".join(lines)


def complaints(attendances) -> str:
    """What went wrong, and for whom; empty when nothing did."""
    lines = []
    for each in attendances:
        lines += [f"{each.name}: {said}" for said in (*each.differences, each.trouble) if said]
    return "\n".join(lines)


def main(arguments=None) -> int:
    """Rehearse; the exit status is 1 when something went wrong for somebody."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=30, help="how many come at once (30)")
    parser.add_argument("--notebooks", nargs="+", default=CORES, metavar="NUMBER", help=" ".join(CORES))
    parser.add_argument("--json", action="store_true", help="all figures, of each learner, as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.learners < 1:
        parser.error(f"--learners is 1 or more, not {chosen.learners}")
    if reason := why_not():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a hub that is running is ended with us
    names = [f"learner-{count:02}" for count in range(1, chosen.learners + 1)]
    try:
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, Hub(folder, [ALONE, *names]) as hub:
            attendances = asyncio.run(rehearse(hub, names, chosen.notebooks))
            shared = proportional(processes_of_all(hub.token))
    except HubFailed as failure:
        sys.exit(f"{failure}\nThe hub could not be rehearsed; its own words are above.")
    except KeyboardInterrupt:
        sys.exit(130)
    figures = summary(attendances, shared)
    if chosen.json:
        print(json.dumps({"summary": figures, "learners": [asdict(each) for each in attendances]}, indent=1))
    else:
        print(table(figures))
    if said := complaints(attendances):
        print(f"\n{said}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
