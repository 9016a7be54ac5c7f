"""What `ss` would list on a host, as values and as a settled table."""

from __future__ import annotations

from typing import NamedTuple


class Listed(NamedTuple):
    """A socket in a host's tables; queues in bytes."""

    state: str
    recv_queue: int
    send_queue: int
    local: tuple
    peer: tuple
    cookie: int
    timer: str
    protocol: str


class HostSockets(tuple):
    """The sockets of a host, Listed each; its repr is a table."""
