"""A blocking call as a value: start it, look at it while it waits, take its result, or set it free.

A notebook has one thread that runs cells. A call that blocks there stops the lesson; here it blocks in a
thread of its own, which is exactly as real and can be watched. `background` comes back once the call has been
entered, so that what the next cell does finds it waiting. Python cannot end a thread from outside, and
closing a socket does not wake a thread that waits in it (Linux); shutting it down does, so that is how
`cancel` works.
"""

from __future__ import annotations

import ast
import builtins
import concurrent.futures
import linecache
import math
import os
import platform
import signal
import socket
import sys
import threading
import time

from labsupport import tidying
from labsupport.parsing import parse
from labsupport.shown import errno_name, shown_call

ENTERING = 1.0  # seconds: the longest `background` waits to see a socket's call entered
ENTERING_OTHER = 0.25  # the same for any other callable, which may compute and never block
FREEING = 1.0  # seconds: the longest `cancel` waits for the thread it freed

# futex(2) by machine: waiting for the interpreter's lock looks like any other futex wait. Default:
# asm-generic/unistd.h.
FUTEX = {"x86_64": "202", "i686": "240", "armv7l": "240", "ppc64le": "221", "s390x": "238"}.get(
    platform.machine(), "98"
)


def background(callable, *args, **kwargs):
    """Call `callable(*args, **kwargs)` in a thread of its own; return a BackgroundCall once it is entered.

    On Linux that means: seen blocked in its system call, or already done. Raises TypeError when `callable` is
    none (a call's result, as in `background(sock.accept())`, is the usual reason).
    """
    if not builtins.callable(callable):
        raise TypeError(
            f"background needs something to call, such as sock.accept without (); not {callable!r}"
        )
    return BackgroundCall(callable, args, kwargs)


class BackgroundCall:
    """One call in its thread: `done`, `result()`, `elapsed`, `cancel()`, and what it waits in.

    `name`: the callable's name; `socket`: the socket whose method is called, else None; `thread`: its thread.
    """

    def __init__(self, callable, args, kwargs):
        self.name = getattr(callable, "__name__", type(callable).__name__)
        self.text, self.socket = _about(callable, self.name, args, kwargs)
        self._call = (callable, args, kwargs)
        self._lock = threading.Lock()
        self._entered = threading.Event()
        self._finished = threading.Event()
        self._result = self._error = self._ended = None
        self._cancelled = self._held = False
        self._how = ""  # in words, how a cancelled call was freed
        self._began = time.monotonic()
        self.thread = threading.Thread(
            target=self._run, name=f"labsupport-background-{self.name}", daemon=True
        )
        tidying.register(self, "call")
        self.thread.start()
        self._wait_until_entered()

    def _run(self):
        callable, args, kwargs = self._call
        result = error = None
        self._entered.set()
        try:
            result = callable(*args, **kwargs)
        except BaseException as raised:  # kept for the learner's cell: a thread prints nothing
            error = raised
        with self._lock:
            self._ended = time.monotonic()
            self._call = None
            if not self._cancelled:
                self._result, self._error = result, error
            elif isinstance(result, tuple) and result and isinstance(result[0], socket.socket):
                result[0].close()  # accepted at the very moment of the cancel: nobody will ever ask for it
        tidying.unregister(self)
        self._finished.set()

    def _wait_until_entered(self):
        self._entered.wait(ENTERING)
        look = _Look(self.thread.native_id)
        deadline = time.monotonic() + (ENTERING if self.socket is not None else ENTERING_OTHER)
        while not self._finished.wait(0.0005) and not look.blocked() and time.monotonic() < deadline:
            pass

    @property
    def done(self):
        """Whether the call has ended: returned, raised or cancelled."""
        return self._finished.is_set()

    @property
    def elapsed(self):
        """Seconds since the call began, or that it took."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def state(self):
        """In words: "waiting in accept", "returned", "raised ConnectionResetError" or "cancelled"."""
        if not self.done:
            held = f" (the thread {self.thread.name} cannot be freed)" if self._held else ""
            return f"waiting in {self.name}{held}"
        if self._cancelled:
            return "cancelled"
        return "returned" if self._error is None else f"raised {type(self._error).__name__}"

    def result(self, timeout=5):
        """What the call returned; what it raised is raised here.

        Waits at most `timeout` seconds, then raises TimeoutError. Raises concurrent.futures.CancelledError
        after `cancel()`.
        """
        timeout = seconds(timeout)
        if not self._finished.wait(timeout):
            raise TimeoutError(
                f"{self.text} still waits after {timeout:g} s, in the thread {self.thread.name}"
            )
        if self._cancelled:
            raise concurrent.futures.CancelledError(
                f"{self.text} was cancelled: its socket {self._how}; that socket is spent, make another"
            )
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self):
        """Free the thread, if it still waits: True when it has ended without a result, False when it has not.

        A socket's call is freed by `shutdown(SHUT_RDWR)` of that socket, which is spent afterwards: close it
        and make another. A thread in any other callable cannot be freed from outside (`state` then names it).
        """
        with self._lock:
            if self._ended is not None:
                return self._cancelled
            self._held = self.socket is None
            if self._held:
                return False
            self._cancelled = True
            self._how = (
                "was shut down" if self.socket.fileno() >= 0 else "had been closed, so the thread was woken"
            )
        _wake(self.socket, self.thread, self._finished)
        freed = self._finished.wait(FREEING / 2) or (_knock(self.socket) and self._finished.wait(FREEING / 2))
        if not freed:
            with self._lock:  # an answer that comes later still is the call's result
                self._held = self._ended is None
                self._cancelled = not self._held
        return self.done

    def close(self):
        """Cancel the call if it is not done."""
        if not self.done:
            self.cancel()

    def __repr__(self):
        if not self.done:
            return f"{self.text}: {self.state.replace(f' in {self.name}', '', 1)}"
        if self._cancelled:
            return f"{self.text}: cancelled, its socket {self._how} (spent)"
        name = errno_name(self._error)
        return f"{self.text}: {self.state}{f' ({name})' if name else ''}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import callcard
        except ImportError:
            return {"text/plain": repr(self)}
        return callcard.bundle(self)


def _about(callable, name, args, kwargs):
    """The call as text, and the socket that it is about, or None. A C function (labsupport.c) knows both."""
    if hasattr(callable, "waits_on") and hasattr(callable, "told"):
        return callable.told(args), callable.waits_on(args)
    owner = getattr(callable, "__self__", None)
    return shown_call(name, args, kwargs), owner if isinstance(owner, socket.socket) else None


def is_waiting(thread):
    """Whether `thread` waits in the kernel, not for the interpreter or a processor; True where /proc hides it."""
    return _Look(thread.native_id).blocked()


class _Look:
    """Sees whether a thread is blocked in a system call that is not the wait for the interpreter's lock."""

    def __init__(self, tid):
        self._tid = tid
        self._futex = None  # of a futex wait: ((its arguments, context switches), when these were first seen)

    def blocked(self):
        asked = time.monotonic()
        fields = self._read("syscall").split()
        if not fields:
            return True  # not Linux, or /proc hides it: that the call was entered is all that can be known
        if fields[0] in ("running", "-1"):  # -1: stopped outside a system call, as for a page
            return False
        return self._waits_in_a_lock(fields, asked) if fields[0] == FUTEX else True

    def _waits_in_a_lock(self, fields, asked):
        """One that waits for the interpreter wakes every switch interval to ask; one in a lock sleeps.

        Whoever looks may be kept waiting, too: only what lies between two looks counts.
        """
        status = self._read("status")
        switches = [line for line in status.splitlines() if line.startswith("voluntary_ctxt_switches")]
        now = (fields, switches)
        if self._futex is None or self._futex[0] != now:
            self._futex = (now, time.monotonic())
        return asked - self._futex[1] > 3 * sys.getswitchinterval()

    def _read(self, name):
        try:
            with open(f"/proc/self/task/{self._tid}/{name}") as file:
                return file.read()
        except OSError:
            return ""


