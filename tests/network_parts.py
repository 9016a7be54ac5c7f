"""What this process and the machine have of private networks."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

PATIENCE = 20  # seconds; it takes one, on a crowded machine a few


def here():
    """What this process has: its descriptors, children, and threads but for calls of other tests that end."""
    children = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            children += Path(task, "children").read_text().split()
    threads = [thread.name for thread in threading.enumerate() if "labsupport-background" not in thread.name]
    return sorted(os.listdir("/proc/self/fd")), sorted(threads), sorted(children)


def namespaces(net):
    """The hosts' network namespaces, as in lsns(8)."""
    return {
        os.readlink(f"/proc/{program.pid}/ns/net")
        for program in (host.run(["sleep", "99"]) for host in net.hosts)
    }


def in_use():
    """The network namespaces of all processes."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add(os.readlink(process / "ns/net"))
        except OSError:
            continue  # it ended meanwhile
    return found
