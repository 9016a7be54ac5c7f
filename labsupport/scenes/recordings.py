"""A scene on a machine without the network: the recording that ships with the course, marked as one.

A recording is a JSON file with the scene's name: its events, lanes, hosts and packets, what it returned or
raised, and a mark of the code it was made from. Code that was changed since has no recording.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import json
import os
import textwrap
from pathlib import Path

from labsupport import events
from labsupport.files import write_whole
from labsupport.packets import parse
from labsupport.timeline import Timeline

FOLDER = Path(__file__).parent.parent / "recordings"
# Where a scene that has run is to be recorded; set by the maintainer's tool alone.
WANTED = "SOCKETS_LIVE_RECORD_TO"
_KINDS = {
    kind.__name__: kind
    for kind in (*(events.Began, events.Returned, events.Became), events.Sent, events.Arrived, events.Held)
}


class NotRun(Timeline):
    """A scene that could not be run, and has no recording: an empty timeline that says why."""

    def __repr__(self):
        return f"not available here: {self.recorded}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self)}


def instead(function, missing):
    """What stands for the scene `function` where the network is `missing` (a NetworkUnavailable)."""
    why = f"{missing.reason}; {missing.remedy}"
    try:
        noted = json.loads((FOLDER / f"{function.__name__}.json").read_text())
    except OSError:
        return NotRun(
            recorded=f"there is no recording of {function.__name__}, so it needs the live network. {why}"
        )
    if noted["code"] != fingerprint(function):
        return NotRun(
            recorded=f"{function.__name__} was edited since it was recorded, so it needs the live network. {why}"
        )
    return _timeline(noted, why)


def fingerprint(function):
    """A mark of the function's code, the same for any layout and any comments; "" where there is no source.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
    tree = ast.parse(source)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def offer(function, timeline):
    """Record a scene that has run, where that was asked for."""
    folder = os.environ.get(WANTED)
    if folder:
        path = Path(folder) / f"{function.__name__}.json"
        write_whole(path, json.dumps(_noted(timeline, fingerprint(function)), indent=0).encode())


def _noted(timeline, code):
    error = timeline.error
    return {
        "code": code,
        "hosts": timeline.hosts,
        "lanes": timeline.lanes,
        "keeps_time": timeline.keeps_time,
        "result": repr(timeline.result),
        "error": error and [type(error).__name__, list(error.args)],
        "packets": [[packet.raw.hex(), round(packet.time, 6), packet.fate] for packet in timeline.packets],
        "events": [[type(event).__name__, *_short(event)] for event in timeline.events],
    }


def _short(event):
    return [round(value, 6) if isinstance(value, float) else value for value in event]


def _timeline(noted, why):
    return Timeline(
        [_KINDS[name](*values) for name, *values in noted["events"]],
        [events.Lane(*lane) for lane in noted["lanes"]],
        hosts=[events.End(*end) for end in noted["hosts"]],
        packets=[parse(bytes.fromhex(raw), time, fate) for raw, time, fate in noted["packets"]],
        keeps_time=noted["keeps_time"],
        result=_value(noted["result"]),
        error=_error(noted["error"]),
        recorded=why,
    )


def _value(said):
    """What the scene returned where that is plain data, else its repr."""
    try:
        return ast.literal_eval(said)
    except (ValueError, SyntaxError):
        return said


def _error(noted):
    if noted is None:
        return None
    name, arguments = noted
    kind = getattr(builtins, name, OSError)
    return (kind if isinstance(kind, type) and issubclass(kind, OSError) else OSError)(*arguments)
