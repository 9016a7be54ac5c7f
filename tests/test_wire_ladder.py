"""The ladder with a wire, from scenes made by hand: each is drawn whole, told, walked through, recorded."""

from __future__ import annotations

import re

import pytest
import wire_stories as stories
from wire_pictures import SPACE, parsed, placed, words

from labsupport.draw import tell_event, wire_svg, wire_text
from labsupport.draw.wire_rows import plan

EVERY = pytest.mark.parametrize("make", stories.ALL.values(), ids=stories.ALL)


# --- every scene ------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("live", (False, True))
def test_every_scene_is_a_drawing_that_fits(make, live):
    story = make()
    tree = parsed(wire_svg(story, live=live))
    assert int(tree.get("width")) <= (960 if len(story.hosts) > 2 else 720)
    assert wire_svg(make(), live=live) == wire_svg(make(), live=live)
    assert ("--jp-" in wire_svg(story, live=live)) is live
    assert "prefers-color-scheme" in wire_svg(story)


@EVERY
def test_every_call_state_and_packet_is_there(make):
    story, made = make(), plan(make())
    said = words(wire_svg(story))
    labels = [text for text in said if any(arrow.said.split(", ")[-1] in text for arrow in made.arrows)]
    assert len(labels) >= len(made.arrows)
    for state in made.states:
        assert state.said in said
    for name in {call.said.partition("(")[0] for call in made.calls}:
        assert any(text.lstrip().startswith(f"{name}(") for text in said)


@EVERY
@pytest.mark.parametrize("scale", ("order", "time"))
def test_what_comes_later_stands_lower(make, scale):
    story = make()
    where = placed(story, scale)
    heights = [where.y[moment.at] for moment in where.plan.moments]
    assert heights == sorted(heights)
    for arrow in where.plan.arrows:
        assert all(where.y[at] > where.y[arrow.sent] for at in arrow.arrived)


@EVERY
@pytest.mark.parametrize("scale", ("order", "time"))
def test_no_words_of_a_host_lie_on_others(make, scale):
    where = placed(make(), scale)
    for column in where.columns:
        mine = [moment for moment in where.plan.moments if moment.host == column.host]
        tops = sorted((where.text_y[m.at], len(where.words[m.at])) for m in mine if m.at in where.text_y)
        assert all(one + 13 * rows <= two for (one, rows), (two, _) in zip(tops, tops[1:], strict=False))
        pills = sorted(where.pill_y[m.at] for m in mine if m.at in where.pill_y)
        assert all(two - one >= 17 for one, two in zip(pills, pills[1:], strict=False))


@EVERY
def test_every_event_is_told_in_plain_sentences(make):
    story = make()
    for index in range(len(story.events)):
        told = tell_event(story, index)
        assert told.endswith(".") and told[0].isupper() and "None" not in told and "  " not in told
    described = parsed(wire_svg(story)).find(f"{SPACE}desc").text
    assert tell_event(story, 0) in described


@EVERY
def test_text_has_no_stray_blanks_and_one_width(make):
    lines = wire_text(make()).split("\n")
    assert all(line == line.rstrip() for line in lines)
    assert max(map(len, lines)) <= 115


# --- walking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ("order", "time"))
def test_walking_leaves_everything_in_its_place(scale):
    story = stories.lost_fin()
    whole = words(wire_svg(story, scale=scale))
    for until in range(len(story.events)):
        svg = wire_svg(story, scale=scale, until=until)
        assert words(svg) == whole
    assert 'opacity="0.17"' in wire_svg(story, until=0)
    assert 'opacity="0.17"' not in svg


def test_what_is_on_its_way_is_shown_on_its_way():
    story = stories.simultaneous_open()
    sent = next(at for at, event in enumerate(story.events) if type(event).__name__ == "Sent")
    assert 'r="4.5"' in wire_svg(story, until=sent)
    assert 'r="4.5"' not in wire_svg(story)


def test_the_present_event_is_marked_with_what_brought_it_about():
    story = stories.lost_fin()
    state = next(at for at, event in enumerate(story.events) if getattr(event, "state", "") == "SYN-RECEIVED")
    svg = wire_svg(story, until=state)
    assert svg.count('stroke-width="3.2"') == 1
    assert re.search(r'fill="var\(--paper\)"[^>]*>SYN-RECEIVED<', svg)


@pytest.mark.parametrize("until", (-1, 99))
def test_walking_beyond_the_ends_is_refused(until):
    with pytest.raises(ValueError, match="until is an event's number"):
        wire_svg(stories.refused(), until=until)
    with pytest.raises(ValueError, match="no event"):
        tell_event(stories.refused(), until)


# --- what is told -----------------------------------------------------------------------------------


def told(story, kind, **fields):
    for index, event in enumerate(story.events):
        if type(event).__name__ == kind and all(getattr(event, name) == v for name, v in fields.items()):
            return tell_event(story, index)
    raise LookupError(kind)


def test_sentences():
    story = stories.lost_fin()
    assert told(story, "Arrived", host=1) == (
        "The SYN arrives at the server; its kernel now holds a half-open connection (SYN-RECEIVED)."
    )
    assert told(story, "Sent", fate="lost") == "The client's kernel sends a FIN (seq 6). The wire loses it."
    assert told(story, "Began", call="accept") == "The server calls accept(); it waits."
    assert told(story, "Began", call="send") == 'The client calls send(b"hello").'
    assert told(story, "Returned", call="connect") == "The client's connect returns; it is connected."
    assert told(story, "Became", state="TIME-WAIT").startswith("The client's socket is now TIME-WAIT: ")
    assert told(stories.refused(), "Returned") == (
        "The client's connect fails with ConnectionRefusedError (ECONNREFUSED)."
    )
    assert told(stories.seven_clients(), "Became", state="ESTABLISHED", socket=8) == (
        "The server's end of the connection with c1 is now ESTABLISHED: the connection is open."
    )
    assert told(stories.seven_clients(), "Held") == (
        "At the server's listening socket 1 connection waits to be accepted."
    )
    assert told(stories.datagrams(), "Returned", call="connect") == (
        "The client's connect returns; its peer is set, and nothing was sent."
    )


# --- recorded ---------------------------------------------------------------------------------------


@EVERY
def test_a_recorded_scene_says_so_and_compares_equal_with_a_live_one(make):
    from nboutputs import rules

    live, recorded = make(), make()
    recorded.recorded = (
        "no user namespaces here\n(AppArmor's restriction); sudo sysctl -w kernel.x=0 " + "y " * 200
    )
    text, svg = wire_text(recorded), wire_svg(recorded)
    assert text.startswith("recorded earlier: no user namespaces here (AppArmor")
    assert svg.count('class="recorded"') == 1 and ">recorded earlier</text>" in svg
    parsed(svg)
    for regex, replace in rules():
        text, svg = re.sub(regex, replace, text), re.sub(regex, replace, svg)
    assert text == wire_text(live)
    assert svg == wire_svg(live)
