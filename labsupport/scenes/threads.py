"""Whether a thread waits, seen in the kernel: what lets the wire move only while every program waits.

A thread that sleeps in a system call waits for something. One exception: a thread that wants to run Python
code sleeps too, in a futex, until the interpreter's lock is free. The address of that futex tells it from
other locks, so it is found out once, by watching a thread that waits for nothing else.

Linux alone; the private network is Linux's too. Sources: proc_pid_syscall(5), proc_pid_stat(5), futex(2).
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
import time

from labsupport.background import FUTEX

NEAR = 512  # bytes: the lock's condition variables and mutexes lie together in one structure
_SAMPLES, _MOST = 5, 2000


class Watch:
    """Looks at threads, by their kernel's number (`Thread.native_id`)."""

    def __init__(self):
        self._lock = interpreter_lock()

    def all_wait(self, tids, between=lambda: True):
        """Whether all of them wait, none having run between two looks at each.

        Two rounds: when nobody ran between his first look and his second, there was a moment between the
        rounds at which all waited, and nobody was left to wake another. `between` is called at that moment:
        where it says False, somebody else is about to wake one of them.
        """
        first = [self._waits(tid) for tid in tids]
        if None in first or not between():
            return False
        return first == [self._waits(tid) for tid in tids]

    def _waits(self, tid):
        """A mark that changes when the thread has run; None when it does not wait. "gone" when it has ended."""
        where = _read(f"/proc/self/task/{tid}/syscall").split()
        if not where:
            return "gone"
        if where[0] in ("running", "-1"):
            return None
        if where[0] == FUTEX and self._lock[0] <= int(where[1], 16) <= self._lock[1]:
            return None
        state = _read(f"/proc/self/task/{tid}/stat").rpartition(") ")[2][:1]
        if state != "S":  # D: waits for a disk or a page, and goes on alone
            return None if state else "gone"
        return where[0], where[1], _times(tid)


def _times(tid):
    """How often the thread was put on a processor."""
    said = _read(f"/proc/self/task/{tid}/schedstat").split()
    if said:
        return said[-1]
    return _read(f"/proc/self/task/{tid}/status").partition("voluntary_ctxt_switches:")[2]


def _read(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 4096).decode()
    except OSError:
        return ""  # ESRCH: it ended just now
    finally:
        os.close(fd)


@functools.cache
def interpreter_lock():
    """(lowest, highest) address of a futex in which a thread waits for the interpreter; RuntimeError if not
    seen.
    """
    stop, seen = threading.Event(), []
    spinning = threading.Thread(target=_spin, args=(stop,), name="labsupport-spinning", daemon=True)
    spinning.start()
    try:
        for _ in range(_MOST):
            where = _read_holding_the_lock(f"/proc/self/task/{spinning.native_id}/syscall").split()
            if len(where) > 1 and where[0] == FUTEX:
                seen.append(int(where[1], 16))
                if len(seen) >= _SAMPLES:
                    return min(seen) - NEAR, max(seen) + NEAR
            time.sleep(0)  # lets the other thread run, and come to wait again
    finally:
        stop.set()
        spinning.join()
    raise RuntimeError(
        "no thread was seen waiting for the interpreter: /proc/self/task/*/syscall is not readable"
    )


def _spin(stop):
    while not stop.is_set():
        pass


def _read_holding_the_lock(path):
    """A file's text, read without letting other threads run Python code meanwhile."""
    libc = ctypes.PyDLL(None)
    fd = libc.open(path.encode(), os.O_RDONLY | os.O_CLOEXEC)
    if fd < 0:
        return ""
    try:
        buffer = ctypes.create_string_buffer(256)
        size = libc.read(fd, buffer, 256)
        return buffer.raw[: max(0, size)].decode()
    finally:
        libc.close(fd)
