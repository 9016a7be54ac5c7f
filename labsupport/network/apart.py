"""The notebook's end of the process that works the wire (forwarder.py)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from labsupport.network import forwarder

ANSWERS = 5.0  # seconds: the longest that the process is waited for
PROGRAM = Path(forwarder.__file__)


class Apart:
    """The process, started at once and used when it is ready. `ends`, `shared`, `began`: as Flight has
    them."""

    def __init__(self, ends, shared, began):
        self.ready = False
        self._control, theirs = socket.socketpair()
        self._control.settimeout(ANSWERS)
        hosts = json.dumps([(name, sorted(addresses), fd) for name, addresses, fd in ends])
        with theirs:
            try:
                program = [sys.executable, "-I", "-S", str(PROGRAM)]
                self._process = subprocess.Popen(
                    [*program, str(theirs.fileno()), str(shared.fd), repr(began), hosts, str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",  # no folder of the learner's is kept from being removed
                    pass_fds=(theirs.fileno(), shared.fd, *(fd for _, _, fd in ends)),
                    start_new_session=True,
                )
            except BaseException:
                self._control.close()
                raise

    @property
    def pid(self):
        """The process's number."""
        return self._process.pid

    def fileno(self):
        """The descriptor that can be read when the process is ready, or gone."""
        return self._control.fileno()

    def hear(self):
        """Take note that the process is ready. Raises EOFError or OSError if it is gone."""
        forwarder.receive(self._control)
        self.ready = True

    def go(self, state):
        """Let it work from this state on."""
        forwarder.send(self._control, state)

    def stop(self):
        """Have it stop; the state that it came to. Raises EOFError or OSError if it is gone."""
        forwarder.send(self._control, forwarder.STOP)
        return forwarder.receive(self._control)

    def close(self):
        """End it. Idempotent. It holds nothing that a kill could harm, and this way nobody waits for it."""
        self._control.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ANSWERS)

    def forked(self):
        """In a fork: give up our copies. The process is the parent's, and not for us to end or wait for."""
        self._control.close()
        self._process.returncode = 0
