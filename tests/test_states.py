"""Real kernels, stepped by hand, against the `tcp` table: every transition that two hosts can bring about.

A story plays on two hosts with the wire held: calls, and packets carried one at a time. After each, both
hosts are asked for their states, and each must have done what the table says for the call or the segment, no
more: the state that follows, and what was sent. What no story walks is excused, with its reason; nothing is
left out.
"""

from __future__ import annotations

import errno
import socket
from struct import pack

import pytest

from labsupport import observe, until
from labsupport.network import Network
from labsupport.tcp import ABORTED, FIGURE, RST_RECEIVED, RST_SENT, STATES, TRANSITIONS, next_state

needs_network = pytest.mark.skipif(not Network.available(), reason="the private network cannot be had here")

PATIENCE = 100.0  # seconds until a segment is sent again: no story takes that long
ABORT = pack("ii", 1, 0)  # SO_LINGER, on, 0 s: close sends a RST, socket(7)
PORT_A, PORT_B = 1000, 2000


class Stage:
    """Two hosts, one connection, a held wire; what was walked of the table and seen of the states."""

    def __init__(self, net):
        net.rto_min = PATIENCE
        net.hold()
        self.net = net
        self.sockets = {host: host.socket() for host in (net.a, net.b)}
        for host, port in ((net.a, PORT_A), (net.b, PORT_B)):
            self.sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sockets[host].setblocking(False)
            self.sockets[host].bind((host.address, port))
        self.opened = {net.a: None, net.b: None}
        self.fin_end = {}  # host → the acknowledgment number that covers its FIN
        self.expected = {}  # host → the sequence number that it expects next
        self.carried = set()
        self.walked = set()
        self.seen = set(self.states().values())

    # What the kernels say

    def states(self):
        """Host → the state of its connection there; without one LISTEN if somebody listens, else CLOSED."""
        return {host: self._state(host) for host in (self.net.a, self.net.b)}

    def _state(self, host):
        found = [listed.state for listed in host.sockets if listed.protocol == "TCP"]
        connections = [state for state in found if state != "LISTEN"]
        assert len(connections) <= 1, host.sockets
        return (connections or found or ["CLOSED"])[0]

    def check(self):
        """`observe`, by the socket, says what the host's table says; after `close` too."""
        for host, state in self.states().items():
            own = observe(self.sockets[host]).state
            if own == "LISTEN":  # its connection, if there is one, is not accepted yet
                assert self.opened[host] == "passive" and state != "CLOSED"
            else:
                assert own == state, (host, own, state)

    # What moves

    def call(self, host, event, act):
        """A call of the program on `host`, which the table knows as `event`."""
        self._happens(host, event, act)

    def step(self, receiver):
        """Carry the next packet, which must be one to `receiver`; what segment it is, it tells itself."""
        packet = self._next()
        assert packet.destination[0] == receiver.address, packet
        event = self._event(receiver, packet)
        self._happens(receiver, event, self.net.step)
        self.carried.add(_key(packet))
        return packet

    def steps(self, *receivers):
        """Carry one packet to each of these, in turn."""
        for receiver in receivers:
            self.step(receiver)

    def _next(self):
        """The packet that is carried next; what repeats another goes by unseen: timers run out when busy."""
        while self.net.wire.in_flight and _key(self.net.wire.in_flight[0]) in self.carried:
            self.net.step()
        assert self.net.wire.in_flight, "nothing is on its way"
        return self.net.wire.in_flight[0]

    def _event(self, host, packet):
        """The table's name for the arrival of `packet`; "" where the table has no word for it."""
        state = self.states()[host]
        if packet.rst:
            return "rcv RST" if state == "SYN-SENT" or packet.seq == self.expected[host] else ""
        if packet.syn and state != "SYN-RECEIVED":
            return "rcv SYN,ACK" if packet.has_ack else "rcv SYN"
        if state == "SYN-RECEIVED":
            return "rcv ACK of SYN"
        covers = packet.ack == self.fin_end.get(host)
        if packet.fin:
            return "rcv FIN,ACK" if covers and state == "FIN-WAIT-1" else "rcv FIN"
        return "rcv ACK of FIN" if covers else ""

    def _happens(self, host, event, act):
        """Let it happen, and hold what followed to the table."""
        before, earlier = self.states(), {_key(packet) for packet in self.net.wire.packets}
        arrived = act()
        after = self.states()
        new = {_key(packet): packet for packet in self.net.wire.packets if _key(packet) not in earlier}
        sent = list(new.values())
        assert all(packet.source[0] == host.address for packet in sent), sent
        for other in after.keys() - {host}:
            assert after[other] == before[other], f"{event} on {host} changed {other}: {before} → {after}"
        self._compare(host, event, before[host], after[host], sent, arrived)
        for packet in sent:
            if packet.fin:
                self.fin_end[host] = (packet.seq + 1) % 2**32
        if arrived and (arrived.syn or arrived.fin):
            self.expected[host] = (arrived.seq + 1) % 2**32
        self.seen.update(after.values())
        self.check()

    def _compare(self, host, event, before, after, sent, arrived):
        """One step of one kernel with the table: where it has no arrow for it, the state is to stay."""
        if not any((arrow.source, arrow.event) == (before, event) for arrow in TRANSITIONS):
            assert after == before, f"{before} → {after} on {event or 'a mere ACK'}"
            return
        target = next_state(before, event, self.opened[host])
        assert after == target, f"{before} → {after} on {event}, where the table has {target}"
        (arrow,) = {one for one in TRANSITIONS if one[:3] == (before, target, event)}
        words = [_word(packet) for packet in sent]
        if words == ["ACK"] and arrived and arrived.syn and event == "rcv ACK of SYN":
            words = []  # the SYN that came with it is answered, too: RFC 5961 section 4
        assert words == ([arrow.sends] if arrow.sends else []), (arrow, sent)
        self.walked.add(arrow)

    # Calls, by what the table calls them

    def passive_open(self, host):
        self.opened[host] = "passive"
        self.call(host, "passive OPEN", lambda: self.sockets[host].listen(1))

    def active_open(self, host):
        self.opened[host] = "active"
        peer = (self.net.b.address, PORT_B) if host is self.net.a else (self.net.a.address, PORT_A)

        def connect():
            assert self.sockets[host].connect_ex(peer) == errno.EINPROGRESS

        self.call(host, "active OPEN", connect)

    def accept(self, host):
        """Take the connection and close the listener: what is left there is one socket."""
        connection, _ = self.sockets[host].accept()
        self.sockets[host].close()
        self.sockets[host] = connection
        self.check()

    def close(self, host):
        self.call(host, "CLOSE", self.sockets[host].close)

    def shut(self, host):
        """The CLOSE of RFC 9293: no more to send. The descriptor stays, for an ABORT."""
        self.call(host, "CLOSE", lambda: self.sockets[host].shutdown(socket.SHUT_WR))

    def abort(self, host):
        self.sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.call(host, "ABORT", self.sockets[host].close)

    def both_connect(self, first="a"):
        """Each opens actively, to the port of the other; returns a and b."""
        for host in sorted((self.net.a, self.net.b), key=lambda host: host.name != first):
            self.active_open(host)
        return self.net.a, self.net.b

    def connected(self):
        """The three segments, and both ends ESTABLISHED; a opened actively."""
        a, b = self.net.a, self.net.b
        self.passive_open(b)
        self.active_open(a)
        self.steps(b, a, b)
        self.accept(b)
        return a, b


