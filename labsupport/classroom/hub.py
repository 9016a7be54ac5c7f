"""The ready check's look at what a JupyterHub needs: its ports, who starts the servers, who may log in."""

from __future__ import annotations

import ast
import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import socket
import ssl
from pathlib import Path

from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding
from labsupport.classroom.installed import COURSE

PORT = 8000  # where people come in; the next is the proxy's own, and 8081 the hub's
OTHERS = (8001, 8081)
ENCRYPTED = 443  # where people come in once the hub has a certificate
CONFIG = COURSE / "classroom" / "jupyterhub_config.py"
BOOTED = Path("/run/systemd/system")  # sd_booted(3)
PAM = Path("/etc/pam.d/login")  # the service that JupyterHub asks for


def installed() -> bool:
    """Whether JupyterHub is in this environment."""
    return importlib.util.find_spec("jupyterhub") is not None


def importable(setting):
    """JupyterHub itself."""
    try:
        import jupyterhub
    except ImportError as error:
        return Finding(CANNOT, f"JupyterHub cannot be imported: {error}", "`python3 lab.py setup classroom`")
    return Finding(OK, f"JupyterHub {jupyterhub.__version__}")


def ports(setting):
    """The hub's ports are free, or a hub has them."""
    for number in (PORT, ENCRYPTED):
        if version := answers(number, encrypted=number == ENCRYPTED):
            return Finding(OK, f"JupyterHub {version} is running at port {number}")
    taken = [str(number) for number in (PORT, *OTHERS) if not free(number)]
    if taken:
        remedy = f"`sudo ss -ltnp` says by whom; end that, or set other ports in {CONFIG.name}"
        return Finding(CANNOT, f"taken by another program: {', '.join(taken)}", remedy)
    return Finding(OK, f"{', '.join(map(str, (PORT, *OTHERS)))} are free")


def spawner(setting):
    """Somebody who may start a server as each learner."""
    if not setting.root:
        return _as_an_ordinary_user()
    if BOOTED.is_dir():
        return Finding(OK, "systemd starts the learners' servers, each with its limits")
    remedy = "a machine with systemd limits memory and processors for each learner"
    return Finding(LOOK, "no systemd here: the hub starts the servers itself, without limits", remedy)


def accounts(setting):
    """PAM, and the group whose members may log in."""
    if not PAM.exists() or not _pamela():
        return Finding(
            CANNOT, "PAM is not here, which asks for the passwords", "`sudo apt install libpam0g login`"
        )
    group = learners_group()
    if group is None:
        return Finding(OK, "PAM is here; every account of this machine may log in")
    import grp
    import pwd

    try:
        entry = grp.getgrnam(group)
    except KeyError:
        return Finding(
            CANNOT, f"there is no group {group!r}, whose members may log in", f"`sudo groupadd {group}`"
        )
    members = {*entry.gr_mem, *(user.pw_name for user in pwd.getpwall() if user.pw_gid == entry.gr_gid)}
    found = f"PAM is here; {len(members)} accounts in the group {group!r}"
    state = OK if len(members) >= setting.learners else LOOK if members else CANNOT
    return Finding(state, found, "make an account for each learner: classroom/README.md has the loop")


def learners_group():
    """The group that the shipped configuration lets in, or None for everybody."""
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        for line in ast.parse(CONFIG.read_text("utf-8")).body:
            if isinstance(line, ast.Assign) and [ast.unparse(each) for each in line.targets] == ["LEARNERS"]:
                return ast.literal_eval(line.value)
    return None


def free(number) -> bool:
    """Whether this machine's port can be listened at, at all of its addresses."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("", number))
            sock.listen()  # two may bind a port with that option; only one may listen
        except OSError:
            return False
    return True


def answers(number, encrypted=False) -> str:
    """The version of the JupyterHub at that port, or "" where there is none."""
    if encrypted:
        # Who signed does not matter: the question is what listens at this machine's own port.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", number, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", number, timeout=5)
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        with contextlib.closing(connection):
            connection.request("GET", "/hub/api/")
            version = json.loads(connection.getresponse().read(1000))["version"]
            return version if isinstance(version, str) and version.isprintable() else ""
    return ""


def _as_an_ordinary_user():
    if shutil.which("sudo") and importlib.util.find_spec("sudospawner"):
        remedy = "classroom/sudo says what to write in sudoers; this check cannot try it without a password"
        return Finding(LOOK, "sudo starts the learners' servers, as this user is not root", remedy)
    remedy = "start the hub, and this check, as root; or install sudo"
    return Finding(CANNOT, "this user may not start servers for others, and there is no sudo", remedy)


def _pamela():
    try:
        import pamela  # noqa: F401  it loads the system's libpam
    except (ImportError, OSError):
        return False
    return hasattr(os, "geteuid")