def _wake(sock, thread, finished):
    """Make the call in which `thread` waits on `sock` return."""
    fd = sock.fileno()
    if fd < 0:
        _interrupt(thread, finished)
        return
    try:
        # With a timeout the descriptor is non-blocking, and a datagram socket that was shut down answers
        # EAGAIN for ever: the waiting thread would spin. A blocking one says end of file.
        os.set_blocking(fd, True)
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # ENOTCONN: an unconnected UDP socket. Linux wakes its readers all the same


def _interrupt(thread, finished):
    """Wake a thread whose socket was closed under it.

    A signal ends its system call, and Python's retry (PEP 475) finds no socket. Only the
    main thread may set a handler; from another nothing happens.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return
    # SIGURG: ignored wherever nobody asks for it
    before = signal.signal(signal.SIGURG, lambda number, frame: None)
    try:
        signal.pthread_kill(thread.ident, signal.SIGURG)
        finished.wait(FREEING / 2)
    finally:
        signal.signal(signal.SIGURG, before)


def _knock(sock):
    """Where shutdown does not wake a listener or a UDP socket (macOS, Windows): send what it waits for."""
    try:
        with socket.socket(sock.family, sock.type) as visitor:
            visitor.setblocking(False)
            visitor.connect_ex(sock.getsockname())
            if sock.type == socket.SOCK_DGRAM:
                visitor.send(b"")
    except OSError:
        return False
    return True


def until(condition, timeout=5):
    """Wait until `condition()` is true and return what it gave; the one way to wait in this course.

    Asks again after short pauses, at first half a millisecond, at last 20 (the only place that polls). Raises
    TimeoutError, which names what was awaited, after `timeout` seconds; what `condition` raises is raised at
    once.
    """
    if not callable(condition):
        raise TypeError(f"until needs a condition to call, such as lambda: call.done; not {condition!r}")
    timeout = seconds(timeout)
    deadline, pause = time.monotonic() + timeout, 0.0005
    while True:
        late = time.monotonic() >= deadline
        value = condition()
        if value:
            return value
        if late:
            raise TimeoutError(f"not so after {timeout:g} s: {_condition_text(condition)}")
        time.sleep(max(0, min(pause, deadline - time.monotonic())))
        pause = min(2 * pause, 0.02)


def seconds(timeout):
    """`timeout` if it is a usable number of seconds; else TypeError or ValueError."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds, not {timeout!r}")
    if not 0 <= timeout < math.inf:
        raise ValueError(f"timeout must be 0 or more seconds and finite, not {timeout!r}")
    return timeout


def _condition_text(condition):
    """A lambda's body as it was typed; any other callable's name."""
    code = getattr(condition, "__code__", None)
    name = getattr(condition, "__name__", type(condition).__name__)
    if code is None or name != "<lambda>":
        return name
    source = "".join(linecache.getlines(code.co_filename))
    try:
        lambdas = [node for node in ast.walk(parse(source)) if isinstance(node, ast.Lambda)]
    except SyntaxError:
        return name
    # The last instruction's position is the whole body's: the value that is returned.
    spans = {position for position in code.co_positions() if None not in position}
    for node in lambdas:
        body = node.body
        if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in spans:
            return " ".join(ast.get_source_segment(source, body).split())
    return name
