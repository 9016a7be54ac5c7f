"""From a recorder's notes to what a timeline shows: lanes with names, calls in words, states between them.

Everything here works on notes already taken. It pairs the two ends of a connection where both were recorded,
lets `settled` put the calls in order and `inferring` say the states, and takes the names from `naming`.
"""

from __future__ import annotations

import socket

from labsupport import settled
from labsupport.events import Became, Began, Returned
from labsupport.implied import SENDS
from labsupport.inferring import at_first, infer
from labsupport.naming import Words, anywhere, name_lanes, plain, thread_names


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
    infer(order)
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
    state = at_first(lane.state) if lane.tcp and not lane.born else None
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
