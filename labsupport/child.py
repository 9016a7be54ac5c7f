"""Plain Python in a fresh child process: for what could break the notebook's own.

Lowered limits, privileges given up, SIGPIPE, fork, code that is not finished yet: all of that ends with the
child. It is a new interpreter and not a fork: a notebook kernel has many threads, and a fork takes along one
of them and everybody's locks. The child leads a process group of its own, so that its own children can be
ended with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from labsupport.background import seconds

LONGEST = 1_000_000  # bytes of output kept
NOTICING = 0.05  # seconds: how soon its end is noticed while one of its own children keeps the output open
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
    return _Child(json.dumps(order).encode()).outcome(deadline)


class _Child:
    """The process, the thread that reads what it says, and the end of both."""

    def __init__(self, order):
        self._process = subprocess.Popen(
            # -P: the package's folder is no place to import from; -u: what is printed first stands first
            [sys.executable, "-P", "-u", str(_PACKAGE / "bootstrap.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        self._said, self._more = bytearray(), 0
        # Not Thread.join: interrupted, it takes a running thread for one that has ended (bpo-45274).
        self._silent = threading.Event()
        self._reader = threading.Thread(target=self._read, name="labsupport-child-output", daemon=True)
        self._reader.start()
        try:
            with self._process.stdin as stdin:
                stdin.write(order)
        except OSError:
            pass  # it died before it read: its output says why
        except BaseException:
            self._end()
            raise

    def outcome(self, deadline):
        late = True
        try:
            late = not self._ends_within(deadline)
        finally:
            self._end()
        said = self._said.decode("utf-8", "replace").replace("\r\n", "\n")
        if self._more:
            said += f"\n… and {self._more} bytes more\n"
        ended = f"killed at the deadline of {deadline:g} s" if late else _status(self._process.returncode)
        return Outcome(said, ended)

    def _ends_within(self, deadline):
        """Wait for the end, which the end of its output tells, unless a child of its own holds that open."""
        until, pause = time.monotonic() + deadline, 0.001
        while not self._ended():
            left = until - time.monotonic()
            if left <= 0:
                return False
            if not self._silent.is_set():
                self._silent.wait(min(NOTICING, left))
            else:
                time.sleep(min(pause, left))
                pause = min(2 * pause, NOTICING)
        return True

    def _ended(self):
        """Whether the process is over. It is not reaped yet: till then its number is nobody else's."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def _end(self):
        """Kill whatever is left of the group, take the rest of the output, and leave nothing."""
        if hasattr(os, "killpg"):
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # all gone, or (macOS) all zombies
        else:
            self._process.kill()
        self._process.wait()
        self._silent.wait()
        self._reader.join()
        self._process.stdout.close()

    def _read(self):
        while data := os.read(self._process.stdout.fileno(), 65536):
            room = LONGEST - len(self._said)
            self._said += data[:room]
            self._more += max(0, len(data) - room)
        self._silent.set()


def _environment():
    """The child finds this package where the parent did, speaks UTF-8, and writes no bytecode."""
    path = os.pathsep.join(filter(None, (str(_PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}


def _status(code):
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
