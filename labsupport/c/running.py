"""A C program that runs: here, or on a host of a private network; heard while it does, and ended with its
children."""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import uuid

from labsupport import tidying
from labsupport.background import seconds
from labsupport.child import MARK, NOTICING, Output, Process, ends_within, kill_group, kill_marked, status
from labsupport.closing import Closing


class HostProcess:
    """As child.Process, for a program on `host`, one of a private network's."""

    def __init__(self, host, command, order, environment, cwd):
        mark = uuid.uuid4().hex
        self._mark = f"{MARK}={mark}"
        reading, writing = os.pipe()
        try:
            self._program = host.run(
                command,
                stdin=order,
                stdout=writing,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, MARK: mark},
                cwd=cwd,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._reading, self.heard = reading, Output(reading)

    @property
    def pid(self):
        """Its number, which is its group's too."""
        return self._program.pid

    @property
    def returncode(self):
        """Its exit status, or minus the signal that killed it; None while it runs."""
        return self._program.poll()

    @property
    def status(self):
        """How it ended, "exit 0" or "killed by SIGPIPE"; None while it runs."""
        return None if self.returncode is None else status(self.returncode)

    def ended(self):
        """Whether it is over."""
        return self._program.poll() is not None

    def ends_within(self, deadline):
        """Wait for the end, at most `deadline` seconds; whether it came."""
        return ends_within(deadline, self.ended, self.heard)

    def send_signal(self, number):
        """Send the program itself a signal; nothing where it has ended."""
        self._program.send_signal(number)

    def end(self):
        """Kill whatever is left of it, and take the rest of the output. Again: nothing."""
        if self._reading is None:
            return
        if not self.ended():
            kill_group(self.pid)
            self._program.kill()
            with contextlib.suppress(TimeoutError):
                self._program.wait()
        kill_marked(self._mark)
        self.heard.join()
        os.close(self._reading)
        self._reading = None


class Running(Closing):
    """A C program that was started: `output` so far, `status`, `wait()`, `terminate()`, `close()`.

    Killed with its children by `close()`, by the end of a `with` block, by `tidy()`, and at its deadline.
    """

    def __init__(
        self, command, *, name, stdin=b"", deadline=60, host=None, environment=None, cwd=None, ended=None
    ):
        self.name, self._deadline, self._at_end = name, seconds(deadline), ended
        self._late, self._closing = False, threading.Lock()
        with tempfile.TemporaryFile() as order:  # a file: the program need not read for us to go on
            order.write(stdin)
            order.seek(0)
            if host is None:
                self._process = Process(command, order, environment=environment or {}, cwd=cwd)
            else:
                self._process = HostProcess(host, command, order, environment or {}, cwd)
        self._timer = threading.Timer(self._deadline, self._too_late)
        self._timer.name, self._timer.daemon = "labsupport-c-deadline", True
        tidying.register(self, "program")
        self._timer.start()

    @property
    def pid(self):
        """Its process number."""
        return self._process.pid

    @property
    def output(self):
        """What it has printed so far, stdout and stderr in one."""
        return self._process.heard.text

    @property
    def returncode(self):
        """Its exit status, or minus the number of the signal that killed it; None while it runs."""
        if self._process.ended():
            self.close()
        return self._process.returncode

    @property
    def status(self):
        """How it ended: "exit 0", "killed by SIGPIPE", or the deadline; None while it runs."""
        if self.returncode is None:
            return None
        return f"killed at the deadline of {self._deadline:g} s" if self._late else self._process.status

    def __repr__(self):
        return f"{self.name}: {self.status or 'running'}"

    def wait(self, timeout=5):
        """Wait for its end, at most `timeout` seconds (TimeoutError then); its status."""
        if not self._process.ends_within(seconds(timeout)):
            raise TimeoutError(f"{self.name} has not ended within {timeout:g} s")
        return self.status

    def follow(self, emit):
        """Wait for its end, and give `emit` what it prints as text, as it comes."""
        decoder, read = codecs.getincrementaldecoder("utf-8")("replace"), 0
        over = False
        while not over:
            over = self._process.ends_within(NOTICING)
            if over:
                self.close()  # what its own children keep from being printed comes now or never
            data = self._process.heard.since(read)
            read += len(data)
            said = decoder.decode(data, final=over)
            if said:
                emit(said)
        if self._process.heard.left_out:
            emit(self._process.heard.left_out)

    def send_signal(self, number):
        """Send it a signal; nothing where it has ended."""
        self._process.send_signal(number)

    def terminate(self):
        """Ask it to end: SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def close(self):
        """Kill whatever is left of it and of its children. Again: nothing."""
        self._timer.cancel()
        with self._closing:
            self._process.end()
            tidying.unregister(self)
            ended, self._at_end = self._at_end, None
        if ended is not None:
            ended()
        if threading.current_thread() is not self._timer:
            self._timer.join()

    def _too_late(self):
        self._late = not self._process.ended()
        self.close()
