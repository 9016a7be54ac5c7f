"""Which TCP states a call's outcome implies: one pure function over RFC 9293's table.

A stored drawing may say only what is the same in every run. What a call returned is; how long a state lasted,
or whether anybody looked in time, is not. So states are inferred from calls: proved ones (`connect` returned:
ESTABLISHED), passed ones that nobody saw (SYN-SENT), and "…" where several ways fit.
"""

from __future__ import annotations

from labsupport import tcp
from labsupport.events import ELLIPSIS

# Python's methods, and C's functions of other names that do the same.
SENDS = frozenset({"send", "sendall", "sendto", "sendmsg", "write", "writev"})
RECEIVES = frozenset(
    {"recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "read", "readv"}
)

# A SYN went out, and in vain.
_REFUSED = frozenset({"ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"})
_UNDER_WAY = frozenset({"EINPROGRESS", "EALREADY", "EWOULDBLOCK", "EAGAIN"})
_BROKEN = frozenset({"ECONNRESET", "ETIMEDOUT", "EPIPE"})
_OPEN = frozenset({"ESTABLISHED", "CLOSE-WAIT"})  # this end has not said FIN
# Where a packet may have led meanwhile: the peer's SYN, ACK, its FIN, its RST.
_MOVED = {
    "SYN-SENT": {"ESTABLISHED", "CLOSE-WAIT", "CLOSED"},
    "ESTABLISHED": {"CLOSE-WAIT", "CLOSED"},
    "CLOSE-WAIT": {"CLOSED"},
}


def implied(
    before,
    call,
    errno=None,
    *,
    failed=False,
    end=False,
    how=None,
    peer_ended=False,
    abort=False,
    found=None,
):
    """The states that `call` on a TCP socket led through: (state, proved) pairs, none where it says nothing.

    `before`: the state implied so far (None: not known). `errno`: the name of the error's number when the
    call failed (None with `failed`: a timeout of Python's own). `end`: a receiving call met the end of the
    stream. `how`: shutdown's argument ("SHUT_WR" …). `peer_ended`: the other end is known to have sent FIN.
    `abort`: closing sends RST (unread input: RFC 2525 section 2.17; or SO_LINGER 0). `found`: the state in
    which the kernel had the socket as the call, one that ends a connection, began; None: it was not asked.
    For accept the states are the new socket's.
    """
    if found in _MOVED.get(before, ()) and (call == "close" or (call == "shutdown" and how != "SHUT_RD")):
        known = {"failed": failed, "how": how, "peer_ended": peer_ended, "abort": abort}
        return (*_found(before, found), *implied(found, call, errno, **known))
    if call in ("connect", "connect_ex"):
        return _connected(before, errno, failed)
    if failed:
        return (("CLOSED", True),) if errno in _BROKEN and before in _OPEN else ()
    if call == "socket":
        return (("CLOSED", True),)
    if call == "listen":
        return (("LISTEN", True),) if before != "LISTEN" else ()
    if call == "accept":
        return _by("LISTEN", "ESTABLISHED", "passive")
    if call in SENDS or call in RECEIVES:
        return _moved(before, end)
    if call == "shutdown" and how != "SHUT_RD":
        return _ended(before, peer_ended)
    if call == "close":
        return _closed(before, peer_ended, abort)
    return ()


def _found(before, found):
    """What nobody told and the kernel did: the last is the state in which it was found."""
    between = (("ESTABLISHED", False),) if (before, found) == ("SYN-SENT", "CLOSE-WAIT") else ()
    return (*between, (found, True))


def _connected(before, errno, failed):
    if not failed or errno == "EISCONN":
        if before == "SYN-SENT":
            return (("ESTABLISHED", True),)
        return _by("CLOSED", "ESTABLISHED", "active") if before in ("CLOSED", None) else ()
    sent = (("SYN-SENT", False),) if before != "SYN-SENT" else ()
    if errno in _REFUSED:
        return (*sent, ("CLOSED", True))
    if errno is None:  # the program stopped waiting; the kernel has not
        return (("SYN-SENT", True),) if sent else ()
    return sent if errno in _UNDER_WAY else ()


def _moved(before, end):
    opened = (("ESTABLISHED", True),) if before == "SYN-SENT" else ()
    if not end:
        return opened
    if before in ("ESTABLISHED", "SYN-SENT", None):
        return (*opened, ("CLOSE-WAIT", True))
    if before == "FIN-WAIT-1":
        return _by("FIN-WAIT-1", "TIME-WAIT", proved=False)
    return ()


def _ended(before, peer_ended):
    """This end sends FIN, or gives up what was never opened."""
    if before in ("LISTEN", "SYN-SENT"):
        return (("CLOSED", True),)
    if before == "CLOSE-WAIT":
        return (("LAST-ACK", False),)
    if before == "ESTABLISHED":
        return (("CLOSE-WAIT", False), ("LAST-ACK", False)) if peer_ended else (("FIN-WAIT-1", False),)
    return ()


def _closed(before, peer_ended, abort):
    if abort and before in (*_OPEN, "FIN-WAIT-1", "LAST-ACK"):
        return (("CLOSED", True),)
    states = _ended(before, peer_ended)
    if (states and states[-1][0] != "CLOSED") or before in ("FIN-WAIT-1", "LAST-ACK"):
        return (*states, (ELLIPSIS, False))  # from here the kernel goes on alone
    return states


def _by(source, target, opened=None, proved=True):
    """`target`, after what must have been passed on the way from `source`: "…" where several ways fit."""
    passed = tcp.between(source, target, opened, resets=False)
    return (*((state, False) for state in ((ELLIPSIS,) if passed is None else passed)), (target, proved))
