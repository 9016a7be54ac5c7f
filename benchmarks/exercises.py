"""How long a verdict takes: the solutions and the kept wrong answers, beside a bare Python process.

A check starts one process for the function; what it costs beyond that is the cases. Absolute figures belong
to an idle machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RIGHT, WRONG = 3.0, 6.0  # seconds, goals: the longest that a verdict may take


def main(quick=False):
    """Measure, print, and say whether every verdict came in time."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from answer_files import answers, function

    from labsupport.exercises.checking import judge
    from labsupport.exercises.exercise import catalog

    rounds = 1 if quick else 5
    bare = statistics.median(_seconds(_bare) for _ in range(5))
    print(f"a bare Python process: {bare * 1000:.0f} ms; medians of {rounds}, seconds")
    print(f"{'':26}{'solution':>9}{'ratio':>7}{'slowest wrong':>15}   which")
    reached = True
    for name, exercise in catalog().items():
        solution = function(name, exercise.solution.read_text())
        right = statistics.median(_seconds(lambda: judge(solution, exercise)) for _ in range(rounds))
        wrong, title = max(
            (_seconds(lambda source=answer.source: judge(function(name, source), exercise)), answer.title)
            for answer in answers(name)
            if answer.kind == "wrong"
        )
        reached = reached and right <= RIGHT and wrong <= WRONG
        print(f"{name:26}{right:9.2f}{right / bare:7.0f}{wrong:15.2f}   {title}")
    print(f"goals: {RIGHT:g} s and {WRONG:g} s")
    return reached


def _bare():
    subprocess.run([sys.executable, "-c", "import socket"], check=True)


def _seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
