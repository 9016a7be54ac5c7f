"""What this machine cannot show, as the tags of those cells that need it."""

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
