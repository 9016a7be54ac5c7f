"""What the ready check does for real: networks made, a kernel and a proxy started, the class's server asked.

`python -m labsupport.classroom.trials networks 30` is one of them in a process of its own: what it leaves
behind goes with it, and root can have it run as an ordinary user, who has less.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from labsupport.background import until
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding
from labsupport.network.reasons import read_setting

PATIENCE = 60  # seconds for a trial; each takes a few on an idle machine
NOBODY = 65534  # the account that owns nothing, on every Linux
APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"  # Ubuntu 23.10 and later
PROXY = "configurable-http-proxy"
_TELL = "report what the command `python -m labsupport doctor` says"


def networks(setting):
    """As many private networks as there are learners, all at once, as an ordinary user."""
    told = _child("networks", str(setting.learners))
    if told is None:
        return Finding(LOOK, "making private networks took too long", _TELL)
    if told["made"] == setting.learners and _as_root() and read_setting(APPARMOR) == "1":
        found = f"root may make them{_who()}; AppArmor keeps ordinary users from it ({APPARMOR} is 1)"
        remedy = (
            f"`sudo sysctl {APPARMOR.replace('/', '.')}=0`; without, scenes are shown as they were recorded"
        )
        return Finding(LOOK, found, remedy)
    if told["made"] == setting.learners:
        return Finding(OK, f"{told['made']} made at once in {told['seconds']:.1f} s{_who()}{_limits()}")
    found = f"{told['made']} of {setting.learners} made{_who()}: {told['reason']}"
    return Finding(LOOK, found, f"{told['remedy']}; without, scenes are shown as they were recorded")


def kernel(setting):
    """A notebook's kernel that imports what the notebooks import."""
    told = _child("kernel")
    if told is None or told.get("said") != "ready":
        reason = "nothing in time" if told is None else told.get("said", "")
        return Finding(
            CANNOT, f"a notebook's kernel does not work{_who()}: {reason}", "`python3 lab.py setup`"
        )
    return Finding(OK, f"starts and answers in {told['seconds']:.1f} s{_who()}")


def class_server(setting):
    """The class's own server at `setting.host`, asked by a client for each of its addresses."""
    from labsupport.classroom.room import Classroom

    try:
        with Classroom(setting.host) as room:
            asked = [(address, _greeted(address)) for address in room.addresses]
    except OSError as error:
        said = error.strerror or str(error)
        remedy = "--host with an address of this machine: `hostname -I` lists them, 0.0.0.0 means all"
        return Finding(CANNOT, f"cannot be opened at {setting.host}: {said}", remedy)
    deaf = [f"{address} ({said})" for address, said in asked if said]
    if deaf:
        return Finding(CANNOT, f"no answer at {', '.join(deaf)}", "allow it in this machine's firewall")
    return Finding(OK, "a client gets its answer at " + ", ".join(host_of(address) for address, _ in asked))


def proxy(setting):
    """The hub's proxy, started on Unix sockets and asked for its routes."""
    program = shutil.which(PROXY)
    if program is None:
        return Finding(
            CANNOT, f"{PROXY} is not on the PATH", f"`sudo npm install -g {PROXY}`; it needs Node.js"
        )
    with tempfile.TemporaryDirectory() as folder:
        front, back = os.path.join(folder, "p"), os.path.join(folder, "a")
        said = _proxy_said([program, "--socket", front, "--api-socket", back], back)
    if said is not None:
        return Finding(CANNOT, f"{program} does not start: {said}", f"`sudo npm install -g {PROXY}@5`")
    return Finding(OK, f"{program} starts and answers")


def host_of(address):
    """ "127.0.0.1" of "127.0.0.1:8000": this trial's port is nobody's for long."""
    return address.rpartition(":")[0].strip("[]")


