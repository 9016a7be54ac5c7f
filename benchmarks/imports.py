"""How long `import labsupport` takes beyond its own dependencies.

Fresh interpreters in turn: one imports the dependencies that a notebook has in memory anyway (ipywidgets,
IPython), the other the same and then labsupport with all that its names bring. The median of the differences
counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS, QUICK_ROUNDS = 10, 3
GOAL = 0.15  # seconds

# Measured inside: starting an interpreter is not part of it.
PROGRAM = """
import time, ipywidgets, IPython.display
began = time.perf_counter()
import labsupport
first = time.perf_counter()
from labsupport import *
print(first - began, time.perf_counter() - began)
"""


def main(quick=False):
    """Measure, print, and say whether the goal was reached."""
    figures = [_seconds() for _ in range(QUICK_ROUNDS if quick else ROUNDS)]
    plain, every = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"   import labsupport           {plain * 1000:6.1f} ms  (goal: at most {GOAL * 1000:.0f} ms)")
    print(f"   … and every public name     {every * 1000:6.1f} ms")
    return plain <= GOAL


def _seconds():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    return tuple(map(float, done.stdout.split()))
