"""A lock on the folder that is written to, so that two lab.py never make the same thing at once."""

import contextlib
import errno
import time

from labsetup.places import WINDOWS
from labsetup.trouble import Trouble, say

PATIENCE = 900  # seconds to wait for another lab.py that is setting up


@contextlib.contextmanager
def alone(places, patience=None):
    """Held while something is made, so that two lab.py never make it at once. Ends with the process. Another
    one is waited for, `patience` seconds at most (PATIENCE by default); then it is Trouble."""
    patience = PATIENCE if patience is None else patience
    with open(places.home / ".venv.lock", "a+b") as file:
        deadline, told = time.monotonic() + patience, False
        while not locked(file):
            if not told:
                say("Another lab.py is at work here; waiting for it")
            if time.monotonic() > deadline:
                raise Trouble(f"It has been at it for more than {patience} s. End it, then try again.")
            told = True
            time.sleep(0.2)
        yield


def locked(file):
    """Take the lock on `file`; False while another process has it."""
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # others: a file system without locks, where we go on without
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
