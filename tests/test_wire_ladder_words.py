"""The ladder with a wire, from scenes made by hand: what stands in its text and its picture, and where."""

from __future__ import annotations

import re

import pytest
import wire_stories as stories
from wire_pictures import SPACE, parsed, placed, words
from wire_stories import Story

from labsupport.draw import tell_event, wire_svg, wire_text
from labsupport.draw.wire_place import wrapped
from labsupport.draw.wire_rows import plan, relative_numbers

# --- text -------------------------------------------------------------------------------------------


LOST_FIN = """\
client                                            the wire                  server

                                                                            LISTEN   listen(5)
                                                                                   ┐ accept()
connect(("10.0.0.2", 80)) ┌ SYN-SENT     ─────────── SYN ──────────▶  SYN-RECEIVED │
                          │ ESTABLISHED  ◀─────── SYN, ACK ─────────               │
                          └ connected    ─────────── ACK ──────────▶   ESTABLISHED ┘ a new socket
                                                                                   ┐ recv(1024)
send(b"hello") → 5                       ───────── 5 bytes ────────▶               │
                                         ◀────────── ACK ───────────               ┘ b"hello"
close()                     FIN-WAIT-1   ────── FIN ───────✕ lost
                                         ───── FIN, sent again ────▶    CLOSE-WAIT
                            FIN-WAIT-2   ◀────────── ACK ───────────
                            TIME-WAIT    ◀────────── FIN ───────────      LAST-ACK   close()
                                         ─────────── ACK ──────────▶        CLOSED"""
REFUSED = """\
client                                           the wire                server

connect(("10.0.0.2", 80)) ┌ SYN-SENT    ─────────── SYN ──────────▶
                          │ CLOSED      ◀────────── RST ───────────
                          └ ✕ ConnectionRefusedError (ECONNREFUSED)"""
CROSSING = """\
                     │                                     │
                     │                   ╭─────── SYN ─────┼────      SYN-SENT ┐ connect(("10.0.0.1",
                     │                   │                 │                   │   7000))"""


def test_the_text_of_a_whole_conversation():
    assert wire_text(stories.lost_fin()) == LOST_FIN


def test_the_text_of_a_refusal():
    assert wire_text(stories.refused()) == REFUSED


def test_packets_that_cross_turn_down_and_go_on():
    text = wire_text(stories.simultaneous_open())
    assert CROSSING.split("\n")[1].split("connect")[0] in text
    assert text.count("╮") + text.count("╭") == text.count("╰") + text.count("╯") == 4


def test_a_packet_that_overtakes_crosses_the_lane_of_the_other():
    lines = wire_text(stories.reordered()).split("\n")
    overtakes = next(line for line in lines if "╰" in line)
    assert "┼" in overtakes and overtakes.endswith("▶")


def test_more_packets_than_lanes_are_numbered():
    text = wire_text(stories.flights(9))
    for mark in "①②③④⑤":
        assert text.count(mark) == 2
    assert re.search(r"①─* 104 bytes ─*▶", text)


def test_every_packet_is_told_once_and_the_lost_with_their_fate():
    text = wire_text(stories.mishaps())
    for said in ("✕ queue full", "cut ✕", "corrupted", "▷ still on its way", "once more", "sent again"):
        assert text.count(said) == 1, said


def test_several_connections_are_named_alike_everywhere():
    text = wire_text(stories.seven_clients())
    assert "c3: SYN, ACK" in text and "c3 SYN-RECEIVED" in text and "c3 ESTABLISHED" in text
    assert "connection 3" not in text
    assert max(map(len, text.split("\n"))) <= 100


def test_three_hosts_are_listed_with_who_sends_to_whom():
    lines = wire_text(stories.three_hosts()).split("\n")
    assert max(map(len, lines)) <= 120
    assert any(re.match(r"other client .*SYN-SENT +─+ another: SYN ─+▶ +server +another SYN-RECEIVED", line)
               for line in lines)  # fmt: skip


def test_the_same_call_again_and_again_is_one_line():
    story = Story(stories.PAIR[:1])
    for _ in range(5):
        story.call(0, "send", "1000 bytes", "1000")
    story.call(0, "send", "1000 bytes", "192")
    assert wire_text(story).split("\n")[2:] == ["send(1000 bytes) → 1000  ×5", "send(1000 bytes) → 192"]


def test_a_scene_without_events():
    story = Story(())
    assert wire_text(story) == "nothing happened on these hosts"
    assert "nothing happened" in " ".join(words(wire_svg(story)))


# --- the drawing ------------------------------------------------------------------------------------


def test_a_call_at_once_is_one_line_and_one_that_waits_has_its_bar():
    said = words(wire_svg(stories.lost_fin()))
    assert 'send(b"hello") → 5' in said and "accept()" in said and "→ a new socket" in said
    assert said.count("waits") == 3


