"""Another user of this machine, for tests: a program that runs as one, and whether that can be had."""

from __future__ import annotations

import os
import subprocess
import sys

UID = 54321  # nobody's here
# What it needs is imported while it may still read the interpreter's folder.
_BECOME = f"""
import encodings.idna, os, select, socket, struct, sys, time
os.setgroups([])
os.setgid({UID})
os.setuid({UID})
print("there", flush=True)
exec(sys.argv[1])
"""


class Neighbor:
    """A process of the other user's that runs `source`; `said()` waits for its next line of output.

    `sys.argv[2:]` are the `args`. A context manager that ends it.
    """

    def __init__(self, source: str, *args):
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-u", "-c", _BECOME, source, *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.became = self.said() == "there"

    def said(self) -> str:
        """The next line; "" where it has ended."""
        return self._process.stdout.readline().rstrip("\n")

    def go_on(self) -> None:
        """Give it a line to read."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self._process.kill()
        self._process.communicate()


def missing() -> str | None:
    """Why there is no other user to be had, or None."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can start a program as another user"
    with Neighbor("") as one:
        return None if one.became else "this root may not become another user"
