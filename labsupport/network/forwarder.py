"""The wire in a process of its own, for packets that keep time or come in masses.

In the notebook's process every packet waits for the interpreter's lock: while a figure is drawn, for tens of
milliseconds (benchmarks/wire.py has the numbers). So whenever nothing but numbers is set (delay, rate, loss
…), and nobody holds or watches the wire, this program works it. It writes records and counts into memory that
both share.

Run by path, with -I and -S: `forwarder.py control shared began ends parent`: the descriptors of a Unix socket
and of the shared memory, the moment on the monotonic clock when the network began, the hosts as JSON, and the
number of the process that started it. It gets a state, moves packets until anything comes on the socket, and
gives the state back; it ends at EOF, however the other process ended, and with that process where a fork of it
still holds the socket's other end.
"""

from __future__ import annotations

import pickle
import struct

READY, STOP = "ready", "stop"
LONGEST_WAIT = 60.0  # seconds
_LENGTH = struct.Struct("=Q")


def send(control, message):
    """Send one message, any value that pickle takes."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    control.sendall(_LENGTH.pack(len(data)) + data)


def receive(control):
    """The next message. Raises EOFError at the end, TimeoutError after the socket's timeout."""
    (length,) = _LENGTH.unpack(_exactly(control, _LENGTH.size))
    return pickle.loads(_exactly(control, length))


def _exactly(control, count):
    data = bytearray(count)
    view, got = memoryview(data), 0
    while got < count:
        read = control.recv_into(view[got:])
        if not read:
            raise EOFError("the other end is gone")
        got += read
    return data


def work(flight, signs):
    """Move packets until one of `signs`, the control socket and the parent's pidfd, can be read."""
    from labsupport.waiting import readable

    fds = [*flight.fds, *signs]
    while True:
        ready = readable(fds, flight.wait(LONGEST_WAIT))
        if not signs.isdisjoint(ready):
            return
        flight.move()


def watched(parent):
    """A pidfd of the parent in a list; none where the kernel has no such thing (before Linux 5.3)."""
    import os

    try:
        ending = os.pidfd_open(parent)
    except OSError:
        return []
    if os.getppid() != parent:
        raise EOFError("the parent has ended before")
    return [ending]


def told(control, ending):
    """The next message; EOFError where the parent ends instead."""
    from labsupport.waiting import readable

    if not set(ending).isdisjoint(readable([control, *ending])):
        raise EOFError("the parent has ended")
    return receive(control)


def main(control_fd, shared_fd, began, ends, parent):
    """Serve until EOF, or the parent's end."""
    import contextlib
    import gc
    import json
    import socket

    from labsupport.network.passage import Passage
    from labsupport.network.shared import Shared

    with contextlib.suppress(OSError), open("/proc/self/timerslack_ns", "w") as slack:
        slack.write("1000")  # waits end within 1 µs of their time, not 50 (prctl(2), PR_SET_TIMERSLACK)
    flight = Passage(json.loads(ends), Shared(int(shared_fd)), float(began))
    gc.disable()  # records make no cycles, and nothing may come between packets
    with socket.socket(fileno=int(control_fd)) as control, contextlib.suppress(EOFError, ConnectionError):
        ending = watched(int(parent))
        send(control, READY)
        while True:
            flight.restore(told(control, ending))
            work(flight, {control.fileno(), *ending})
            told(control, ending)  # STOP, or EOF
            send(control, flight.state())


def _without_packages():
    """Let `labsupport.network.…` be imported without what the packages import by themselves: it is not
    needed."""
    import pathlib
    import sys
    import types

    here = pathlib.Path(__file__).resolve().parent
    for name, folder in (("labsupport", here.parent), ("labsupport.network", here)):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]


if __name__ == "__main__":
    import signal
    import sys

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt in the notebook is meant for the notebook
    _without_packages()
    main(*sys.argv[1:])
