"""The process in which a learner's function runs: a fresh one, with nothing in it but the function.

It speaks with the check over one channel. The function runs in the main thread; a thread beside it answers
the check's questions meanwhile (where is it, set that event), whatever the function waits for. What the
function prints goes to the process's output; how it ended, what it left open and the timeline of its calls
go back over the channel.
"""

from __future__ import annotations

import inspect
import linecache
import os
import queue
import re
import socket
import sys
import threading
import time
import traceback

import cloudpickle

from labsupport.exercises import ledger
from labsupport.exercises.channel import BROKEN, LOST, Channel, Foreign
from labsupport.naming import Names
from labsupport.recorder import Recorder
from labsupport.telling import tell
from labsupport.timeline import Timeline

HIGH = 900  # where the channel's descriptor moves to: out of the way of numbers that a lesson is about
SWITCHING = 0.001  # seconds after which a thread that computes lets the one beside it run; Python's own is 0.005
MEMORY = 2 << 30  # bytes of address space: a runaway list ends as a MemoryError, not with the machine
KEPT = 30  # calls of one run that its timeline shows
_files = set()  # where the learner's code is from
WINDING_UP = 0.3  # seconds: how long a thread that the function has told to end may take


def main():
    """Carry out what the check asks until it hangs up."""
    sock = socket.socket(fileno=_moved(int(sys.argv[1])))
    sock.set_inheritable(False)
    sys.setswitchinterval(SWITCHING)
    _limit()
    Runner(Channel(sock, _restored)).run()


def _restored(fd, timeout):
    """A plain socket, as the function expects it, with the timeout that its case gave it."""
    sock = socket.socket(fileno=fd)
    sock.settimeout(timeout)
    return sock


def _moved(fd):
    """The channel's descriptor under a high number, so that the function's own begin where they would."""
    try:
        import fcntl

        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except (ImportError, OSError):
        return fd
    os.close(fd)
    return high


def _limit():
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass


class Runner:
    """`run` does what the messages say, one call after another."""

    def __init__(self, channel):
        self._channel, self._orders = channel, queue.SimpleQueue()
        self._pid = os.getpid()
        self._main = threading.main_thread().ident
        self._function = None
        self._running = None  # the Run under way
        self._begun = threading.Event()  # … which is that of the call that came last
        self._telling = threading.Lock()

    def run(self):
        _, order = self._channel.receive()
        sys.path[:] = order["path"]
        _files.update(order["sources"])
        for name, text in order["sources"].items():
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            os.chdir(order["folder"])
            self._function = cloudpickle.loads(order["function"])
        except BaseException as error:
            self._channel.send("unloadable", _told(error))
            return
        self._channel.send("ready")
        threading.Thread(target=self._listen, name="labsupport-check", daemon=True).start()
        while (call := self._orders.get()) is not None:
            self._call(*call)

    def _listen(self):
        """The thread beside the function: hands calls on, and answers what is asked meanwhile."""
        while True:
            try:
                kind, value = self._channel.receive()
            except EOFError:
                os._exit(LOST)  # the check has seen enough, or the function has closed the channel
            if kind == "call":
                self._begun.clear()
                self._orders.put(value)
            elif kind == "where":
                self._channel.send("where", self._where())
            elif kind == "called":
                self._begun.wait()
                self._channel.send("called", self._running.counts()["called"])
            elif kind == "ask":
                self._begun.wait()
                function, *more = value
                self._channel.send("answer", _answer(function, self._running, more))

    def _call(self, args, kwargs, streams, probe):
        run = Run(self._function, args, kwargs)
        self._running = run
        self._begun.set()
        try:
            value, error = run.result(self._each if streams else None), None
        except BaseException as raised:
            value, error = None, raised
        if os.getpid() != self._pid:
            os._exit(0)  # a copy that the function forked, and that came back out of it
        try:
            self._tell(run, value, error, probe)
        except OSError:
            os._exit(LOST)
        except BaseException:  # what Python itself is made of is no longer there
            os._exit(BROKEN)
        del error
        run.forget(value)

    def _tell(self, run, value, error, probe):
        with self._telling:
            run.over = True
            report = run.report(value, error)
        if probe is not None:
            report["probe"] = _answer(probe, run, [value])
        self._channel.send("ended", report)

    def _each(self, item):
        self._channel.send("item", item)

    def _where(self):
        """Where the function is now; the timeline of what it has called so far ends with this."""
        run, frame = self._running, sys._current_frames().get(self._main)
        places = _places(_outwards(frame))
        with self._telling:
            if run is None or run.over:
                return None
            first, last = run.standing(), None
            time.sleep(0.05)
            last = run.standing()
            return {
                "lines": places,
                "blocked": first[0] if first == last else None,
                **run.counts(),
                "timeline": run.timeline(),
            }


