"""From calls in settled order to the states that their sockets went through.

`implied` says what one call leads to. Here is what that depends on: the calls told before it, at this end and
at the other where that was recorded; and, for a call that ends a connection, what the kernel held of the
socket as it began. What bytes or FIN of an unrecorded other end lay there unread, nothing else tells.
"""

from __future__ import annotations

import socket
import struct

from labsupport import settled
from labsupport.implied import RECEIVES, SENDS, implied
from labsupport.naming import HOW

_WAITING = SENDS | RECEIVES | {"accept", "connect", "connect_ex"}
# With unread input in these, Linux's tcp_close() sends RST; a socket that is CLOSED has nobody to send it to.
_RESETTING = frozenset(("ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "LAST-ACK"))


class _Facts:
    """What the calls told so far say of one TCP socket."""

    def __init__(self, lane):
        self.state = None if lane.born else at_first(lane.state)
        self.sent = self.read = 0
        self.ended = self.deaf = self.abrupt = self.closed = False


def at_first(state):
    """The state of a socket made before the block. Whether the peer's FIN has come yet is left to chance."""
    return "ESTABLISHED" if state in ("ESTABLISHED", "CLOSE-WAIT") else state


def infer(order):
    """Give each call the states it implies: `call.states`, of (socket, state, proved)."""
    facts, returned, delayed = {}, set(), {}
    holding = _holding(order)

    for kind, call in order:
        if kind == "began" or call.lane is None or not call.lane.tcp:
            continue
        returned.add(call)
        _count(call, _fact(facts, call.lane))
        waiting = holding.get(call, set()) - returned
        if waiting:
            delayed[call] = waiting
        else:
            call.states = _states(call, facts)
        for close in [close for close, waiting in delayed.items() if call in waiting]:
            delayed[close].discard(call)
            if not delayed[close]:
                del delayed[close]
                call.states += _states(close, facts, late=True)


def _fact(facts, lane):
    return facts.setdefault(lane, _Facts(lane))


def _states(call, facts, late=False):
    """The states that a call implies, as (socket, state, proved); the facts change with them.

    `late`: a close() that another thread's call held up. What the kernel held before that is no matter then.
    """
    lane, mine = call.lane, _fact(facts, call.lane)
    peer = _fact(facts, lane.peer) if lane.peer is not None else None
    found = None if late else call.found
    if _says_nothing(call, facts):
        return ()
    states = implied(
        mine.state,
        call.name,
        call.errno,
        failed=call.error is not None,
        end=call.end and not mine.deaf,
        how=HOW.get(call.arguments[0]) if call.name == "shutdown" and call.arguments else None,
        peer_ended=peer is not None and peer.ended,
        abort=mine.abrupt or _unread(found, mine, peer),
        found=_told(found, peer),
    )
    about = call.new if call.name == "accept" else lane
    if states and about is not None:
        state = next((s for s, _ in reversed(states) if s != "…"), None)
        _fact(facts, about).state = state or _fact(facts, about).state
    if call.error is None and call.name in settled.ENDS and call.target is not None:
        mine.ended = True
    return tuple((about, state, proved) for state, proved in states)


def _unread(found, mine, peer):
    """Whether there was unread input: what was found is more than what the calls let one expect.

    Bytes may have been sent before the block began, and those that were sent may be on their way still.
    """
    if found is not None:
        state, unread = found
        return state in _RESETTING and bool(unread)
    return peer is not None and peer.sent > mine.read


def _told(found, peer):
    """The state that was found, unless the other end was recorded too and was not told to cause it.

    Two threads may end a connection at once. They are told in settled order, whose FIN or RST was first.
    """
    if found is None:
        return None
    state, _ = found
    brought = peer is None or {"CLOSE-WAIT": peer.ended, "CLOSED": peer.state == "CLOSED"}.get(state, True)
    return state if brought else None


def _holding(order):
    """For each close() the calls of other threads, under way on the same TCP socket, that hold the
    connection.

    On Linux no FIN goes out before the last of them has returned.
    """
    under_way = {}
    for kind, call in order:
        if kind == "began" and call.name in _WAITING and call.lane is not None and call.lane.tcp:
            under_way.setdefault(call.lane.cookie or call.lane, []).append(call)
    return {
        close: {call for call in under_way.get(close.lane.cookie or close.lane, ()) if _spans(call, close)}
        for kind, close in order
        if kind == "returned" and close.name == "close"
    }


def _spans(call, close):
    ends_later = call.ended is None or call.ended > close.ended
    return call.thread is not close.thread and call.began < close.began and ends_later


def _count(call, mine):
    if call.name in SENDS:
        mine.sent += call.amount or 0
    elif call.name in RECEIVES and not call.peek:
        mine.read += call.amount or 0
    elif call.name == "shutdown" and call.arguments[:1] in ((socket.SHUT_RD,), (socket.SHUT_RDWR,)):
        mine.deaf = True
    elif call.name == "setsockopt" and call.arguments[:2] == (socket.SOL_SOCKET, socket.SO_LINGER):
        mine.abrupt = call.arguments[2:] == (struct.pack("ii", 1, 0),)


def _says_nothing(call, facts):
    """close() of one of two descriptors, under a makefile(), or once more: the kernel keeps what it has."""
    if call.name != "close" or call.error is not None:
        return False
    again, facts[call.lane].closed = facts[call.lane].closed, call.gone
    twins = [lane for lane in facts if lane.cookie is not None and lane.cookie == call.lane.cookie]
    return again or not call.gone or not all(facts[lane].closed for lane in twins)
