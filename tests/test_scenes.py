"""Scenes: calls, states and packets of two hosts in one true order, the same in every run."""

import contextlib
import subprocess
import sys
import time

import pytest
from scene_code import ALL, drawn, echo, handshake, listening, lost_fin, refused, several_threads, unreachable

from labsupport import Network, background, scene
from labsupport.events import Arrived, Became, Began, Held, Returned, Sent

pytestmark = pytest.mark.skipif(not Network.available(), reason="needs a network of one's own")
RUNS = 4


@contextlib.contextmanager
def busy(count=4):
    """Processes that compute, beside the test."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
def test_one_drawing_in_every_run(function):
    first = drawn(scene(function))
    for _ in range(RUNS - 1):
        assert drawn(scene(function)) == first


@pytest.mark.parametrize("function", (echo, several_threads), ids=lambda function: function.__name__)
def test_one_drawing_beside_busy_processes(function):
    first = drawn(scene(function))
    with busy():
        for _ in range(RUNS):
            assert drawn(scene(function)) == first


def told(timeline):
    """The events in a few words each."""
    words = []
    for event in timeline.events:
        match event:
            case Began():
                words.append(f"{event.call}(")
            case Returned():
                words.append(f"{event.call})")
            case Became():
                words.append(f"{timeline.lanes[event.socket].host} {event.state}")
            case Sent():
                words.append(f"{event.host}: {event.said}")
            case Arrived():
                words.append(f"{event.host} has {timeline.events[event.sent].said}")
    return words


def test_a_handshake_in_true_order():
    timeline = scene(handshake)
    assert told(timeline) == [
        *("bind(", "bind)", "listen(", "1 LISTEN", "listen)", "connect(", "0 SYN-SENT", "0: SYN"),
        *("1 has SYN", "1 SYN-RECEIVED", "1: SYN, ACK", "0 has SYN, ACK", "0 ESTABLISHED", "0: ACK"),
        *("connect)", "1 has ACK", "1 ESTABLISHED"),
    ]
    assert timeline.error is None
    assert [(end.name, end.label, end.address) for end in timeline.hosts] == [
        ("a", "client", "10.0.0.1"),
        ("b", "server", "10.0.0.2"),
    ]


def test_refused_ends_with_its_error():
    timeline = scene(refused)
    assert isinstance(timeline.error, ConnectionRefusedError)
    assert timeline.events[-1].errno == "ECONNREFUSED"
    assert [packet.said for packet in timeline.packets] == ["SYN", "RST"]


def test_the_result_is_what_the_scene_returned():
    timeline = scene(echo)
    assert timeline.result == b"HELLO"
    assert timeline.states("client")[-1] == "TIME-WAIT"
    assert timeline.states("conn")[-1] == "CLOSED"


def test_what_was_lost_is_sent_again():
    timeline = scene(lost_fin)
    fins = [event for event in timeline.events if isinstance(event, Sent) and "FIN" in event.said]
    assert [(event.host, event.fate, event.note) for event in fins] == [
        (0, "lost", ""),
        (0, "delivered", "sent again"),
        (1, "delivered", ""),
    ]
    arrived = {event.sent for event in timeline.events if isinstance(event, Arrived)}
    assert fins[0].order not in arrived and fins[1].order in arrived


def test_the_kernels_own_answer_to_a_datagram():
    timeline = scene(unreachable)
    assert [packet.said for packet in timeline.packets] == ["datagram, 7 bytes", "ICMP: port unreachable"]
    assert isinstance(timeline.error, ConnectionRefusedError)


def test_queues_are_noted():
    def unread(net):
        server = listening(net)
        client = net.a.socket()
        client.connect((net.b.address, 7))
        client.sendall(b"hello")
        net.settle()

    timeline = scene(unread)
    held = [event for event in timeline.events if isinstance(event, Held)]
    assert any(event.recv_queue == 5 and timeline.lanes[event.socket].host == 1 for event in held)
    assert any(event.send_queue == 5 and timeline.lanes[event.socket].host == 0 for event in held)


def test_settle_lets_the_wire_come_to_rest():
    def settled(net):
        server = listening(net)
        client = net.a.socket()
        client.connect((net.b.address, 7))
        net.settle()
        return [one.state for one in net.b.sockets]

    assert sorted(scene(settled).result) == ["ESTABLISHED", "LISTEN"]


def test_the_wire_of_a_scene_is_not_stepped_by_hand():
    with pytest.raises(RuntimeError, match="in a scene"):
        scene(lambda net: net.step())


def test_a_delay_takes_its_time():
    def far(net):
        net.wire.delay = 0.02
        server = listening(net)
        client = net.a.socket()
        began = time.monotonic()
        client.connect((net.b.address, 7))
        return time.monotonic() - began

    timeline = scene(far)
    assert timeline.result >= 0.04
    assert timeline.keeps_time


def test_background_is_entered_before_the_next_call():
    def waiting(net):
        server = listening(net)
        call = background(server.accept)
        client = net.a.socket()
        client.connect((net.b.address, 7))
        return type(call.result()[0]).__name__

    for _ in range(RUNS):
        timeline = scene(waiting)
        calls = [event.call for event in timeline.events if isinstance(event, Began)]
        assert calls == ["bind", "listen", "accept", "connect"]


def test_the_ladder_may_begin_later():
    def later(net):
        server = listening(net)
        client = net.a.socket()
        client.connect((net.b.address, 7))
        net.begin()
        client.close()

    timeline = scene(later)
    assert [event.call for event in timeline.events if isinstance(event, Began)] == ["close"]
    assert timeline.states("server") == ("LISTEN",)
    assert [packet.said for packet in timeline.packets] == ["FIN", "ACK"]


def test_save(tmp_path):
    timeline = scene(echo)
    assert timeline.save(tmp_path / "echo.svg").read_text().startswith("<svg")
    assert timeline.save(str(tmp_path / "echo.pcap")).read_bytes()
    with pytest.raises(ValueError, match="svg or .pcap"):
        timeline.save(tmp_path / "echo.png")
