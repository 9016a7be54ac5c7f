"""One call of a learner's function, watched: its result or error, what it left open, the calls it made.

Works in the process that the function runs in, and gives plain values, for the check to judge.
"""

from __future__ import annotations

import inspect
import linecache
import re
import socket
import threading
import time
import traceback

from labsupport.exercises import ledger
from labsupport.exercises.marks import attach
from labsupport.exercises.native import CFunction
from labsupport.naming import Names
from labsupport.recorder import Recorder
from labsupport.telling import tell
from labsupport.timeline import Timeline

MOST = 20_000  # calls noted: enough to judge by, and a busy loop's are still looked through in a moment
KEPT = 30  # calls of one run that its timeline shows
_IP = (socket.AF_INET, getattr(socket, "AF_INET6", None))
WINDING_UP = 0.3  # seconds: how long a thread that the function has told to end may take

files = set()  # where the learner's code is from


class Run:
    """One call of the learner's function, watched. `datagrams`: a Mark's, or None, as a Learner has them."""

    def __init__(self, function, args, kwargs, datagrams=None):
        self.function, self.args, self.kwargs = function, args, kwargs
        self._native = isinstance(function, CFunction)
        self.over = False
        self._threads = set(threading.enumerate())
        self._before = ledger.descriptors()
        self.recorder = Recorder(MOST) if datagrams is None else _Sheltered(datagrams)
        self._told = None
        self._began, self._busy = time.monotonic(), time.process_time()

    def result(self, each=None):
        """What the function returns, or the list of what it yields, each item given to `each` as it comes."""
        self.recorder.start()
        value = self.function(*self.args, **self.kwargs)
        if each is None:
            return value
        items = []
        for item in value:
            each(item)
            items.append(item)
        return items

    def report(self, value, error):
        """How it went: for the check to judge."""
        elapsed = time.monotonic() - self._began
        self._wind_up()
        returned = _sockets(value)
        given = [sock for sock in _sockets((self.args, self.kwargs))]
        own = {sock.fileno() for sock in (*returned, *given)}
        counts, log = self.counts(), tuple(self.recorder.log)
        unclosed = ledger.unclosed(log, {id(sock) for sock in (*returned, *given)})
        now = ledger.descriptors()
        left = sorted(kind for fd, kind in now.items() if fd not in self._before and fd not in own)
        return {
            "value": value,
            "error": None if error is None else told_error(error),
            "elapsed": elapsed,
            "left": left,
            "unclosed": unclosed,
            "threads": ledger.threads(self._threads),
            "given": [(_closed(sock), None if _closed(sock) else sock.gettimeout()) for sock in given],
            "inheritable": [sock.fileno() >= 0 and sock.get_inheritable() for sock in returned],
            "timeline": self.timeline(),
            **counts,
        }

    def _wind_up(self):
        """Threads that the function has told to end get a moment to do so."""
        until = time.monotonic() + WINDING_UP
        while ledger.threads(self._threads) and time.monotonic() < until:
            time.sleep(0.005)

    def counts(self):
        """Figures: processor seconds used, and for each method of sockets how often it was called."""
        called = {}
        for kind, *rest in tuple(self.recorder.log):
            if kind == "began":
                called[rest[0].name] = called.get(rest[0].name, 0) + 1
        return {
            "processor": time.process_time() - self._busy,
            "called": called,
            "ends": self._ends(),
            "zero": "0" if self._native else "b''",
        }

    def finished(self):
        """{method: how often} of the calls that have come back so far."""
        back = [rest[0].name for kind, *rest in tuple(self.recorder.log) if kind == "returned"]
        return {name: back.count(name) for name in set(back)}

    def ports(self):
        """The ports that the function's sockets have had; None for one in C, whose are not noted."""
        if self._native:
            return None
        ends = [lane.local for lane in tuple(self.recorder.sockets)]
        return [end[1] for end in ends if type(end) is tuple and len(end) > 1]

    def _ends(self):
        """How often a receiving call met the end of the stream."""
        if self._native:
            return self.function.ends()
        return sum(1 for kind, *rest in tuple(self.recorder.log) if kind == "returned" and rest[0].end)

    def standing(self):
        """(the call that has begun and not returned, how many were made); (None, …) between two calls."""
        if self._native:
            return self.function.standing()
        began = (rest[0] for kind, *rest in reversed(tuple(self.recorder.log)) if kind == "began")
        last = next((call for call in began if call.thread is threading.main_thread()), None)
        waiting = last is not None and last.ended is None
        return (last.name if waiting else None, self.recorder.calls)

    def timeline(self):
        """The calls so far, with the function's own names for its arguments."""
        if self._told is None:
            self.recorder.stop()
            names = Names(None)
            for name, value in _parameters(self.function, self.args, self.kwargs):
                names._note(name, value)
            self._told = _told_of(self.recorder, names)
        return self._told

    def forget(self, value):
        """Close what the function returned: the check has descriptors of its own by now."""
        for sock in _sockets(value):
            sock.close()
        for sock in _sockets((self.args, self.kwargs)):
            sock.close()
        self.args = self.kwargs = ()


