"""The room and its joker as programs of their own, so that neither takes the other's descriptors.

    python rowdy.py room                 a Classroom: prints its port, answers each line with a report in JSON
    python rowdy.py joker PORT SOURCE    connections from SOURCE, garbage, a slow-loris; prints what it did
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import socket
import struct
import sys
import threading
from pathlib import Path

HELD = 1_000  # connections at once
INPUTS = 50_000
EACH = 5  # inputs on one connection
ABORT = struct.pack("ii", 1, 0)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096) if hard > 0 else 4096, hard))
    {"room": room, "joker": joker}[sys.argv[1]](*sys.argv[2:])


def room():
    """Serve until the end of standard input."""
    from labsupport import Classroom

    with Classroom() as serving:
        print(serving.address[1], flush=True)
        for _ in sys.stdin:
            print(json.dumps(report(serving)), flush=True)


def report(serving):
    """What the room is like now."""
    talks = list(serving._server._open.values())
    return {
        "rows": [{**row._asdict(), "done": sorted(row.done)} for row in serving.rows],
        "turned away": serving.turned_away,
        "errors": [repr(error) for error in serving.errors],
        "connections": len(talks),
        "pending": sum(
            talk.unsent + len(talk.memory.pending) + talk.memory.owed.size for talk in talks if talk.memory
        ),
        "log": len(serving.log),
        "alive": serving._server._loop.thread.is_alive(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "peak": peak(),
        "processor": sum(os.times()[:2]),
    }


def peak():
    """The most memory this process ever had, bytes. (ru_maxrss may be that of whoever started it.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def joker(port, source):
    """All of it, then hold what is still open until the end of standard input."""
    source_address, address = (source, 0), ("127.0.0.1", int(port))
    random.seed(5)

    def connect():
        return socket.create_connection(address, 10, source_address)

    held, refused = [], 0
    for number in range(HELD):
        try:
            held.append(connect())
            with contextlib.suppress(OSError):
                held[-1].sendall((b"", b"half a line", b"\xff\xfe\n", b"hello\n")[number % 4])
        except OSError:
            refused += 1
    stop = threading.Event()
    loris = threading.Thread(target=slow, args=(connect, stop))
    loris.start()
    sent = 0
    while sent < INPUTS:
        with contextlib.suppress(OSError), connect() as sock:
            for _ in range(EACH):
                sent += 1
                sock.sendall(garbage(sent))
            if sent % 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    print(json.dumps({"held": len(held), "refused": refused, "sent": sent}), flush=True)
    sys.stdin.read()
    stop.set()
    loris.join()


def slow(connect, stop):
    """Ten connections, each a byte now and then and never a newline."""
    lorises = [connect() for _ in range(10)]
    while not stop.wait(0.2):
        for sock in lorises:
            with contextlib.suppress(OSError):
                sock.sendall(b"z")


KINDS = (
    lambda: random.randbytes(300),
    lambda: b"x" * 20_000,
    lambda: b"I am \x1b[2J\x07" + random.randbytes(3).hex().encode() + b"\n",
    lambda: "I am <img src=x onerror=alert(1)>\u202e\u0301\u0301\n".encode(),
    lambda: b"word?\nword \xc3\nvisit 1\nvisit 99999 x\n",
    lambda: b"\n" * 500,
    lambda: b"caf\xe9\n" * 20,
    lambda: b"half a li",
    lambda: b"hello\n",
)


def garbage(number):
    """The input of this number."""
    return KINDS[number % len(KINDS)]()


if __name__ == "__main__":
    main()