def test_an_error_is_red_and_named():
    svg = wire_svg(stories.refused())
    assert re.search(r'fill="var\(--x\)"[^>]*>✕ ConnectionRefusedError<', svg) and "(ECONNREFUSED)" in svg


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ('connect(("10.0.0.2", port))', ["connect(", '("10.0.0.2",', "  port))"]),
        ("setsockopt(SOL_SOCKET, SO_RCVBUF, 1)", ["setsockopt(", "SOL_SOCKET,", "  SO_RCVBUF, 1)"]),
        ("✕ ConnectionResetError (ECONNRESET)", ["✕ ECONNRESET"]),
        (
            "✕ ConnectionRefusedError (ECONNREFUSED)  2\N{NO-BREAK SPACE}ms",
            ["✕ ECONNREFUSED", "  2\N{NO-BREAK SPACE}ms"],
        ),
        ("✕ TimeoutError (ETIMEDOUT)", ["✕ TimeoutError", "  (ETIMEDOUT)"]),
        ('→ b"one, two,three,four"', ['→ b"one, two,thr', '  ee,four"']),
        ('→ b"one,two,three,four"', ['→ b"one,two,thre', '  e,four"']),
    ],
)
def test_a_narrow_lane_breaks_words_rather_than_cutting_them(said, lines):
    assert wrapped(said, 110) == lines
    assert wrapped(said, 1000) == [said]


def test_what_the_wire_doubled_was_not_sent_again():
    story = stories.shaken()
    story.pass_(0, "5 bytes", 0, 2, payload=b"twice", seq=1001, ack=5001)
    story.pass_(0, "5 bytes", 0, 2, payload=b"twice", fate="duplicate", note="sent again", seq=1001, ack=5001)
    assert "5 bytes twice duplicate" in words(wire_svg(story))
    assert "sent again" not in wire_text(story)
    copied = next(at for at, event in enumerate(story.events) if getattr(event, "fate", "") == "duplicate")
    assert tell_event(story, copied) == "The wire makes a copy of the segment with 5 bytes (seq 1)."


def test_lost_packets_are_dashed_and_end_in_their_word():
    svg = wire_svg(stories.mishaps())
    assert svg.count('stroke="var(--x)" stroke-width="1.7" stroke-dasharray') == 3
    for fate in ("queue full", "cut", "still on its way"):
        assert f">{fate}</text>" in svg
    assert "corrupted" in svg and "once more" in svg


def test_a_lost_packet_of_three_hosts_goes_where_it_was_sent():
    story = Story((("x", "client", "SOCK_STREAM", 0),), (stories.CLIENT, stories.SERVER, stories.THIRD))
    story.sent(0, "SYN", 0, to=2, fate="lost")
    assert plan(story).arrows[0].target == 2


def test_bands_are_deepest_while_established():
    svg = wire_svg(stories.lost_fin())
    assert svg.count('fill-opacity="1"') == 2 and 'fill-opacity="0.4"' in svg


def test_a_listener_needs_no_name_until_it_is_one_of_several():
    assert {state.name for state in plan(stories.lost_fin()).states} == {""}
    named = {state.name for state in plan(stories.seven_clients()).states}
    assert named == {"", *(f"c{number}" for number in range(1, 8))}


def test_labels_do_not_lie_on_each_other():
    for make in (stories.reordered, stories.simultaneous_open, stories.seven_clients):
        tree = parsed(wire_svg(make()))
        found = [
            (float(node.get("x")), float(node.get("y")))
            for node in tree.iter(f"{SPACE}text")
            if node.get("paint-order")
        ]
        for one in found:
            near = [two for two in found if abs(one[0] - two[0]) < 40 and abs(one[1] - two[1]) < 10]
            assert near == [one]


def test_relative_numbers_are_live_only():
    story = stories.lost_fin()
    numbers = relative_numbers(story)
    assert [numbers.get(at, "") for at in range(6)] == ["", "", "ack 1", "seq 1", "ack 6", "seq 6"]
    assert any("seq 6" in text for text in words(wire_svg(story, live=True)))
    assert not any("seq 6" in text for text in words(wire_svg(story)))


def test_relative_numbers_begin_again_with_a_new_connection_on_the_same_ports():
    story = Story(stories.PAIR)
    for start in (100, 7000):
        story.pass_(0, "SYN", 0, 1, seq=start)
        story.pass_(1, "SYN, ACK", 2, 0, seq=start + 50, ack=start + 1)
        story.pass_(0, "ACK", 0, 2, seq=start + 1, ack=start + 51)
    assert [relative_numbers(story)[at] for at in (2, 5)] == ["ack 1", "ack 1"]


def test_times_stand_in_the_live_drawing_only():
    story = stories.lost_fin()
    assert re.search(r"→ connected  \d+\N{NO-BREAK SPACE}ms", " ".join(words(wire_svg(story, live=True))))
    assert "ms" not in " ".join(words(wire_svg(story))).split()


# --- to scale ---------------------------------------------------------------------------------------


def test_heights_are_to_scale_of_time():
    story = stories.timed()
    where = placed(story, "time")
    moments = where.plan.moments
    first, last = moments[0].at, moments[-1].at
    slope = (where.y[last] - where.y[first]) / (story.events[last].time - story.events[first].time)
    for moment in moments:
        expected = where.y[first] + slope * (story.events[moment.at].time - story.events[first].time)
        assert where.y[moment.at] == pytest.approx(expected)
    assert "0 ms" in words(wire_svg(story, scale="time")) and "50" in words(wire_svg(story, scale="time"))


def test_another_scale_is_refused():
    with pytest.raises(ValueError, match='"order" or "time"'):
        wire_svg(stories.refused(), scale="log")
