"""What this process and the machine have of private networks."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from pathlib import Path

PATIENCE = 60  # seconds; it takes one, and where thirty processes start at once on a crowded machine twenty


def here():
    """What this process has: its descriptors, children, and threads but for calls of other tests that end."""
    children = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            children += Path(task, "children").read_text().split()
    threads = [thread.name for thread in threading.enumerate() if "labsupport-background" not in thread.name]
    return sorted(os.listdir("/proc/self/fd")), sorted(threads), sorted(children)


def ended(pid, within=PATIENCE):
    """Wait for the end of a process that is not our child's to wait for; whether it came."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ends = select.poll()
        ends.register(fd, select.POLLIN)
        return bool(ends.poll(within * 1000))
    finally:
        os.close(fd)


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
