"""What several test files share: how notebooks are chosen, and what nbval may not ask of this machine."""

from __future__ import annotations

import contextlib
import socket


def has_ipv6() -> bool:
    """Whether ::1 can be bound."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def pytest_collection_modifyitems(items):
    """Where IPv6 is missing, cells that need it are still executed; test_notebooks looks at the line that
    they give.
    """
    if has_ipv6():
        return
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and "needs-ipv6" in cell.metadata.get("tags", ()):
            item.options["check"] = False
