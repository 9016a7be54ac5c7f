"""What the tests of the class's board share: rows made by hand, and clients as the learners write them."""

from __future__ import annotations

import contextlib
import socket

from labsupport.classroom.roll import GOALS, Row
from labsupport.draw.board import BoardModel, Goal

GOAL_LIST = tuple(Goal(key, *said) for key, said in GOALS.items())
JOKER = '<img src=x onerror="alert(1)">'


def row(name="Ada", **fields):
    """A Row with nothing in it but what `fields` say."""
    given = {"address": "127.0.0.1", "state": "CLOSED", "connections": 0, "received": 0, "sent": 0}
    return Row(name, **{**given, "done": frozenset(), "server": None, "visits": (), **fields})


def model(*rows, **fields):
    """A BoardModel of these rows, with the real goals."""
    return BoardModel(rows, GOAL_LIST, **{"addresses": ("192.0.2.7:40123",), **fields})


class Learner:
    """A client that sends lines and reads as many back; a context manager."""

    def __init__(self, address, *lines):
        self.sock = socket.create_connection(address, 10)
        self._file = self.sock.makefile("rb")
        for line in lines:
            self.say(line)

    def say(self, line):
        """Send one line, return the one that comes back."""
        self.sock.sendall(line.encode() + b"\n")
        return self._file.readline().decode().rstrip("\n")

    def leave(self):
        """Say that no more comes, read to the end, close."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self._file.read()
        self.close()

    def close(self):
        self._file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
