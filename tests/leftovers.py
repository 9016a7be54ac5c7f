"""Run inside a kernel: what is there now that was not there at the start, by Linux's own account."""

from __future__ import annotations

import collections
import gc
import os
import threading
from pathlib import Path

_at_start: dict[str, collections.Counter] = {}


def note() -> None:
    """Remember what the kernel holds before the notebook begins."""
    _at_start.update(_now())


def found() -> list[str]:
    """What is there beyond the start: threads, descriptors, child processes, files in the folder."""
    gc.collect()
    return [
        f"{kind}: {what}"
        for kind, now in _now().items()
        for what in sorted((now - _at_start[kind]).elements())
    ]


def _now() -> dict[str, collections.Counter]:
    proc = os.path.isdir("/proc/self/task")
    return {
        "thread": collections.Counter(thread.name for thread in threading.enumerate() if _matters(thread)),
        "descriptor": collections.Counter(_descriptors() if proc else ()),
        "child": collections.Counter(children() if proc else ()),
        "file": collections.Counter(os.listdir()),
    }


def _matters(thread) -> bool:
    return thread.name.startswith("labsupport-") or not thread.daemon


def _descriptors() -> list[str]:
    """What each descriptor is; of a socket also its kind, so that its lesson can be found.

    An eventfd is the kernel's own: it has one for each thread that ever displayed something, and gathers
    those of ended threads every ten seconds. The course uses none.
    """
    sockets = _sockets()
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:
            continue  # the one that listed the folder
    return [f"{link} {sockets.get(link, '')}".strip() for link in links if link != "anon_inode:[eventfd]"]


def _sockets() -> dict[str, str]:
    """Inet sockets of this network: `socket:[inode]` → what /proc/net says. State 0A is LISTEN."""
    table = {}
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/net", kind)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            listening = kind.startswith("tcp") and fields[3] == "0A"
            table[f"socket:[{fields[9]}]"] = f"({kind}, {'listening' if listening else 'open'})"
    return table


def children() -> list[str]:
    """The kernel's child processes: number and name."""
    numbers = []
    for task in Path("/proc/self/task").iterdir():
        try:
            numbers += (task / "children").read_text().split()
        except OSError:
            continue  # a thread that ended meanwhile, or a kernel built without this file
    names = [Path("/proc", number, "comm") for number in numbers]
    return [f"{path.parent.name} {path.read_text().strip()}" if path.exists() else "?" for path in names]