def _key(packet):
    """What a packet shares with its repeats, and with no other packet of these stories."""
    return packet.source, packet.seq, packet.flags, packet.ack


def _word(packet):
    if packet.rst:
        return "RST"
    if packet.syn:
        return "SYN,ACK" if packet.has_ack else "SYN"
    return "FIN" if packet.fin else "ACK"


# The stories. Each is told of both hosts; the names of its transitions follow below.


def orderly(stage):
    """a closes, then b."""
    a, b = stage.connected()
    stage.close(a)
    stage.steps(b, a)
    stage.close(b)
    stage.steps(a, b)


def both_close(stage):
    """Simultaneous close: RFC 9293 figure 13."""
    a, b = stage.connected()
    stage.close(a)
    stage.close(b)
    stage.steps(b, a, a, b)


def both_open(stage):
    """Simultaneous open: RFC 9293 figure 7. Nobody listens."""
    a, b = stage.both_connect()
    stage.steps(b, a, a, b, b, a)
    assert set(stage.states().values()) == {"ESTABLISHED"}


def fin_with_the_ack(stage):
    """b's ACK is lost; its FIN, which acknowledges as well, arrives."""
    a, b = stage.connected()
    stage.net.wire.drop(lambda packet: packet.acks_only, count=1)
    stage.close(a)
    stage.step(b)
    stage.close(b)
    stage.steps(a, b)


