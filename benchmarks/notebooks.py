"""How long all notebooks take, beside what they cannot do without.

What they cannot do without: starting and stopping one kernel each, with the course's imports, measured here with a notebook
of one cell; and the waits that the lessons are about, listed below with what each waits for. The rest is overhead of
the course's own.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
GOAL = 1.5

# Seconds that a lesson waits because waiting is what it shows; a kernel's timers and the learner's deadlines.
WAITS = {
    "03": 1.0,  # the SYN sent again
    "04": 0.2 + 0.5 + 0.5,  # a deadline in accept; the blocked and the awaiting event loop
    "05": 0.3 + 0.7 + 3.0,  # a deadline in connect; the SYN sent again, once and then three times
    "06": 2.4 + 0.3 + 0.2 + 15 * 0.044,  # 12 MB to a reader of 5 MB/s; deadlines; Nagle and delayed ACK
    "07": 0.3 + 1.0 + 0.5 + 0.4,  # a deadline in recv; SO_LINGER; TCP_USER_TIMEOUT; a keepalive probe
    "08": 1.0 + 1.0 + 0.5 + 1.0,  # three deadlines of a second; the late server
    "09": 1.0 + 3 * 0.2,  # a client's deadline; three ends of a loop that looks five times a second
}


def main(quick=False):
    """Measure, print, and say whether the goal was reached."""
    sys.path.insert(0, str(ROOT / "tools"))
    import nbrun

    paths = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))[: 2 if quick else None]
    starts = waits = taken = 0.0
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        least = _seconds(nbrun.execute, _only_imports(notebook))
        waited = WAITS.get(path.name[:2], 0.0)
        took = _seconds(nbrun.execute, notebook)
        print(f"   {path.stem:32} {took:5.1f} s   kernel and imports {least:4.1f} s, waits {waited:4.1f} s")
        starts, waits, taken = starts + least, waits + waited, taken + took
    ratio = taken / (starts + waits)
    print(f"   all: {taken:.1f} s, {ratio:.2f} × (kernel starts + waits)  (goal: at most {GOAL})")
    return ratio <= GOAL


def _only_imports(notebook):
    """The same notebook with its import cell alone."""
    cells = [cell for cell in notebook.cells if cell.get("id") == "imports"]
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


def _seconds(function, argument):
    began = time.perf_counter()
    function(argument)
    return time.perf_counter() - began
