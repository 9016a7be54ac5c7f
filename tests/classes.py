"""What the tests of the class's board share: rows made by hand."""

from __future__ import annotations

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
