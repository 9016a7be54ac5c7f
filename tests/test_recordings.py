"""The course's scenes: each has a recording, and a live run draws what the recording draws."""

import json
from importlib import import_module

import pytest

from labsupport import Network
from labsupport.draw import wire_svg, wire_text
from labsupport.network import NetworkUnavailable
from labsupport.scenes import recordings
from scenes import RECORDINGS, scenes

SCENES = scenes()
MODULE = import_module("labsupport.scenes.scene")  # in the package, that name is the function
each = pytest.mark.parametrize("one", SCENES, ids=lambda one: f"{one.notebook}-{one.name}")


def test_every_scene_has_a_name_of_its_own():
    names = [one.name for one in SCENES]
    assert len(names) == len(set(names))


def test_there_is_a_recording_for_every_scene_and_no_other():
    assert {path.stem for path in RECORDINGS.glob("*.json")} == {one.name for one in SCENES}


@each
def test_a_live_run_draws_what_the_recording_draws(one, monkeypatch):
    if not Network.available():
        pytest.skip("needs a network of one's own")
    live = one.play()
    monkeypatch.setattr(MODULE, "Network", _none)
    recorded = one.play()
    assert recorded.recorded and not live.recorded
    recorded.recorded = ""  # the mark is the one difference
    assert wire_text(recorded) == wire_text(live)
    assert wire_svg(recorded) == wire_svg(live)
    assert repr(recorded.error) == repr(live.error)


@each
def test_a_recording_is_of_the_code_that_stands_there(one, monkeypatch):
    monkeypatch.setattr(MODULE, "Network", _none)
    assert not isinstance(one.play(), recordings.NotRun)


@each
def test_a_recording_is_small(one):
    path = RECORDINGS / f"{one.name}.json"
    assert path.stat().st_size < 500_000
    assert json.loads(path.read_text())["hosts"]


def _none(**_):
    raise NetworkUnavailable("it was taken away", "give it back")