class Run:
    """One call of the learner's function, watched."""

    def __init__(self, function, args, kwargs):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.over = False
        self._threads = set(threading.enumerate())
        self._before = ledger.descriptors()
        self.recorder = Recorder()
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
            "error": None if error is None else _told(error),
            "elapsed": elapsed,
            "left": left,
            "unclosed": unclosed,
            "threads": ledger.threads(self._threads),
            "given": [(sock.fileno() < 0, None if sock.fileno() < 0 else sock.gettimeout()) for sock in given],
            "inheritable": [sock.get_inheritable() for sock in returned],
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
        return {"processor": time.process_time() - self._busy, "called": called, "ends": self._ends()}

    def _ends(self):
        """How often a receiving call met the end of the stream."""
        return sum(1 for kind, *rest in tuple(self.recorder.log) if kind == "returned" and rest[0].end)

    def standing(self):
        """(the call that has begun and not returned, how many were made); (None, …) between two calls."""
        began = [rest[0] for kind, *rest in tuple(self.recorder.log) if kind == "began"]
        mine = [call for call in began if call.thread is threading.main_thread()]
        last = mine[-1] if mine else None
        waiting = last is not None and last.ended is None
        return (last.name if waiting else None, len(began))

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


def _told_of(recorder, names):
    """The recorder's notes as a Timeline; of a run that went round and round, its first calls."""
    kept, calls = [], 0
    for entry in recorder.log:
        calls += entry[0] == "began"
        if calls > KEPT:
            recorder.missed += entry[0] == "began"
            continue
        kept.append(entry)
    began = {id(entry[1]) for entry in kept if entry[0] == "began"}
    recorder.log[:] = [entry for entry in kept if entry[0] != "returned" or id(entry[1]) in began]
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


def _answer(function, run, more):
    """What `function(args of the call, …)` gives, or the text of what it raised."""
    try:
        return function(run.args, *more)
    except Exception as error:
        return Foreign(type(error).__name__, str(error))


def _told(error):
    """An exception in plain values: its classes, errno, text, and the lines of the program it came through."""
    number = getattr(error, "errno", None)
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "errno": number if isinstance(number, int) else None,
        "text": _settled(str(error)),
        "code": error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else None,
        "lines": _places(traceback.walk_tb(error.__traceback__)),
    }


def _outwards(frame):
    """(frame, line number) from the innermost on. Not inspect's: it asks the file system, call by call."""
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def _places(frames):
    """(function, line) of each frame of the learner's code, in the order of `frames`."""
    return [
        (frame.f_code.co_name, linecache.getline(frame.f_code.co_filename, number).strip())
        for frame, number in frames
        if frame.f_code.co_filename in _files
    ]


def _settled(text):
    """Without what differs from run to run: memory addresses, descriptors, ports."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    text = re.sub(r"\bfd=\d+", "fd=…", text)
    return re.sub(r"('(?:127\.\d+\.\d+\.\d+|::1?)', )\d+", r"\1port", text)
