"""What really happened: each socket call as it begins and returns, noted while `record()`'s block runs.

The methods of `socket.socket` itself are replaced for the time of the block, and put back after it. So
sockets made earlier are seen, and those that `create_connection`, `makefile` or `socketserver` use. Rejected:
`sys.setprofile` (no arguments, and it slows all code), audit hooks (none for accept, send, recv, close),
strace (a hundred times the cost).

Whose calls: those of the thread that runs the block and of threads started within it, and, in threads that
were there before, those of the notebook's own code. The helper threads of this package are the other end:
they keep a log of their own. Jupyter's own sockets, an event loop's wake-up pair among them, are left out.
"""

from __future__ import annotations

import functools
import math
import socket
import sys
import threading
import time

from labsupport.implied import RECEIVES, SENDS
from labsupport.notes import (
    Call,
    Shown,
    Socket,
    address_in,
    found,
    kept,
    kept_arguments,
    measure,
    receiver,
)
from labsupport.observe import observe
from labsupport.shown import errno_name

METHODS = (
    *("__init__", "bind", "listen", "accept", "connect", "connect_ex"),
    *sorted(name for name in SENDS | RECEIVES if hasattr(socket.socket, name)),
    *("shutdown", "close", "detach", "setsockopt", "settimeout", "setblocking"),
)
MOST = 100_000  # calls kept; further ones are counted
LOOKING = 0.0005  # seconds between two looks at the kernel's states: they must not slow a loop of short calls
RESTING = 4  # times as long as a look took is at least the pause after it: with many sockets one takes long

_HELPERS = {"ipykernel", "jupyter_client", "IPython", "zmq", "tornado", "traitlets", "comm", "ipywidgets"}
_MAKERS = {"socketpair", "fromfd", "dup"}  # what makes a socket from a descriptor, in the socket module

_recorders = ()  # those at work; replaced, never changed, so that a call may read it without a lock
_inside = set()  # threads inside a recorded call: what the socket module calls on its way is part of it
_originals = {}
_patching = threading.Lock()


class Recorder:
    """Takes the notes of one block: `log`, of ("began", call), ("returned", call) and ("sampled", …).

    `most`: how many calls are kept, MOST unless told; further ones are counted.
    """

    def __init__(self, most=None):
        self.most = MOST if most is None else most
        self.started = time.perf_counter()
        self.main = threading.current_thread()
        self.log, self.sockets, self.missed, self.calls = [], [], 0, 0
        self._beside = []
        self._by_id = {}
        self._before = set(threading.enumerate()) - {self.main}
        self._kinds, self._modules = {}, {}
        self._lock = threading.Lock()
        self._look_again = 0.0  # when the next look may be
        self._stopped = False

    def start(self):
        """From now on."""
        global _recorders
        with _patching:
            if not _recorders:
                _patch()
            _recorders = (*_recorders, self)

    def stop(self):
        """Until now; the last recorder puts the methods back."""
        global _recorders
        with _patching:
            _recorders = tuple(other for other in _recorders if other is not self)
            if not _recorders:
                _restore()
        self.sample(force=True)
        with self._lock:
            self._stopped = True
        self._join()
        for lane in self.sockets:
            sock = lane.ref()
            if sock is not None and sock.fileno() >= 0:
                lane.ask(sock)

    def beside(self, calls):
        """Another program runs beside the block: its notes are joined to these, by the clock, when that ends.

        `calls`: given the sockets known here, returns what has `log`, `sockets` and `missed` as this has.
        """
        self._beside.append(calls)

    def _join(self):
        if not self._beside:
            return
        for calls in self._beside:
            other = calls(self.sockets)
            self.sockets += other.sockets
            self.log += other.log
            self.missed += other.missed
        self.log.sort(key=_when)
        for number, (kind, call, *_) in enumerate(self.log):
            if kind == "began":
                call.began = number
            elif kind == "returned":
                call.ended = number

    def wants(self, thread, frame):
        """Whether the call that `frame` makes, in `thread`, is one of the block's."""
        kind = self._kinds.get(thread)
        if kind is None:
            kind = self._kinds[thread] = self._kind(thread)
        module = frame.f_globals.get("__name__")
        if kind != "own":
            return kind == "before" and module == "__main__"
        wanted = self._modules.get(module)
        if wanted is None:
            wanted = self._modules[module] = _plain(module or "")
        return wanted is True or (wanted == "mostly" and not _wakes(frame.f_code.co_name))

    def _kind(self, thread):
        if thread is self.main:
            return "own"
        if thread.name.startswith("labsupport-") and not thread.name.startswith("labsupport-background-"):
            return "helper"
        return "before" if thread in self._before else "own"

    def socket(self, sock, born=False):
        """The Socket of `sock`, made at its first call."""
        known = self._by_id.get(id(sock))
        if known is not None and known.ref() is sock:
            return known
        with self._lock:
            known = Socket(sock, len(self.sockets), born)
            self._by_id[id(sock)] = known
            if known.wanted:
                self.sockets.append(known)
        return known

    def began(self, thread, sock, name, args, kwargs, frame):
        """Note that a call begins; None when it is not to be kept."""
        lane = None if name == "socket" else self.socket(sock)
        if lane is not None and not lane.wanted:
            return None
        if self.calls >= self.most or self._stopped:
            self.missed += not self._stopped
            return None
        self.calls += 1
        if lane is not None and lane.name is None and lane.tries:
            lane.tries -= 1
            lane.name = receiver(frame.f_code, frame.f_lasti, name)
        self.sample()
        call = Call(thread, lane, name, kept_arguments(args, kwargs), 0)
        if name in ("connect", "connect_ex", "sendto") and args:
            call.address = address_in(args[-1])
        elif name in ("close", "shutdown", "detach"):
            lane.ask(sock)
            if lane.tcp and name != "detach":
                call.found = found(sock)
        self._note("began", call)
        return call

    def returned(self, call, sock, result, args):
        """Note what a call gave."""
        call.ended_at = time.perf_counter()
        name = call.name
        if call.lane is None:
            call.new = call.lane = self.socket(sock, born=True)
            if not call.new.wanted:
                return
        elif name == "accept":
            call.new = self.socket(result[0], born=True)
            call.new.ask(result[0])
            call.result = Shown("a new socket")
        elif name in RECEIVES or name in SENDS:
            measure(call, result, args)
        elif name == "connect_ex" and result:
            call.error, call.errno = "OSError", errno_name(OSError(result, ""))
        elif name == "detach":
            call.result = Shown("a descriptor")
        elif result is not None:
            call.result = kept(result)
        if name in ("bind", "listen", "connect", "connect_ex", "sendto"):
            call.lane.ask(sock)
        elif name == "close":
            call.gone = sock.fileno() < 0  # not while a makefile() still uses it
        self._note("returned", call)
        self.sample()

    def raised(self, call, error):
        """Note that a call failed."""
        call.ended_at = time.perf_counter()
        if call.lane is None:
            with self._lock:
                call.lane = Socket.unborn(len(self.sockets), call.arguments)
                self.sockets.append(call.lane)
        call.error, call.errno = type(error).__name__, errno_name(error)
        self._note("returned", call)
        self.sample()

    def sample(self, force=False):
        """Look at the states of the block's TCP sockets, unless that was done a moment ago."""
        now = time.perf_counter()
        if self._stopped or (not force and now < self._look_again):
            return
        self._look_again = math.inf  # no other thread looks meanwhile
        for lane in tuple(self.sockets):
            sock = lane.ref() if lane.tcp else None
            if sock is None:
                continue
            try:
                state = observe(sock).state
            except (OSError, ValueError):
                continue
            if state is not None and state != lane.sampled:
                lane.sampled = state
                self.log.append(("sampled", lane, state, now))
        ended = time.perf_counter()
        self._look_again = ended + max(LOOKING, RESTING * (ended - now))

    def _note(self, kind, call):
        entry = (kind, call)
        with self._lock:
            if self._stopped:
                return  # it was still waiting when the block ended: that is what the timeline says
            if kind == "began":
                call.began = len(self.log)
            else:
                call.ended = len(self.log)
            self.log.append(entry)


