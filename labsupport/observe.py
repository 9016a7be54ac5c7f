"""A socket → a frozen Snapshot of what the kernel holds for it.

The eyes of the course. A look changes nothing: it holds no duplicate of the socket's descriptor, which would
keep it open, and makes no call that `record` could see. A socket is known by its cookie, the kernel's own
number of it, from the first look on. So it is recognized after close() too, when its descriptor is -1 or has
become somebody else's.
"""

from __future__ import annotations

import _socket
import socket
import weakref
from typing import NamedTuple

from labsupport.descriptors import is_descriptor, socket_of
from labsupport.kernels import kernel
from labsupport.kernels.facts import Ended

_getsockname = _socket.socket.getsockname
_getpeername = _socket.socket.getpeername
# With these states go two addresses that do not change until the connection ends,
_CONNECTED = frozenset(
    ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
)
# and with these, one of our own.
_SETTLED = _CONNECTED | {"LISTEN"}


class Snapshot(NamedTuple):
    """What the kernel held for a socket at one moment; None for what it does not keep.

    Payload bytes only, SYN and FIN are not counted, so `bytes_sent == bytes_acked + send_queue`. After close
    `fd` is None and the counts are the last known. A listener's queues are the accept queue's length and the
    backlog, as in `ss`.
    """

    family: str  # "AF_INET"
    type: str  # "SOCK_STREAM"
    fd: int | None
    local: tuple | str | None
    peer: tuple | str | None
    state: str | None = None  # RFC 9293's name; None for UDP and Unix sockets
    opened: str | None = None  # "active" or "passive", once that is known
    bytes_sent: int | None = None  # taken from the program
    bytes_acked: int | None = None
    bytes_received: int | None = None  # arrived, read or not
    recv_queue: int | None = None  # arrived and not read
    send_queue: int | None = None  # taken and not acknowledged
    recv_buffer: int | None = None  # SO_RCVBUF, bytes
    send_buffer: int | None = None  # SO_SNDBUF, bytes
    rtt: float | None = None  # smoothed round trip, seconds
    cwnd: int | None = None  # segments
    retransmits: int | None = None  # segments sent again

    @property
    def bytes_read(self) -> int | None:
        """The bytes that the program has read; None where the kernel does not count."""
        return None if self.bytes_received is None else self.bytes_received - (self.recv_queue or 0)

    @property
    def facts(self):
        """The part that the kernel's counters make up, in the order of kernels.facts.Facts."""
        return self[5:]

    def __repr__(self):
        text = f"{self._kind} {_ends(self)}"
        if self.state is None:
            return text
        return f"{text}  {self.state}{self._counts}"

    @property
    def _kind(self):
        if self.family in ("AF_INET", "AF_INET6"):
            return {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP", "SOCK_RAW": "IP"}.get(self.type, self.type)
        return "Unix" if self.family == "AF_UNIX" else f"{self.family} {self.type}"

    @property
    def _counts(self):
        """Said of an open connection alone: after close they are of the last look, whenever it was."""
        counted = self.state in _CONNECTED or self.bytes_sent or self.bytes_received
        if self.fd is None or not counted or self.state == "LISTEN" or self.bytes_received is None:
            return ""
        return f"  sent {self.bytes_sent}, received {self.bytes_received}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import snapshot_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return snapshot_bundle(self)


NOT_ENDED = Ended()
_NO_COUNTERS = (None,) * 5  # state, opened, bytes sent, acknowledged, received


class Memory:
    """What is remembered of one socket, from its first look to the end."""

    __slots__ = ("cookie", "diag", "family", "names", "is_tcp", "last", "ended")

    def __init__(self, sock, diag):
        self.cookie = kernel.identify(sock)
        self.diag = diag or kernel.home(sock)
        self.family = int(sock.family)
        self.names = (_name(sock.family), _name(sock.type))
        self.is_tcp = self.family in (socket.AF_INET, _INET6) and sock.type == socket.SOCK_STREAM
        self.last = Snapshot(*self.names, None, None, None, None)
        self.ended = NOT_ENDED


_INET6 = getattr(socket, "AF_INET6", None)
_memories: weakref.WeakKeyDictionary[socket.socket, Memory] = weakref.WeakKeyDictionary()


def observe(sock: socket.socket) -> Snapshot:
    """What the kernel holds for `sock` now, as a `Snapshot`. It takes microseconds and changes nothing.

    After close it goes on, known by its cookie: FIN-WAIT, LAST-ACK, TIME-WAIT, at last CLOSED. A descriptor
    that C code has, a number, may stand for the socket. Raises TypeError for what is no socket, ValueError
    for a closed socket never looked at while it was open. Sources: TCP_INFO (tcp(7)), SIOCINQ and SIOCOUTQ,
    sock_diag(7); on macOS TCP_CONNECTION_INFO.
    """
    if is_descriptor(sock):
        sock = socket_of(sock)
    memory = _known(sock) or remember(sock)
    fd = sock.fileno()
    snapshot = None
    if fd >= 0:
        try:
            snapshot = _look_at_tcp(sock, fd, memory) if memory.is_tcp else _look_at_other(sock, fd, memory)
        except OSError:
            pass  # closed between two calls, or behind Python's back, or no socket any more
    snapshot = snapshot or _look_after_close(memory)
    if snapshot.peer and not _named(snapshot.local) and _named(memory.last.local):
        # Torn by a close in another thread: what has a peer has the address it always had.
        snapshot = snapshot._replace(local=memory.last.local)
    memory.last = snapshot
    return snapshot


def _named(address):
    return isinstance(address, tuple) and address[1] != 0


def remember(sock: socket.socket, diag=None) -> Memory:
    """Know `sock` from now on, closed or not.

    `diag` is the SockDiag of its network, where that is not this process's. Raises as `observe` does.
    """
    if not isinstance(sock, socket.socket):
        raise TypeError(f"observe takes a socket.socket, not {_what(sock)}")
    memory = _memories.get(sock)
    if memory is None:
        try:
            memory = _memories.setdefault(sock, Memory(sock, diag))
        except OSError:
            raise ValueError(
                "expected an open socket, or one observed before it was closed; "
                "this one is closed and was never seen"
            ) from None
    elif diag is not None:
        memory.diag = diag
    return memory


def seen(sock: socket.socket) -> None:
    """Make sure that `sock` will be known after close, addresses and all; says nothing of one that is closed.

    Quick when it is known already.
    """
    memory = _known(sock)
    if memory is None or memory.last.peer is None:
        try:
            observe(sock)
        except ValueError:
            pass


def cookie(sock: socket.socket) -> int | None:
    """The kernel's number of this socket (SO_COOKIE), the same for all its duplicates and never given again.

    None where the kernel has none. Raises as `observe` does.
    """
    return (_known(sock) or remember(sock)).cookie


def _known(sock):
    """The Memory of what was looked at before, None of anything else."""
    try:
        return _memories.get(sock)
    except TypeError:  # nothing that could be remembered weakly: no socket
        return None


def _look_at_tcp(sock, fd, memory):
    """Through its own descriptor; None where that has become another socket's."""
    last = memory.last
    local = last.local if last.state in _SETTLED and last.fd is not None else _readable(_getsockname(sock))
    facts, cookie, ended, own, peer = kernel.look(sock, fd, memory)
    if cookie != memory.cookie:
        return None
    memory.ended = ended or NOT_ENDED
    if facts[0] in _CONNECTED:
        peer = peer or last.peer
        if peer is None or last.state not in _SETTLED:
            local, connected = _addresses(sock)
            peer = connected or peer
            if kernel.identify(sock) != cookie:
                return None
    # The short way to a NamedTuple: its constructor would be a tenth of the whole look.
    return tuple.__new__(Snapshot, (*memory.names, fd, own or local, peer, *facts))


def _look_at_other(sock, fd, memory):
    local, peer = _addresses(sock)
    queues = kernel.queues(sock, fd)
    if kernel.identify(sock) != memory.cookie:
        return None
    return tuple.__new__(Snapshot, (*memory.names, fd, local, peer, *_NO_COUNTERS, *queues, None, None, None))


def _look_after_close(memory):
    last = memory.last
    if not memory.is_tcp:
        return last._replace(fd=None)
    try:
        found = None if memory.ended.gone else kernel.find(memory)
    except OSError:
        return last._replace(fd=None, state=None)  # nobody to ask: its state is not known
    if found is None:
        # A connection that is over does not come back. One that never was may, by a duplicate.
        over = last.state in _SETTLED or last.opened or last.bytes_sent or last.bytes_received
        memory.ended = memory.ended._replace(gone=memory.ended.gone or bool(over))
        return last._replace(fd=None, state="CLOSED")
    return Snapshot(*memory.names, None, found.local or last.local, found.peer or last.peer, *found.facts)


def _addresses(sock):
    """(local, peer) as Python has them, None for no peer; Linux's abstract names as `ss` writes them."""
    local = _getsockname(sock)
    try:
        peer = _getpeername(sock)
    except OSError:
        return _readable(local), None
    return _readable(local), _readable(peer)


def _readable(address):
    return "@" + address[1:].decode(errors="replace") if isinstance(address, bytes) and address else address


def _ends(snapshot):
    """The two ends without their ports, which differ from run to run, and a Unix path without its folder."""
    local = _end(snapshot.local)
    return local if snapshot.peer is None else f"{local} → {_end(snapshot.peer)}"


def _end(address):
    if isinstance(address, str) and address:
        return address.rpartition("/")[2]
    if isinstance(address, tuple) and len(address) > 1 and address[1]:
        return str(address[0])
    return "(no address)"


def _name(member):
    """The name of a family or type that Python has one for."""
    return getattr(member, "name", str(member))


def _what(value):
    """A value that is no socket, with a word on what was meant if that is plain."""
    for attribute in ("listener", "socket", "sock"):
        if isinstance(getattr(value, attribute, None), socket.socket):
            return f"a {type(value).__name__} (its socket is its .{attribute})"
    return f"a {type(value).__name__}: {value!r:.40}"
