"""The class's room: its server, its roll, and its visitors, as one thing to open and close."""

from __future__ import annotations

from labsupport import tidying
from labsupport.classroom.addresses import reachable
from labsupport.classroom.limits import Limits
from labsupport.classroom.roll import Roll
from labsupport.classroom.server import ClassServer, checked_way
from labsupport.classroom.visits import Visits, checked_behavior
from labsupport.closing import Closing
from labsupport.observe import observe


class Classroom(Closing):
    """A server for the learners' clients, and a visitor for their servers; listening once it is made.

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
        way = checked_way(answers)
        self._visits = Visits(self._roll)
        try:
            self._server = ClassServer(host, port, self._roll, limits, way, self._visits.ask)
        except BaseException:
            self._visits.close()
            raise
        tidying.unregister(self._server)  # it goes with the room
        self.keep_away(self._server.port)
        self.address = self._server.address[:2]
        self.addresses = tuple(reachable(*self.address))
        self.log = self._server.log
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

    @property
    def errors(self):
        """What the server's thread and the visits' raised: empty, unless we made a mistake."""
        return [*self._server.errors, *self._visits.errors]

    def visit(self, name, behavior="good"):
        """Send a visitor to the server of the learner called `name`; what came of it will be in the row.

        `behavior` is one of visits.BEHAVIORS. After a bad visitor comes a good one. Raises ValueError when
        there is no such learner or behavior, when the learner has no server, or a visitor is there already.
        """
        learner = self._roll.find(name)
        if learner is None:
            raise ValueError(f"nobody here is called {name!r}")
        self._visits.again(learner, behavior)

    def visit_all(self, behavior="good"):
        """The same for everybody who has a server. Returns the names of those to whom somebody comes."""
        checked_behavior(behavior)
        sent = []
        for learner in self._roll.learners:
            try:
                self._visits.again(learner, behavior)
            except ValueError:  # no server, or there is one already
                continue
            sent.append(learner.name)
        return tuple(sent)

    def keep_away(self, port):
        """Let no visitor go to `port` of this machine: it is the class's own."""
        self._visits.own_ports.add(port)

    def dismiss(self, name):
        """Forget the learner called `name` and end the connections. ValueError: nobody."""
        learner = self._roll.find(name)
        if learner is None:
            raise ValueError(f"nobody here is called {name!r}")
        self._server.dismiss(learner)

    def close(self):
        """End all conversations and visits; again: nothing. Raises the first error met, once."""
        self.closed = True
        tidying.unregister(self)
        try:
            self._visits.close()
        finally:
            self._server._end()
        self._raise_first()

    def _repr_mimebundle_(self, include=None, exclude=None):
        from labsupport.widgets.room import mimebundle

        return mimebundle(self, include, exclude)

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
