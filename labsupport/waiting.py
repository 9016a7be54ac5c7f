"""Which descriptors are ready: select(2) where it can tell, poll(2) where a descriptor's number is too high.

select counts in microseconds and poll in milliseconds, and a wire keeps time; but select knows no descriptor
from FD_SETSIZE on, 1024 with glibc, and a notebook that opens a thousand connections has such ones. Windows
has no poll, and no such limit either.
"""

from __future__ import annotations

import errno
import os
import select


def readable(files, seconds=None):
    """Those of `files` (descriptors, or what has a `fileno()`) that can be read, as a list in their order.

    Waits at most `seconds`; None: until one can be read. Raises ValueError where one is closed as an object,
    OSError (EBADF) where its descriptor is.
    """
    try:
        return select.select(files, (), (), seconds)[0]
    except ValueError:
        return _polled(files, "POLLIN", seconds)


def writable(files, seconds=None):
    """The same of those that can be written."""
    try:
        return select.select((), files, (), seconds)[1]
    except ValueError:
        return _polled(files, "POLLOUT", seconds)


def _polled(files, event, seconds):
    if not hasattr(select, "poll"):  # Windows: a closed object is all that it can be
        raise ValueError("a closed object has no descriptor to wait for") from None
    asked = select.poll()
    for file in files:
        asked.register(file, getattr(select, event))  # ValueError: select's own, for a closed object
    found = dict(asked.poll(None if seconds is None else seconds * 1000))
    if any(events & select.POLLNVAL for events in found.values()):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return [file for file in files if (file if isinstance(file, int) else file.fileno()) in found]
