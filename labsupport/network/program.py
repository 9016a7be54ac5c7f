"""A program that lives on a host of a private network: `host.run(argv)`.

The helper starts it, on the host, and passes a pidfd (pidfd_open(2)): so its end can be waited for, and a
signal cannot meet another process that got its number. What it prints is caught in memory files: it never
waits for a reader, and nobody needs a thread to read.
"""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import select
import signal
import subprocess
import threading
import time

from labsupport.background import seconds

LONGEST = 16 << 20  # bytes of output caught; a write beyond fails with EPERM (F_SEAL_GROW, memfd_create(2))
KILLED = -signal.SIGKILL


class Program:
    """What `host.run` returns: much like a subprocess.Popen; it is killed when its network is closed.

    Attributes: `args`; `pid`; `stdin`: a binary file where PIPE was asked for, else None.
    """

    def __init__(self, control, index, argv, env, cwd, standard):
        self.args = _words(argv)
        folder = os.fsencode(os.getcwd() if cwd is None else cwd)
        order = marshal.dumps(([os.fsencode(word) for word in self.args], _environment(env), folder))
        self._control, self._lock = control, threading.Lock()
        self._status, self._pipes, self._caught = None, {}, {}
        with contextlib.ExitStack() as theirs:
            passing = [theirs.enter_context(_memory("order")).fileno()]
            os.write(passing[0], order)
            try:
                for name, choice in zip(("stdin", "stdout", "stderr"), standard, strict=True):
                    passing.append(
                        passing[-1] if choice == subprocess.STDOUT else self._end(name, choice, theirs)
                    )
                self.pid, (pidfd,) = control.ask("run", index, passing=passing)
            except BaseException:
                self._forget()
                raise
        self._pidfd = os.fdopen(pidfd, "rb", 0)

    def __repr__(self):
        status = self.poll()
        return f"{os.path.basename(self.args[0])}, {'running' if status is None else f'ended: {status}'}"

    def _end(self, name, choice, theirs):
        """The descriptor that the program gets as its `name`; `theirs` closes what was opened for that."""
        if choice == subprocess.PIPE:
            reading, writing = os.pipe()
            own, given = (writing, reading) if name == "stdin" else (reading, writing)
            theirs.callback(os.close, given)
            self._pipes[name] = os.fdopen(own, "wb" if name == "stdin" else "rb", 0)
            return given
        if choice is None and name != "stdin":
            self._caught[name] = file = _memory(name)
            os.ftruncate(file.fileno(), LONGEST)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
            return file.fileno()
        if choice is None or choice == subprocess.DEVNULL:
            return theirs.enter_context(open(os.devnull, "r+b", 0)).fileno()
        return choice if isinstance(choice, int) else choice.fileno()

    @property
    def stdin(self):
        """The pipe to its standard input where PIPE was asked for, a binary file; else None."""
        return self._pipes.get("stdin")

    @property
    def stdout(self):
        """What it has printed so far, as text; a binary file for PIPE, None for a file of the caller's."""
        return self._said("stdout")

    @property
    def stderr(self):
        """What it wrote to standard error so far; otherwise as `stdout`."""
        return self._said("stderr")

    def _said(self, name):
        if name in self._pipes:
            return self._pipes[name]
        with self._lock:
            caught = self._caught.get(name)
            data = caught if caught is None or isinstance(caught, bytes) else _written(caught)
        return None if data is None else data.decode("utf-8", "replace")

    @property
    def returncode(self):
        """How it ended: its exit status, or minus the number of the signal that killed it; None: it runs."""
        return self.poll()

    def poll(self):
        """`returncode`; never waits."""
        with self._lock:
            if self._status is None and self._over(0):
                try:
                    self._status, _ = self._control.ask("ended", self.pid)
                except OSError:
                    self._status = KILLED  # with its network
                self._finish()
            return self._status

    def _over(self, wait):
        """Whether it ends within `wait` seconds: its pidfd can be read then."""
        ends = select.poll()
        try:
            ends.register(self._pidfd, select.POLLIN)
        except ValueError:  # closed: another thread has seen the end
            return True
        return bool(ends.poll(wait * 1000))

    def _finish(self):
        """Nothing more is to come: keep what was said, and no descriptor."""
        for name, file in self._caught.items():
            self._caught[name] = _written(file)
            file.close()
        self._pidfd.close()

    def _forget(self):
        for file in (*self._pipes.values(), *self._caught.values()):
            file.close()

    def wait(self, timeout=5):
        """Wait for its end, at most `timeout` seconds (TimeoutError then); returncode."""
        until = time.monotonic() + seconds(timeout)
        while self.poll() is None:
            left = until - time.monotonic()
            if left <= 0 or not self._over(left):
                raise TimeoutError(f"{os.path.basename(self.args[0])} has not ended within {timeout:g} s")
        return self._status

    def communicate(self, timeout=5):
        """Wait for its end, as `wait` does; (stdout, stderr)."""
        self.wait(timeout)
        return self.stdout, self.stderr

    def send_signal(self, number):
        """Send it a signal; nothing where it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError, ValueError):  # it ends at this moment
                signal.pidfd_send_signal(self._pidfd.fileno(), number)

    def terminate(self):
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _memory(name):
    """A file in memory that goes when it is closed."""
    return os.fdopen(os.memfd_create(f"labsupport-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "r+b", 0)


def _written(file):
    """What a program wrote to it. The position in the file is shared with the program: it ends there."""
    return os.pread(file.fileno(), os.lseek(file.fileno(), 0, os.SEEK_CUR), 0)


def _words(argv):
    """argv as a list of strings, at least one."""
    if isinstance(argv, (str, bytes)):
        raise TypeError(f"run takes a list of words, such as ['ls', '-l'], not {argv!r}")
    words = [os.fspath(word) for word in argv]
    if not words:
        raise ValueError("run needs at least the program's name")
    for word in words:
        if "\0" in os.fsdecode(word):
            raise ValueError(f"no NUL may be in {word!r}")
    return [os.fsdecode(word) for word in words]


def _environment(env):
    """What exec is given, in bytes; None: this process's own."""
    return {
        os.fsencode(name): os.fsencode(value) for name, value in (os.environ if env is None else env).items()
    }
