"""A socket as Linux sees it: TCP_INFO, the queue ioctls, and sock_diag for what no descriptor shows.

TCP counts in sequence numbers, and a SYN and a FIN take one each. A learner counts what the program sent. Between the
two lies the arithmetic of this module (measured on Linux 6.18):

- `tcpi_bytes_acked` counts an acknowledged FIN, and an acknowledged SYN: the active opener's alone, because the socket
  that accept returns is born when its SYN has been acknowledged already;
- `tcpi_bytes_sent` counts payload only, but twice what was sent again, and not what was not sent yet;
- SIOCOUTQ counts our FIN until it is acknowledged; SIOCINQ never counts the peer's;
- `tcpi_bytes_received` counts the peer's FIN.

TCP_INFO is one moment's, SIOCOUTQ another's. So the queue is asked for only while segments are in flight, and believed
when both ways of counting agree.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import struct

from labsupport.kernels.facts import NOTHING, Facts, Learned, Look
from labsupport.kernels.sockdiag import SockDiag

TCP_INFO, TCP_ZEROCOPY_RECEIVE, SO_MEMINFO, SO_COOKIE = 11, 35, 55, 57
SIOCINQ, SIOCOUTQ = 0x541B, 0x5411
CLOSED = "CLOSED"
TRIES = 4

# include/net/tcp_states.h; 12 is a half-open connection that has no socket yet, 13 a socket that is bound and no more.
STATES = (
    None, "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT",
    "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED", "CLOSED",
)  # fmt: skip
FIN_PENDING = frozenset(("FIN-WAIT-1", "CLOSING", "LAST-ACK"))  # ours is queued or in flight
FIN_SENT = FIN_PENDING | {"FIN-WAIT-2", "TIME-WAIT"}  # ours takes a sequence number
FIN_RECEIVED = frozenset(("CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT"))
OPENING = frozenset(("SYN-SENT", "SYN-RECEIVED"))

# struct tcp_info of linux/tcp.h, as far as it is needed. The last two fields came with Linux 4.19.
_layout = struct.Struct("=B23xII36xI8xI16xI16xQQ4xII52xQQ")
STATE, UNACKED, SACKED, RTT, CWND, RETRANSMITS, ACKED, RECEIVED, SEGMENTS_IN, NOT_SENT, SENT, SENT_AGAIN = range(12)
_buffers = struct.Struct("=4xI4xI")  # of SO_MEMINFO (Linux 4.12): rcvbuf, sndbuf
_cookie = struct.Struct("=Q")
_queue = struct.Struct("=i")

# The C type's own method, not that of socket.socket: `record` patches those, and a look is no call of the learner's.
_getsockopt = _socket.socket.getsockopt


def open_diag():
    """The sock_diag of the network that this process lives in."""
    return SockDiag()


def identify(sock):
    """The kernel's own number of this socket, given once and never again; None before Linux 4.6."""
    try:
        return _cookie.unpack(_getsockopt(sock, _socket.SOL_SOCKET, SO_COOKIE, 8))[0]
    except OSError as error:
        if error.errno == errno.ENOPROTOOPT:
            return None
        raise


def look(sock, fd, memory):
    """What Linux keeps about an open TCP socket. The cookie is read last: all that was read before it is that socket's."""
    info, queued, opened = _settled(sock, fd, _tcp_info(sock), memory.learned.opened)
    state = STATES[info[STATE]]
    if state == "LISTEN":  # as `ss` has it: what waits for accept, and the backlog
        facts = Facts(state, opened, None, None, None, info[UNACKED], info[SACKED], *_buffer_sizes(sock))
        return Look(facts, identify(sock), Learned(opened))
    unread = _ioctl(fd, SIOCINQ)
    sizes = _buffer_sizes(sock)
    if state == "CLOSED":
        return _look_at_closed(sock, info, queued, unread, sizes, memory)
    learned = Learned(opened, state in FIN_RECEIVED, state in FIN_PENDING)
    sent = _taken(info, queued, state, opened, memory.sent)
    return Look(_facts(state, info, sent, queued, unread, sizes, learned), identify(sock), learned)


def queues(sock, fd):
    """The queues and buffers of an open socket that is not TCP, in bytes; None for a queue it does not have."""
    return _ioctl(fd, SIOCINQ), _ioctl(fd, SIOCOUTQ), *_buffer_sizes(sock)


def find(memory):
    """A TCP socket that no descriptor shows: known by its cookie, asked for at sock_diag."""
    found = memory.diag and memory.diag.find(memory.family, memory.local, memory.peer, memory.cookie)
    if not found:
        return None
    state, last = STATES[found.state], memory.last
    before = memory.learned
    learned = Learned(before.opened, state in FIN_RECEIVED, state in FIN_PENDING)
    if state == "LISTEN":
        facts = last.facts._replace(state=state, recv_queue=found.recv_queue, send_queue=found.send_queue)
    elif found.info is None:
        # TIME-WAIT, and FIN-WAIT-2 without an owner, are entries too small for counters: what is known of them is that
        # all was acknowledged, our FIN too.
        facts = last.facts._replace(state=state, opened=before.opened, bytes_acked=last.bytes_sent, send_queue=0)
    else:
        info = _unpack(found.info)
        sent = _taken(info, found.send_queue, state, before.opened, memory.sent)
        unread = max(0, found.recv_queue - (state in FIN_RECEIVED))  # sock_diag counts the FIN, unlike SIOCINQ
        sizes = (last.recv_buffer, last.send_buffer)
        facts = _facts(state, info, sent, found.send_queue, unread, sizes, learned)
    return Look(facts, found.cookie, learned, found.local, found.peer)


