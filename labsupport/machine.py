"""What this machine can show, and how to get the rest: the facts behind `doctor()`.

The course adapts to the machine it runs on: IPv6 may be off, a privilege may be missing, a sandbox may forbid
a look. Each ability is tried for real, in a moment and on loopback only; reading settings says what was
meant, trying says what is.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass

from labsupport.c.compilers import REMEDY as COMPILER_REMEDY
from labsupport.network.reasons import TUN_STEPS
from labsupport.network.reasons import read_setting as _setting

PATIENCE = 20  # seconds for a child process; it takes a fraction of one
OLDEST_PYTHON = (3, 11)
PRIVILEGED = "allowed: this user has the privilege"


@dataclass(frozen=True)
class Ability:
    """One thing the course can show where the machine allows it; `remedy` says how to get it elsewhere."""

    name: str
    present: bool
    found: str
    remedy: str


@dataclass(frozen=True, repr=False)
class Report:
    """What `doctor()` found: a repr that is the same everywhere; details in the live view and `text()`."""

    abilities: tuple[Ability, ...]

    def __repr__(self):
        return (
            f"doctor() looked at {len(self.abilities)} abilities; the live view, or print(doctor().text()), "
            "says which of them this machine has"
        )

    def text(self) -> str:
        """All details as lines of ASCII: yes or no, the ability, what was found, and the remedy."""
        width = max(len(ability.name) for ability in self.abilities)
        lines = []
        for ability in self.abilities:
            lines.append(f"{'yes' if ability.present else 'no ':4} {ability.name:{width}}  {ability.found}")
            if not ability.present:
                lines.append(f"{'':4} {'':{width}}  to get it: {ability.remedy}")
        return "\n".join(line.encode("ascii", "replace").decode() for line in lines)

    def json(self) -> str:
        """The same for a program: a JSON object with a list of abilities.

        `version` grows when a key changes its meaning or goes; keys may come without that. `affected` has,
        for each ability that is missing, the ids of the cells that need it, by notebook.
        """
        from labsupport.affected import affected

        told = {
            "version": 1,
            "machine": platform.node(),
            "abilities": [asdict(ability) for ability in self.abilities],
            "affected": affected(self.abilities),
        }
        return json.dumps(told, indent=2)

    def __getitem__(self, name: str) -> Ability:
        """The ability of that name; KeyError names those there are."""
        for ability in self.abilities:
            if ability.name == name:
                return ability
        names = ", ".join(ability.name for ability in self.abilities)
        raise KeyError(f"no ability {name!r}; there are {names}")

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import report_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return report_bundle(self)


def doctor() -> Report:
    """What this machine can show, each thing tried, and the remedy where it cannot. It takes a second.

    The cell shows a table; `print(doctor().text())` all of it as text; `python -m labsupport doctor` the same
    in a shell.
    """
    return Report(tuple(_tried(name, look, remedy) for name, look, remedy in _ABILITIES))


def ipv6_missing() -> str:
    """What is missing where ::1 cannot be used, for a cell that needs it to say; "" where it can."""
    try:
        _ipv6()
    except OSError:
        return "IPv6 on loopback; doctor() says how to get it"
    return ""


def compiler() -> Ability:
    """Whether a C program can be compiled here, tried; `doctor()["C compiler"]` without the rest."""
    return next(_tried(*ability) for ability in _ABILITIES if ability[1] is _compiler)


def _tried(name, look, remedy):
    """The Ability, where `look` returns what it found or raises what is in the way."""
    try:
        return Ability(name, True, look(), remedy)
    except Exception as error:  # whatever stands in the way is the answer, and the other looks go on
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        better = getattr(error, "remedy", None)
        return Ability(name, False, said or type(error).__name__, better or remedy)


class _Missing(Exception):
    """What was found instead of the ability, in words; and a remedy, where one fits better than the usual."""

    def __init__(self, found, remedy=None):
        super().__init__(found)
        self.remedy = remedy


def _python():
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        raise _Missing(found)
    return found


def _system():
    found = f"{platform.system()} {platform.release()}, {platform.machine()}"
    if not sys.platform.startswith("linux"):
        raise _Missing(f"{found}: the lessons run; the stored outputs and the finest views are Linux's")
    return found


def _counters():
    from labsupport.observe import observe

    with _connected() as (client, _):
        client.send(b"hello")
        snapshot = observe(client)
    if snapshot.state is None or snapshot.bytes_sent != 5:
        raise _Missing("the kernel does not tell a connection's state and byte counts")
    return "state, bytes sent and acknowledged, queues, round trip"


def _after_close():
    from labsupport.observe import observe

    with _connected() as (client, _):
        observe(client)
        client.close()
        state = observe(client).state
    if state in (None, "CLOSED"):
        raise _Missing("the kernel does not tell what became of a closed socket")
    return "a socket's states after close, TIME-WAIT among them"


def _ipv6():
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", 0))
    return "::1 can be bound"


def _unix():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.path.join(folder, "s"))
    return "a path can be bound"


def _low_ports():
    first = _setting("net/ipv4/ip_unprivileged_port_start")
    for port in range(1, 1024):
        try:
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", port))
        except PermissionError:
            raise _Missing(f"refused to this user; free from port {first or 1024} on") from None
        except OSError:
            continue  # taken
        if first is not None and int(first) < 1024:
            return f"allowed: every user may bind from port {first} on"
        return PRIVILEGED
    raise _Missing("all of them are taken")


def _raw():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return PRIVILEGED


def _somaxconn():
    limit = _setting("net/core/somaxconn")
    if limit is None:
        return f"the system's limit cannot be read; Python's SOMAXCONN is {socket.SOMAXCONN}"
    if int(limit) < 128:
        raise _Missing(f"somaxconn {limit}: a longer backlog is cut to it")
    return f"somaxconn {limit}"


def _syn_cookies():
    setting = _setting("net/ipv4/tcp_syncookies")
    if setting in (None, "0"):
        raise _Missing("off" if setting else "cannot be read here")
    return "on" if setting == "1" else "always"


def _user_namespaces():
    missing = _network_missing()
    if missing is not None and missing.step not in TUN_STEPS:
        raise _Missing(missing.reason, f"{_RECORDINGS}; {missing.remedy}")
    return "a process may have a network of its own"


def _tun():
    missing = _network_missing()
    if missing is not None:
        raise _Missing(missing.reason, f"{_RECORDINGS}; {missing.remedy}")
    return "/dev/net/tun opens in a network of one's own"


def _network_missing():
    """What is in the way of a private network, tried now: a NetworkUnavailable, or None."""
    from labsupport.network.network import tried

    return tried()


def _compiler():
    from labsupport.c.compilers import NoCompiler, find

    try:
        return find().found
    except NoCompiler as missing:
        raise _Missing(missing.reason, missing.remedy) from None


@contextlib.contextmanager
def _connected():
    """Both ends of a connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        with socket.create_connection(listener.getsockname(), timeout=PATIENCE) as client:
            server, _ = listener.accept()
            with server:
                yield client, server


