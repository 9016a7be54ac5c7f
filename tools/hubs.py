"""The class's own hub, classroom/jupyterhub_config.py, as a process beside everything else on this machine.

Nobody's files are touched: the learners are invented, their homes are below one temporary folder, and the
processes carry a mark by which all of them are found and ended, however they were started.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from nboutputs import ROOT

SHIPPED = Path("classroom") / "jupyterhub_config.py"
MARK = "SOCKETS_LIVE_REHEARSAL"
PASSWORD = "the same for all"
STARTS_WITHIN = 180  # seconds; 2 when nothing else runs, and one that fails ends by itself, which is seen
ENDS_WITHIN = 20  # seconds until what still runs is killed
ATTEMPTS = 3  # a port can be taken between its choice and its use
CHANGES = '''\
"""The shipped file, and what a rehearsal changes: who logs in, who starts the servers, ports and folders."""

from pathlib import Path

load_subconfig({shipped!r})

c = get_config()
folder = Path({folder!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{{username}}")
c.Spawner.cmd = {command!r}
c.Spawner.environment = {{
    {mark!r}: {token!r},
    "XDG_DATA_HOME": lambda spawner: str(folder / "home" / spawner.user.name / "data"),
    "JUPYTER_RUNTIME_DIR": lambda spawner: str(folder / "run" / spawner.user.name),
    "TMPDIR": lambda spawner: str(folder / "tmp" / spawner.user.name),
}}
'''


class HubFailed(RuntimeError):
    """The hub did not start, or ended; the text holds the end of its log."""


def why_not() -> str | None:
    """What this machine lacks for a hub, and how to get it; None where nothing is missing."""
    if importlib.util.find_spec("jupyterhub") is None:
        return "jupyterhub is not installed: python3 lab.py setup classroom"
    if shutil.which("configurable-http-proxy") is None:
        return "configurable-http-proxy is not installed: npm install -g configurable-http-proxy"
    if not os.path.isdir("/proc/self"):
        return "the processes of a class are found in /proc, which this system does not have"
    return None


class Hub:
    """The hub that ships with `course`, running: `url` is where its learners log in.

    `folder` holds everything that it writes. `names` are the learners that will come: each gets a home, a
    folder for temporary files and one for sockets. `prefix` is a command that the hub is started by, such as
    unshare(1); `more` is added to its configuration. Raises HubFailed when the hub does not answer within
    STARTS_WITHIN seconds.
    """

    def __init__(self, folder: Path, names, *, course: Path = ROOT, prefix=(), more: str = ""):
        self.folder, self.course = Path(folder), Path(course)
        self.prefix, self.more = tuple(prefix), more
        self.token = secrets.token_hex(8)
        self.log = self.folder / "hub.log"
        for kind in ("home", "run", "tmp"):
            for name in names:
                (self.folder / kind / name).mkdir(parents=True, exist_ok=True)
        for attempt in range(ATTEMPTS):
            try:
                self._start()
                return
            except BaseException as error:  # Ctrl-C among them
                self.close()
                if not isinstance(error, HubFailed) or attempt == ATTEMPTS - 1:
                    raise

    def _start(self):
        public, api, hub = free_ports(3)
        self.url = f"http://127.0.0.1:{public}"
        config = self.folder / "rehearsal_config.py"
        command = [str(self.python), str(self.course / "lab.py"), "hub"]
        values = {"shipped": str(self.course / SHIPPED), "folder": str(self.folder), "command": command}
        ports = {"public": public, "api": api, "hub": hub}
        changes = CHANGES.format(**values, **ports, password=PASSWORD, mark=MARK, token=self.token)
        config.write_text(changes + self.more)
        state = {"SOCKETS_LIVE_HUB_STATE": str(self.folder / "state"), MARK: self.token}
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, str(self.python), "-m", "jupyterhub", "-f", str(config)],
                cwd=self.folder,
                env={**os.environ, **state},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    @property
    def python(self) -> Path:
        """The Python of the environment that the learners share."""
        own = self.course / ".venv" / "bin" / "python"
        return own if own.exists() else Path(sys.executable)

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise HubFailed(f"The hub ended with status {self._process.returncode}.\n{self.tail()}")
            with contextlib.suppress(OSError, urllib.error.URLError):
                with urllib.request.urlopen(f"{self.url}/hub/health", timeout=5):
                    return
            time.sleep(0.1)  # between two looks
        raise HubFailed(f"The hub did not answer within {STARTS_WITHIN} s.\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        """The end of what the hub and the learners' servers wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def home(self, name: str) -> Path:
        """The learner's home folder."""
        return self.folder / "home" / name

    def notebooks(self, name: str) -> Path:
        """The folder with the learner's own notebooks."""
        return self.home(name) / "data" / "sockets-live" / "my-notebooks"

    def close(self):
        """End the hub, its proxy, all servers, kernels and what these started. Idempotent."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN)
        deadline = time.monotonic() + ENDS_WITHIN
        while left := marked(self.token):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise HubFailed(f"Processes that cannot be ended: {left}")
            time.sleep(0.05)  # what is killed ends in its own time
        if process is not None:
            process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def free_ports(count: int) -> list[int]:
    """So many different ports of the loopback interface that nobody uses now."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def marked(token: str) -> list[int]:
    """The processes of one rehearsal: those that have its mark in their environment."""
    return [pid for pid, environ in _environments() if f"{MARK}={token}".encode() in environ]


def token_beside(entry: str) -> str | None:
    """The mark of a rehearsal that was started with `entry`, NAME=value, in its environment; None without."""
    for _, environ in _environments():
        if entry.encode() in environ:
            for other in environ:
                if other.startswith(f"{MARK}=".encode()):
                    return other.decode().partition("=")[2]
    return None


def processes_of(token: str, name: str) -> tuple[list[int], list[int]]:
    """The processes of one learner in one rehearsal: those of the server, and those of its kernels.

    What a kernel starts belongs to it.
    """
    server, kernels = [], []
    for pid, environ in _environments():
        if f"{MARK}={token}".encode() in environ and f"JUPYTERHUB_USER={name}".encode() in environ:
            of_a_kernel = any(entry.startswith(b"JPY_PARENT_PID=") for entry in environ)
            (kernels if of_a_kernel else server).append(pid)
    return server, kernels


def processes_of_all(token: str) -> list[int]:
    """The processes of one rehearsal that are nobody's: the hub and its proxy."""
    return [
        pid
        for pid, environ in _environments()
        if f"{MARK}={token}".encode() in environ
        and not any(entry.startswith(b"JUPYTERHUB_USER=") for entry in environ)
    ]


def _environments():
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
            yield int(pid), Path("/proc", pid, "environ").read_bytes().split(b"\0")


def occupied(folder: Path) -> int:
    """Bytes of disk that a folder takes, with all in it."""
    total = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                total += 512 * os.lstat(os.path.join(place, name)).st_blocks  # stat(2): blocks of 512 bytes
    return total


def proportional(pids) -> int:
    """Bytes of memory that the processes take, what several share divided among them (PSS; proc(5))."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
    return total
