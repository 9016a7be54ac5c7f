"""What happened on two hosts and the wire between them, told in plain sentences.

For those who listen to a drawing, and for the stepper, which tells one event at a time. A sentence says what
happened and, where a state changed with it, what that state means.
"""

from __future__ import annotations

from labsupport.draw.wire_rows import ON_THE_WAY, host_of, relative_numbers
from labsupport.events import ELLIPSIS, Arrived, Became, Began, Held, Returned, Sent

MEANING = {
    "CLOSED": "there is no connection",
    "LISTEN": "it waits for connections",
    "SYN-SENT": "it has asked for a connection and waits for the answer",
    "SYN-RECEIVED": "a half-open connection: it has answered and waits for the last acknowledgment",
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
    "duplicate": "The wire delivers it twice.",
}


def tell_event(timeline, index):
    """Event number `index` of a scene's timeline as a sentence or two.

    An arrival tells the state that it brings about, too. ValueError for a number that is no event's.
    """
    if not 0 <= index < len(timeline.events):
        raise ValueError(f"no event {index}: this timeline has {len(timeline.events)}")
    event = timeline.events[index]
    return _capital(_TELL[type(event)](timeline, index, event))


def told(timeline):
    """The whole timeline in sentences, one after another: what a drawing says to a screen reader."""
    said, covered = [], set()
    for index, event in enumerate(timeline.events):
        if isinstance(event, Held) or index in covered:
            continue
        if isinstance(event, Arrived):
            covered.update(at for at, _ in _then(timeline, index, event))
        said.append(tell_event(timeline, index))
    return " ".join(said) or "Nothing happened."


def the(timeline, host):
    """How a host is called in a sentence: "the client", "host a"."""
    label = timeline.hosts[host].label if host < len(timeline.hosts) else chr(ord("a") + host)
    return f"the {label}" if label.isalpha() and len(label) > 1 else f"host {label}" if len(label) == 1 else label


def _began(timeline, index, event):
    who = the(timeline, host_of(timeline, event))
    call = f"{event.call}({event.arguments})"
    label = _named(timeline, event)
    back = next((e for e in timeline.events if isinstance(e, Returned) and e.began == event.order), None)
    waits = back is None or any(
        isinstance(between, (Arrived, Began)) for between in timeline.events[index + 1 :][: _gap(timeline, index, back)]
    )
    return f"{who} calls {call}{label}" + ("; it waits." if waits else ".")


def _gap(timeline, index, back):
    return timeline.events.index(back) - index - 1


def _returned(timeline, index, event):
    who = the(timeline, host_of(timeline, event))
    if event.error:
        name = f" ({event.errno})" if event.errno else ""
        return f"{who}'s {event.call} fails with {event.error}{name}."
    if event.result is None:
        return f"{who}'s {event.call} returns" + (
            "; it is connected." if event.call == "connect" else "."
        )
    return f"{who}'s {event.call} returns {event.result}."


def _became(timeline, index, event):
    who = the(timeline, host_of(timeline, event))
    if event.state == ELLIPSIS:
        return f"{who}'s kernel goes on alone; nobody looked."
    return f"{who}'s socket{_named(timeline, event)} is now {event.state}: {MEANING.get(event.state, '')}.".replace(
        ": .", "."
    )


def _sent(timeline, index, event):
    who = the(timeline, event.host)
    numbers = relative_numbers(timeline).get(event.packet, "")
    about = f" ({numbers})" if numbers else ""
    again = {"sent again": " again"}.get(event.note, f" ({event.note})" if event.note else "")
    said = f"{who}'s kernel sends {_article(event.said)}{again}{about}."
    what = LOSSES.get(event.fate)
    if what:
        return f"{said} {what}"
    if event.fate not in ON_THE_WAY:
        return f"{said} On the wire: {event.fate}."
    return said


def _arrived(timeline, index, event):
    who = the(timeline, event.host)
    sent = next((e for e in timeline.events if isinstance(e, Sent) and e.order == event.sent), None)
    said = sent.said if sent else "packet"
    before = any(isinstance(e, Arrived) and e.sent == event.sent for e in timeline.events[:index])
    again = " once more" if before else ""
    if sent and sent.fate == "corrupted":
        return f"{_the(said)} arrives damaged at {who}; its checksum does not fit, and the kernel drops it."
    text = f"{_the(said)} arrives at {who}{again}"
    brought = [
        f"its kernel now holds a half-open connection ({state})"
        if state == "SYN-RECEIVED"
        else f"{label} is now {state}"
        for _, (label, state) in _then(timeline, index, event)
    ]
    return text + ("; " + " and ".join(brought) if brought else "") + "."


def _then(timeline, index, event):
    """The states that an arrival brings about: (number, (whose, state)) of those that follow at once."""
    found = []
    for at in range(index + 1, len(timeline.events)):
        after = timeline.events[at]
        if isinstance(after, Held):
            continue
        if not isinstance(after, Became) or host_of(timeline, after) != event.host or after.state == ELLIPSIS:
            break
        label = _named(timeline, after).strip()
        found.append((at, (label or "its socket", after.state)))
    return found


def _held(timeline, index, event):
    who = the(timeline, host_of(timeline, event))
    label = _named(timeline, event)
    if _listens(timeline, index, event.socket):
        waiting = "1 connection waits" if event.recv_queue == 1 else f"{event.recv_queue} connections wait"
        return f"on {who}'s listening socket{label}, {waiting} to be accepted."
    return (
        f"{who}'s socket{label} now holds {_bytes(event.recv_queue)} to be read"
        f" and {_bytes(event.send_queue)} not yet acknowledged."
    )


def _listens(timeline, index, socket):
    states = [e.state for e in timeline.events[:index] if isinstance(e, Became) and e.socket == socket]
    return bool(states) and states[-1] == "LISTEN"


def _bytes(count):
    return "1 byte" if count == 1 else f"{count:,} bytes" if count else "no bytes"


def _named(timeline, event):
    """` c7` where its host has several sockets, else ""."""
    if event.socket is None:
        return ""
    lanes = timeline.lanes
    host = lanes[event.socket].host
    states = {e.socket for e in timeline.events if isinstance(e, Became)}
    several = sum(lane.host == host and number in states for number, lane in enumerate(lanes)) > 2
    return f" {lanes[event.socket].label}" if several and isinstance(event, (Became, Held)) else ""


def _article(said):
    """`a SYN`, `an ACK`, `5 bytes`, `an ICMP message (port unreachable)`."""
    if said.startswith("ICMP"):
        return f"an ICMP message ({said.split(': ', 1)[-1]})"
    if said[:1].isdigit():
        return said.replace(", FIN", " and its FIN")
    if said.startswith("datagram, "):
        return f"a datagram of {said.removeprefix('datagram, ')}"
    said = said.replace("SYN, ACK", "SYN with an ACK").replace("ACK, window 0", "ACK that says: window 0")
    return ("an " if said[:1] in "A" else "a ") + said


def _the(said):
    if said.startswith("ICMP"):
        return "the ICMP message"
    if said[:1].isdigit():
        return f"the segment with {said.replace(', FIN', ' and the FIN')}"
    if said.startswith("datagram, "):
        return f"the datagram of {said.removeprefix('datagram, ')}"
    return f"the {said}"


def _capital(said):
    return said[:1].upper() + said[1:]


_TELL = {
    Began: _began,
    Returned: _returned,
    Became: _became,
    Sent: _sent,
    Arrived: _arrived,
    Held: _held,
}
