"""Real kernels, stepped by hand, against the `tcp` table: every transition that two hosts can bring about.

A story plays on two hosts with the wire held: calls, and packets carried one at a time. After each, both
hosts are asked for their states, and each must have done what the table says for the call or the segment, no
more: the state that follows, and what was sent. What no story walks is excused, with its reason; nothing is
left out.
"""

from __future__ import annotations

import errno
import socket

import pytest
from stage import PORT_A, PORT_B, Stage

from labsupport import until
from labsupport.network import Network
from labsupport.tcp import ABORTED, FIGURE, RST_RECEIVED, RST_SENT, STATES, TRANSITIONS

needs_network = pytest.mark.skipif(not Network.available(), reason="the private network cannot be had here")


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
