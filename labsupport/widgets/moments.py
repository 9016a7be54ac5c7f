"""A scene's timeline as moments to walk through: what each socket was at each of them.

One moment is one event that can be told, with the queues that changed because of it; an arrival with the
states that it brought about, too, for it is told with them. Plain data, computed from the timeline's events
alone, so that walking needs no clock and no kernel.
"""

from __future__ import annotations

from typing import NamedTuple

from labsupport.draw.wire_rows import host_of
from labsupport.events import ELLIPSIS, Arrived, Became, Held


class Then(NamedTuple):
    """One socket at one moment. `lane`: its number; `state` and the queues are None before anything is known.

    `recv_queue` and `send_queue` are bytes; a listener's, connections that wait and its backlog. `news`: the
    names of the fields that this very moment changed.
    """

    lane: int
    state: str | None = None
    seen: bool = True
    recv_queue: int | None = None
    send_queue: int | None = None
    news: frozenset = frozenset()


class Moment(NamedTuple):
    """An event that is told, what belongs to it, and every socket as it was after that.

    `at`: the event's number in the timeline's events; `until`: that of the last event that is drawn with it;
    `sockets`: a Then for each lane; `begins`: it is how the scene found several sockets, and no event.
    """

    at: int
    until: int
    event: object
    sockets: tuple
    begins: bool = False


def moments(timeline):
    """The moments of `timeline`, in order: a tuple of Moment."""
    found, now = [], tuple(Then(lane) for lane in range(len(timeline.lanes)))
    for numbers in _groups(timeline):
        events = [timeline.events[number] for number in numbers]
        now = _after(now, events)
        told = [number for number in numbers if not isinstance(timeline.events[number], Held)]
        begins = numbers[0] == 0 and len(told) > 1 and isinstance(timeline.events[told[0]], Became)
        found.append(Moment(told[0], told[-1], timeline.events[told[0]], now, begins))
    return tuple(found)


def idle(timeline):
    """The lanes that a scene only begins with, a set: nothing more is told of them."""
    first = _beginning(timeline)
    later = {getattr(event, "socket", None) for event in timeline.events[first:]}
    return {event.socket for event in timeline.events[:first]} - later


def _beginning(timeline):
    """The number of the first event that is one: before it stand the states in which sockets were found."""
    found = (at for at, event in enumerate(timeline.events) if not isinstance(event, (Became, Held)))
    return next(found, len(timeline.events))


def _groups(timeline):
    """The numbers of the events of each moment; what the scene begins with is one."""
    first = _beginning(timeline)
    leading, groups = list(range(first)), []
    if any(isinstance(event, Became) for event in timeline.events[:first]):
        groups, leading = [leading], []
    for number, event in enumerate(timeline.events[first:], first):
        if groups and (isinstance(event, Held) or _brought(timeline, groups[-1], event)):
            groups[-1].append(number)
        else:
            groups.append([*leading, number])
            leading = []
    return groups


def _brought(timeline, group, event):
    """Whether `event` is a state that the arrival of the group before it brought about."""
    before = (timeline.events[number] for number in group)
    arrival = next((one for one in before if not isinstance(one, Held)), None)
    if not isinstance(arrival, Arrived) or not isinstance(event, Became) or event.state == ELLIPSIS:
        return False
    return host_of(timeline, event) == arrival.host


def _after(before, events):
    """The sockets after `events`, each with what they changed."""
    now = {then.lane: then._replace(news=frozenset()) for then in before}
    for event in events:
        lane = getattr(event, "socket", None)
        if lane not in now:
            continue
        then = now[lane]
        if isinstance(event, Held):
            changed = {"recv_queue": event.recv_queue, "send_queue": event.send_queue}
        elif hasattr(event, "state"):
            changed = {"state": event.state}
            then = then._replace(seen=event.seen)
            if then.recv_queue is None:  # a Held tells of changes, and a socket begins with empty queues
                then = then._replace(recv_queue=0, send_queue=0)
        else:
            continue
        fresh = {name for name, value in changed.items() if getattr(then, name) != value}
        now[lane] = then._replace(**changed, news=then.news | fresh)
    return tuple(now.values())


def homes(timeline):
    """The lanes of each host, left to right: a tuple of (End, tuple of lane numbers).

    A lane that says no host is at home with the first end of its role.
    """
    ends = timeline.hosts
    found = [[] for _ in ends]
    for number, lane in enumerate(timeline.lanes):
        at = lane.host
        if at is None or not 0 <= at < len(ends):
            at = next((place for place, end in enumerate(ends) if end.role == lane.role), 0)
        found[at].append(number)
    return tuple(zip(ends, map(tuple, found), strict=True))
