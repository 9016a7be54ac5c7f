"""Save what is on the page into the working folder: whole or not at all, and never over another file."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path


def save(write, name, suffix, folder=None):
    """Let `write(path)` write a file and give it a free name in `folder` (the working folder unless told).

    `name`: what the file is about; `suffix`: ".svg" or ".pcap". Returns the Path it got: `name.svg`, or
    `name-2.svg` where that is taken. Raises OSError where nothing can be written; then nothing is left.
    """
    folder = Path.cwd() if folder is None else Path(folder)
    stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "scene"
    handle, scratch = tempfile.mkstemp(prefix=f".{stem}-", suffix=suffix, dir=folder)
    os.close(handle)
    try:
        write(scratch)
        os.chmod(scratch, 0o666 & ~_umask())  # mkstemp's are private; a drawing is like any other file
        path = _reserved(folder, stem, suffix)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return path


def _reserved(folder, stem, suffix):
    """A path that was free and is ours now: an empty file, until the scratch file takes its place."""
    for number in range(1, 1000):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            path.open("x").close()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"there are 999 files {stem}{suffix} here already")


def _umask():
    """The process's umask. It can only be read by setting it; Linux has it in /proc as well."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except (OSError, ValueError):
        pass
    return 0o022
