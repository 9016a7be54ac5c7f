"""The process in which a learner's function runs: a fresh one, with nothing in it but the function.

It speaks with the check over one channel. The function runs in the main thread; a thread beside it answers
the check's questions meanwhile (where is it, set that event), whatever the function waits for. What the
function prints goes to the process's output; how it ended, what it left open and the timeline of its calls
go back over the channel.
"""

from __future__ import annotations

import linecache
import os
import queue
import socket
import sys
import threading
import time

import cloudpickle

from labsupport.background import is_waiting
from labsupport.exercises.channel import BROKEN, LOST, Channel, Foreign
from labsupport.exercises.run import Run, files, outwards, places, told_error

HIGH = 900  # where the channel's descriptor moves to: out of the way of numbers that a lesson is about
SWITCHING = 0.001  # seconds after which a thread that computes lets another run; by default 0.005
ALONE = 0.5  # … the thread that tells where the function is: one that goes round would cut it into a thousand
LOOKS = 20  # at a function that seems to wait: without a processor it does not get on either
MEMORY = 2 << 30  # bytes of address space: a runaway list ends as a MemoryError, not with the machine


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
        files.update(order["sources"])
        for name, text in order["sources"].items():
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            os.chdir(order["folder"])
            self._function = cloudpickle.loads(order["function"])
        except BaseException as error:
            self._channel.send("unloadable", told_error(error))
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
                self._begun.wait(1)  # else it would be told of the run before, which is over
                self._channel.send("where", self._where())
            elif kind == "finished":
                self._begun.wait()
                self._channel.send("finished", self._running.finished())
            elif kind == "ports":
                self._begun.wait()
                self._channel.send("ports", self._running.ports())
            elif kind == "ask":
                self._begun.wait()
                function, *more = value
                self._channel.send("answer", _answer(function, self._running, more))

    def _call(self, args, kwargs, streams, probe, datagrams):
        run = Run(self._function, args, kwargs, datagrams)
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
        with self._telling:  # to the end: who is told that the run is over has its report by then
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
        lines = places(outwards(frame))
        with self._telling:
            if run is None or run.over:
                return None
            blocked = _blocked(run)
            sys.setswitchinterval(ALONE)
            try:
                return {
                    "lines": lines,
                    "blocked": blocked,
                    **run.counts(),
                    "timeline": run.timeline(),
                }
            finally:
                sys.setswitchinterval(SWITCHING)


def _blocked(run):
    """The call on a socket that the function waits in, or None."""
    for _ in range(LOOKS):
        first = run.standing()
        time.sleep(0.05)
        if run.standing() != first:
            return None
        if first[0] is None or is_waiting(threading.main_thread()):
            break
    return first[0]


def _answer(function, run, more):
    """What `function(args of the call, …)` gives, or the text of what it raised."""
    try:
        return function(run.args, *more)
    except Exception as error:
        return Foreign(type(error).__name__, str(error))
