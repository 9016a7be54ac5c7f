"""A C program's calls in the form in which `record()` notes Python's: the same lanes, states and ladder.

What shim.c noted says of each call what it was given and what it gave; the rest of the work, states, names
and the settled order, is done by the same code that does it for Python's calls.
"""

from __future__ import annotations

import socket
import sys

from labsupport.c.trace import BEGAN
from labsupport.implied import RECEIVES, SENDS
from labsupport.notes import FAMILIES, Call, Shown, address_in, kept
from labsupport.shown import LONGEST, errno_name

_HIDDEN = frozenset({"dup", "fork"})
_MADE = frozenset({"socket", "socketpair"})
_PROTOCOLS = {socket.IPPROTO_TCP: Shown("IPPROTO_TCP"), socket.IPPROTO_UDP: Shown("IPPROTO_UDP")}
_TYPE = 0xF  # SOCK_TYPE_MASK of linux/net.h: beside it stand SOCK_NONBLOCK and SOCK_CLOEXEC
# What a socket is called: a C program's variables are not known, what it did with the socket is.
_NAMES = {"listen": "listener", "accepted": "connection", "connect": "client"}


class Thread:
    """A thread of a C program, as the telling of a timeline asks for one."""

    def __init__(self, name):
        self.name = name


class Descriptor:
    """As notes.Socket, for a socket of a C program: known by its cookie alone."""

    def __init__(self, note, number, born):
        self.number, self.born, self.cookie = number, born, note.made if born else note.cookie
        self.family = _name(socket.AddressFamily, note.family)
        self.type = _name(socket.SocketKind, note.type)
        self.stream = self.type == "SOCK_STREAM"
        self.tcp = self.stream and self.family != "AF_UNIX"
        self.wanted = self.family in FAMILIES
        self.name = self.local = self.remote = self.peer = self.state = self.opened = self.sampled = None
        self.ask(note)

    def ref(self):
        """No Python socket."""
        return None

    def ask(self, note):
        """Take over the addresses that a note has."""
        port = self.local[1] if isinstance(self.local, tuple) else self.local
        self.local = note.local if note.local is not None and not port else self.local
        self.remote = self.remote or note.remote


class Calls:
    """The calls of one program: `log`, `sockets`, `main` and `missed`, as a Recorder has them.

    `beside`: the sockets of a Python block that it ran beside, None where it was alone. Then its sockets'
    names say that they are C's.
    """

    def __init__(self, notes, missed=0, beside=None):
        self.log, self.sockets, self.missed = [], [], missed
        self._lanes = {lane.cookie: lane for lane in beside or () if lane.cookie}
        self._notes, self._named = notes, "main" if beside is None else "C program"
        self._suffix = "" if beside is None else " in C"
        self._threads, self._calls, self._last, self._open = {}, {}, {}, {}
        self.main = self._thread(notes[0]) if notes else Thread(self._named)
        for index, note in enumerate(notes):
            if note.kind:
                self._take(index, note)

    @property
    def started(self):
        """When the first call began, on the clock of time.perf_counter."""
        return self._notes[0].time if self._notes else 0.0

    def _thread(self, note):
        key = note.pid, note.tid
        if key not in self._threads:
            count = len(self._threads)
            self._threads[key] = Thread(self._named if not count else f"{self._named} {count + 1}")
        return self._threads[key]

    def _take(self, index, note):
        if note.call in _HIDDEN:
            self._share(note)
        elif note.kind == BEGAN:
            self._began(index, note)
        elif note.began in self._calls:
            self._returned(note, self._calls[note.began])

    def _share(self, note):
        """A socket has another descriptor, or all of a process's are a child's too."""
        if note.kind == BEGAN:
            return
        if note.call == "dup":
            self._hold(note.cookie, note.pid, note.result)
        else:
            for holders in self._open.values():
                holders |= {(note.result, fd) for pid, fd in holders if pid == note.pid}
            for (pid, fd), cookie in list(self._last.items()):
                if pid == note.pid:
                    self._last[note.result, fd] = cookie

    def _hold(self, cookie, pid, fd):
        self._open.setdefault(cookie, set()).add((pid, fd))
        self._last[pid, fd] = cookie

    def _lane(self, note):
        """The socket of a call; of one on a closed descriptor, the socket that had it last."""
        lane = self._lanes.get(note.cookie or self._last.get((note.pid, note.fd)))
        if lane is None and note.cookie:
            lane = self._new(note, born=False)
            self._hold(note.cookie, note.pid, note.fd)
        return lane

    def _new(self, note, born):
        lane = Descriptor(note, len(self.sockets), born)
        self._lanes[lane.cookie] = lane
        self.sockets.append(lane)
        return lane

    def _began(self, index, note):
        making = note.call in _MADE
        lane = None if making else self._lane(note)
        if lane is None and not making:
            return  # of a descriptor that never was a socket
        call = Call(self._thread(note), lane, note.call, _arguments(note), 0)
        call.began_at = note.time
        if note.call in ("connect", "sendto") and note.address is not None:
            call.address = address_in(note.address)
        if lane is not None and isinstance(lane, Descriptor):
            lane.ask(note)
        self._calls[index] = call
        self._note("began", call)

    def _note(self, kind, call):
        if kind == "began":
            call.began = len(self.log)
        else:
            call.ended = len(self.log)
        self.log.append((kind, call))

    def _returned(self, note, call):
        call.ended_at = note.time
        began = self._notes[note.began]
        if note.error:
            call.error, call.errno = _marked("-1", note), errno_name(OSError(note.error, ""))
        if note.call in _MADE:
            call = self._made(note, call)
        elif note.call == "accept" and note.made:
            call.new = self._accepted(note)
            call.result = Shown(_marked("a new socket", note))
        elif note.call in SENDS or note.call in RECEIVES:
            self._moved(note, began, call)
        elif note.call == "close" and not note.error:
            holders = self._open.setdefault(note.cookie, set())
            holders.discard((note.pid, note.fd))
            call.gone = not holders
        if isinstance(call.lane, Descriptor):
            call.lane.ask(note)
            if note.call in _NAMES:
                call.lane.name = call.lane.name or _NAMES[note.call] + self._suffix
        self._note("returned", call)

    def _made(self, note, call):
        """socket, and socketpair, which makes two: each has its own call in the ladder, as in Python's.

        The call that returns now.
        """
        if not note.made:
            call.lane = self._refused(note)
            return call
        call.new = call.lane = self._new(note, born=True)
        if note.call == "socket":
            self._hold(note.made, note.pid, note.result)
        else:
            call.arguments = ()
            self._note("returned", call)
            call = Call(call.thread, None, note.call, (), 0)
            call.began_at = call.ended_at = note.time
            call.new = call.lane = self._new(note._replace(made=note.also), born=True)
            self._note("began", call)
        return call

    def _refused(self, note):
        began = self._notes[note.began]
        asked = began._replace(family=began.a & 0xFF, type=began.b & _TYPE, made=-1 - note.began)
        lane = self._new(asked, born=True)
        lane.tcp = False  # nothing was made: it has no states
        return lane

    def _accepted(self, note):
        self._hold(note.made, note.pid, note.result)
        lane = self._new(note, born=True)
        lane.name = _NAMES["accepted"] + self._suffix
        return lane

    def _moved(self, note, began, call):
        """What a sending or receiving call moved."""
        if note.error:
            return
        call.amount = note.result
        call.peek = "MSG_PEEK" in str(call.arguments)
        if note.call in SENDS:
            call.result = Shown(_marked(str(note.result), note)) if note.injected else note.result
            return
        call.result = _data(note.data, note.result)
        if note.injected:
            call.result = Shown(_marked(_said(call.result), note))
        if note.call == "recvfrom" and not call.lane.stream and note.address is not None:
            call.address = address_in(note.address)
        call.end = call.lane.stream and note.result == 0 and began.a > 0


