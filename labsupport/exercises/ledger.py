"""What a learner's function made and did not give back: sockets, descriptors, threads.

A socket counts as closed when the code closed it: the recorder saw `close` (or `detach`). CPython closing a
forgotten local by its reference count is luck, and other interpreters do not do it.
"""

from __future__ import annotations

import os
import threading


def descriptors():
    """{descriptor: what it is} of this process; empty where that cannot be listed."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        return {int(name): _kind(f"{folder}/{name}") for name in names if _open(int(name))}
    return {}


def _open(number):
    try:
        os.fstat(number)
    except OSError:
        return False  # the listing's own
    return True


def _kind(link):
    try:
        target = os.readlink(link)
    except OSError:
        return "descriptor"
    kind = target.partition(":")[0]
    return kind if kind in ("socket", "pipe") else "eventpoll" if "eventpoll" in target else "file"


def unclosed(log, returned):
    """(name in the program, was it a connection that accept gave) of each socket made and not closed.

    `log`: a recorder's; `returned`: id() of the sockets that the function gave back.
    """
    made, closed = [], set()
    for kind, *rest in log:
        if kind != "returned":
            continue
        call = rest[0]
        if call.new is not None and call.error is None:
            made.append((call.new, call.name))
        if call.lane is not None and (call.name == "detach" or (call.name == "close" and call.gone)):
            closed.add(call.lane)
    return [
        (lane.name, name == "accept")
        for lane, name in made
        if lane not in closed and not (lane.ref() is not None and id(lane.ref()) in returned)
    ]


def threads(before):
    """The names of the threads that run now and did not before; Python's own numbering left out."""
    own = (thread for thread in threading.enumerate() if thread not in before)
    return sorted(thread.name.partition("-")[0] for thread in own if thread.is_alive())
