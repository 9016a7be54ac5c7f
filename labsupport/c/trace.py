"""The notes that shim.c takes of a C program: the library compiled, the file that it writes, what is read
there.

Linux alone: LD_PRELOAD (ld.so(8)) and SO_COOKIE are its own.
"""

from __future__ import annotations

import errno
import functools
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from labsupport.c import compilers

SOURCE = Path(__file__).with_name("shim.c")
PATH = "LABSUPPORT_C_CALLS"  # in the program's environment: the file for the notes
SLOTS, HEADER, MOST_RULES = 1 << 16, 1024, 16  # two slots a call; the file is sparse
# In the order of shim.c's enum call; index 0 is none.
CALLS = (
    *("", "socket", "socketpair", "bind", "listen", "accept", "connect", "send", "recv", "sendto"),
    *("recvfrom", "sendmsg", "recvmsg", "read", "write", "readv", "writev", "shutdown", "close"),
    *("setsockopt", "dup", "fork"),
)
SHORTENED = frozenset({"send", "recv", "sendto", "recvfrom", "read", "write"})  # calls that can be cut short
_NOTE = struct.Struct("=II QQ iiii qqqq QQQ 8B 40s 112s 112s 112s")
_RULE = struct.Struct("=IIIi")
IN_MEMORY = "/dev/shm"  # shm_overview(7)
SHORT, FAIL, RESET = 1, 2, 3  # enum action
BEGAN, RETURNED = 1, 2  # enum kind


class CannotTrace(RuntimeError):
    """A C program's calls cannot be noted here; the text says why."""


class Note(NamedTuple):
    """One slot, as struct note of shim.c has it; the addresses as Python writes them, `data` as bytes."""

    kind: int
    call: str
    time: float  # seconds, as time.perf_counter has them (CLOCK_MONOTONIC)
    began: int  # of a return: the index of its beginning
    pid: int
    tid: int
    fd: int
    error: int
    result: int
    a: int
    b: int
    c: int
    cookie: int
    made: int
    also: int
    family: int
    type: int
    injected: bool
    data: bytes
    address: object
    local: object
    remote: object


class Rule(NamedTuple):
    """What is to be done to a program: at the `at`th `call` (from 1; 0: at each), an action with its
    value."""

    call: str
    at: int
    action: int
    value: int = 0


def rules(wanted):
    """The Rules in text such as "send 2 short 3", "recv every short 1", "recv 1 EINTR", "recv 3 reset".

    `wanted`: one such text, several joined by commas, or a list of them. The number counts the calls of that
    name on sockets, from 1. Raises ValueError for what is none of these, TypeError for what is no text.
    """
    texts = wanted.split(",") if isinstance(wanted, str) else list(wanted)
    found = [_rule(text) for text in texts if not isinstance(text, str) or text.strip()]
    if len(found) > MOST_RULES:
        raise ValueError(f"at most {MOST_RULES} things can be done to one program, not {len(found)}")
    return found


def _rule(text):
    if not isinstance(text, str):
        raise TypeError(f'what is done to a program is text such as "send 2 short 3", not {text!r}')
    words = text.split()
    if len(words) < 3 or words[0] not in CALLS[1:-2] or not (words[1] == "every" or words[1].isdecimal()):
        raise ValueError(
            f"{text.strip()!r} is none of: CALL NUMBER short BYTES; CALL NUMBER ERRNO; CALL NUMBER reset; "
            'with "every" for the number it is done each time'
        )
    call, what, more = words[0], words[2], words[3:]
    at = 0 if words[1] == "every" else int(words[1])
    if words[1] == "0":
        raise ValueError(f"the first {call} is number 1")
    if what == "short" and len(more) == 1 and more[0].isdecimal() and int(more[0]) > 0:
        if call not in SHORTENED:
            raise ValueError(f"{call} cannot be cut short; {', '.join(sorted(SHORTENED))} can")
        return Rule(call, at, SHORT, int(more[0]))
    if what == "reset" and not more:
        return Rule(call, at, RESET)
    number = getattr(errno, what, None) if what.isupper() else None
    if number is None or more:
        raise ValueError(
            f"{' '.join(words[2:])!r} is none of: short BYTES (1 or more), reset, an errno's name"
        )
    return Rule(call, at, FAIL, number)


