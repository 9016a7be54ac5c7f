"""The ready check's figures: has this machine memory, processors and disk enough for so many learners?

What a learner needs was measured; what the machine has is asked of the kernel. A container or a service may
have less than the machine it is on, so its own limits (cgroups(7)) count too.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding
from labsupport.network.reasons import read_setting

MB = 10**6


@dataclass(frozen=True)
class Needs:
    """What one learner takes at the most, bytes where not said otherwise; `base`: the hub and the system."""

    memory: int
    base: int
    disk: int
    files: int  # in the home
    tasks: int  # processes and threads
    descriptors: int  # of all the processes
    most_descriptors: int  # of one process
    ports: int  # ephemeral ones on loopback, TIME-WAIT included


# Measured by `python classroom/rehearsal.py`, and with the cores of 00 and 03 to 07 run in six notebooks that
# stay open; rounded up.
LEARNER = Needs(
    memory=450 * MB,
    base=500 * MB,
    disk=10 * MB,
    files=300,
    tasks=150,
    descriptors=600,
    most_descriptors=256,
    ports=100,
)
LEARNERS_A_PROCESSOR = 15  # more have to wait for one another when all run a cell at once


def memory(setting):
    """MemAvailable, or what the cgroup leaves of it."""
    free = _memory_free()
    if free is None:
        return Finding(LOOK, "this system does not say how much memory is free", _ask_for(setting, "memory"))
    needed = LEARNER.base + setting.learners * LEARNER.memory
    found = f"{_gb(free)} free; {setting.learners} learners take up to {_gb(needed)}"
    enough = max(0, int((free - LEARNER.base) // LEARNER.memory))
    remedy = f"it is enough for {enough}; fewer learners, more memory, or close notebooks that are done"
    if free < needed / 2:
        return Finding(CANNOT, found, remedy)
    return Finding(OK if free >= needed else LOOK, found, remedy)


def processors(setting):
    """Those that this process may run on, and what the cgroup grants of them."""
    count = _processors()
    found = f"{count:g} processors for {setting.learners} learners"
    wanted = math.ceil(setting.learners / LEARNERS_A_PROCESSOR)
    remedy = f"it works, and cells take longer when all run at once; {wanted} would be enough"
    return Finding(OK if count >= wanted else LOOK, found, remedy)


def disk(setting):
    """Room and inodes where the homes are."""
    place = _existing(setting.homes)
    if not hasattr(os, "statvfs"):
        return Finding(LOOK, "this system does not say how many files fit", _ask_for(setting, "disk"))
    room = os.statvfs(place)
    free, files = room.f_bavail * room.f_frsize, room.f_favail
    needed, needed_files = setting.learners * LEARNER.disk, setting.learners * LEARNER.files
    found = f"{_gb(free)} free in {place}; {setting.learners} homes take {_gb(needed)}"
    remedy = f"make room in {place}, or name another folder with --homes"
    if free < needed:
        return Finding(CANNOT, found, remedy)
    if room.f_files and files < needed_files:  # some file systems do not count them
        return Finding(CANNOT, f"{files} files more fit in {place}; {needed_files} are needed", remedy)
    return Finding(OK, found)


def limits(setting):
    """Descriptors, processes and threads: what one user may have, and what all may have together."""
    tasks, files = setting.learners * LEARNER.tasks, setting.learners * LEARNER.descriptors
    short = [
        *_too_low("kernel/pid_max", tasks),
        *_too_low("kernel/threads-max", tasks),
        *_too_low("fs/file-max", files),
        *_own("RLIMIT_NOFILE", "ulimit -n", LEARNER.most_descriptors),
        *_own("RLIMIT_NPROC", "ulimit -u", LEARNER.tasks),
        *_cgroup_tasks(tasks),
    ]
    if not short:
        return Finding(OK, f"processes, threads and descriptors for {setting.learners} learners")
    remedies = "; ".join(remedy for _, remedy in short)
    return Finding(CANNOT, "; ".join(found for found, _ in short), remedies)


def ports(setting):
    """The ephemeral ports, ip(7): all learners of one machine share those of its loopback."""
    text = read_setting("net/ipv4/ip_local_port_range")
    if text is None:
        return Finding(LOOK, "this system does not say which ports it hands out", "the lessons run anyway")
    first, last = map(int, text.split())
    needed = setting.learners * LEARNER.ports
    found = f"{last - first + 1} ephemeral ports; {setting.learners} learners take up to {needed}"
    remedy = '`sudo sysctl net.ipv4.ip_local_port_range="32768 60999"`'
    return Finding(OK if last - first + 1 >= needed else CANNOT, found, remedy)


def _gb(count):
    return f"{count / 10**9:.1f} GB"


def _ask_for(setting, what):
    needed = {
        "memory": LEARNER.base + setting.learners * LEARNER.memory,
        "disk": setting.learners * LEARNER.disk,
    }
    return f"see to it that there are {_gb(needed[what])}"


def _memory_free():
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    for folder in _cgroups():
        limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
        if limit is not None and used is not None:
            free = min(free, limit - used)
    return free


def _processors():
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for folder in _cgroups():
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            count = min(count, round(int(quota) / int(period), 1))
        except (OSError, ValueError):  # "max": as many as there are
            continue
    return count


def _cgroups():
    """This process's folder in cgroup v2, and those above it."""
    try:
        line = next(
            line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")
        )
    except (OSError, StopIteration):
        return []
    folder = Path("/sys/fs/cgroup", line[3:].lstrip("/"))
    return [folder, *(above for above in folder.parents if above.is_relative_to("/sys/fs/cgroup"))]


def _cgroup_tasks(needed):
    for folder in _cgroups():
        limit = _number(folder / "pids.max")
        if limit is not None and limit < needed:
            yield (
                f"{limit} processes and threads in {folder}, {needed} needed",
                "raise TasksMax of the service",
            )
            return


def _number(file):
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _too_low(name, needed):
    text = read_setting(name)
    if text is not None and int(text) < needed:
        dotted = name.replace("/", ".")
        yield f"{dotted} is {text}, {needed} needed", f"`sudo sysctl {dotted}={_rounded(needed)}`"


def _own(name, shell, needed):
    """This process's own limit, as those whom it starts inherit it: getrlimit(2)."""
    try:
        import resource
    except ImportError:  # Windows
        return
    number = getattr(resource, name)
    soft, hard = resource.getrlimit(number)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = (
            ""
            if hard == resource.RLIM_INFINITY or hard >= needed
            else "raise it in /etc/security/limits.conf; "
        )
        yield f"{shell} is {soft}, {needed} needed for each learner", f"{raised}`{shell} {_rounded(needed)}`"


def _rounded(number):
    return 1 << (number - 1).bit_length()


def _existing(folder):
    """`folder`, or the nearest one above it that is there."""
    place = Path(os.path.abspath(folder))
    return next(path for path in (place, *place.parents) if path.exists())
