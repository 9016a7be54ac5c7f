"""What `ss` would list on a host: values to work with, and a table that is the same from run to run."""

from __future__ import annotations

from typing import NamedTuple

from labsupport.kernels.linux import STATES, TCP

# sock_diag(7), idiag_timer
TIMERS = ("", "retransmit", "keepalive", "TIME-WAIT", "window probe")
# A TCP socket that is bound and does nothing yet: only recent kernels list it, `ss` not unless asked.
BOUND = (7, 13)
PICKED = 32768  # the first port that the kernel picks by itself: ip_local_port_range in ip(7)
_ORDER = (
    *("LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"),
    *("CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSED", "UNCONN"),
)
_HEAD = ("State", "Recv-Q", "Send-Q", "Local", "Peer")


class Listed(NamedTuple):
    """A socket in a host's tables, whether a descriptor shows it or not; queues in bytes.

    A listener's queues are the accept queue's length and the backlog. `state` of UDP is `ss`'s UNCONN, or
    ESTABLISHED for a connected one.
    """

    state: str
    recv_queue: int
    send_queue: int
    local: tuple
    peer: tuple | None
    cookie: int  # the kernel's number of it (SO_COOKIE)
    timer: str  # "retransmit", "keepalive", "TIME-WAIT", "window probe"; "" for none
    protocol: str  # "TCP" or "UDP"
    owned: bool  # a program holds it: not so TIME-WAIT, SYN-RECEIVED before accept, and the closed
    expires: float = 0.0  # seconds until the timer ends

    @property
    def _key(self):
        where = self.local, self.peer or ("", 0)
        ends = [(host, 0 if port >= PICKED else port) for host, port, *_ in where]
        return self.protocol, _ORDER.index(self.state), *ends, self.recv_queue, self.send_queue, where


class HostSockets(tuple):
    """The sockets on a host, each Listed, in a settled order; the repr is a table as `ss` has it.

    A port that the kernel picked is shown as "…": it differs from run to run.
    """

    def __repr__(self):
        if not self:
            return "no sockets"
        kinds = len({one.protocol for one in self}) > 1
        rows = [_HEAD, *((*map(str, one[:3]), _end(one.local), _end(one.peer)) for one in self)]
        if kinds:
            rows = [
                (kind, *row) for kind, row in zip(("", *(one.protocol for one in self)), rows, strict=True)
            ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        numbers = {1 + kinds, 2 + kinds}
        return "\n".join(
            "  ".join(
                text.rjust(width) if at in numbers else text.ljust(width)
                for at, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import sockets_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return sockets_bundle(self)


def host_sockets(diag, families):
    """What `diag`, the SockDiag of a host, lists of these families; OSError where it cannot be asked."""
    found = (
        _listed(protocol, one)
        for protocol, one in diag.list(families)
        if not (protocol == TCP and one.state in BOUND)
    )
    return HostSockets(sorted(found, key=lambda one: one._key))


def _listed(protocol, found):
    tcp = protocol == TCP
    state = STATES[found.state]
    if not tcp and state == "CLOSED":
        state = "UNCONN"
    peer = found.peer if found.peer[1] else None
    timer = TIMERS[found.timer] if found.timer < len(TIMERS) else ""
    return Listed(
        *(state, found.recv_queue, found.send_queue, found.local, peer, found.cookie, timer),
        *("TCP" if tcp else "UDP", found.inode != 0, found.expires / 1000),
    )


def _end(address):
    """An address as `ss` writes it."""
    if address is None:
        return "*"
    host, port = address[:2]
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{'…' if port >= PICKED else port}"
