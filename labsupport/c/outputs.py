"""What the course's C programs printed, for a machine without a compiler: recordings, marked as such.

A recording is a JSON file named by a mark of the program's text and of what it was run with: arguments,
standard input, sanitizers. A program that was edited has another mark, and none. Where the course's
maintainer asks for it (WANTED in the environment), what runs is recorded.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from labsupport.c.diagnostics import Diagnostic
from labsupport.events import Became, Began, Lane, Returned
from labsupport.timeline import Timeline, write_whole

FOLDER = Path(__file__).parent.parent / "recordings" / "c"
WANTED = "SOCKETS_LIVE_RECORD_C_TO"  # a folder; set by tools/c_outputs.py alone
WELL_KNOWN = 1024  # ports from here on are the kernel's to pick, and no part of a mark


class Wanted(NamedTuple):
    """A program and what it is run with, as it is recorded: `mark` is the recording's name."""

    mark: str
    begins: str  # the program's first line, for who reads the recordings


def wanted(text, args=(), *, stdin=b"", sanitize=False, record=False, inject=(), **_):
    """The Wanted of a program's text, arguments and standard input, and of what was asked for besides."""
    data = stdin.encode() if isinstance(stdin, str) else bytes(stdin)
    plain = "\n".join(line.rstrip() for line in text.strip().splitlines())
    done = [inject] if isinstance(inject, str) and inject else list(inject)
    about = [plain, [_settled(str(arg)) for arg in args], data.hex(), bool(sanitize)]
    if record or done:
        about += [bool(record), done]
    mark = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
    first = next((line for line in plain.splitlines() if line and not line.startswith("#include")), "")
    return Wanted(mark, first[:80])


def _settled(word):
    """An argument without what differs from run to run: a port that the kernel picked."""
    return "port" if word.isdecimal() and WELL_KNOWN <= int(word) < 65536 else word


def instead(wanted, missing):
    """The recorded Run of what cannot be compiled here; `missing`: the NoCompiler, raised where none is."""
    from labsupport.c.programs import Run

    try:
        noted = json.loads((FOLDER / f"{wanted.mark}.json").read_text("utf-8"))
    except OSError:
        raise type(missing)(
            f"{missing.reason}; and this program, with these arguments, has no recording", missing.remedy
        ) from None
    return Run(
        noted["output"],
        noted["status"],
        tuple(Diagnostic(*one) for one in noted["diagnostics"]),
        tuple(noted["report"]),
        _timeline(noted["timeline"]),
        recorded=f"no C compiler here ({missing.reason}); {missing.remedy}",
    )


def offer(wanted, run):
    """Record a Run, where that was asked for."""
    folder = os.environ.get(WANTED)
    if not folder:
        return
    noted = {
        "begins": wanted.begins,
        "output": run.output,
        "status": run.status,
        "diagnostics": run.diagnostics,
        "report": run.report,
        "timeline": run.timeline and _noted(run.timeline),
    }
    write_whole(Path(folder) / f"{wanted.mark}.json", json.dumps(noted, indent=0).encode())


_KINDS = {kind.__name__: kind for kind in (Began, Returned, Became)}


def _noted(timeline):
    """A Timeline as JSON has it; `settled`: its events' numbers in settled order."""
    return {
        "lanes": timeline.lanes,
        "events": [[type(event).__name__, *_short(event)] for event in timeline.events],
        "settled": [event.order for event in timeline.settled],
    }


def _short(event):
    return [round(value, 6) if isinstance(value, float) else value for value in event]


def _timeline(noted):
    if noted is None:
        return None
    events = [_KINDS[name](*values) for name, *values in noted["events"]]
    return Timeline(events, [Lane(*lane) for lane in noted["lanes"]], [events[at] for at in noted["settled"]])
