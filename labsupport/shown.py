"""Short, settled text for what goes into a call and what comes out of it.

A call's card, a timeline and an error message show arguments and results in the same words. Nothing that
differs from run to run may be among them: a port that the kernel picked becomes the word `port`, a descriptor
is not shown at all.
"""

from __future__ import annotations

import errno
import os
import socket

LONGEST = 24  # bytes or characters shown in full; longer ones by their length
TYPED = 8  # characters of a number with a fraction that somebody wrote; what a clock gave has more
# Two names for one number on Linux: errno.errorcode has one of them by chance, the socket man pages have this
# one.
_SOCKETS_NAMES = {errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EAGAIN: "EAGAIN"}
WELL_KNOWN = 1024  # the kernel never picks a port below this one: it was typed, and is the same in every run


def shown(value):
    """An argument or result as short text: `b"hello"`, `65536 bytes`, `("127.0.0.1", port)`."""
    if isinstance(value, bytes):
        return f"b{_quoted(repr(value)[1:])}" if len(value) <= LONGEST else f"{len(value)} bytes"
    if isinstance(value, (bytearray, memoryview)):
        return f"a buffer of {memoryview(value).nbytes} bytes"
    if isinstance(value, str):
        # A Unix socket's path is often in a temporary folder, whose name is never the same.
        return quoted("…/" + os.path.basename(value) if os.path.isabs(value) else value)
    if isinstance(value, socket.socket):
        return "a socket"
    if is_address(value):
        return shown_address(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, int) and getattr(value, "name", None):
        return value.name  # AF_INET, MSG_PEEK: Python's own enumerations
    if isinstance(value, float) and len(repr(value)) > TYPED:
        return "…"  # computed, as the seconds that are left until a deadline: another in every run
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    name = getattr(value, "__name__", None)
    kind = type(value).__name__
    return name if isinstance(name, str) else f"{'an' if kind[0] in 'AEIOaeio' else 'a'} {kind}"


def quoted(text):
    """A str as Python text in double quotes, or by its length."""
    if len(text) > LONGEST:
        return f"{len(text)} characters"
    return _quoted(repr(text))


def is_address(value):
    """Whether `value` looks like an IPv4 or IPv6 address: (host, port) or (host, port, flow, scope)."""
    return (
        isinstance(value, tuple)
        and len(value) in (2, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def shown_address(address):
    """`("127.0.0.1", port)`; a port is told when it cannot be one that the kernel picked."""
    host, port = address[:2]
    return f"({quoted(host)}, {port if 0 <= port < WELL_KNOWN else 'port'})"


def shown_call(name, arguments, keywords=None):
    """`recv(1024)`: the call as it was made."""
    said = [shown(argument) for argument in arguments]
    said += [f"{key}={shown(value)}" for key, value in (keywords or {}).items()]
    return f"{name}({', '.join(said)})"


def errno_name(error):
    """The name of an OSError's errno, such as "ECONNREFUSED"; None where it has none."""
    if isinstance(error, socket.gaierror):
        names = [name for name in dir(socket) if name.startswith("EAI_")]
        return next((name for name in names if getattr(socket, name) == error.errno), None)
    if not isinstance(error, OSError):
        return None
    return _SOCKETS_NAMES.get(error.errno) or errno.errorcode.get(error.errno)


def _quoted(literal):
    """A literal in the course's double quotes, whichever repr chose."""
    if literal[0] == '"':
        return literal
    return '"' + literal[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
