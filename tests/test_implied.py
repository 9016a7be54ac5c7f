"""Which states a call's outcome implies: the whole of it, as a table."""

import pytest

from labsupport import tcp
from labsupport.events import ELLIPSIS
from labsupport.implied import implied

TABLE = [
    # before, call, errno, what else is known → states; those in parentheses were passed and not proved
    (None, "socket", None, {}, "CLOSED"),
    ("CLOSED", "bind", None, {}, ""),
    ("CLOSED", "listen", None, {}, "LISTEN"),
    ("LISTEN", "listen", None, {}, ""),
    ("CLOSED", "listen", "EADDRINUSE", {}, ""),
    ("LISTEN", "accept", None, {}, "(SYN-RECEIVED) ESTABLISHED"),
    ("LISTEN", "accept", "EMFILE", {}, ""),
    ("CLOSED", "connect", None, {}, "(SYN-SENT) ESTABLISHED"),
    ("CLOSED", "connect_ex", None, {}, "(SYN-SENT) ESTABLISHED"),
    ("CLOSED", "connect", "ECONNREFUSED", {}, "(SYN-SENT) CLOSED"),
    ("CLOSED", "connect", "ETIMEDOUT", {}, "(SYN-SENT) CLOSED"),
    ("CLOSED", "connect", "EHOSTUNREACH", {}, "(SYN-SENT) CLOSED"),
    ("CLOSED", "connect", "ENETUNREACH", {}, ""),
    ("CLOSED", "connect", "EADDRNOTAVAIL", {}, ""),
    ("CLOSED", "connect", None, {"failed": True}, "SYN-SENT"),  # Python's own timeout: the kernel goes on
    ("CLOSED", "connect", "EINPROGRESS", {}, "(SYN-SENT)"),
    ("SYN-SENT", "connect", "EALREADY", {}, ""),
    ("SYN-SENT", "connect", None, {}, "ESTABLISHED"),
    ("SYN-SENT", "connect", "EISCONN", {}, "ESTABLISHED"),
    ("SYN-SENT", "connect", "ECONNREFUSED", {}, "CLOSED"),
    ("ESTABLISHED", "connect", "EISCONN", {}, ""),
    ("SYN-SENT", "send", None, {}, "ESTABLISHED"),
    ("ESTABLISHED", "send", None, {}, ""),
    ("ESTABLISHED", "send", "EAGAIN", {}, ""),
    ("ESTABLISHED", "send", "EPIPE", {}, "CLOSED"),
    ("FIN-WAIT-1", "send", "EPIPE", {}, ""),  # after its own shutdown: says nothing of the connection
    ("CLOSE-WAIT", "sendall", "ECONNRESET", {}, "CLOSED"),
    ("ESTABLISHED", "recv", None, {}, ""),
    ("ESTABLISHED", "recv", None, {"end": True}, "CLOSE-WAIT"),
    ("CLOSE-WAIT", "recv", None, {"end": True}, ""),
    ("FIN-WAIT-1", "recv_into", None, {"end": True}, "(…) (TIME-WAIT)"),
    ("ESTABLISHED", "recv", "ECONNRESET", {}, "CLOSED"),
    ("ESTABLISHED", "recv", None, {"failed": True}, ""),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_WR"}, "(FIN-WAIT-1)"),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_RDWR"}, "(FIN-WAIT-1)"),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_RD"}, ""),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_WR", "peer_ended": True}, "(CLOSE-WAIT) (LAST-ACK)"),
    ("CLOSE-WAIT", "shutdown", None, {"how": "SHUT_WR"}, "(LAST-ACK)"),
    ("LISTEN", "shutdown", None, {"how": "SHUT_RDWR"}, "CLOSED"),
    ("CLOSED", "close", None, {}, ""),
    ("LISTEN", "close", None, {}, "CLOSED"),
    ("SYN-SENT", "close", None, {}, "CLOSED"),
    ("ESTABLISHED", "close", None, {}, "(FIN-WAIT-1) (…)"),
    ("ESTABLISHED", "close", None, {"peer_ended": True}, "(CLOSE-WAIT) (LAST-ACK) (…)"),
    ("ESTABLISHED", "close", None, {"abort": True}, "CLOSED"),
    ("CLOSE-WAIT", "close", None, {}, "(LAST-ACK) (…)"),
    ("CLOSE-WAIT", "close", None, {"abort": True}, "CLOSED"),
    ("FIN-WAIT-1", "close", None, {}, "(…)"),
    ("LAST-ACK", "close", None, {}, "(…)"),
    ("TIME-WAIT", "close", None, {}, ""),
    (None, "close", None, {}, ""),
    ("LAST-ACK", "close", None, {"abort": True}, "CLOSED"),
    # what the kernel had the socket in as the call began
    ("ESTABLISHED", "close", None, {"found": "ESTABLISHED"}, "(FIN-WAIT-1) (…)"),
    ("ESTABLISHED", "close", None, {"found": "CLOSE-WAIT"}, "CLOSE-WAIT (LAST-ACK) (…)"),
    ("ESTABLISHED", "close", None, {"found": "CLOSE-WAIT", "abort": True}, "CLOSE-WAIT CLOSED"),
    ("ESTABLISHED", "close", None, {"found": "CLOSED"}, "CLOSED"),
    ("CLOSE-WAIT", "close", None, {"found": "CLOSED"}, "CLOSED"),
    ("SYN-SENT", "close", None, {"found": "SYN-SENT"}, "CLOSED"),
    ("SYN-SENT", "close", None, {"found": "ESTABLISHED"}, "ESTABLISHED (FIN-WAIT-1) (…)"),
    ("SYN-SENT", "close", None, {"found": "CLOSE-WAIT"}, "(ESTABLISHED) CLOSE-WAIT (LAST-ACK) (…)"),
    ("FIN-WAIT-1", "close", None, {"found": "TIME-WAIT"}, "(…)"),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_WR", "found": "CLOSE-WAIT"}, "CLOSE-WAIT (LAST-ACK)"),
    ("ESTABLISHED", "shutdown", None, {"how": "SHUT_RD", "found": "CLOSE-WAIT"}, ""),
    ("ESTABLISHED", "shutdown", "ENOTCONN", {"how": "SHUT_WR", "found": "CLOSED"}, "CLOSED"),
    ("ESTABLISHED", "settimeout", None, {}, ""),
    ("ESTABLISHED", "detach", None, {}, ""),
]


@pytest.mark.parametrize(("before", "call", "errno", "known", "states"), TABLE)
def test_implied(before, call, errno, known, states):
    known = {"failed": errno is not None, **known}
    found = implied(before, call, errno, **known)
    assert " ".join(state if proved else f"({state})" for state, proved in found) == states


@pytest.mark.parametrize(("before", "call", "errno", "known", "states"), TABLE)
def test_whatever_is_implied_is_a_way_through_the_figure(before, call, errno, known, states):
    found = implied(before, call, errno, **{"failed": errno is not None, **known})
    way = [state for state, _ in found]
    start = "LISTEN" if call == "accept" else before
    if start is not None and ELLIPSIS not in way[:-1]:
        assert tcp.allowed([start, *(state for state in way if state != ELLIPSIS)])