def nobody_calls(stage):
    """A listener that is closed."""
    stage.passive_open(stage.net.b)
    stage.close(stage.net.b)


def refused(stage):
    """Nobody listens."""
    stage.active_open(stage.net.a)
    stage.steps(stage.net.b, stage.net.a)


def given_up(stage):
    """a closes while it waits for an answer; what comes then is answered by a RST."""
    a, b = stage.net.a, stage.net.b
    stage.passive_open(b)
    stage.active_open(a)
    stage.step(b)
    stage.close(a)
    stage.steps(a, b)


def given_up_by_one_of_both(stage):
    """Both open, a is SYN-RECEIVED, and b knows nothing of it any more."""
    a, b = stage.net.a, stage.net.b
    stage.net.wire.a_to_b.drop(lambda packet: packet.flags == "SYN", count=1)
    stage.active_open(b)
    stage.active_open(a)
    stage.step(a)
    stage.close(b)
    stage.steps(b, a)


def closed_before_it_began(stage):
    """Both open; a closes in SYN-RECEIVED."""
    a, _ = stage.both_connect(first="b")
    stage.step(a)
    stage.close(a)


def aborted_before_it_began(stage):
    """Both open; a aborts in SYN-RECEIVED."""
    a, _ = stage.both_connect(first="b")
    stage.step(a)
    stage.abort(a)


def aborted(stage):
    """a aborts, b hears of it."""
    a, b = stage.connected()
    stage.abort(a)
    stage.step(b)


def aborted_while_the_other_closes(stage):
    """b's RST crosses a's FIN."""
    a, b = stage.connected()
    stage.abort(b)
    stage.close(a)
    stage.step(a)


def aborted_by_who_was_to_close(stage):
    """a has closed and waits for b, which aborts."""
    a, b = stage.connected()
    stage.close(a)
    stage.steps(b, a)
    stage.abort(b)
    stage.step(a)


def aborted_by_who_had_closed(stage):
    """a has sent all, and aborts what b still has to send."""
    a, b = stage.connected()
    stage.shut(a)
    stage.steps(b, a)
    stage.abort(a)
    stage.step(b)


def aborted_at_the_last(stage):
    """b's FIN meets an a that is gone."""
    a, b = stage.connected()
    stage.shut(a)
    stage.steps(b, a)
    stage.abort(a)
    stage.close(b)
    stage.steps(b)


def aborted_between_two_fins(stage):
    """Both close; b aborts before a's FIN has arrived, a has had b's."""
    a, b = stage.connected()
    stage.shut(b)
    stage.shut(a)
    stage.step(a)
    stage.abort(b)
    stage.steps(b, b, a)


def assassinated(stage):
    """A late copy of b's FIN makes a, in TIME-WAIT, answer; b has forgotten it all: RFC 1337."""
    a, b = stage.connected()
    stage.close(a)
    stage.steps(b, a)
    stage.net.wire.duplicate(lambda packet: packet.fin, count=1)
    stage.close(b)
    stage.steps(a, b, a)  # between these go the copy, and what a answers to it


