"""How to look at a host of a private network: what `ss` would list there, in a card."""

from __future__ import annotations

from labsupport.draw import CardModel
from labsupport.draw.listing import Row
from labsupport.draw.text import full
from labsupport.network.listing import PICKED
from labsupport.widgets import sheets
from labsupport.widgets.eyes import Eye


class HostEye(Eye):
    """Looks at one host's table of sockets; it has ended when the network is closed."""

    kind = "host"

    def __init__(self, host, label):
        super().__init__(host, label or host.name)
        self._place = host.name, host.address
        self._over = False
        self._rows = ()
        self.sample()

    def sample(self):
        """(what to compare with the last look, None: a host has no Snapshot of its own)."""
        found = self._sockets()
        if found is not None:
            self._rows = tuple(_row(one) for one in found)
        return (self._rows, self._over), None

    def _sockets(self):
        """What the host lists now; None where it can tell nothing any more."""
        host = self.thing
        found = host.sockets if host is not None else None
        if host is None or host.diag.closed:  # asked last: a network that closes meanwhile lists nothing
            self._over, found = True, None
        return found

    def finished(self):
        """Whether nothing can change any more: the network is closed, or gone."""
        return self._over

    def settled(self):
        """The CardModel to store: the sockets there are now, without queues and picked ports."""
        rows = tuple(_settled(one) for one in self._sockets() or ())
        return self._model(rows)

    def live(self):
        """The CardModel as of the last look."""
        return self._model(self._rows, aside="the network is closed" if self._over else "")

    def _model(self, rows, aside=""):
        name, address = self._place
        return CardModel(
            self.label,
            self.kind,
            role=sheets.role("abcdefgh".index(name)),
            address=address,
            listing=rows,
            words=f"host {address}",
            waiting=aside,
        )


def _row(one):
    return Row(
        _state(one), one.recv_queue, one.send_queue, full(one.local), full(one.peer) or "*", owned=one.owned
    )


def _settled(one):
    return Row(_state(one), None, None, _known(one.local), _known(one.peer) or "*", owned=one.owned)


def _state(one):
    return one.state if one.protocol == "TCP" else f"{one.protocol} {one.state}"


def _known(end):
    """An end in words, a port that the kernel picked as "…"."""
    said = full(end)
    return said and (f"{said.rpartition(':')[0]}:…" if end[1] >= PICKED else said)