def _when(entry):
    """The moment of a note, on the clock of time.perf_counter."""
    kind, noted, *details = entry
    return details[1] if kind == "sampled" else noted.began_at if kind == "began" else noted.ended_at


def at_work():
    """The recorders whose blocks run now."""
    return _recorders


def _plain(module):
    """Whether code of this module may be a learner's; "mostly" where it depends on the function."""
    package, _, rest = module.partition(".")
    if package == "labsupport":
        return "mostly" if rest == "background" else False
    return "mostly" if package == "asyncio" else package not in _HELPERS


def _wakes(function):
    """asyncio's _make_self_pipe, _write_to_self … are about the loop's own pair; _knock is background's."""
    return "self" in function or function == "_knock"


def _caller(frame):
    """The code that asked: the socket module's own functions are on the way, not the beginning."""
    while frame.f_back is not None and frame.f_globals.get("__name__") == "socket":
        frame = frame.f_back
    return frame


def _patch():
    for name in METHODS:
        _originals[name] = socket.socket.__dict__.get(name)
        setattr(socket.socket, name, _noting(name, getattr(socket.socket, name)))


def _restore():
    for name, original in _originals.items():
        if original is None:
            delattr(socket.socket, name)
        else:
            setattr(socket.socket, name, original)
    _originals.clear()


def _noting(name, original):
    """The method `name`, noting its begin and its end with each recorder that wants it."""
    said = "socket" if name == "__init__" else name

    def method(self, *args, **kwargs):
        ident = threading.get_ident()
        if ident in _inside:
            return original(self, *args, **kwargs)
        direct = sys._getframe(1)
        frame = _caller(direct)
        thread, notes = threading.current_thread(), []
        for recorder in _recorders:
            if recorder.wants(thread, frame):
                call = recorder.began(thread, self, said, args, kwargs, frame)
                if call is not None:
                    notes.append((recorder, call))
        if not notes:
            return original(self, *args, **kwargs)
        _inside.add(ident)
        try:
            if said == "socket" and direct is not frame and direct.f_code.co_name in _MAKERS:
                for _, call in notes:
                    call.name, call.arguments = direct.f_code.co_name, ()
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                for recorder, call in notes:
                    recorder.raised(call, error)
                raise
            for recorder, call in notes:
                recorder.returned(call, self, result, args)
            return result
        finally:
            _inside.discard(ident)

    return functools.wraps(original)(method)
