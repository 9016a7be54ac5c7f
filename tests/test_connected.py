"""`connected(net)`: a connection that is there when the ladder begins."""

import pytest

from labsupport import connected, scene
from labsupport.draw.wire_words import tell_event
from labsupport.events import Became, Sent
from labsupport.network import Network

pytestmark = pytest.mark.skipif(not Network.available(), reason="the private network cannot be had here")


def test_the_ladder_begins_with_the_connection():
    @scene
    def begun(net):
        client, served = connected(net, 7)
        assert served.getsockname() == (net.b.address, 7) == client.getpeername()
        client.send(b"hello")  # and nobody reads: `served` is kept all the same

    assert [event.state for event in begun.events[:2]] == ["ESTABLISHED", "ESTABLISHED"]
    assert not any(isinstance(event, Became) for event in begun.events[2:])
    assert [event.said for event in begun.events if isinstance(event, Sent)] == ["5 bytes", "ACK"]
    assert [lane.label for lane in begun.lanes] == ["client", "new socket"]


def test_a_network_of_ones_own_is_connected_too():
    with Network() as net:
        client, served = connected(net)
        with client, served:
            client.sendall(b"hello")
            served.settimeout(5)
            assert served.recv(5) == b"hello"


def test_a_window_that_opens_is_called_so():
    @scene
    def opens(net):
        listener = net.b.socket()
        listener.setsockopt(1, 8, 3000)  # SOL_SOCKET, SO_RCVBUF
        listener.bind((net.b.address, 80))
        listener.listen()
        client = net.a.socket()
        client.connect((net.b.address, 80))
        served, _ = listener.accept()
        client.send(bytes(6000))
        net.settle()
        served.recv(10_000)
        net.settle()

    notes = [(event.said, event.note) for event in opens.events if isinstance(event, Sent)]
    assert ("ACK", "window opens") in notes[notes.index(("ACK, window 0", "")) :]


def test_a_call_during_which_a_segment_was_sent_again_has_waited():
    @scene
    def unanswered(net):
        net.wire.cut()
        client = net.a.socket()
        client.settimeout(1.5)
        client.connect((net.b.address, 80))

    assert "└ ✕ TimeoutError" in repr(unanswered)
    assert unanswered.keeps_time  # when it was sent again is drawn, too
    assert "; it waits" in tell_event(unanswered, 0)
