"""Scenes: calls, states and packets of two hosts in one true order, the same in every run."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from labsupport import Network, background, scene
from labsupport.events import Arrived, Became, Began, Held, Returned, Sent
from labsupport.network import NetworkUnavailable
from labsupport.scenes import recordings, turns

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


def listening(net, port=7, backlog=5):
    server = net.b.socket()
    server.bind((net.b.address, port))
    server.listen(backlog)
    return server


def refused(net):
    client = net.a.socket()
    client.connect((net.b.address, 80))


def handshake(net):
    server = listening(net)
    client = net.a.socket()
    client.connect(server.getsockname())


def echo(net):
    server = listening(net)

    def serve():
        conn, _ = server.accept()
        while data := conn.recv(100):
            conn.sendall(data.upper())
        conn.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = net.a.socket()
    client.connect((net.b.address, 7))
    client.sendall(b"hello")
    got = client.recv(100)
    client.close()
    thread.join()
    return got


def crowded(net):
    server = listening(net, backlog=1)
    for _ in range(3):
        client = net.a.socket()
        client.settimeout(0.3)
        client.connect(server.getsockname())


def lost_fin(net):
    server = listening(net)
    client = net.a.socket()
    client.connect((net.b.address, 7))
    conn, _ = server.accept()
    net.wire.drop(lambda packet: packet.fin)
    client.close()
    conn.recv(10)
    conn.close()


def unreachable(net):
    client = net.a.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((net.b.address, 9))
    client.send(b"anybody")
    client.recv(10)


def several_threads(net):
    server = listening(net)
    got = []

    def serve():
        conn, _ = server.accept()
        got.append(conn.recv(10))
        conn.sendall(b"bye")
        conn.close()

    def talk(word):
        client = net.a.socket()
        client.connect((net.b.address, 7))
        client.sendall(word)
        client.recv(10)
        client.close()

    threads = [threading.Thread(target=serve) for _ in range(2)]
    threads += [threading.Thread(target=talk, args=(word,)) for word in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(got)


ALL = (refused, handshake, echo, crowded, lost_fin, unreachable, several_threads)


def drawn(timeline):
    """The timeline without what no drawing shows: times, and the bytes of packets."""
    settled = []
    for event in timeline.events:
        fields = event._asdict()
        fields.pop("time"), fields.pop("elapsed", None)
        settled.append((type(event).__name__, *fields.values()))
    return settled, timeline.lanes, timeline.hosts, [packet.said for packet in timeline.packets]


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


def test_other_exceptions_are_raised():
    def wrong(net):
        raise KeyError("oh")

    with pytest.raises(KeyError, match="oh"):
        scene(wrong)


def test_a_threads_exception_reaches_the_cell():
    def wrong(net):
        thread = threading.Thread(target=lambda: {}["oh"])
        thread.start()
        thread.join()

    with pytest.raises(KeyError, match="oh"):
        scene(wrong)


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


@pytest.mark.parametrize("wrong", [3, lambda: None, lambda a, b: None])
def test_a_scene_takes_the_network(wrong):
    with pytest.raises(TypeError, match="scene"):
        scene(wrong)


def test_a_scene_that_waits_for_nothing_says_so(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.3)

    def stuck(net):
        server = listening(net)
        server.accept()

    with pytest.raises(TimeoutError, match=r"accept\(\)"):
        scene(stuck)


def test_an_interrupt_ends_the_scene():
    def waits(net):
        server = listening(net)
        threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,)).start()
        server.accept()

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        scene(waits)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
    assert set(threading.enumerate()) <= before


def test_who_still_waits_at_the_end_is_set_free():
    def forgotten(net):
        server = listening(net)
        threading.Thread(target=server.accept, daemon=True).start()
        client = net.a.socket()
        client.close()

    before = set(threading.enumerate())
    timeline = scene(forgotten)
    assert [event.call for event in timeline.events if isinstance(event, Began)][2] == "accept"
    assert not [event for event in timeline.events if isinstance(event, Returned) and event.call == "accept"]
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
    assert set(threading.enumerate()) <= before


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """`echo` and `refused` recorded; afterwards no network is to be had."""
    monkeypatch.setenv(recordings.WANTED, str(tmp_path))
    live = {function.__name__: scene(function) for function in (echo, refused)}
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)

    def none(**_):
        raise NetworkUnavailable("user namespaces are off", "turn them on")

    monkeypatch.setattr(sys.modules["labsupport.scenes.scene"], "Network", none)
    return live


def test_without_a_network_the_recording_is_shown(recorded):
    timeline = scene(echo)
    assert drawn(timeline) == drawn(recorded["echo"])
    assert timeline.result == b"HELLO"
    assert "user namespaces are off" in timeline.recorded and "turn them on" in timeline.recorded
    error = scene(refused).error
    assert isinstance(error, ConnectionRefusedError) and error.args == recorded["refused"].error.args


def test_the_recording_is_marked(recorded):
    live = repr(recorded["echo"])
    assert repr(scene(echo)) != live
    assert repr(scene(echo)).endswith(live)


def test_edited_code_needs_the_live_network(recorded):
    def echo(net):
        net.a.socket().close()

    timeline = scene(echo)
    assert repr(timeline).startswith("not available here: echo was edited")
    assert timeline.events == ()


def test_code_without_a_recording_needs_the_live_network(recorded):
    assert repr(scene(handshake)).startswith("not available here: there is no recording of handshake")


def test_a_recording_is_json(recorded, tmp_path):
    noted = json.loads((tmp_path / "echo.json").read_text())
    assert noted["result"] == "b'HELLO'"


def test_save(tmp_path):
    timeline = scene(echo)
    assert timeline.save(tmp_path / "echo.svg").read_text().startswith("<svg")
    assert timeline.save(str(tmp_path / "echo.pcap")).read_bytes()
    with pytest.raises(ValueError, match="svg or .pcap"):
        timeline.save(tmp_path / "echo.png")