_LINUX = "run the course on Linux: on Windows in WSL2 (`wsl --install`), elsewhere in a virtual machine"
_RECORDINGS = "the lessons show recordings instead"

# name, look, remedy
_ABILITIES = (
    ("Python", _python, "install Python 3.11 or later, then run `python3 lab.py` again"),
    ("Linux", _system, _LINUX),
    (
        "TCP counters",
        _counters,
        f"cards then show addresses alone; {_LINUX}; kernel 4.19 or later (TCP_INFO)",
    ),
    (
        "after close",
        _after_close,
        f"{_LINUX}; the kernel's tcp_diag module (`sudo modprobe tcp_diag`), and no sandbox in between",
    ),
    ("IPv6 loopback", _ipv6, "cells that need it say so; `sudo sysctl net.ipv6.conf.lo.disable_ipv6=0`"),
    ("Unix sockets", _unix, f"cells that need them say so; {_LINUX}"),
    (
        "ports below 1024",
        _low_ports,
        "no lesson needs them; `sudo sysctl net.ipv4.ip_unprivileged_port_start=0`",
    ),
    ("raw sockets", _raw, "no lesson needs them; they are for root, or a program with CAP_NET_RAW"),
    ("long backlogs", _somaxconn, "`sudo sysctl net.core.somaxconn=4096`"),
    ("SYN cookies", _syn_cookies, "one passage of 03 is about them; `sudo sysctl net.ipv4.tcp_syncookies=1`"),
    ("user namespaces", _user_namespaces, _RECORDINGS),
    ("TUN devices", _tun, _RECORDINGS),
    ("C compiler", _compiler, COMPILER_REMEDY),
)
