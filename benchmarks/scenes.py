"""Whether a scene is the same in every run: each scene of the course, 100 times idle and 100 beside eight
busy processes.

Every run's drawing (the stored text and the stored picture) is compared. The goal is one drawing for each
scene. The second column of times says what the busy processes cost.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

from scenes import scenes  # noqa: E402  (the tool lies beside the package)

from labsupport.draw import wire_svg, wire_text  # noqa: E402

RUNS, QUICK, BUSY = 100, 5, 8


@contextlib.contextmanager
def busy(count):
    """So many processes that take all the processor time they get."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def drawings(one, runs):
    """(how often each drawing came, seconds a run)."""
    seen, began = collections.Counter(), time.monotonic()
    for _ in range(runs):
        timeline = one.play()
        seen[hashlib.sha256((wire_text(timeline) + wire_svg(timeline)).encode()).hexdigest()] += 1
    return seen, (time.monotonic() - began) / runs


def main(quick=False):
    """Print the table; True when every scene had one drawing."""
    runs = QUICK if quick else RUNS
    reached = True
    heads = (f"drawings of {runs}", "s a run", f"beside {BUSY}", "s a run")
    print(f"   {'scene':38}{heads[0]:>18}{heads[1]:>9}{heads[2]:>14}{heads[3]:>9}")
    for one in scenes():
        idle, seconds = drawings(one, runs)
        with busy(BUSY):
            loaded, slower = drawings(one, runs)
        both = idle + loaded
        reached &= len(both) == 1
        mark = "" if len(both) == 1 else "   <- " + " ".join(map(str, both.values()))
        figures = f"{len(idle):>18}{seconds:9.2f}{len(loaded):>14}{slower:9.2f}"
        print(f"   {one.notebook} {one.name:35}{figures}{mark}", flush=True)
    return reached
