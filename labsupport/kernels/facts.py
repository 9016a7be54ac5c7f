"""The shape in which every kernel's answer comes."""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """What a kernel keeps about one TCP socket, payload bytes only; None for what it does not keep."""

    state: str | None
    opened: str | None = None
    bytes_sent: int | None = None
    bytes_acked: int | None = None
    bytes_received: int | None = None
    recv_queue: int | None = None
    send_queue: int | None = None
    recv_buffer: int | None = None
    send_buffer: int | None = None
    rtt: float | None = None
    cwnd: int | None = None
    retransmits: int | None = None


class Ended(NamedTuple):
    """What is to be remembered of a TCP socket in CLOSED, beside its last snapshot."""

    peer_ended: bool | None = None  # its FIN came, and counts among the received bytes; None: not known
    fin_pending: bool = False  # our own FIN was queued, and nobody acknowledged it
    gone: bool = False  # sock_diag does not know it either
    apart: int | None = None  # the cookie of its TIME-WAIT entry, where that got one of its own


class Look(NamedTuple):
    """All that one look brings; a plain tuple in this order will do."""

    facts: tuple  # in the order of Facts
    cookie: int | None  # whose facts these are
    ended: Ended | None = None
    local: tuple | None = None  # the addresses, where the kernel told them along with the rest
    peer: tuple | None = None
