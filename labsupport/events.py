"""What a timeline is made of: calls that began and returned, states that sockets came to be in, packets.

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
    host: int | None = None  # of a private network's socket: the number of the host it lives on


class Sent(NamedTuple):
    """A host handed a packet to the wire.

    `host`: its number in the timeline's hosts; `socket`: the lane whose packet it is, None for one of the
    kernel's own (an RST for a port without a socket); `packet`: its number in the timeline's packets; `said`:
    the packet in a few words; `fate`: what the wire did to it; `note`: "sent again", "window probe" …
    """

    order: int
    time: float
    host: int
    socket: int | None
    packet: int
    said: str
    fate: str = "delivered"
    note: str = ""


class Arrived(NamedTuple):
    """The wire gave a packet to a host; `sent`: the order of its Sent."""

    order: int
    time: float
    host: int
    socket: int | None
    sent: int


class Held(NamedTuple):
    """A socket's queues came to hold so much, in bytes (a listener's: connections, and the backlog)."""

    order: int
    time: float
    socket: int
    recv_queue: int
    send_queue: int


class End(NamedTuple):
    """One host of a scene: its name on the network, what it is called in the drawing, and its address."""

    name: str
    label: str
    role: str | None
    address: str
