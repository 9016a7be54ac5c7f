"""Run every benchmark of this folder, or those named: `python -m benchmarks [--quick] [servers observe …]`.

A benchmark is a module with a `main(quick)` that measures, prints a table with its goals, and returns whether
they were reached. Figures depend on the machine and on what else it does, so nothing here is a test; they are
for the people who change the code.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path


def modules():
    """The benchmarks there are: modules of this folder that define `main`."""
    folder = Path(__file__).parent
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    return [name for name in names if name[0] != "_" and "def main(" in (folder / f"{name}.py").read_text()]


def main(arguments=None):
    """Run them; the exit status is 1 when a goal was missed."""
    there = modules()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(there)}; all if none is given")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for a look")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(there)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    missed = []
    for name in chosen.names or there:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        reached = importlib.import_module(f"benchmarks.{name}").main(chosen.quick)
        verdict = "goals reached" if reached else "GOAL MISSED"
        print(f"   {verdict}, {time.monotonic() - began:.0f} s\n", flush=True)
        if not reached:
            missed.append(name)
    if missed:
        print("missed:", ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
