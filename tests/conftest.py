"""What several test files share: how notebooks are chosen, and what nbval may not ask of this machine."""

from __future__ import annotations

import contextlib
import functools
import socket
from pathlib import Path

from labsupport import Network, machine


def has_ipv6() -> bool:
    """Whether ::1 can be bound."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def has_bbr() -> bool:
    """Whether this kernel has the congestion control BBR."""
    with contextlib.suppress(OSError):
        return "bbr" in Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    return False


@functools.cache
def missing_here() -> frozenset[str]:
    """The tags of those cells that this machine cannot run."""
    had = {
        "needs-ipv6": has_ipv6(),
        "needs-bbr": has_bbr(),
        "needs-network": Network.available(),
        "needs-cc": machine.compiler().present,
    }
    return frozenset(tag for tag, present in had.items() if not present)


def pytest_collection_modifyitems(items):
    """Where an ability is missing, cells that need it are still executed; test_notebooks looks at the line
    that they give.
    """
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and missing_here() & set(cell.metadata.get("tags", ())):
            item.options["check"] = False
