"""A file that is written whole or not at all."""

from __future__ import annotations

import os
import threading


def write_whole(path, data):
    """Write bytes to a file so that it has all of them, or is as it was before. Raises OSError.

    That holds when the process is killed, when the disk is full, and when the machine loses its power.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # or the name may come to the disk before the bytes do
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