def told(trace):
    """The Timeline of a Trace's program alone."""
    from labsupport.naming import Names
    from labsupport.telling import tell
    from labsupport.timeline import Timeline

    calls = Calls(*trace.notes())
    events, settled, lanes = tell(calls, Names(None))
    return Timeline(events, lanes, settled, calls.missed)


def _marked(text, note):
    """What was brought about by us says so."""
    return f"{text}, injected" if note.injected else text


def _said(value):
    return value if isinstance(value, Shown) else Shown(f"{value!r}".replace("'", '"'))


def _data(data, size):
    """Bytes where they are few and were all noted, else how many they were."""
    return kept(data[:size]) if size <= min(LONGEST, len(data)) or not size else Shown(f"{size} bytes")


def _arguments(note):
    """What a call was given, as Python's call of that name would be."""
    call, flags = note.call, _flags(note.b)
    if call in _MADE:
        family, kind = _member(socket.AddressFamily, note.a), _member(socket.SocketKind, note.b & _TYPE)
        return (family, kind, _PROTOCOLS.get(note.c, note.c)) if note.c else (family, kind)
    if call in ("bind", "connect"):
        return (_address(note.address),)
    if call in ("listen", "shutdown"):
        return (note.a,)
    if call == "setsockopt":
        value = note.data[: note.c]
        whole = int.from_bytes(value, sys.byteorder, signed=True) if note.c == 4 else value
        return note.a, note.b, whole
    if call in SENDS:
        data = Shown(f"{note.a} bytes") if "v" in call or "msg" in call else _data(note.data, note.a)
        to = (_address(note.address),) if note.address is not None and call == "sendto" else ()
        return (data, *flags, *to)
    if call in RECEIVES:
        return (note.a, *flags)
    return ()


def _address(address):
    """As Python gives it: host and port alone where IPv6's other numbers are 0."""
    return address[:2] if isinstance(address, tuple) and not any(address[2:]) else address


def _flags(number):
    """The flags of send and recv by their names; none where they are 0 (MSG_NOSIGNAL among them)."""
    if not number:
        return ()
    names = [flag.name for flag in socket.MsgFlag if flag & number]
    return (Shown(" | ".join(names) or str(number)),)


def _member(kind, number):
    try:
        return kind(number)
    except ValueError:
        return number


def _name(kind, number):
    return getattr(_member(kind, number), "name", str(number))
