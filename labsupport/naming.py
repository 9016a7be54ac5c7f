"""The names in which a timeline is told: the program's own for sockets and addresses, settled for threads.

Nothing that differs from run to run may be among them: not a port, not a descriptor, not the number that
`threading` gave a thread.
"""

from __future__ import annotations

import re
import socket

from labsupport.events import Lane
from labsupport.notes import Shown, asked
from labsupport.settled import BACKGROUND
from labsupport.shown import is_address, shown

HOW = {socket.SHUT_RD: "SHUT_RD", socket.SHUT_WR: "SHUT_WR", socket.SHUT_RDWR: "SHUT_RDWR"}
# Not options, or options of other levels, under the same prefixes.
_OTHERS = re.compile("J1939|VM_SOCKETS|DEFAULT|_MAX_")
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
            address = _own_address(value)
            if address:
                self.values.setdefault(address, f"{name}'s address")
        elif is_address(value) or (isinstance(value, str) and "/" in value):
            self.values.setdefault(plain(value), name)
        elif type(value) in (list, tuple):
            for index, item in enumerate(value[:1000]):
                if isinstance(item, socket.socket):
                    self.sockets.setdefault(id(item), f"{name}[{index}]")
        elif type(value).__module__.startswith("labsupport.servers"):
            address = getattr(value, "address", None)
            if address is not None:
                self.values.setdefault(plain(address), f"{name}.address")

    def label(self, lane):
        """The variable that holds this socket, else the one by which a function knew it, else None."""
        sock = lane.ref()
        return (self.sockets.get(id(sock)) if sock is not None else None) or lane.name


def _own_address(sock):
    """Where others reach this socket; None for one that is closed, not bound, or connected.

    An accepted socket has its listener's address, and is not who answers there.
    """
    address = plain(asked(sock.getsockname))
    bound = address and address[-1] != 0
    return address if bound and asked(sock.getpeername) is None else None


def plain(address):
    """Host and port alone, of IPv6 too; a Unix socket's path as it is."""
    return address[:2] if isinstance(address, tuple) else address


def anywhere(address):
    """A datagram socket's address by its port alone: one bound to no host is reached through any."""
    return address[1] if isinstance(address, tuple) else address


def name_lanes(sockets, calls, names):
    """A Lane for each socket, its label unique, its role from what was done with it."""
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


def thread_names(order, main):
    """Settled names: "main" is the block's own thread; threading's own numbers differ from run to run."""
    names, taken = {main: "main"}, {}
    for _, call in order:
        if call.thread in names:
            continue
        name = call.thread.name
        default = re.fullmatch(r"Thread-\d+(?: \((.*)\))?", name)
        if name.startswith(BACKGROUND):
            name = "background " + name[len(BACKGROUND) :]
        elif default:
            name = default[1] or "thread"
        elif re.fullmatch(r"ThreadPoolExecutor-\d+_\d+", name):
            name = "worker"
        taken[name] = taken.get(name, 0) + 1
        names[call.thread] = name if taken[name] == 1 else f"{name} {taken[name]}"
    return names


class Words:
    """Puts calls into words, with the program's own names for addresses."""

    def __init__(self, started, sockets, lanes, names, threads):
        self.started, self.sockets, self.threads = started, sockets, threads
        self._values = names.values
        self._owners = {}
        for lane, index in sockets.items():
            if lane.local and (lane.state == "LISTEN" or lane.remote is None or not lane.stream):
                self._owners[anywhere(lane.local)] = f"{lanes[index].label}'s address"

    def arguments(self, call):
        if call.name == "shutdown":
            return ", ".join(HOW.get(argument, str(argument)) for argument in call.arguments)
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
            known = self._values.get(plain(value)) or self._owners.get(anywhere(value))
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
