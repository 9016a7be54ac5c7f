"""From a recorder's notes to what a timeline shows: lanes with names, calls in words, states between them.

Everything here works on notes already taken. It pairs the two ends of a connection where both were recorded,
lets `settled` put the calls in order and `implied` say the states, and takes the names from `naming`.
"""

from __future__ import annotations

import socket
import struct

from labsupport import settled
from labsupport.events import Became, Began, Returned
from labsupport.implied import RECEIVES, SENDS, implied
from labsupport.naming import HOW, Words, anywhere, name_lanes, plain, thread_names

_WAITING = SENDS | RECEIVES | {"accept", "connect", "connect_ex"}


def tell(recorder, names):
    """(events, settled events, lanes) of a recorder that has stopped; `names`: the program's own, a Names."""
    calls = [entry[1] for entry in recorder.log if entry[0] == "began"]
    # A socket of a family that is none of ours shows it only when it has been made.
    calls = [call for call in calls if call.lane is None or call.lane.wanted]
    threads = {recorder.main: recorder.main.name}
    threads.update({call.thread: call.thread.name for call in calls})
    _pair(recorder.sockets, calls)
    _anchor(calls)
    order = settled.settle(calls, threads)
    _imply(order)
    sockets = _appearing(order)
    lanes = name_lanes(sockets, calls, names)
    threads = thread_names(order, recorder.main)
    words = Words(recorder.started, sockets, lanes, names, threads)
    return (*_events(recorder.log, order, words, sockets), lanes)


# --- who is at the other end ----------------------------------------------------------------------


def _pair(sockets, calls):
    """Find, for each socket and each call, the recorded socket at the other end."""
    known = [lane for lane in sockets if lane.remote and lane.family != "AF_UNIX"]
    ends = {(plain(lane.local), plain(lane.remote)): lane for lane in known}
    for (local, remote), lane in ends.items():
        lane.peer = ends.get((remote, local))
    _pair_unix(calls)
    bound = {anywhere(lane.local): lane for lane in sockets if not lane.stream}
    for call in calls:
        if call.lane is None:
            continue
        if call.name in SENDS and not call.lane.stream:
            call.target = bound.get(anywhere(call.address or call.lane.remote))
        elif call.name in SENDS or call.name == "close" or _says_fin(call):
            call.target = call.lane.peer


def _says_fin(call):
    return call.name == "shutdown" and call.arguments[:1] != (socket.SHUT_RD,)


def _pair_unix(calls):
    """Unix sockets have no address to go by: pairs are made together, listeners accept in order."""
    waiting, single = {}, {}
    for call in calls:
        lane = call.lane
        if lane is None or lane.family != "AF_UNIX" or call.error is not None or call.ended is None:
            continue
        if call.name == "socketpair":
            other = single.pop(call.thread, None)
            if other is None:
                single[call.thread] = lane
            else:
                lane.peer, other.peer = other, lane
        elif call.name in ("connect", "connect_ex") and lane.stream:
            waiting.setdefault(call.address, []).append(lane)
    for call in calls:
        if call.name == "accept" and call.new is not None and call.new.family == "AF_UNIX":
            clients = waiting.get(call.lane.local)
            if clients:
                call.new.peer = clients.pop(0)
                call.new.peer.peer = call.new


def _anchor(calls):
    """Mark each thread's first call; a background call's was entered before its starter went on."""
    met = set()
    for call in calls:
        if call.thread not in met:
            met.add(call.thread)
            call.opening = True
            call.anchored = call.thread.name.startswith(settled.BACKGROUND)


# --- states ---------------------------------------------------------------------------------------


class _Facts:
    """What the calls told so far say of one TCP socket."""

    def __init__(self, lane):
        self.state = None if lane.born else _before(lane.state)
        self.sent = self.read = 0
        self.ended = self.deaf = self.abrupt = self.closed = False


def _before(state):
    """The state of a socket made before the block. Whether the peer's FIN has come yet is left to chance."""
    return "ESTABLISHED" if state in ("ESTABLISHED", "CLOSE-WAIT") else state


def _imply(order):
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
                call.states += _states(close, facts)


def _fact(facts, lane):
    return facts.setdefault(lane, _Facts(lane))


def _states(call, facts):
    """The states that a call implies, as (socket, state, proved); the facts change with them."""
    lane, mine = call.lane, _fact(facts, call.lane)
    peer = _fact(facts, lane.peer) if lane.peer is not None else None
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
        abort=mine.abrupt or (peer is not None and peer.sent > mine.read),
    )
    about = call.new if call.name == "accept" else lane
    if states and about is not None:
        state = next((s for s, _ in reversed(states) if s != "…"), None)
        _fact(facts, about).state = state or _fact(facts, about).state
    if call.error is None and call.name in settled.ENDS and call.target is not None:
        mine.ended = True
    return tuple((about, state, proved) for state, proved in states)


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
    """close() of one of two descriptors, or under a makefile(): the kernel's socket stays as it is."""
    if call.name != "close" or call.error is not None:
        return False
    facts[call.lane].closed = call.gone
    twins = [lane for lane in facts if lane.cookie is not None and lane.cookie == call.lane.cookie]
    return not call.gone or not all(facts[lane].closed for lane in twins)


def _appearing(order):
    """The sockets in the order in which they come up."""
    sockets = {}
    for kind, call in order:
        for lane in (call.lane, call.new if kind == "returned" else None):
            if lane is not None:
                sockets.setdefault(lane, len(sockets))
    return sockets


# --- events ---------------------------------------------------------------------------------------


def _events(log, order, words, sockets):
    """The events as they really came, and the same ones in settled order without the sampled."""
    events, parts, first = [], {}, {}

    def add(make, *values, **more):
        events.append(make(len(events), *values, **more))
        return events[-1]

    for kind, noted, *details in log:
        if kind == "sampled":
            if noted in sockets:
                state, at = details
                add(Became, at - words.started, sockets[noted], state, True, sampled=True)
            continue
        if noted.lane is not None and not noted.lane.wanted:
            continue
        lane = noted.lane
        if lane is not None and lane not in first:
            first[lane] = _at_first(lane, noted, add, words, sockets)
        parts[kind, id(noted)] = (
            _began(noted, add, words) if kind == "began" else _returned(noted, add, words, parts)
        )
    told, met = [], set()
    for kind, call in order:
        if call.lane is not None and call.lane not in met:
            met.add(call.lane)
            told += first[call.lane]
        told += parts[kind, id(call)]
    return tuple(events), tuple(told)


def _at_first(lane, call, add, words, sockets):
    """The state in which the block found a TCP socket that was there before it."""
    state = _before(lane.state) if lane.tcp and not lane.born else None
    return [add(Became, call.began_at - words.started, sockets[lane], state, True)] if state else []


def _began(call, add, words):
    at = call.began_at - words.started
    return [
        add(Began, at, words.threads[call.thread], words.index(call.lane), call.name, words.arguments(call))
    ]


def _returned(call, add, words, parts):
    at, began = call.ended_at - words.started, parts["began", id(call)][0]
    events = [add(Became, at, words.index(lane), state, proved) for lane, state, proved in call.states]
    other = (
        call.new
        if call.name == "accept"
        else call.target or (call.lane.peer if call.lane is not None else None)
    )
    events.append(
        add(
            Returned,
            at,
            words.threads[call.thread],
            words.index(call.lane),
            call.name,
            began.arguments,
            words.result(call) if call.error is None else None,
            call.error,
            call.errno,
            call.ended_at - call.began_at,
            began.order,
            amount=call.amount,
            other=words.index(other),
        )
    )
    return events
