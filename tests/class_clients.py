"""Clients of the class's server, the learner's own among them, for its tests."""

import contextlib
import functools
import json
import selectors
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from labsupport import Classroom, until
from labsupport.classroom.limits import Limits

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ABORT = struct.pack("ii", 1, 0)


def cells(notebook, *names):
    """The source of these cells of a notebook, each behind the other."""
    (path,) = NOTEBOOKS.glob(f"{notebook}-*.ipynb")
    sources = {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]}
    return [sources[name] for name in names]


CLIENT = cells("08", "read-lines", "sending", "exchange", "explain", "main")
SERVER = cells("09", "carry-on", "welcome", "serve-many", "part")


def loaded(sources, **names):
    """What the cells define, in a namespace that has `names` and the notebook's imports."""
    modules = (contextlib, selectors, socket, sys, threading, time)
    space = {module.__name__: module for module in modules} | {"SimpleNamespace": SimpleNamespace} | names
    for source in sources:
        exec(source.partition("\nlistener.close()")[0], space)
    return SimpleNamespace(**space)


exchange = functools.partial(loaded(CLIENT).exchange, timeout=20)  # a busy machine may take its time


class Client:
    """A client that speaks in lines, from an address of its choice, and never waits for ever."""

    def __init__(self, room, name=None, source=None, seconds=30):
        where = (source, 0) if source else None
        self.sock = socket.create_connection(room.address, timeout=seconds, source_address=where)
        self.reader = self.sock.makefile("rb")
        if name is not None:
            self.greeting = self.ask(f"I am {name}")

    def send(self, line):
        self.sock.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")

    def line(self):
        return self.reader.readline().decode().rstrip("\n")

    def ask(self, line):
        self.send(line)
        return self.line()

    def end(self):
        """End in order."""
        self.sock.shutdown(socket.SHUT_WR)
        return self.reader.read()

    def abort(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def close(self):
        self.reader.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def row(room, name="Ada"):
    """The row of `name`."""
    return next(row for row in room.rows if row.name == name)


def settled(room):
    """Wait until nobody is connected."""
    until(lambda: not room.connections, timeout=20)


def named(client):
    client.ask("I am Ada")


def joins(client):
    named(client)
    client.ask("word " + client.ask("word?"))


@contextlib.contextmanager
def limited(**limits):
    """A room with other limits, whose thread met no error."""
    with Classroom(limits=Limits(**limits)) as room:
        yield room
        assert room.errors == []


def visited(room, name="Ada", timeout=20):
    """Wait until no visitor is on the way; the visits."""
    until(lambda: not room._roll.find(name).visiting, timeout=timeout)
    return row(room, name).visits


def asked(room, port, behavior="", name="Ada"):
    """Ask for a visit; what came of it, and what that earned."""
    with Client(room, name) as client:
        assert client.ask(f"visit {port} {behavior}".strip()) == "coming"
        return visited(room, name), row(room, name).done & {"server", "withstood"}
