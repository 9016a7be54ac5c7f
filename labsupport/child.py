"""Plain Python in a fresh child process: for what could break the notebook's own.

Lowered limits, privileges given up, SIGPIPE, fork, code that is not finished yet: all of that ends with the
child. It is a new interpreter and not a fork: a notebook kernel has many threads, and a fork takes along one
of them and everybody's locks. The child leads a process group of its own, so that its own children can be
ended with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from labsupport.background import seconds

LONGEST = 1_000_000  # bytes of output kept
NOTICING = 0.05  # seconds: how soon its end is noticed while one of its own children keeps the output open
MARK = "LABSUPPORT_CHILD"  # in the environment of a child and of all that it starts
ROUNDS = 20  # looks for what it started and put out of its group; each kills what it finds
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Outcome:
    """What a child printed, and how it ended: `status` is "exit 0", "killed by SIGPIPE" or the deadline."""

    output: str
    status: str

    def __repr__(self):
        return "\n".join(part for part in (self.output.rstrip("\n"), self.status) if part)


def run_child(source, *args, deadline=10, user=False, files=None):
    """Run `source`, Python text, in a fresh process; return its Outcome, stdout and stderr in one, in order.

    `args`: strings for its sys.argv; `deadline`: seconds, then it is killed, with all its children; `user`:
    without any privilege (even as root: no port below 1024, no raw socket), or one line "not available here:
    …" where that cannot be had; `files`: the limit on open descriptors (RLIMIT_NOFILE). Raises TypeError or
    ValueError for other arguments. See capabilities(7), setrlimit(2).
    """
    if not isinstance(source, str):
        raise TypeError(f"source must be Python text, not {type(source).__name__}")
    if files is not None and (isinstance(files, bool) or not isinstance(files, int) or files < 4):
        raise ValueError(f"files must be a whole number of descriptors, 4 or more, not {files!r}")
    deadline = seconds(deadline)
    order = {"source": source, "args": [str(arg) for arg in args], "user": bool(user), "files": files}
    # -P: the package's folder is no place to import from; -u: what is printed first stands first
    command = [sys.executable, "-P", "-u", str(_PACKAGE / "bootstrap.py")]
    process, late = Process(command, json.dumps(order).encode()), True
    try:
        late = not process.ends_within(deadline)
    finally:
        process.end()
    return Outcome(process.output, f"killed at the deadline of {deadline:g} s" if late else process.status)


class Output:
    """What comes from a descriptor, read by a thread of its own until nobody can write there any more.

    `fd`: the end of a pipe to read from; it stays the caller's to close, after `join`.
    """

    def __init__(self, fd):
        self._fd, self._said, self._more = fd, bytearray(), 0
        # Not Thread.join: interrupted, it takes a running thread for one that has ended (bpo-45274).
        self.silent = threading.Event()
        self._reader = threading.Thread(target=self._read, name="labsupport-child-output", daemon=True)
        self._reader.start()

    def _read(self):
        while data := os.read(self._fd, 65536):
            room = LONGEST - len(self._said)
            self._said += data[:room]
            self._more += max(0, len(data) - room)
        self.silent.set()

    def join(self):
        """Wait until the last byte has been read."""
        self.silent.wait()
        self._reader.join()

    def since(self, start):
        """The bytes that came after the first `start`, of the first million."""
        return bytes(self._said[start:])

    @property
    def text(self):
        """All of it; the first million bytes, and how many came after."""
        return self.since(0).decode("utf-8", "replace").replace("\r\n", "\n") + self.left_out

    @property
    def left_out(self):
        """A line that says how many bytes came after the first million; "" where none did."""
        return f"\n… and {self._more} bytes more\n" if self._more else ""


class Process:
    """A program in a process group of its own, the thread that reads what it says, and the end of both.

    `command`: its words; `order`: bytes for its standard input, or a file that is it; `pass_fds`: descriptors
    that it inherits; `environment`: variables that it has beside this process's; `cwd`: its folder.
    """

    def __init__(self, command, order=b"", pass_fds=(), environment=None, cwd=None):
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if isinstance(order, bytes) else order,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**surroundings(self._mark), **(environment or {})},
            start_new_session=True,
            pass_fds=pass_fds,
            cwd=cwd,
        )
        self.heard = None
        try:
            self.heard = Output(self._process.stdout.fileno())
            if isinstance(order, bytes):
                self._hand(order)
        except BaseException:
            self.end()
            raise

    def _hand(self, order):
        try:
            with self._process.stdin as stdin:
                stdin.write(order)
        except OSError:
            pass  # it died before it read: its output says why

    @property
    def pid(self):
        """Its number, which is its group's too."""
        return self._process.pid

    @property
    def output(self):
        """What it has printed, stdout and stderr in one; the first million bytes, and how many came after."""
        return self.heard.text

    @property
    def returncode(self):
        """Its exit status, or minus the signal that killed it; None while it has not been reaped."""
        return self._process.returncode

    @property
    def status(self):
        """How it ended, "exit 0" or "killed by SIGPIPE"; None while it has not been reaped."""
        return None if self._process.returncode is None else status(self._process.returncode)

    def ends_within(self, deadline):
        """Wait for the end, which the end of its output tells, unless a child of its own holds that open."""
        return ends_within(deadline, self.ended, self.heard)

    def ended(self):
        """Whether the process is over. It is not reaped yet: till then its number is nobody else's."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:
            return True  # another thread reaps it at this moment

    def send_signal(self, number):
        """Send the process itself a signal; nothing where it has ended."""
        if not self.ended():
            os.kill(self._process.pid, number)

    def end(self):
        """Kill whatever is left of it, take the rest of the output, and leave nothing. Again: nothing."""
        if self._process.returncode is not None and self._process.stdout.closed:
            return
        if hasattr(os, "killpg"):
            kill_group(self._process.pid)
        else:
            self._process.kill()
        self._process.wait()
        kill_marked(self._mark)
        if self.heard is not None:  # otherwise interrupted before it was: then the collector closes the pipe
            self.heard.join()
            self._process.stdout.close()


def ends_within(deadline, ended, heard):
    """Whether `ended()` comes true within `deadline` seconds; `heard`: the Output whose end tells it
    early."""
    until, pause = time.monotonic() + deadline, 0.001
    while not ended():
        left = until - time.monotonic()
        if left <= 0:
            return False
        if not heard.silent.is_set():
            heard.silent.wait(min(NOTICING, left))
        else:
            time.sleep(min(pause, left))
            pause = min(2 * pause, NOTICING)
    return True


def kill_group(pid):
    """Kill the process group of that number, where it still is."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all gone, or (macOS) all zombies
        os.killpg(pid, signal.SIGKILL)


def kill_marked(mark):
    """End those that left the group, as a daemon does: they have the mark in their environment (proc(5))."""
    if not sys.platform.startswith("linux"):
        return
    for _ in range(ROUNDS):
        found = [pid for pid in filter(str.isdecimal, os.listdir("/proc")) if _has(pid, mark.encode())]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(pid), signal.SIGKILL)
        if not found:
            return
        time.sleep(NOTICING / 10)  # what was forked meanwhile is found the next time


def _has(pid, mark):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False  # somebody else's, or gone


def surroundings(mark):
    """The child finds this package where the parent did, speaks UTF-8, writes no bytecode, and is marked."""
    name, _, value = mark.partition("=")
    path = os.pathsep.join(filter(None, (str(_PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    plain = {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **plain, name: value}


def status(code):
    """`exit 0` or `killed by SIGPIPE`; `code`: the exit status, or minus the signal's number."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
