"""A socket as Linux sees it: TCP_INFO, the queue ioctls, and sock_diag for what no descriptor shows.

TCP counts in sequence numbers, and a SYN and a FIN take one each. A learner counts what the program sent.
Between the two lies the arithmetic of this module (measured on Linux 6.18):

- `tcpi_bytes_acked` counts an acknowledged FIN, and an acknowledged SYN: the active opener's alone, because
  the socket that accept returns is born when its SYN has been acknowledged already;
- `tcpi_bytes_sent` counts payload only, but twice what was sent again, and not what was not sent yet;
- SIOCOUTQ counts our FIN until it is acknowledged; SIOCINQ never counts the peer's;
- `tcpi_bytes_received` counts the peer's FIN.

TCP_INFO is one moment's, SIOCOUTQ another's. So the queue is asked for only while segments are in flight, and
believed when both ways of counting agree.
"""

from __future__ import annotations

import _socket
import contextlib
import errno
import fcntl
import os
import struct
import time
import weakref

from labsupport.kernels.facts import Ended, Facts, Look
from labsupport.kernels.sockdiag import SockDiag

TCP_INFO, TCP_ZEROCOPY_RECEIVE, SO_MEMINFO, SO_COOKIE = 11, 35, 55, 57
SO_NETNS_COOKIE, SIOCGSKNS = 71, 0x894C  # asm-generic/socket.h, linux/sockios.h
SIOCINQ, SIOCOUTQ = 0x541B, 0x5411
TRIES = 4
TIME_WAIT_LASTS, CLOCK_GRAIN = 60_000, 10  # ms; include/net/tcp.h; a tick of the slowest kernels

# include/net/tcp_states.h; 12 is a half-open connection without a socket, 13 a socket that is only bound.
STATES = (
    None, "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED",
    "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED", "CLOSED",
)  # fmt: skip
FIN_PENDING = frozenset(("FIN-WAIT-1", "CLOSING", "LAST-ACK"))  # ours is queued or in flight
FIN_SENT = FIN_PENDING | {"FIN-WAIT-2", "TIME-WAIT"}  # ours takes a sequence number
FIN_RECEIVED = frozenset(("CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT"))
OPENING = frozenset(("SYN-SENT", "SYN-RECEIVED"))
CARRYING = FIN_SENT | FIN_RECEIVED | {"ESTABLISHED"}

# struct tcp_info of linux/tcp.h, as far as it is needed. The last two fields came with Linux 4.19.
_layout = struct.Struct("=B23xII24xI8xI8xI16xI16xQQ4xII52xQQ")
STATE, UNACKED, SACKED, LAST_ACK_MS, RTT, CWND, RETRANSMITS = range(7)
ACKED, RECEIVED, SEGMENTS_IN, NOT_SENT, SENT, SENT_AGAIN = range(7, 13)
_fields = _layout.unpack_from
# Of SO_MEMINFO: rcvbuf, sndbuf; between them what waits to be sent, which is SIOCOUTQ where it is not TCP.
_buffers, _memory = struct.Struct("=4xI4xI").unpack_from, struct.Struct("=4xIII").unpack_from
_cookie = struct.Struct("=Q").unpack
_queue = struct.Struct("=i").unpack
TCP, SOCKET = _socket.IPPROTO_TCP, _socket.SOL_SOCKET

_own_network = SockDiag()
_networks = weakref.WeakValueDictionary()  # of private networks' hosts: number → SockDiag

# The C type's own method, not socket.socket's: `record` patches those, and a look is no learner's call.
_getsockopt = _socket.socket.getsockopt


def identify(sock):
    """The kernel's own number of this socket, given once and never again; None before Linux 4.6."""
    try:
        return _cookie(_getsockopt(sock, SOCKET, SO_COOKIE, 8))[0]
    except OSError as error:
        if error.errno == errno.ENOPROTOOPT:
            return None
        raise


def enroll(diag, sock):
    """Ask `diag` from now on about sockets of the network in which `sock` is."""
    number = _network(sock)
    if number is not None:
        _networks[number] = diag


def home(sock):
    """The SockDiag of the private network in which `sock` lives; None for this process's own."""
    return _networks.get(_network(sock)) if _networks else None


def _network(sock):
    """A number of the socket's network namespace: a cookie never given again, from Linux 5.14 on.

    Before, the inode of the namespace, which the kernel shows to its owner alone; None where neither is told.
    """
    try:
        return _cookie(_getsockopt(sock, SOCKET, SO_NETNS_COOKIE, 8))[0]
    except OSError:
        pass
    try:
        fd = fcntl.ioctl(sock.fileno(), SIOCGSKNS)
    except OSError:
        return None
    try:
        return "inode", os.fstat(fd).st_ino
    finally:
        os.close(fd)