@functools.lru_cache(maxsize=1)
def _library():
    """The compiled library's bytes: a file would stay where a notebook's kernel is killed, as nbval does."""
    compiler = compilers.find()
    command = [*compiler.command, "-std=c17", "-O2", "-fPIC", "-shared", str(SOURCE), "-ldl"]
    with tempfile.TemporaryDirectory(prefix="labsupport-c-") as folder:
        done = subprocess.run(
            [*command, "-o", "shim.so"],
            cwd=folder,
            env=compiler.environment(folder),
            capture_output=True,
            text=True,
            timeout=compilers.PATIENCE,
            check=False,
        )
        if done.returncode:
            raise CannotTrace(f"the library that notes calls cannot be compiled here: {done.stderr.strip()}")
        return Path(folder, "shim.so").read_bytes()


class Trace:
    """One program's notes: `environment` lets it take them; `notes()` has them so far, `finish()` keeps them.

    `folder`: the program's, for what lies there while it runs; `inject`: see `rules`. Raises
    CannotTrace where there is no LD_PRELOAD, NoCompiler, and as `rules` does.
    """

    def __init__(self, folder, inject=()):
        if not sys.platform.startswith("linux"):
            raise CannotTrace("a C program's calls are noted on Linux alone (LD_PRELOAD, SO_COOKIE)")
        wanted = rules(inject)
        library = Path(folder, "shim.so")
        if not library.exists():
            library.write_bytes(_library())
        # A file on a disk would be written there, page by page, at five times the cost of a call.
        where = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else folder
        fd, name = tempfile.mkstemp(prefix="labsupport-c-calls-", dir=where)
        with os.fdopen(fd, "wb") as file:
            file.write(struct.pack("=IIQ", SLOTS, len(wanted), 0))
            for rule in wanted:
                file.write(_RULE.pack(CALLS.index(rule.call), *rule[1:]))
            file.truncate(HEADER + SLOTS * _NOTE.size)
        self._path, self._kept = Path(name), None
        self.environment = {"LD_PRELOAD": str(library), PATH: name}

    def notes(self):
        """(the notes in order, how many more there were than could be kept)."""
        return self._kept if self._kept is not None else self._read()

    def finish(self):
        """The program is over: keep its notes, and no file."""
        if self._kept is None:
            self._kept = self._read()
            self._path.unlink(missing_ok=True)

    def _read(self):
        with open(self._path, "rb") as file:
            _, _, taken = struct.unpack("=IIQ", file.read(16))
            file.seek(HEADER)
            data = file.read(min(taken, SLOTS) * _NOTE.size)
        return [_note(*fields) for fields in _NOTE.iter_unpack(data)], max(0, taken - SLOTS)


def _note(kind, call, time, began, *fields):
    numbers, (family, type, injected, *sizes), texts = fields[:11], fields[11:19], fields[19:]
    data, address, local, remote = (text[:size] for text, size in zip(texts, sizes[:4], strict=True))
    return Note(
        *(kind, CALLS[call], time / 1e9, began - 1, *numbers, family, type, bool(injected)),
        *(data, *map(python_address, (address, local, remote))),
    )


def python_address(raw):
    """The bytes of a struct sockaddr as Python writes the address; None for none."""
    if len(raw) < 2:
        return None
    (family,) = struct.unpack_from("=H", raw)
    if family == socket.AF_INET and len(raw) >= 8:
        return socket.inet_ntoa(raw[4:8]), int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET6 and len(raw) >= 28:
        flow, scope = int.from_bytes(raw[4:8], "big"), int.from_bytes(raw[24:28], sys.byteorder)
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), int.from_bytes(raw[2:4], "big"), flow, scope
    if family == socket.AF_UNIX:
        path = raw[2:]
        return path.rstrip(b"\0") if path[:1] == b"\0" else os.fsdecode(path.partition(b"\0")[0])
    return None