@functools.cache
def ordinary():
    """What makes a child process an ordinary user's where root asks; {} where it cannot, or is not root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        command = [sys.executable, "-c", "import labsupport"]
        done = subprocess.run(command, cwd="/", capture_output=True, timeout=PATIENCE, check=False, **account)
    except (OSError, subprocess.SubprocessError):  # this environment is not for others, as its own check says
        return {}
    return account if done.returncode == 0 else {}


def _who():
    if ordinary():
        return ", as an ordinary user"
    return ", as root: an ordinary user cannot use this environment" if _as_root() else ""


def _as_root():
    """Whether the trials have root's privileges, which a learner has not."""
    return not ordinary() and hasattr(os, "geteuid") and os.geteuid() == 0


def _limits():
    """The limits of user_namespaces(7), which hold for each user."""
    limits = [read_setting(f"user/max_{kind}_namespaces") for kind in ("user", "net")]
    return "" if None in limits else f"; a user may have {limits[0]} user and {limits[1]} network namespaces"


def _child(*arguments):
    """What this module says as a program, in a home of its own; None if it says nothing in time."""
    with tempfile.TemporaryDirectory() as home:
        if ordinary():
            os.chown(home, NOBODY, NOBODY)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "JUPYTER_"))
        }
        command = [sys.executable, "-m", __name__, *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=home,
                env={**kept, "HOME": home, "IPYTHONDIR": os.path.join(home, "ipython")},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                **ordinary(),
            )
            return json.loads(done.stdout.splitlines()[-1])
        except subprocess.TimeoutExpired:
            return None
        except (IndexError, ValueError):
            said = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
            return {"made": 0, "said": said, "reason": said, "remedy": _TELL}


def _greeted(address):
    """What is wrong with the answer to a client of one's own, or ""."""
    try:
        with socket.create_connection(
            (host_of(address), int(address.rpartition(":")[2])), timeout=10
        ) as sock:
            sock.sendall(b"I am Ready\n")
            with sock.makefile("rb") as lines:
                said = lines.readline(1000)
    except OSError as error:
        return error.strerror or str(error)
    return "" if said == b"hello, Ready\n" else f"it said {said!r}"


def _proxy_said(command, api):
    """What is wrong with the proxy, or None: it starts, and its interface answers."""
    surroundings = {name: value for name, value in os.environ.items() if name != "CONFIGPROXY_AUTH_TOKEN"}
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(command, env=surroundings, stdout=output, stderr=subprocess.STDOUT)
        except OSError as error:
            return error.strerror
        try:
            until(lambda: process.poll() is not None or _routes(api) == {}, timeout=PATIENCE)
        except TimeoutError:
            return "no answer"
        finally:
            ended = process.poll()
            _end(process)
        if ended is None:
            return None
        output.seek(0)
        lines = output.read(10_000).decode(errors="replace").split("\n")
        return next((line.strip() for line in lines if "rror" in line), f"it ended with {ended}")


def _routes(api):
    """The routes that a proxy just started has: {}. None while it does not answer."""
    connection = http.client.HTTPConnection("localhost")
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(api)
            connection.sock = sock
            connection.request("GET", "/api/routes")
            return json.loads(connection.getresponse().read(1000))
    return None


def _end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _networks(count):
    """Make `count` networks and close them; how that went."""
    from labsupport.network import Network, NetworkUnavailable

    began = time.monotonic()
    with contextlib.ExitStack() as made:
        for number in range(count):
            try:
                made.enter_context(Network())
            except NetworkUnavailable as error:
                return {"made": number, "reason": error.reason, "remedy": error.remedy}
            except OSError as error:
                return {"made": number, "reason": error.strerror or str(error), "remedy": _TELL}
        return {"made": count, "seconds": time.monotonic() - began}


def _kernel():
    """Start a kernel as JupyterLab does, and have it import the course."""
    from jupyter_client.manager import start_new_kernel

    began = time.monotonic()
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    try:
        said = []
        code = "import labsupport.exercises, labsupport.widgets; print('ready')"
        client.execute_interactive(
            code, timeout=PATIENCE, output_hook=lambda reply: said.append(_text(reply))
        )
        return {"said": "".join(said).strip(), "seconds": time.monotonic() - began}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _text(reply):
    content = reply["content"]
    return content.get("text") or content.get("evalue", "")


if __name__ == "__main__":
    print(json.dumps(_networks(int(sys.argv[2])) if sys.argv[1] == "networks" else _kernel()))