def waited_out(stage):
    """TIME-WAIT lasts a minute with Linux, whatever the settings: TCP_TIMEWAIT_LEN."""
    orderly(stage)
    a = stage.net.a

    def wait():
        until(lambda: stage.states()[a] == "CLOSED", timeout=90)

    stage.call(a, "timeout", wait)


WALKS = {
    orderly: (
        ("CLOSED", "LISTEN", "passive OPEN"),
        ("CLOSED", "SYN-SENT", "active OPEN"),
        ("LISTEN", "SYN-RECEIVED", "rcv SYN"),
        ("SYN-SENT", "ESTABLISHED", "rcv SYN,ACK"),
        ("SYN-RECEIVED", "ESTABLISHED", "rcv ACK of SYN"),
        ("ESTABLISHED", "FIN-WAIT-1", "CLOSE"),
        ("ESTABLISHED", "CLOSE-WAIT", "rcv FIN"),
        ("FIN-WAIT-1", "FIN-WAIT-2", "rcv ACK of FIN"),
        ("CLOSE-WAIT", "LAST-ACK", "CLOSE"),
        ("FIN-WAIT-2", "TIME-WAIT", "rcv FIN"),
        ("LAST-ACK", "CLOSED", "rcv ACK of FIN"),
    ),
    both_close: (("FIN-WAIT-1", "CLOSING", "rcv FIN"), ("CLOSING", "TIME-WAIT", "rcv ACK of FIN")),
    both_open: (("SYN-SENT", "SYN-RECEIVED", "rcv SYN"), ("SYN-RECEIVED", "ESTABLISHED", "rcv ACK of SYN")),
    fin_with_the_ack: (("FIN-WAIT-1", "TIME-WAIT", "rcv FIN,ACK"),),
    nobody_calls: (("LISTEN", "CLOSED", "CLOSE"),),
    refused: (("SYN-SENT", "CLOSED", "rcv RST"),),
    given_up: (("SYN-SENT", "CLOSED", "CLOSE"), ("SYN-RECEIVED", "LISTEN", "rcv RST")),
    given_up_by_one_of_both: (("SYN-RECEIVED", "CLOSED", "rcv RST"),),
    closed_before_it_began: (("SYN-RECEIVED", "FIN-WAIT-1", "CLOSE"),),
    aborted_before_it_began: (("SYN-RECEIVED", "CLOSED", "ABORT"),),
    aborted: (("ESTABLISHED", "CLOSED", "ABORT"), ("ESTABLISHED", "CLOSED", "rcv RST")),
    aborted_while_the_other_closes: (("FIN-WAIT-1", "CLOSED", "rcv RST"),),
    aborted_by_who_was_to_close: (("CLOSE-WAIT", "CLOSED", "ABORT"), ("FIN-WAIT-2", "CLOSED", "rcv RST")),
    aborted_by_who_had_closed: (("FIN-WAIT-2", "CLOSED", "ABORT"), ("CLOSE-WAIT", "CLOSED", "rcv RST")),
    aborted_at_the_last: (("LAST-ACK", "CLOSED", "rcv RST"),),
    aborted_between_two_fins: (("FIN-WAIT-1", "CLOSED", "ABORT"), ("CLOSING", "CLOSED", "rcv RST")),
    assassinated: (("TIME-WAIT", "CLOSED", "rcv RST"),),
}
"""Story → the transitions that it is told for, each (source, target, event): it must walk them."""

WALKS_LONG = {waited_out: (("TIME-WAIT", "CLOSED", "timeout"),)}

EXCUSES = {
    ("LISTEN", "SYN-SENT", "SEND"): (
        "sockets know no such call: on a listener connect is refused with EISCONN, send with EPIPE"
    ),
    **dict.fromkeys(
        [arrow[:3] for arrow in RST_SENT],
        "note 3 alone has this arrow; sections 3.10.5 and 3.10.7 have none, and Linux does as they say: who "
        "sends a RST is CLOSED at once, or stays where it was if the RST answered a stray segment",
    ),
}
"""Transition → why two Linux hosts cannot bring it about. What can be tried of it is tried below."""