def look(sock, fd, memory):
    """What Linux keeps about an open TCP socket. The cookie is read last: what was read is that socket's."""
    info, queued, opened = _settled(sock, fd, memory.last.opened)
    state, last = STATES[info[STATE]], memory.last
    if state == "LISTEN":  # as `ss` has it: what waits for accept, and the backlog
        facts = Facts(state, "passive", None, None, None, info[UNACKED], info[SACKED], *_buffer_sizes(sock))
        return facts, identify(sock), None, None, None
    if state == "CLOSED":
        return _look_at_closed(sock, fd, info, memory)
    # Nothing was unread and nothing came since: nothing is unread.
    same = state == last.state == "ESTABLISHED" and info[RECEIVED] == last.bytes_received
    unread = 0 if same and not last.recv_queue else _ioctl(fd, SIOCINQ)
    sizes = _buffer_sizes(sock)
    if not info[SEGMENTS_IN] and state in CARRYING:  # an older kernel, or a sandbox like Linux
        rtt = info[RTT] / 1e6 or None
        facts = Facts(state, None, None, None, None, unread, None, *sizes, rtt, info[CWND])
        return facts, identify(sock), None, None, None
    sent = _taken(info, queued, state, opened, last.bytes_sent)
    waiting = queued - (state in FIN_PENDING)
    facts = _facts(state, opened, info, sent, waiting, state in FIN_RECEIVED, unread, sizes)
    return facts, identify(sock), None, None, None


def queues(sock, fd):
    """Queues and buffers of an open socket that is not TCP, bytes; None for a queue that it does not have."""
    try:
        recv_buffer, send_queue, send_buffer = _memory(_getsockopt(sock, SOCKET, SO_MEMINFO, 36))
    except OSError:
        (recv_buffer, send_buffer), send_queue = _buffer_sizes(sock), _ioctl(fd, SIOCOUTQ)
    return _ioctl(fd, SIOCINQ), send_queue, recv_buffer, send_buffer


def find(memory):
    """A TCP socket that no descriptor shows, known by its cookie; OSError where sock_diag cannot be asked."""
    last = memory.last
    found = _ask(memory)
    if not found:
        return None
    state, queued, unread = STATES[found.state], found.send_queue, found.recv_queue
    info = found.info and _unpack(found.info)
    if state == "LISTEN":
        facts = Facts(*last.facts)._replace(state=state, recv_queue=unread, send_queue=queued)
    elif not info:
        # TIME-WAIT, and FIN-WAIT-2 without an owner, are entries too small for counters: what is known of
        # them is that all was acknowledged, our FIN too.
        facts = Facts(*last.facts)._replace(state=state, bytes_acked=last.bytes_sent, send_queue=0)
    elif not info[SEGMENTS_IN]:
        facts = Facts(*last.facts)._replace(state=state)
    else:
        sent = _taken(info, queued, state, last.opened, last.bytes_sent)
        waiting = queued - (state in FIN_PENDING)
        ended = state in FIN_RECEIVED
        unread = max(0, unread - ended)  # sock_diag counts the FIN until it is read, unlike SIOCINQ
        sizes = (last.recv_buffer, last.send_buffer)
        facts = _facts(state, last.opened, info, sent, waiting, ended, unread, sizes)
    return Look(facts, found.cookie, None, found.local, found.peer)


def _settled(sock, fd, opened):
    """(TCP_INFO, the send queue that belongs to it in sequence numbers, how the connection was opened)."""
    info = _tcp_info(sock)
    for _ in range(TRIES):
        state = STATES[info[STATE]]
        if state not in CARRYING:
            break
        if opened and not info[UNACKED]:
            return info, info[NOT_SENT], opened  # nothing in flight: all of one moment
        queued = _ioctl(fd, SIOCOUTQ) if info[UNACKED] else info[NOT_SENT]
        own_syn = info[ACKED] + queued - (state in FIN_SENT) - _payload(info, state in FIN_PENDING)
        if opened is not None and own_syn == (opened == "active"):
            return info, queued, opened
        before, info = info, _tcp_info(sock)
        if _progress(before) == _progress(info):  # nothing moved between the two: so it is
            if opened is None and own_syn in (0, 1):
                opened = "active" if own_syn else "passive"
            return info, queued, opened
    if state in CARRYING:  # it never stood still
        return info, _ioctl(fd, SIOCOUTQ), opened
    return info, 0, "active" if state == "SYN-SENT" else opened


def _progress(info):
    return info[STATE], info[ACKED], info[NOT_SENT], info[SENT], info[SENT_AGAIN]


def _payload(info, fin_pending):
    """What the program gave, counted by segments. A pending FIN is the last in the queue, sent or not."""
    return info[SENT] - info[SENT_AGAIN] + info[NOT_SENT] - (fin_pending and info[NOT_SENT] > 0)


def _taken(info, queued, state, opened, already):
    """The bytes taken from the program, which never become fewer than `already`.

    By sequence numbers, where it is known who opened: `tcpi_bytes_sent` has what a device refused too.
    """
    if opened is None or state in OPENING:
        taken = _payload(info, state in FIN_PENDING)
    else:
        taken = info[ACKED] + queued - (state in FIN_SENT) - (opened == "active")
    return already if already and already > taken else taken


