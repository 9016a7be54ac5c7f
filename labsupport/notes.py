"""What a recorder notes of one call and of one socket: enough to tell it later, keeping nothing alive.

Values are kept where they are small and cannot change; anything else becomes text at once. Sockets are held
weakly.
"""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import os
import time
import weakref

from labsupport.implied import SENDS
from labsupport.observe import cookie, observe, seen
from labsupport.parsing import parse
from labsupport.shown import LONGEST, is_address, shown

FAMILIES = {"AF_INET", "AF_INET6", "AF_UNIX"}


class Shown(str):
    """Text that stands for a value which was not kept."""


class Call:
    """One call, filled in as it goes. `began` and `ended` number its events; `lane`, `new` are Sockets.

    `new`: the socket it made; `target`: the socket at the other end, where recorded (found when the block
    ends); `found`: of what ends a TCP connection, the socket's (state, unread bytes) as the call began.
    """

    __slots__ = (
        *("thread", "lane", "name", "arguments", "began", "began_at", "ended", "ended_at"),
        *("result", "error", "errno", "amount", "end", "peek", "new", "target", "address"),
        *("opening", "anchored", "gone", "found", "states"),
    )

    def __init__(self, thread, lane, name, arguments, began):
        self.thread, self.lane, self.name, self.arguments, self.began = thread, lane, name, arguments, began
        self.began_at = time.perf_counter()
        self.ended = self.ended_at = self.result = self.error = self.errno = None
        self.amount = self.new = self.target = self.address = self.found = None
        self.end = self.peek = self.opening = self.anchored = self.gone = False
        self.states = ()


class Socket:
    """What is known of one socket of the block; it is held weakly, so that it may still be collected."""

    def __init__(self, sock, number, born):
        self.ref, self.number, self.born = weakref.ref(sock), number, born
        self.family = getattr(sock.family, "name", str(sock.family))
        self.type = getattr(sock.type, "name", str(sock.type))
        self.stream = self.type == "SOCK_STREAM"
        self.tcp = self.stream and self.family != "AF_UNIX"
        self.wanted = self.family in FAMILIES
        self.name = self.local = self.remote = self.peer = self.state = self.opened = None
        self.cookie, self.sampled, self.tries = None, None, 3
        if self.wanted:
            self._look(sock)

    @classmethod
    def unborn(cls, number, arguments):
        """The socket that socket() refused to make: what was asked for, and no states."""
        said = [str(argument) for argument in arguments] + ["AF_INET", "SOCK_STREAM"]
        lane = cls.__new__(cls)
        lane.ref, lane.number, lane.born, lane.wanted = lambda: None, number, True, True
        lane.family = next(word for word in said if word.startswith("AF_"))
        lane.type = next(word for word in said if word.startswith("SOCK_"))
        lane.stream = lane.tcp = False
        lane.name = lane.local = lane.remote = lane.peer = None
        lane.state = lane.opened = lane.cookie = lane.sampled = None
        return lane

    def _look(self, sock):
        try:
            seen(sock)
            self.cookie = cookie(sock)
            snapshot = observe(sock)
        except (OSError, ValueError):
            return  # closed already: nothing to be had
        self.state, self.opened = snapshot.state, snapshot.opened
        self.ask(sock)

    def ask(self, sock):
        """Note both addresses while they can be had."""
        if self.local is None or not self._port():
            self.local = asked(sock.getsockname)
        if self.remote is None:
            self.remote = asked(sock.getpeername)

    def _port(self):
        return self.local[1] if isinstance(self.local, tuple) else self.local


def found(sock):
    """(state, bytes that arrived and were not read) as the kernel has them; None where it does not say."""
    try:
        snapshot = observe(sock)
    except (OSError, ValueError):
        return None
    return None if snapshot.fd is None or snapshot.state is None else (snapshot.state, snapshot.recv_queue)


def asked(ask):
    """An address, where there is one to be had."""
    try:
        return ask()
    except OSError:
        return None


def measure(call, result, args):
    """What a sending or receiving call moved, and whether a receiving one met the end of the stream."""
    name = call.name
    call.peek = any("MSG_PEEK" in argument for argument in call.arguments if isinstance(argument, str))
    if name in SENDS:
        call.amount = memoryview(args[0]).nbytes if name == "sendall" else result
        call.result = None if name == "sendall" else result
        return
    data = result[0] if isinstance(result, tuple) else result
    call.amount = data if isinstance(data, int) else len(data)
    call.result = kept(data)
    if isinstance(result, tuple) and name.startswith("recvfrom") and not call.lane.stream:
        call.address = address_in(result[1])
    size = args[0] if args else 1
    if not isinstance(size, int):  # buffers to be filled; recvmsg_into takes several
        size = sum(memoryview(buffer).nbytes for buffer in (size if isinstance(size, list) else [size]))
    call.end = call.lane.stream and call.amount == 0 and size > 0


def address_in(value):
    return value[:2] if is_address(value) else value if isinstance(value, (str, bytes)) else None


def kept(value):
    """`value` where it is small and cannot change, else text for it."""
    if value is None or type(value) in (int, float, bool) or is_address(value):
        return value
    if isinstance(value, str) and os.path.isabs(value):
        return value  # a Unix socket's address
    if isinstance(value, (str, bytes)) and len(value) <= LONGEST:
        return value
    return Shown(shown(value))


def kept_arguments(args, kwargs):
    said = tuple(map(kept, args))
    return said + tuple(Shown(f"{key}={shown(value)}") for key, value in kwargs.items()) if kwargs else said


@functools.lru_cache(1000)
def receiver(code, instruction, method):
    """What stands before `.method(` in this instruction's call: `conn`; None where that is no name."""
    call = _call(code, instruction, method)
    return _name(call.func.value) if call is not None else None


@functools.lru_cache(1000)
def first_argument(code, instruction, function):
    """What stands first in the parentheses of `….function(`: `fd`; None where that is no name."""
    call = _call(code, instruction, function)
    return _name(call.args[0]) if call is not None and call.args else None


def _name(node):
    return ast.unparse(node).removeprefix("self.") if isinstance(node, (ast.Name, ast.Attribute)) else None


def _call(code, instruction, method):
    """The call of `….method` that this instruction makes, as ast has it; None where it is another.

    Read from the source text, not from the frame's variables: a frame that was asked for those keeps them
    alive.
    """
    line, last, begin, end = next(itertools.islice(code.co_positions(), instruction // 2, None))
    if None in (line, last, begin, end):
        return None
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(line, last + 1)]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    try:
        call = parse(b"".join(lines), "eval").body
    except (SyntaxError, ValueError):
        return None
    function = call.func if isinstance(call, ast.Call) else None
    return call if isinstance(function, ast.Attribute) and function.attr == method else None
