"""From a recorder's notes to what a timeline shows: lanes with names, calls in words, states between them.

Everything here works on notes already taken. It pairs the two ends of a connection where both were recorded, lets
`settled` put the calls in order and `implied` say the states, and names sockets and addresses by the program's variables.
"""

from __future__ import annotations

import re
import socket
import struct

from labsupport import settled
from labsupport.events import Became, Began, Lane, Returned
from labsupport.implied import RECEIVES, SENDS, implied
from labsupport.notes import Shown
from labsupport.shown import is_address, shown

_HOW = {socket.SHUT_RD: "SHUT_RD", socket.SHUT_WR: "SHUT_WR", socket.SHUT_RDWR: "SHUT_RDWR"}
_OTHERS = re.compile("J1939|VM_SOCKETS|DEFAULT|_MAX_")  # not options, or of other levels under the same prefix
_LEVELS = {"SOL_SOCKET": "SO_", "IPPROTO_TCP": "TCP_", "IPPROTO_IP": "IP_", "IPPROTO_IPV6": "IPV6_"}


class Names:
    """What the block's own code calls its sockets, addresses and paths: from the variables of its frame."""

    def __init__(self, frame):
        self.sockets, self.values = {}, {}
        if frame is None:
            return
        variables = dict(frame.f_globals)
        variables.update(frame.f_locals)
        for name, value in variables.items():
            if not name.startswith("_"):
                self._note(name, value)

    def _note(self, name, value):
        if isinstance(value, socket.socket):
            self.sockets.setdefault(id(value), name)
        elif is_address(value) or (isinstance(value, str) and "/" in value):
            self.values.setdefault(_plain(value), name)
        elif type(value) in (list, tuple):
            for index, item in enumerate(value[:1000]):
                if isinstance(item, socket.socket):
                    self.sockets.setdefault(id(item), f"{name}[{index}]")
        elif type(value).__module__.startswith("labsupport.servers"):
            self.values.setdefault(_plain(value.address), f"{name}.address")

    def label(self, lane):
        """The variable that holds this socket, else the one by which a function knew it, else None."""
        sock = lane.ref()
        return (self.sockets.get(id(sock)) if sock is not None else None) or lane.name


def tell(recorder, frame):
    """(events, settled events, lanes) of a recorder that has stopped; `frame` is the one whose block was recorded."""
    calls = [entry[1] for entry in recorder.log if entry[0] == "began"]
    calls = [call for call in calls if call.lane is None or call.lane.wanted]  # socket(AF_NETLINK) is none of ours
    threads = {recorder.main: recorder.main.name}
    threads.update({call.thread: call.thread.name for call in calls})
    _pair(recorder.sockets, calls)
    _anchor(calls)
    order = settled.settle(calls, threads)
    _imply(order)
    sockets = _appearing(order)
    names = Names(frame)
    lanes = _lanes(sockets, calls, names)
    words = _Words(recorder, sockets, lanes, names, _thread_names(order, recorder.main))
    return (*_events(recorder.log, order, words, sockets), lanes)


# --- who is at the other end ---------------------------------------------------------------------------------------


def _pair(sockets, calls):
    """Find, for each socket and each call, the recorded socket at the other end."""
    ends = {(_plain(lane.local), _plain(lane.remote)): lane for lane in sockets if lane.remote and lane.family != "AF_UNIX"}
    for (local, remote), lane in ends.items():
        lane.peer = ends.get((remote, local))
    _pair_unix(calls)
    bound = {_anywhere(lane.local): lane for lane in sockets if not lane.stream}
    for call in calls:
        if call.lane is None:
            continue
        if call.name in SENDS and not call.lane.stream:
            call.target = bound.get(_anywhere(call.address or call.lane.remote))
        elif call.name in SENDS or call.name == "close" or (call.name == "shutdown" and call.arguments[:1] != (0,)):
            call.target = call.lane.peer


def _pair_unix(calls):
    """Unix sockets have no address of their own to go by: pairs are made together, listeners accept in order."""
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


def _plain(address):
    return address[:2] if isinstance(address, tuple) else address


def _anywhere(address):
    """A datagram socket's address by its port alone: one bound to no host is reached through any."""
    return address[1] if isinstance(address, tuple) else address


def _anchor(calls):
    """A background call was entered before its starter went on: its place among the starter's calls is no accident."""
    met = set()
    for call in calls:
        if call.thread not in met:
            met.add(call.thread)
            call.opening = True
            call.anchored = call.thread.name.startswith(settled.BACKGROUND)


# --- states --------------------------------------------------------------------------------------------------------


class _Facts:
    """What the calls told so far say of one TCP socket."""

    def __init__(self, lane):
        self.state = None if lane.born else _before(lane.state)
        self.sent = self.read = 0
        self.ended = self.deaf = self.abrupt = self.closed = False


def _before(state):
    """The state of a socket made before the block: whether the peer's FIN has come yet is not the same in every run."""
    return "ESTABLISHED" if state in ("ESTABLISHED", "CLOSE-WAIT") else state


