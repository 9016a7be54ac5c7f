"""What went wrong, as the learner is to read it."""

import errno

DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no EDQUOT


class Trouble(Exception):
    """What went wrong and what to do about it, as the learner is to read it."""


def say(text):
    """Print `text` at once, for whoever waits."""
    print(text, flush=True)
