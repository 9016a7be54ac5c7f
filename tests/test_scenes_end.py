"""How a scene ends when its code fails, waits or is interrupted; and what is shown where it cannot run."""

import json
import signal
import sys
import threading

import pytest
from scene_code import drawn, echo, handshake, listening, refused

from labsupport import Network, scene
from labsupport.events import Began, Returned
from labsupport.network import NetworkUnavailable
from labsupport.scenes import recordings, turns

pytestmark = pytest.mark.skipif(not Network.available(), reason="needs a network of one's own")


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
