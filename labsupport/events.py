"""What a timeline is made of: calls that began, calls that returned, states that sockets came to be in.

Plain frozen values with no input or output, so that drawings and tests can make their own.
"""

from __future__ import annotations

from typing import NamedTuple

ELLIPSIS = "…"  # as a state: several ways fit, or the kernel goes on alone, and nobody looked


class Began(NamedTuple):
    """A call began. `time`: seconds since the recording began; `socket`: its lane's index."""

    order: int
    time: float
    thread: str
    socket: int | None
    call: str
    arguments: str


class Returned(NamedTuple):
    """A call returned (`result`: settled text, None for None) or raised (`error`: class, `errno`: its name).

    `elapsed`: seconds; `began`: the order of its Began; `amount`: bytes it moved; `other`: the lane of the
    socket that accept returned, else of the socket at the other end where that was recorded too.
    """

    order: int
    time: float
    thread: str
    socket: int | None
    call: str
    arguments: str
    result: str | None
    error: str | None
    errno: str | None
    elapsed: float
    began: int
    amount: int | None = None
    other: int | None = None


class Became(NamedTuple):
    """A socket came to be in a state.

    `seen`: a call's outcome proves it, or it was looked up; False: the call and RFC 9293's table imply that
    it was passed. `sampled`: looked up in the kernel, so that it may differ from run to run; never part of a
    settled form.
    """

    order: int
    time: float
    socket: int
    state: str
    seen: bool
    sampled: bool = False


class Lane(NamedTuple):
    """One socket: its name in the program, "client", "server" or None, and what kind of socket it is."""

    label: str
    role: str | None
    family: str
    type: str