def _settled(sock, fd, info, opened):
    """(TCP_INFO, the queue that belongs to it in sequence numbers, how it was opened)."""
    for _ in range(TRIES):
        state = STATES[info[STATE]]
        if state == "LISTEN":
            return info, None, "passive"
        if state in OPENING:
            return info, 0, "active" if state == "SYN-SENT" else opened
        if state == "CLOSED":
            return info, _ioctl(fd, SIOCOUTQ), opened  # nothing moves any more
        queued = _ioctl(fd, SIOCOUTQ) if info[UNACKED] else info[NOT_SENT]
        own_syn = info[ACKED] + queued - (state in FIN_SENT) - _payload(info, state in FIN_PENDING)
        if opened is not None and own_syn == (opened == "active"):
            break
        again = _tcp_info(sock)
        if _progress(again) == _progress(info):  # nothing moved between the two: so it is
            if opened is None and own_syn in (0, 1):
                opened = "active" if own_syn else "passive"
            break
        info = again
    return info, queued, opened


def _progress(info):
    return info[STATE], info[ACKED], info[NOT_SENT], info[SENT], info[SENT_AGAIN]


def _payload(info, fin_pending):
    """What the program gave, counted by segments. A FIN that is pending is the last thing in the queue, sent or not."""
    return info[SENT] - info[SENT_AGAIN] + info[NOT_SENT] - (fin_pending and info[NOT_SENT] > 0)


def _taken(info, queued, state, opened, already):
    """The bytes taken from the program, which never become fewer.

    By sequence numbers, where it is known who opened: `tcpi_bytes_sent` also counts what a full device threw away.
    """
    if opened is None or state in OPENING:
        return max(already, _payload(info, state in FIN_PENDING))
    return max(already, info[ACKED] + queued - (state in FIN_SENT) - (opened == "active"))


def _facts(state, info, sent, queued, unread, sizes, learned):
    """TCP_INFO's sequence numbers as payload."""
    waiting = min(max(0, queued - learned.ending), sent)
    received = info[RECEIVED] - bool(learned.peer_ended)
    return Facts(
        state,
        learned.opened,
        sent,
        sent - waiting,
        received,
        min(unread, received),
        waiting,
        *sizes,
        info[RTT] / 1e6 or None,
        info[CWND],
        info[RETRANSMITS],
    )


def _look_at_closed(sock, info, queued, unread, sizes, memory):
    """A socket that says CLOSED while its descriptor is open: fresh, or reset, or ended by both sides.

    Ended by both sides it says so while the connection is still in TIME-WAIT: Linux keeps that in an entry apart, which
    has the socket's cookie.
    """
    cookie = identify(sock)
    if not info[SEGMENTS_IN]:
        return Look(Facts("CLOSED", None, 0, 0, 0, 0, 0, *sizes), cookie, NOTHING)
    hidden = None
    if cookie == memory.cookie and not memory.learned.gone:
        hidden = memory.diag and memory.diag.find(memory.family, memory.local, memory.peer, cookie)
    before = memory.learned
    ended = True if hidden else before.peer_ended
    if not ended and (ended is None or memory.last.state != "CLOSED"):
        ended = _peer_ended(sock.fileno())
    learned = Learned(before.opened, ended, before.ending and queued > 0 and not hidden, not hidden)
    sent = max(memory.sent, _payload(info, learned.ending))
    facts = _facts(STATES[hidden.state] if hidden else "CLOSED", info, sent, queued, unread, sizes, learned)
    return Look(facts, cookie, learned, hidden and hidden.local, hidden and hidden.peer)


def _peer_ended(fd):
    """Whether the peer's FIN has come to a socket in CLOSED: True, False, or None where unread bytes hide it.

    Nothing says so openly. TCP_ZEROCOPY_RECEIVE of no bytes at all takes nothing, changes nothing, and fails with EIO
    when there is nothing to read because the peer has ended (net/ipv4/tcp.c, tcp_zerocopy_receive).
    """
    import ctypes  # here, because it is dear to import and this is rare

    unread = _ioctl(fd, SIOCINQ)
    request, length = ctypes.create_string_buffer(16), ctypes.c_uint32(16)  # 16: stops short of taking SO_ERROR
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.getsockopt(fd, _socket.IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, request, ctypes.byref(length))
    if failed and ctypes.get_errno() == errno.EIO:
        return True
    return None if failed or unread else False


def _tcp_info(sock):
    return _unpack(_getsockopt(sock, _socket.IPPROTO_TCP, TCP_INFO, 512))


def _unpack(raw):
    """The fields of a struct tcp_info; those that an older kernel does not have are 0."""
    return _layout.unpack_from(raw if len(raw) >= _layout.size else raw.ljust(_layout.size, b"\0"))


def _buffer_sizes(sock):
    """SO_RCVBUF and SO_SNDBUF, bytes, in one call."""
    try:
        return _buffers.unpack_from(_getsockopt(sock, _socket.SOL_SOCKET, SO_MEMINFO, 36))
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
    return tuple(_getsockopt(sock, _socket.SOL_SOCKET, name) for name in (_socket.SO_RCVBUF, _socket.SO_SNDBUF))


def _ioctl(fd, request):
    """A queue's length, bytes; None where the socket has no such queue (a Unix listener's SIOCINQ is EINVAL)."""
    answer = bytearray(4)
    try:
        fcntl.ioctl(fd, request, answer)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP):
            return None
        raise
    return _queue.unpack(answer)[0]