class _Sheltered(Recorder):
    """Notes the calls, and has the kernel keep a neighbor's datagrams out of the sockets that are made."""

    def __init__(self, datagrams):
        super().__init__(MOST)
        self._datagrams = datagrams

    def returned(self, call, sock, result, args):
        """As the Recorder's; a new socket, which has no port yet, is given its filter."""
        if call.lane is None and sock.type == socket.SOCK_DGRAM and sock.family in _IP:
            attach(sock, self._datagrams)
        super().returned(call, sock, result, args)


def _told_of(recorder, names):
    """The recorder's notes as a Timeline; of a run that went round and round, its first calls."""
    kept, first, calls = [], set(), 0
    for entry in recorder.log:
        kind, about, *_ = entry
        calls += kind == "began"
        if kind == "began" and calls <= KEPT:
            first.add(id(about))
        # What another thread's call gave may come after calls that are left out.
        if id(about) in first or (kind == "sampled" and calls <= KEPT):
            kept.append(entry)
    recorder.missed += max(0, calls - KEPT)
    recorder.log[:] = kept
    events, settled, lanes = tell(recorder, names)
    return Timeline(events, lanes, settled, recorder.missed)


def _parameters(function, args, kwargs):
    try:
        return inspect.signature(function).bind(*args, **kwargs).arguments.items()
    except (TypeError, ValueError):
        return ()


def _sockets(value, depth=0):
    """The open or closed sockets in a value, each once."""
    if isinstance(value, socket.socket):
        return [value]
    if depth > 4 or type(value) not in (list, tuple, set, frozenset, dict):
        return []
    found = []
    for item in [*value, *value.values()] if type(value) is dict else value:
        found += [sock for sock in _sockets(item, depth + 1) if not any(sock is known for known in found)]
    return found


def told_error(error):
    """An exception in plain values: its classes, errno, text, and the program's lines it came through."""
    number = getattr(error, "errno", None)
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "errno": number if isinstance(number, int) else None,
        "text": _settled(str(error)),
        "code": error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else None,
        "lines": places(traceback.walk_tb(error.__traceback__)),
    }


def outwards(frame):
    """(frame, line number) from the innermost on. Not inspect's: it asks the file system, call by call."""
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def places(frames):
    """(function, line) of each frame of the learner's code, in the order of `frames`."""
    return [
        (frame.f_code.co_name, linecache.getline(frame.f_code.co_filename, number).strip())
        for frame, number in frames
        if frame.f_code.co_filename in files
    ]


def _settled(text):
    """Without what differs from run to run: memory addresses, descriptors, ports."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    text = re.sub(r"\bfd=\d+", "fd=…", text)
    return re.sub(r"('(?:127\.\d+\.\d+\.\d+|::1?)', )\d+", r"\1port", text)


def _closed(sock):
    return sock.fileno() < 0
