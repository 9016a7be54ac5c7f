"""Calls through `libc` as `record()` and scenes note Python's: with the same names, arguments and results."""

from __future__ import annotations

import socket
import struct
import sys
import threading

from labsupport import descriptors
from labsupport.c.sockaddr import Structure
from labsupport.c.trace import python_address
from labsupport.c.values import Memory
from labsupport.implied import RECEIVES, SENDS
from labsupport.notes import first_argument
from labsupport.recorder import at_work

_NOTED = frozenset({"socket", "bind", "listen", "accept", "connect", "shutdown", "close", "setsockopt"}) | {
    *("send", "sendto", "write", "recv", "recvfrom", "read")
}


def noted(function, given, call, frame):
    """`call()`, which gives (result, errno or 0), noted by each recorder that wants it; what it gave.

    `function`: the name; `given`: Python's values; `frame`: the code that called.
    """
    recorders = at_work() if function in _NOTED else ()
    thread = threading.current_thread()
    wanting = [recorder for recorder in recorders if recorder.wants(thread, frame)]
    sock = _socket(given[0]) if wanting and function != "socket" else None
    if not wanting or (sock is None and function != "socket"):
        return call()
    args = _arguments(function, given)
    notes = [(one, _began(one, thread, sock, function, args, frame)) for one in wanting]
    result, number = call()
    for recorder, note in notes:
        if note is not None:
            _ended(recorder, note, sock, function, given, args, result, number)
    return result, number


def _socket(value):
    """The socket that a call is about; None for what is no open socket's."""
    if isinstance(value, socket.socket):
        return value
    try:
        return descriptors.socket_of(int(value))
    except (TypeError, ValueError):
        return None


def _began(recorder, thread, sock, function, args, frame):
    if sock is not None:
        lane = recorder.socket(sock)
        lane.name = lane.name or first_argument(frame.f_code, frame.f_lasti, function)
        lane.tries = 0  # what stands before the dot is the library
    return recorder.began(thread, sock, function, args, {}, frame)


def _ended(recorder, note, sock, function, given, args, result, number):
    if number:
        recorder.raised(note, OSError(number, ""))
        note.error = "-1"
        return
    if function == "socket":
        sock = descriptors.socket_of(result)
    elif function == "accept":
        result = descriptors.socket_of(result), None
    elif function in RECEIVES:
        data = bytes(_memory(given[1])[:result])
        result = (data, _address(given[4], None)) if function == "recvfrom" else data
    elif function not in SENDS:
        result = None
    recorder.returned(note, sock, result, args)


def _arguments(function, given):
    """What Python's method of that name would have been given."""
    if function == "socket":
        family, kind = _member(socket.AddressFamily, given[0]), _member(socket.SocketKind, given[1])
        return (family, kind, given[2]) if given[2] else (family, kind)
    if function in ("bind", "connect"):
        return (_address(given[1], given[2]),)
    if function in ("listen", "shutdown"):
        return (int(given[1]),)
    if function == "setsockopt":
        value = bytes(_memory(given[3])[: given[4]])
        whole = (
            int.from_bytes(value, sys.byteorder, signed=True) if len(value) == struct.calcsize("i") else value
        )
        return int(given[1]), int(given[2]), whole
    flags = (socket.MsgFlag(given[3]),) if len(given) > 3 and given[3] else ()
    if function in SENDS:
        to = (_address(given[4], given[5]),) if function == "sendto" and given[4] is not None else ()
        return (bytes(_memory(given[1])[: given[2]]), *flags, *to)
    return (int(given[2]), *flags) if function in RECEIVES else ()


def _address(value, length):
    """A struct sockaddr as Python writes the address."""
    if isinstance(value, Structure):
        return value.address
    if isinstance(value, (bytes, bytearray, Memory)):
        address = python_address(bytes(_memory(value))[:length])
        return address[:2] if isinstance(address, tuple) and not any(address[2:]) else address
    return "an address"


def _memory(value):
    return value.memory if isinstance(value, Memory) else memoryview(value).cast("B")


def _member(kind, number):
    try:
        return kind(int(number))
    except ValueError:
        return int(number)
