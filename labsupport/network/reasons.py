"""Why a private network cannot be had on this machine, and what to do about it.

The helper says at which step it failed, and with which errno; the machine's own settings say why. `doctor()`
asks the same questions, and gives the same answers.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


class NetworkUnavailable(OSError):
    """A private network cannot be had here: `reason` says what was found, `remedy` what to do about it."""

    def __init__(self, reason, remedy):
        super().__init__(f"no private network here: {reason}; {remedy}")
        self.reason, self.remedy = reason, remedy


def unavailable(stage, code, more=""):
    """The NetworkUnavailable for a helper that failed at `stage` with errno `code`."""
    said = f"{stage}: {os.strerror(code) if code else more}"
    return NetworkUnavailable(said, "")
