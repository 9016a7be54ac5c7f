"""The wire in a process of its own, for packets that keep time or come in masses.

In the notebook's process every packet waits for the interpreter's lock: while a figure is drawn, for tens of
milliseconds (benchmarks/wire.py has the numbers). So whenever nothing but numbers is set (delay, rate, loss
…), and nobody holds or watches the wire, this program works it. It writes records and counts into memory that
both share.

Run by path, with -I and -S: `forwarder.py control shared began ends`: the descriptors of a Unix socket and of
the shared memory, the moment on the monotonic clock when the network began, and the hosts as JSON. It gets a
state, moves packets until anything comes on the socket, and gives the state back; it ends at EOF, however the
other process ended.
"""

from __future__ import annotations

import pickle
import select
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


def work(flight, control):
    """Move packets until something comes on the control socket."""
    fds = [*flight.fds, control.fileno()]
    while True:
        ready = select.select(fds, [], [], flight.wait(LONGEST_WAIT))[0]
        if fds[-1] in ready:
            return
        flight.move()


def main(control_fd, shared_fd, began, ends):
    """Serve until EOF."""
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
        send(control, READY)
        while True:
            flight.restore(receive(control))
            work(flight, control)
            receive(control)  # STOP, or EOF
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
