"""What a cell may need that not every machine has, and what is said where it is missing.

A lesson says its need in the cell's first line, `%%needs network`, and the rest of the cell stays what a
learner would type anywhere. One line takes its place where the machine lacks it: the same line in every
notebook, so that a stored output and a test know what to expect.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from labsupport import machine

MARK = "%%needs"
SAID = "not available here: "
DOCTOR = "; doctor() says how to get it"


def network():
    """Why there is no network of one's own here, in words; "" where there is one."""
    from labsupport.network.network import missing

    why = missing()
    return "" if why is None else f"a network of one's own ({why.reason})" + DOCTOR


def ipv6():
    """What is missing where ::1 cannot be bound; "" where it can."""
    return machine.ipv6_missing()


@lru_cache(maxsize=1)
def compiler():
    """Why no C program can be compiled here; "" where one can. Tried once: it takes a process."""
    ability = machine.compiler()
    return "" if ability.present else f"a C compiler ({ability.found})" + DOCTOR


def bbr():
    """Why no connection can have BBR as its congestion control; "" where one can (tcp(7))."""
    try:
        known = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    except OSError:
        known = []
    if "bbr" in known:
        return ""
    return "BBR in this kernel; `sudo modprobe tcp_bbr` brings it where it was built"


# Each says in words what is missing, and how to get it; "" where nothing is.
KNOWN = {"network": network, "ipv6": ipv6, "compiler": compiler, "bbr": bbr}


def lacking(words):
    """What is said instead of a cell that needs `words`; "" where nothing is missing.

    `words`: names out of KNOWN. The first that is missing is told. Raises ValueError for an unknown one, and
    for none at all.
    """
    known = ", ".join(KNOWN)
    if not words:
        raise ValueError(f"{MARK} wants to be told what; it knows {known}")
    for word in words:
        if word not in KNOWN:
            raise ValueError(f"{MARK} does not know {word!r}; it knows {known}")
    said = next(filter(None, (KNOWN[word]() for word in words)), "")
    return SAID + said if said else ""


def transform(lines):
    """An input transformer of IPython: a cell that begins with `%%needs …`, without that line or replaced.

    A transformer and not a cell magic, for a magic would have to run the cell inside a running one: its last
    value, its line numbers and a second magic below would not be those of a plain cell.
    """
    if not lines or lines[0].split(maxsplit=1)[:1] != [MARK]:
        return lines
    try:
        said = lacking(lines[0].split()[1:])
    except ValueError as error:
        return [f"raise ValueError({str(error)!r})\n"]
    if said:
        return [f"print({said!r})\n"]
    if len(lines) > 1 and lines[1].startswith("%%"):  # another magic has to come first
        return lines[1:]
    return ["\n", *lines[1:]]  # an empty line, so that a traceback counts the lines as the learner does
