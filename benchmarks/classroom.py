"""A class of thirty on one machine, beside one learner alone, in the same run: what each waits and takes.

The hub that ships is started as classroom/rehearsal.py does it, with invented learners. With P processors,
thirty that press the same key at once wait for at most 30 / P times the work of one. The goals are set over
that share: 1.0 is a machine that does nothing but the learners' work, and below 1.0 it used the time that one
learner alone leaves it idle.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "classroom"), str(ROOT / "tools")]

LEARNERS, QUICK = 30, 4
FAIR = 1.5
MEMORY = 256e6  # bytes (PSS) of a learner with one notebook open


def main(quick: bool = False) -> bool:
    """Rehearse, print the table, and say whether the goals were reached."""
    import hubs

    if reason := hubs.why_not():
        print(f"   {reason}")
        return False
    from rehearsal import ALONE, CORES, complaints, rehearse, summary, table

    count, numbers = (QUICK, CORES[:2]) if quick else (LEARNERS, CORES)
    names = [f"learner-{number:02}" for number in range(1, count + 1)]
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        with hubs.Hub(Path(folder), [ALONE, *names]) as hub:
            attendances = asyncio.run(rehearse(hub, names, numbers))
            shared = hubs.proportional(hubs.processes_of_all(hub.token))
    figures = summary(attendances, shared)
    share = max(1, count / (os.cpu_count() or 1))
    fair = figures["slowdown"] / share
    a_learner = figures["bytes of a server"]["most"] + figures["bytes of a kernel"]["most"]
    waits = figures["seconds to the first output"]
    first = waits["most"] / waits["alone"] / share
    print(table(figures))
    goals = [
        ("every output as stored", not complaints(attendances), ""),
        (f"slowdown over {share:g}, at most {FAIR}", fair <= FAIR, f"{fair:.2f}"),
        (
            f"memory of a learner, at most {MEMORY / 1e6:.0f} MB",
            a_learner <= MEMORY,
            f"{a_learner / 1e6:.0f} MB",
        ),
        (f"wait for a first output over {share:g}, at most {FAIR}", first <= FAIR, f"{first:.2f}"),
    ]
    for goal, reached, value in goals:
        print(f"   {'yes' if reached else 'NO '}  {goal}: {value}".rstrip(": "))
    return all(reached for _, reached, _ in goals)
