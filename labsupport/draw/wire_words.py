"""What happened on two hosts and the wire between them, told in plain sentences.

For those who listen to a drawing, and for the stepper, which tells one event at a time. A sentence says what
happened and, where a state changed with it, what that state means.
"""

from __future__ import annotations

from labsupport.draw.wire_rows import LATER, ON_THE_WAY, Names, host_of, relative_numbers
from labsupport.events import ELLIPSIS, Arrived, Became, Began, Held, Returned, Sent

MEANING = {
    "CLOSED": "there is no connection",
    "LISTEN": "it waits for connections",
    "SYN-SENT": "it has asked for a connection and waits for the answer",
    "SYN-RECEIVED": "half open, it has answered and waits for the last acknowledgment",
    "ESTABLISHED": "the connection is open",
    "FIN-WAIT-1": "it has ended its own direction and waits for the acknowledgment",
    "FIN-WAIT-2": "its own end is acknowledged, and it waits for the other's",
    "CLOSE-WAIT": "the other end has finished, and this program has not closed yet",
    "CLOSING": "both ended at the same time, and it waits for the acknowledgment",
    "LAST-ACK": "both have ended, and it waits for the last acknowledgment",
    "TIME-WAIT": "all is done, and it waits a while for stray packets",
}
LOSSES = {
    "lost": "The wire loses it.",
    "queue full": "The wire's queue is full, so it is dropped.",
    "cut": "The wire is cut, so it goes nowhere.",
    "absorbed": "One like it is still on its way, so the wire keeps this one back.",
    "corrupted": "The wire damages it.",
}


def tell_event(timeline, index):
    """Event number `index` of a scene's timeline as a sentence or two.

    An arrival tells the state that it brings about, too. ValueError for a number that is no event's.
    """
    if not 0 <= index < len(timeline.events):
        raise ValueError(f"no event {index}: this timeline has {len(timeline.events)}")
    return _Teller(timeline).tell(index)


def told(timeline):
    """The whole timeline in sentences, one after another: what a drawing says to a screen reader."""
    teller, said, covered = _Teller(timeline), [], set()
    for index, event in enumerate(timeline.events):
        if isinstance(event, Held) or index in covered:
            continue
        if isinstance(event, Arrived):
            covered.update(at for at, _ in teller.then(index, event))
        said.append(teller.tell(index))
    return " ".join(said) or "Nothing happened."