@pytest.fixture
def stage():
    """Two hosts with nothing on them yet, and the wire held."""
    with Network() as net:
        stage = Stage(net)
        yield stage
        for sock in stage.sockets.values():
            sock.close()


def test_every_transition_is_walked_or_excused():
    walked = {arrow for walk in (WALKS | WALKS_LONG).values() for arrow in walk}
    assert walked | EXCUSES.keys() == {arrow[:3] for arrow in TRANSITIONS}
    assert not walked & EXCUSES.keys()
    assert {arrow[:3] for arrow in (*RST_RECEIVED, *ABORTED)} <= walked
    assert {arrow[:3] for arrow in FIGURE} - walked == {("LISTEN", "SYN-SENT", "SEND")}
    assert all(EXCUSES.values())


@needs_network
@pytest.mark.parametrize("story", WALKS, ids=lambda story: story.__name__)
def test_story(stage, story):
    """Each of its steps is held to the table as it is made; in the end, what it was told for was walked."""
    story(stage)
    assert set(WALKS[story]) <= {arrow[:3] for arrow in stage.walked}


@needs_network
@pytest.mark.long
@pytest.mark.parametrize("story", WALKS_LONG, ids=lambda story: story.__name__)
def test_long_story(stage, story):
    story(stage)
    assert set(WALKS_LONG[story]) <= {arrow[:3] for arrow in stage.walked}


@needs_network
def test_all_eleven_states_at_rest():
    """A conversation, a simultaneous close, a simultaneous open: each state stood still."""
    seen = set()
    for story in (orderly, both_close, both_open):
        with Network() as net:
            stage = Stage(net)
            story(stage)
            seen |= stage.seen
    assert seen == set(STATES)


@needs_network
def test_a_listener_cannot_send(stage):
    """The excuse for LISTEN → SYN-SENT."""
    b = stage.net.b
    stage.passive_open(b)
    assert stage.sockets[b].connect_ex((stage.net.a.address, PORT_A)) == errno.EISCONN
    with pytest.raises(BrokenPipeError):
        stage.sockets[b].send(b"hello")
    assert (stage.states()[b], stage.net.step()) == ("LISTEN", None)


@needs_network
def test_who_answers_a_stray_segment_with_a_rst_stays(stage):
    """An excuse for note 3, in LISTEN: b forgets a's connection and listens again; then a's data come."""
    a, b = stage.connected()
    stage.net.wire.drop(lambda packet: packet.rst, count=1)
    stage.abort(b)
    stage.sockets[b] = b.socket()
    stage.sockets[b].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stage.sockets[b].bind((b.address, PORT_B))
    stage.passive_open(b)
    stage.sockets[a].send(b"hello")
    packet = stage.net.step()
    assert (packet.said, stage.states()[b]) == ("5 bytes", "LISTEN")
    assert stage.net.step().rst and stage.states() == {a: "CLOSED", b: "LISTEN"}


@needs_network
def test_who_sends_a_rst_at_an_impossible_ack_stays(stage):
    """An excuse for note 3, in SYN-SENT: an ACK for what was never sent is answered by a RST."""
    a, b = stage.net.a, stage.net.b
    stage.passive_open(b)
    stage.active_open(a)
    old = stage.net.step()
    stage.net.wire.drop(lambda packet: packet.rst, count=None)
    stage.close(a)  # and a opens again from the same port, while b still answers the first SYN
    stage.sockets[a] = a.socket()
    stage.sockets[a].setblocking(False)
    stage.sockets[a].bind((a.address, PORT_A))
    stage.active_open(a)
    answer = stage.net.step()
    assert (answer.said, answer.ack) == ("SYN, ACK", (old.seq + 1) % 2**32)
    assert stage.states()[a] == "SYN-SENT"
    assert [packet.said for packet in stage.net.wire.packets if packet.fate == "lost"] == ["RST"]
