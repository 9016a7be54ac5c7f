"""The walk through a scene: one event at a time, with both ends as they were then; and saving it."""

from __future__ import annotations

import os
import re
import stat
import threading
from html import unescape
from xml.etree import ElementTree

import pytest

import handmade
from handmade import CLIENT, LISTENER, SERVER
from labsupport import draw
from labsupport.events import Arrived, Became, Held, Lane, Returned, Sent
from labsupport.timeline import Timeline
from labsupport.widgets import saving, stepper, timeline_bundle
from labsupport.widgets.bundle import WIDGET
from labsupport.widgets.moments import homes, moments
from labsupport.widgets.stepper import Stepper


@pytest.fixture
def timeline():
    return handmade.echo()


@pytest.fixture
def walk(timeline):
    return Stepper(timeline)


def words(html):
    """What can be read of some HTML."""
    return unescape(" ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html).split()))


def moment_of(timeline, kind, **fields):
    """The first moment told of an event of that kind with those fields."""
    return next(
        moment
        for moment in moments(timeline)
        if isinstance(moment.event, kind)
        and all(getattr(moment.event, name) == value for name, value in fields.items())
    )


# What each socket was


def test_every_event_belongs_to_a_moment_in_order(timeline):
    found = moments(timeline)
    assert [moment.at for moment in found] == sorted({moment.at for moment in found})
    assert not any(isinstance(moment.event, Held) for moment in found)
    told = {number for moment in found for number in range(moment.at, moment.until + 1)}
    assert all(number in told or isinstance(event, Held) for number, event in enumerate(timeline.events))


def test_states_and_queues_are_those_of_the_moment(timeline):
    before = moment_of(timeline, Sent, said="SYN").sockets
    assert [then.state for then in before] == ["LISTEN", "SYN-SENT", None]
    assert (before[LISTENER].recv_queue, before[LISTENER].send_queue) == (0, 128)
    sent = moment_of(timeline, Sent, said="5 bytes").sockets
    assert (sent[CLIENT].send_queue, sent[SERVER].recv_queue) == (5, 0)
    arrived = moments(timeline)[-1].sockets
    assert [then.state for then in arrived] == ["LISTEN", "TIME-WAIT", "CLOSED"]


def test_an_arrival_brings_its_states_and_queues_along(timeline):
    arrivals = [moment for moment in moments(timeline) if isinstance(moment.event, Arrived)]
    syn_ack = next(moment for moment in arrivals if moment.event.host == 0)
    assert (syn_ack.sockets[CLIENT].state, syn_ack.sockets[CLIENT].news) == ("ESTABLISHED", {"state"})
    assert isinstance(timeline.events[syn_ack.until], Became)
    data = next(moment for moment in moments(timeline) if moment.sockets[SERVER].recv_queue == 5)
    assert isinstance(data.event, Arrived)
    assert data.sockets[SERVER].news == {"recv_queue"}


def test_what_is_told_is_what_is_shown(timeline):
    for moment in moments(timeline):
        said = draw.tell_event(timeline, moment.at)
        for then in moment.sockets:
            if "state" in then.news:
                assert then.state in said, said


def test_news_are_forgotten_at_the_next_moment(timeline):
    for one, other in zip(moments(timeline), moments(timeline)[1:], strict=False):
        for before, after in zip(one.sockets, other.sockets, strict=True):
            if before.state is None:
                before = before._replace(recv_queue=0, send_queue=0)  # what a socket begins with is no news
            if after.state is not None:
                fields = ("state", "recv_queue", "send_queue")
                changed = {name for name in fields if getattr(before, name) != getattr(after, name)}
                assert after.news == changed


def test_each_socket_is_at_home_on_its_host(timeline):
    found = [(end.label, lanes) for end, lanes in homes(timeline)]
    assert found == [("client", (CLIENT,)), ("server", (LISTENER, SERVER))]
    homeless = [lane._replace(host=None) for lane in timeline.lanes]
    assert homes(Timeline(lanes=homeless, hosts=timeline.hosts)) == homes(timeline)


def test_what_a_scene_only_begins_with_is_one_moment_and_one_row(timeline):
    crowd = [Lane(f"c{number}", "client", "AF_INET", "SOCK_STREAM", 0) for number in range(5)]
    begin = [Became(number, 0.0, 3 + number, "ESTABLISHED", True) for number in range(5)]
    begin.append(Became(5, 0.0, LISTENER, "LISTEN", True))
    rest = [event for event in timeline.events[4:]]
    walk = Stepper(Timeline([*begin, *rest], [*timeline.lanes, *crowd], hosts=timeline.hosts))
    walk.first()
    assert walk.sentence() == "So it begins: at the client 5 × ESTABLISHED; at the server LISTEN."
    assert walk.moments[0].until == 5
    assert "5 sockets 5 × ESTABLISHED 0 0 server" in words(walk.ends())
    walk.next()
    assert "So it begins" not in walk.sentence()


# Walking


def test_it_begins_with_the_whole_and_walks_by_one(walk):
    assert walk.whole
    walk.next()
    assert walk.position == 1
    walk.next()
    walk.next()
    walk.back()
    assert walk.position == 2
    walk.last()
    assert walk.position == len(walk) and not walk.whole
    walk.next()
    assert walk.whole
    walk.back()
    assert walk.position == len(walk)
    walk.first()
    walk.back()
    assert walk.position == 1
    walk.all()
    assert walk.whole


def test_each_step_tells_its_event_and_marks_it(walk, timeline):
    walk.widget
    assert "buttons" in walk.sentence()
    seen = set()
    for moment in walk.moments:
        walk.next()
        assert draw.tell_event(timeline, moment.at) in words(walk._sentence.value)
        assert f"{walk.position} of {len(walk)}" in walk._sentence.value
        ElementTree.fromstring(walk._ladder.value)
        seen.add(walk._ladder.value)
    assert len(seen) > len(walk) / 2


def test_both_ends_stand_beside_it(walk):
    assert words(walk.ends()) == (
        "client 10.0.0.1 socket state Recv-Q Send-Q client TIME-WAIT 0 0 "
        "server 10.0.0.2 socket state Recv-Q Send-Q listener LISTEN 0 128 server CLOSED 0 0"
    )
    walk.first()
    assert words(walk.ends()).startswith("client 10.0.0.1 socket state Recv-Q Send-Q client – – – server")


def test_the_slider_and_the_buttons_say_the_same(walk):
    walk.widget
    assert (walk._slider.min, walk._slider.max, walk._slider.value) == (1, len(walk) + 1, len(walk) + 1)
    walk._slider.value = 3
    assert walk.position == 3
    bar = walk._widget.children[0].children
    buttons = {child.description: child for child in bar if child is not walk._slider}
    assert list(buttons) == ["first", "back", "next", "last", "whole"]
    assert all(button.tooltip for button in buttons.values())
    end = len(walk)
    for name, position in (("next", 4), ("back", 3), ("last", end), ("first", 1), ("whole", end + 1)):
        buttons[name].click()
        assert (walk.position, walk._slider.value) == (position, position)


def test_nothing_is_sent_that_did_not_change(walk):
    walk.widget
    sent = []
    walk._ladder.observe(sent.append, "value")
    walk.go(5)
    walk.go(5)
    assert len(sent) == 1


def test_to_scale_only_where_the_wire_keeps_time(walk):
    def toggles(one):
        return [child for child in one.widget.children[-1].children if hasattr(child, "options")]

    assert toggles(walk) == []
    timed = Stepper(handmade.echo(keeps_time=True))
    (toggle,) = toggles(timed)
    timed.go(4)
    by_order = timed._ladder.value
    toggle.value = stepper.TO_SCALE
    assert timed._ladder.value != by_order
    assert timed.position == 4
    toggle.value = stepper.BY_ORDER
    assert timed._ladder.value == by_order


def test_a_long_ladder_is_walked_through_a_window(monkeypatch):
    walk = Stepper(handmade.echo())
    monkeypatch.setattr(stepper, "TALLEST", 300)
    monkeypatch.setattr(stepper, "WINDOW", 260)
    boxes = []
    for _ in walk.moments:
        walk.next()
        boxes.append(re.search(r'viewBox="0 (\d+) 720 260" width="720" height="260"', walk.ladder()))
    tops = [int(box[1]) for box in boxes]
    assert tops == sorted(tops) and tops[0] == 0 and tops[-1] > 0
    walk.next()
    assert walk.whole and ' 260"' not in walk.ladder()


def test_an_empty_scene_is_a_ladder_alone():
    walk = Stepper(Timeline(hosts=handmade.HOSTS))
    assert len(walk.widget.children) == 2
    assert walk.ends()


def test_no_thread_and_an_error_is_said_in_the_view(walk, monkeypatch):
    before = set(threading.enumerate())
    walk.widget
    assert set(threading.enumerate()) <= before
    monkeypatch.setattr(walk, "save", lambda suffix: 1 / 0)
    save = next(child for child in walk.widget.children[-1].children if child.description == "save as SVG")
    save.click()
    assert "ZeroDivisionError" in walk._status.value


# The three forms


def test_the_bundle_has_the_stored_forms_and_the_walk(timeline):
    data, _ = timeline_bundle(timeline)
    assert data["text/plain"] == repr(timeline) == draw.wire_text(timeline)
    assert data["image/svg+xml"] == draw.wire_svg(timeline)
    assert WIDGET in data


# Saving


def test_saved_under_a_free_name_and_whole(walk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert walk.save(".svg") == "saved: scene.svg"
    assert walk.save(".svg") == "saved: scene-2.svg"
    assert walk.save(".pcap") == "saved: scene.pcap"
    assert sorted(os.listdir()) == ["scene-2.svg", "scene.pcap", "scene.svg"]
    assert (tmp_path / "scene.svg").read_text() == draw.wire_svg(walk.timeline)
    assert (tmp_path / "scene.pcap").read_bytes()[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE((tmp_path / "scene.svg").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path):
    def write(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        saving.save(write, "a/b c", ".svg", tmp_path)
    assert os.listdir(tmp_path) == []


def test_the_name_is_one_that_every_file_system_takes(tmp_path):
    path = saving.save(lambda path: None, "../a b", ".svg", tmp_path)
    assert path == tmp_path / "a-b.svg"


def test_no_packets_no_pcap(timeline):
    bare = Timeline(timeline.events, timeline.lanes, hosts=timeline.hosts)
    names = [getattr(child, "description", "") for child in Stepper(bare).widget.children[-1].children]
    assert "save as SVG" in names and "save as pcap" not in names


def test_calls_that_return_are_moments_of_their_own(timeline):
    back = moment_of(timeline, Returned, call="connect")
    assert draw.tell_event(timeline, back.at) == "The client's connect returns; it is connected."
