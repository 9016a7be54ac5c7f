"""The class's room: its server, its roll, and who calls on the learners' servers, as one thing to open and close."""

from __future__ import annotations

from labsupport import tidying
from labsupport.classroom.addresses import reachable
from labsupport.classroom.limits import Limits
from labsupport.classroom.roll import Roll
from labsupport.classroom.server import ClassServer, checked_way
from labsupport.observe import observe


class Classroom:
    """A server for the learners' clients, and a visitor for their servers; listening when the constructor returns.

    `host` is an address of this machine: loopback unless told otherwise; "0.0.0.0" is all of its IPv4
    addresses, "::" all of both kinds. `port` 0 lets the kernel pick one. `answers` is how lines are answered:
    "whole", "pieces" (a few bytes at a time) or "late" (half a second). `limits` is what one may take. Raises
    TypeError or ValueError for bad arguments, OSError where the address cannot be had.

    Attributes: `address` (host, port), `addresses` ("HOST:PORT" texts at which a learner reaches it), `rows`,
    `turned_away` (reason → count), `log`, `errors`, `closed`.
    """

    def __init__(self, host="127.0.0.1", port=0, *, answers="whole", limits=Limits()):
        if not isinstance(limits, Limits):
            raise TypeError(f"limits must be a labsupport.classroom.limits.Limits, not {limits!r}")
        self.limits = limits
        self._roll = Roll(limits)
        self._server = ClassServer(host, port, self._roll, limits, checked_way(answers), self._asked)
        tidying.unregister(self._server)  # it goes with the room
        self.address = self._server.address[:2]
        self.addresses = tuple(reachable(*self.address))
        self.log, self.errors = self._server.log, self._server.errors
        self.closed = False
        tidying.register(self, "server")

    @property
    def answers(self):
        """How lines are answered from now on: "whole", "pieces" or "late"."""
        return self._server.answers

    @answers.setter
    def answers(self, way):
        self._server.answers = checked_way(way)

    @property
    def rows(self):
        """A Row for each learner, in the order of coming."""
        return self._roll.rows(_state)

    @property
    def turned_away(self):
        """Why connections were ended or refused, each reason with its count."""
        return dict(self._server.reasons)

    @property
    def connections(self):
        """How many connections are open now, those without a name included."""
        return len(self._server.sockets)

    def _asked(self, learner, address, port, behavior):
        return "no visitor is here yet"

    def close(self):
        """End all conversations and visits; again: nothing. Raises the first error that a thread met, once."""
        self.closed = True
        tidying.unregister(self)
        self._server.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    def __repr__(self):
        learners = len(self._roll)
        said = [
            f"class's server on {self._server._where}",
            f"{learners} learner{'' if learners == 1 else 's'}",
        ]
        said += [f"answers come {self.answers}"] + ["closed"] * self.closed
        return ", ".join(said)


def _state(talk):
    """RFC 9293's word for the connection of `talk`, at our end."""
    try:
        return observe(talk.sock).state or "CLOSED"
    except ValueError:  # closed before anybody looked
        return "CLOSED"
