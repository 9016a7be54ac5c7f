"""A private network on the page: what each host lists, what is between them, and the wire's four verbs.

Looked at by the sampler, at most ten times a second, and drawn again only where something changed. The panel
holds its network weakly and opens nothing: a network closes when the learner closes it.
"""

from __future__ import annotations

import threading
import weakref

from labsupport import tidying
from labsupport.draw import theme
from labsupport.draw.text import full, plural
from labsupport.widgets import controls, sheets
from labsupport.widgets.bundle import bundle as mimebundle
from labsupport.widgets.bundle import toolkit
from labsupport.widgets.looking import Looking
from labsupport.widgets.sampler import sampler

INTERVAL = 0.1  # seconds between two looks
FREE = "Hold the wire, and nothing moves on it but by Step and Settle."
HELD = "Held. Nothing moves on the wire but by Step and Settle."
FLYING = 8  # packets in flight that are listed

_panels = weakref.WeakKeyDictionary()
_looking = weakref.WeakSet()  # the page keeps a panel, also when its network is gone
_press = threading.Lock()  # keeps two presses apart, whichever threads the kernel runs them in


def network_bundle(net):
    """The mimebundle of a Network. Displayed again, it is the same panel on the page."""
    text = repr(net)
    if toolkit() is None or net.closed:
        return mimebundle(text)
    panel = _panels.get(net)
    if panel is None or panel.closed:
        panel = _panels[net] = Panel(net)
    panel.refresh()
    return mimebundle(text, None, panel.widget)


def sockets_bundle(sockets):
    """The mimebundle of a host's sockets: its settled text, and live a table with ports and queues."""
    widgets = toolkit()
    live = sheets.paper(socket_table(sockets)) if widgets else None
    return mimebundle(repr(sockets), None, widgets.HTML(live) if widgets else None)


def socket_table(sockets, role=None, address=None):
    """Sockets as `ss` lists them, HTML: state, queues, both ends. `address`: the host's own, left out."""
    if not sockets:
        return f'<div style="margin-top:3px">{sheets.small("no sockets")}</div>'
    rows = [
        (
            sheets.pill(one.state if one.protocol == "TCP" else f"UDP {one.state}", role, seen=one.owned),
            sheets.figure(one.recv_queue),
            sheets.figure(one.send_queue),
            _end(one.local, address),
            _end(one.peer),
        )
        for one in sockets
    ]
    table = sheets.table(("State", "Recv-Q", "Send-Q", "Local", "Peer"), rows)
    if all(one.owned for one in sockets):
        return table
    return table + sheets.small("dashed: the kernel's alone, no program's")


def _end(end, own=None):
    """An end as `ss` writes it, `10.0.0.2:80`; `:80` of the host's own address, `*` for any."""
    if not end or not end[1]:
        said = "*"
    elif end[0] in ("0.0.0.0", "::"):
        said = f"*:{end[1]}"
    elif own is not None and end[0] == own:
        said = f":{end[1]}"
    else:
        said = full(end)
    return sheets.code(said)