def _facts(state, opened, info, sent, waiting, peer_ended, unread, sizes):
    """TCP_INFO's sequence numbers as payload, in the order of Facts (to make one is a tenth of the look)."""
    if waiting > sent:
        waiting = sent  # a SYN that nobody answered is in the queue too
    received = info[RECEIVED] - bool(peer_ended)
    if unread > received:
        unread = received  # more came since
    rtt = info[RTT] / 1e6 or None
    acked = sent - waiting
    return state, opened, sent, acked, received, unread, waiting, *sizes, rtt, info[CWND], info[RETRANSMITS]


def _look_at_closed(sock, fd, info, memory):
    """A socket that says CLOSED while its descriptor is open: fresh, or reset, or ended by both sides.

    Ended by both sides it says so while the connection is still in TIME-WAIT: Linux keeps that in an entry
    apart, which has the socket's cookie.
    """
    sizes = _buffer_sizes(sock)
    if not info[SEGMENTS_IN]:
        cookie = identify(sock)
        return Look(Facts("CLOSED", None, 0, 0, 0, 0, 0, *sizes), cookie)
    queued, unread, cookie = _ioctl(fd, SIOCOUTQ), _ioctl(fd, SIOCINQ), identify(sock)
    last, before = memory.last, memory.ended
    came, pending = before.peer_ended, before.fin_pending
    if last.state != "CLOSED":
        came, pending = last.state in FIN_RECEIVED or None, last.state in FIN_PENDING
    if came is None:
        came = _peer_ended(fd, unread)
    hidden, gone = None, before.gone
    if came is not False and not gone and cookie == memory.cookie:
        with contextlib.suppress(OSError):
            hidden = _ask(memory) or (_apart(sock, memory) if came and not queued else None)
            gone = not hidden
    ended = Ended(came or bool(hidden), pending and queued > 0, gone, hidden and hidden.cookie)
    sent = max(last.bytes_sent or 0, _payload(info, ended.fin_pending))
    state = STATES[hidden.state] if hidden else "CLOSED"
    waiting = queued - ended.fin_pending
    facts = _facts(state, last.opened, info, sent, waiting, ended.peer_ended, unread, sizes)
    return Look(facts, cookie, ended, hidden and hidden.local, hidden and hidden.peer)


def _ask(memory):
    diag = memory.diag or _own_network
    return diag.find(memory.family, memory.last.local, memory.last.peer, memory.ended.apart or memory.cookie)


def _apart(sock, memory):
    """The TIME-WAIT of a socket first looked at now.

    A cookie is given on demand, and that entry was made without one. Several may have the same port, to
    different peers. It began when the peer's FIN came, and that brought the last acknowledgment that this
    socket had.
    """
    if memory.last.peer:
        return None  # it was looked at before, so it had its cookie
    before = time.monotonic()
    age = _tcp_info(sock)[LAST_ACK_MS]
    there = (memory.diag or _own_network).time_waits_at(memory.family, _socket.socket.getsockname(sock))
    later = age + (time.monotonic() - before) * 1000
    grain = 2 * CLOCK_GRAIN
    found = [one for one in there if age - grain <= TIME_WAIT_LASTS - one.expires <= later + grain]
    return found[0] if len(found) == 1 else None


def _peer_ended(fd, unread):
    """Whether the peer's FIN has come to a socket in CLOSED: True, False, or None where unread bytes hide it.

    Nothing says so openly. TCP_ZEROCOPY_RECEIVE of no bytes at all takes nothing, changes nothing, and fails
    with EIO when there is nothing to read because the peer has ended (net/ipv4/tcp.c, tcp_zerocopy_receive).
    """
    import ctypes  # here, because it is dear to import and this is rare

    request, length = ctypes.create_string_buffer(16), ctypes.c_uint32(16)  # a longer one takes SO_ERROR
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.getsockopt(fd, TCP, TCP_ZEROCOPY_RECEIVE, request, ctypes.byref(length))
    if failed and ctypes.get_errno() == errno.EIO:
        return True
    return None if failed or unread else False


def _tcp_info(sock):
    raw = _getsockopt(sock, TCP, TCP_INFO, 512)
    try:
        return _fields(raw)
    except struct.error:
        return _unpack(raw)


def _unpack(raw):
    """The fields of a struct tcp_info; of one too short none counts segments, which tells it apart."""
    info = _fields(raw.ljust(_layout.size, b"\0"))
    return info if len(raw) >= _layout.size else (*info[:SEGMENTS_IN], 0, 0, 0, 0)


def _buffer_sizes(sock):
    """SO_RCVBUF and SO_SNDBUF, bytes, in one call where there is one (Linux 4.12)."""
    try:
        return _buffers(_getsockopt(sock, SOCKET, SO_MEMINFO, 36))
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
    return tuple(_getsockopt(sock, SOCKET, name) for name in (_socket.SO_RCVBUF, _socket.SO_SNDBUF))


def _ioctl(fd, request):
    """A queue's length, bytes; None where there is no such queue (a Unix listener's SIOCINQ is EINVAL)."""
    answer = bytearray(4)
    try:
        fcntl.ioctl(fd, request, answer)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP):
            return None
        raise
    return _queue(answer)[0]