class _Teller:
    """Tells the events of one timeline."""

    def __init__(self, timeline):
        self.timeline, self.events, self.lanes = timeline, timeline.events, timeline.lanes
        self.names, self.numbers = Names(timeline), relative_numbers(timeline)
        self.place = {event.order: at for at, event in enumerate(self.events)}
        self.ends = {event.began: at for at, event in enumerate(self.events) if isinstance(event, Returned)}

    def tell(self, index):
        """The sentence of event number `index`."""
        event = self.events[index]
        said = _TELL[type(event)](self, index, event)
        return said[:1].upper() + said[1:]

    # --- who -----------------------------------------------------------------------------------------

    def who(self, host):
        """How a host is called: "the client", "host a"."""
        label = self.timeline.hosts[host].label if host < len(self.timeline.hosts) else "abc"[host]
        if len(label) == 1:
            return f"host {label}"
        return f"the {label}" if label.replace(" ", "").isalpha() else label

    def caller(self, event):
        """Who makes a call."""
        return self.who(host_of(self.timeline, event))

    def whose(self, event, short=False):
        """The socket of an event: "the client's socket c7", `short` "its socket c7"."""
        owner = "its" if short else f"{self.caller(event)}'s"
        if event.socket in self.names.listeners:
            return f"{owner} listening socket"
        name = self.names.of_state(event) if self.names.crowded else ""
        if not name:
            return f"{owner} socket"
        own = name == self.lanes[event.socket].label
        return f"{owner} socket {name}" if own else f"{owner} end of the connection with {name}"

    # --- calls ---------------------------------------------------------------------------------------

    def began(self, index, event):
        end = self.ends.get(event.order)
        waits = end is None or any(
            isinstance(e, (Arrived, Began)) or (isinstance(e, Sent) and e.note in LATER)
            for e in self.events[index + 1 : end]
        )
        on = (
            f" on {self.lanes[event.socket].label}" if self.names.crowded and event.socket is not None else ""
        )
        return f"{self.caller(event)} calls {event.call}({event.arguments}){on}" + (
            "; it waits." if waits else "."
        )

    def returned(self, index, event):
        who = self.caller(event)
        if event.error:
            errno = f" ({event.errno})" if event.errno else ""
            return f"{who}'s {event.call} fails with {event.error}{errno}."
        if event.result is not None:
            return f"{who}'s {event.call} returns {event.result}."
        if event.call != "connect":
            return f"{who}'s {event.call} returns."
        stream = event.socket is None or self.lanes[event.socket].type == "SOCK_STREAM"
        return f"{who}'s connect returns; " + (
            "it is connected." if stream else "its peer is set, and nothing was sent."
        )

    # --- kernels -------------------------------------------------------------------------------------

    def became(self, index, event):
        if event.state == ELLIPSIS:
            return f"{self.caller(event)}'s kernel goes on alone; nobody looked."
        meaning = MEANING.get(event.state)
        return f"{self.whose(event)} is now {event.state}" + (f": {meaning}." if meaning else ".")

    def held(self, index, event):
        whose = self.whose(event)
        if event.socket in self.names.listeners:
            count = event.recv_queue
            waiting = "1 connection waits" if count == 1 else f"{count or 'no'} connections wait"
            return f"at {whose} {waiting} to be accepted."
        return f"{whose} now has Recv-Q {event.recv_queue:,} and Send-Q {event.send_queue:,} (bytes)."

    # --- packets -------------------------------------------------------------------------------------

    def sent(self, index, event):
        packets = self.timeline.packets
        packet = packets[event.packet] if 0 <= event.packet < len(packets) else None
        about = [self.names.of_packet(event, packet), self.numbers.get(event.packet, "")]
        about = f" ({', '.join(filter(None, about))})" if any(about) else ""
        if event.fate == "duplicate":
            return f"the wire makes a copy of {_the(event.said)}{about}."
        again = " again" if event.note == "sent again" else f" ({event.note})" if event.note else ""
        said = f"{self.who(event.host)}'s kernel sends {_article(event.said)}{again}{about}."
        if event.fate in ON_THE_WAY:
            return said
        return f"{said} {LOSSES.get(event.fate) or f'On the wire: {event.fate}.'}"

    def arrived(self, index, event):
        who, at = self.who(event.host), self.place.get(event.sent)
        sent = self.events[at] if at is not None else None
        said = _the(sent.said if sent else "packet")
        if sent is not None and sent.fate == "corrupted":
            return f"{said} arrives damaged at {who}; its checksum does not fit, and the kernel drops it."
        before = self.events[at + 1 : index] if at is not None else ()
        again = " once more" if any(isinstance(e, Arrived) and e.sent == event.sent for e in before) else ""
        brought = " and ".join(state for _, state in self.then(index, event))
        return f"{said} arrives at {who}{again}" + (f"; {brought}." if brought else ".")

    def then(self, index, event):
        """The states that an arrival brings about: (number, in words) of those that follow at once."""
        found = []
        for at in range(index + 1, len(self.events)):
            after = self.events[at]
            if isinstance(after, Held):
                continue
            mine = isinstance(after, Became) and host_of(self.timeline, after) == event.host
            if not mine or after.state == ELLIPSIS:
                break
            found.append((at, self.brought(after)))
        return found

    def brought(self, event):
        """A state as what an arrival brought about."""
        if event.state == "SYN-RECEIVED":
            return "its kernel now holds a half-open connection (SYN-RECEIVED)"
        return f"{self.whose(event, short=True)} is now {event.state}"


def _article(said):
    """`a SYN`, `an ACK`, `5 bytes`, `an ICMP message (port unreachable)`."""
    if said.startswith("ICMP"):
        return f"an ICMP message ({said.split(': ', 1)[-1]})"
    if said.startswith("datagram, "):
        return f"a datagram of {said.removeprefix('datagram, ')}"
    if said[:1].isdigit():
        return said.replace(", FIN", " and its FIN")
    said = said.replace("ACK, window 0", "ACK that says: window 0")
    return ("an " if said.startswith("A") else "a ") + said


def _the(said):
    if said.startswith("ICMP"):
        return "the ICMP message"
    if said.startswith("datagram, "):
        return f"the datagram of {said.removeprefix('datagram, ')}"
    if said[:1].isdigit():
        return f"the segment with {said.replace(', FIN', ' and the FIN')}"
    return f"the {said.replace('ACK, window 0', 'ACK with window 0')}"


_TELL = {
    Began: _Teller.began,
    Returned: _Teller.returned,
    Became: _Teller.became,
    Sent: _Teller.sent,
    Arrived: _Teller.arrived,
    Held: _Teller.held,
}