class Panel(Looking):
    """The live panel of one Network; `close()` ends the looking."""

    interval = INTERVAL

    def __init__(self, net):
        super().__init__(HELD if net.wire.held else FREE)
        self._ref = weakref.ref(net)
        self._names = tuple((host.name, host.address) for host in net.hosts)
        self._key = None
        _looking.add(self)
        sampler.start(self)

    def tick(self, now):
        """Look once; called by the sampler. False once the network is closed or gone."""
        net = self._ref()
        with self._lock:
            if self._closed:
                return False
            try:
                key = None if net is None or net.closed else _look(net)
            except (OSError, ValueError):  # it closed meanwhile
                if not net.closed:
                    raise
                key = None
            if key is None:
                if self._widget is not None:
                    self._state.value = ""
                return self._ends("The network is closed.")
            if key != self._key:
                self._key = key
                self._draw()
            return True

    # --- the buttons ------------------------------------------------------------------------------

    def press(self, name):
        """What a button does: "hold", "step", "settle" or "release". An error is said in the panel."""
        net = self._ref()
        if net is None or net.closed:
            return
        with _press:
            try:
                said = _ACTS[name](self, net)
            except Exception as error:
                said = f"{name}: {controls.spoken(error)}"
        self.say(said)
        self.refresh()

    def _hold(self, net):
        net.hold()
        return HELD

    def _step(self, net):
        packet = net.step()
        return "Nothing waits on the wire." if packet is None else f"Carried {self._told(packet)}."

    def _settle(self, net):
        packets = net.settle()
        if not packets:
            return "Nothing waits on the wire."
        return f"Carried {plural(len(packets), 'packet')}, the last {self._told(packets[-1])}."

    def _release(self, net):
        net.release()
        return "Released. The wire carries by itself again."

    def _told(self, packet):
        """`a → b: SYN, ACK`, and what became of it where that is news."""
        fate = f" ({packet.fate})" if packet.fate not in ("delivered", "in flight") else ""
        return f"{self._host(packet.source)} → {self._host(packet.destination)}: {packet.said}{fate}"

    def _host(self, end):
        address = end[0] if end else "?"
        return next((name for name, own in self._names if own == address), address)

    # --- the widget -------------------------------------------------------------------------------

    def _build(self, widgets):
        looks = (
            ("hold", "pause", "nothing moves on the wire from now on"),
            ("step", "step-forward", "carry the one packet that is next"),
            ("settle", "fast-forward", "carry packets until all programs wait"),
            ("release", "play", "let the wire carry by itself again"),
        )
        self._buttons = {}
        for name, icon, tooltip in looks:
            button = widgets.Button(
                description=name.capitalize(), icon=icon, tooltip=tooltip, layout={"width": "auto"}
            )
            button.on_click(lambda _, name=name: self.press(name))
            self._buttons[name] = button
        self._state, self._hosts, self._flight = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._status = widgets.HTML(self._line())
        row = {"flex_flow": "row wrap", "align_items": "center", "max_width": f"{sheets.WIDTH}px"}
        bar = widgets.HBox([*self._buttons.values(), self._state], layout=row)
        self._widget = widgets.VBox([bar, self._status, self._hosts, self._flight])
        self._widget.add_class("labsupport-network")
        if self._key is not None:
            self._draw()
        self._enable(None if self._closed else self._key and self._key[0])

    def _draw(self):
        if self._widget is None:
            return
        held, hosts, flight, late = self._key
        self._state.value = sheets.paper(_state(held, late))
        sections = [
            sheets.host(name, role, address, socket_table(sockets, role, address))
            for (name, address), sockets, role in zip(
                self._names, hosts, map(sheets.role, range(len(hosts))), strict=True
            )
        ]
        self._hosts.value = sheets.paper(sheets.side_by_side(sections, least=340))
        self._flight.value = sheets.paper(self._flying(held, flight))
        self._enable(held)

    def _flying(self, held, flight):
        """What is between the hosts, in the order in which it will arrive."""
        if not held:
            return ""
        if not flight:
            return sheets.small("on the wire: nothing")
        rows = [self._packet(number, packet) for number, packet in enumerate(flight[:FLYING])]
        table = sheets.table(("on the wire", "", "", ""), rows, wide=False)
        hidden = len(flight) - FLYING
        return table + (sheets.small(f"and {plural(hidden, 'packet')} more") if hidden > 0 else "")

    def _packet(self, number, packet):
        ends = [self._host(packet.source), self._host(packet.destination)]
        at = next((place for place, (name, _) in enumerate(self._names) if name == ends[0]), None)
        ink = theme.color(sheets.role(at))
        said = f'<b style="color:{ink}">{theme.escape(ends[0])} → {theme.escape(ends[1])}</b>'
        ports = [end[1] for end in (packet.source, packet.destination) if end and end[1] is not None]
        return (
            sheets.small(f"{number + 1}.") if number else sheets.pill("next", sheets.role(at), news=True),
            said,
            f"<b>{theme.escape(packet.said)}</b>",
            sheets.small(f"port {ports[0]} to {ports[1]}") if len(ports) == 2 else "",
        )

    def _enable(self, held):
        """Which buttons can be pressed; `held` None: none of them."""
        if self._widget is None:
            return
        for name, button in self._buttons.items():
            button.disabled = held is None or held is not (name != "hold")

    def _disable(self):
        self._enable(None)

    def _line(self):
        return sheets.paper(sheets.status(self._said, high=20))


_ACTS = {"hold": Panel._hold, "step": Panel._step, "settle": Panel._settle, "release": Panel._release}


def _look(net):
    """All that is shown, to compare with the last look: held, each host's sockets, packets, lateness."""
    if not net.wire.held:  # nothing is listed between the hosts, and looking must not keep the wire waiting
        return False, _listed(net), (), round(net.wire.lateness, 2)
    with net.wire.lock:  # one moment: no packet may be on the wire and in a queue at once
        return net.wire.held, _listed(net), tuple(net.wire.in_flight), 0.0


def _listed(net):
    """Each host's sockets, without the timers, which run on."""
    return tuple(tuple(one._replace(expires=0.0, timer="") for one in host.sockets) for host in net.hosts)


def _state(held, late):
    said = "the wire is held" if held else "the wire carries by itself"
    behind = f"; it ran up to {late * 1000:.0f} ms late" if late >= 0.02 and not held else ""
    return f'<div style="padding-left:8px">{theme.escape(said)}{sheets.small(behind)}</div>'


def _rest():
    """After `tidy()`: its networks are closed, and no panel goes on looking."""
    for panel in list(_looking):
        panel.refresh()
        if panel.closed:
            _looking.discard(panel)


tidying.afterwards(_rest)  # not a view of its own there: a panel ends with its network