def _imply(order):
    """Give each call the states it implies: `call.states`, of (socket, state, proved)."""
    facts = {}

    def fact(lane):
        return facts.setdefault(lane, _Facts(lane))

    for kind, call in order:
        if kind == "began" or call.lane is None or not call.lane.tcp:
            continue
        lane, mine = call.lane, fact(call.lane)
        peer = fact(lane.peer) if lane.peer is not None else None
        _count(call, mine)
        if _says_nothing(call, facts):
            continue
        states = implied(
            mine.state,
            call.name,
            call.errno,
            failed=call.error is not None,
            end=call.end and not mine.deaf,
            how=_HOW.get(call.arguments[0]) if call.name == "shutdown" and call.arguments else None,
            peer_ended=peer is not None and peer.ended,
            abort=mine.abrupt or (peer is not None and peer.sent > mine.read),
        )
        about = call.new if call.name == "accept" else lane
        call.states = tuple((about, state, proved) for state, proved in states)
        if states and about is not None:
            fact(about).state = next((s for s, _ in reversed(states) if s != "…"), fact(about).state)
        if call.error is None and call.name in settled.ENDS and call.target is not None:
            mine.ended = True


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


# --- names ---------------------------------------------------------------------------------------------------------


def _appearing(order):
    """The sockets in the order in which they come up."""
    sockets = {}
    for kind, call in order:
        for lane in (call.lane, call.new if kind == "returned" else None):
            if lane is not None:
                sockets.setdefault(lane, len(sockets))
    return sockets


def _lanes(sockets, calls, names):
    roles = {lane: {"active": "client", "passive": "server"}.get(lane.opened) for lane in sockets}
    for call in calls:
        if call.lane is not None:
            roles[call.lane] = roles.get(call.lane) or _role(call)
        if call.name == "accept" and call.new is not None:
            roles[call.new] = "server"
    for lane in sockets:
        if lane.state == "LISTEN":
            roles[lane] = "server"
    taken, unnamed, lanes = {}, 0, []
    for lane in sockets:
        label = names.label(lane)
        if label is None:
            unnamed += 1
            label = f"socket {unnamed}"
        taken[label] = taken.get(label, 0) + 1
        if taken[label] > 1:
            label = f"{label} {taken[label]}"
        lanes.append(Lane(label, roles[lane], lane.family, lane.type))
    return tuple(lanes)


def _role(call):
    if call.name in ("listen", "accept"):
        return "server"
    if call.name in ("connect", "connect_ex"):
        return "client"
    if not call.lane.stream:
        return {"bind": "server", "sendto": "client"}.get(call.name)
    return None


def _thread_names(order, main):
    """Settled names: "main" is the block's own thread; threading's own numbers differ from run to run."""
    names, taken = {main: "main"}, {}
    for _, call in order:
        if call.thread in names:
            continue
        name = call.thread.name
        default = re.fullmatch(r"Thread-\d+(?: \((.*)\))?", name)
        if name.startswith(settled.BACKGROUND):
            name = "background " + name[len(settled.BACKGROUND) :]
        elif default:
            name = default[1] or "thread"
        elif re.fullmatch(r"ThreadPoolExecutor-\d+_\d+", name):
            name = "worker"
        taken[name] = taken.get(name, 0) + 1
        names[call.thread] = name if taken[name] == 1 else f"{name} {taken[name]}"
    return names


class _Words:
    """Puts calls into words, with the program's own names for addresses."""

    def __init__(self, recorder, sockets, lanes, names, threads):
        self.started, self.sockets, self.lanes, self.threads = recorder.started, sockets, lanes, threads
        self._values = names.values
        self._owners = {}
        for lane, index in sockets.items():
            if lane.local and (lane.state == "LISTEN" or lane.remote is None or not lane.stream):
                self._owners[_anywhere(lane.local)] = f"{lanes[index].label}'s address"

    def arguments(self, call):
        if call.name == "shutdown":
            return ", ".join(_HOW.get(argument, str(argument)) for argument in call.arguments)
        if call.name == "setsockopt":
            return ", ".join(_option(call.arguments))
        return ", ".join(self.value(argument, call) for argument in call.arguments)

    def value(self, value, call):
        if isinstance(value, Shown):
            return value
        if type(value) is int:
            return str(value)
        named = is_address(value) or (call.lane is not None and call.lane.family == "AF_UNIX")
        if named and isinstance(value, (tuple, str)) and call.name != "bind":
            known = self._values.get(_plain(value)) or self._owners.get(_anywhere(value))
            if known:
                return known
        return shown(value)

    def result(self, call):
        if call.result is None:
            return None
        said = self.value(call.result, call)
        if call.name.startswith("recvfrom") and call.address is not None:
            said += f" from {self.value(call.address, call)}"
        return said

    def index(self, lane):
        return self.sockets.get(lane)


def _option(arguments):
    """`SOL_SOCKET, SO_REUSEADDR, 1`: setsockopt's numbers by their names."""
    level = next((name for name in _LEVELS if getattr(socket, name, None) == arguments[0]), None)
    said = [shown(argument) for argument in arguments]
    if level is not None and len(arguments) > 1:
        names = [name for name in dir(socket) if name.startswith(_LEVELS[level]) and not _OTHERS.search(name)]
        said[0] = level
        said[1] = next((name for name in names if getattr(socket, name) == arguments[1]), said[1])
    return said


# --- events --------------------------------------------------------------------------------------------------------


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
        parts[kind, id(noted)] = _began(noted, add, words) if kind == "began" else _returned(noted, add, words, parts)
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
    return [add(Began, at, words.threads[call.thread], words.index(call.lane), call.name, words.arguments(call))]


def _returned(call, add, words, parts):
    at, began = call.ended_at - words.started, parts["began", id(call)][0]
    events = [add(Became, at, words.index(lane), state, proved) for lane, state, proved in call.states]
    other = call.new if call.name == "accept" else call.target or (call.lane.peer if call.lane is not None else None)
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
