"""The drawings: well-formed, settled where they are stored, and saying what their data says."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from labsupport import draw, tcp
from labsupport.draw import CardModel, rows, theme
from labsupport.events import Became, Began, Lane, Returned
from labsupport.observe import Snapshot
from labsupport.timeline import Timeline

CLIENT = Lane("client", "client", "AF_INET", "SOCK_STREAM")
SERVER = Lane("server", "server", "AF_INET", "SOCK_STREAM")
ESTABLISHED = Snapshot(
    "AF_INET", "SOCK_STREAM", 77, ("127.0.0.1", 40123), ("127.0.0.1", 40777), "ESTABLISHED", "active",
    5000, 4000, 300, 211, 1000, 131072, 2626560, 0.00123, 10, 0,
)  # fmt: skip
PATH = (("CLOSED", True), ("SYN-SENT", False), ("ESTABLISHED", True))
CARD = CardModel("client", "TCP socket", "client", ESTABLISHED, PATH, waiting="waits in recv(1024)")


def parsed(svg):
    """The drawing as a tree; every one must be XML, with a title and a sentence for a screen reader."""
    tree = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert tree.find(f"{space}title").text and tree.find(f"{space}desc").text
    assert tree.get("role") == "img"
    assert not [node for node in tree.iter() if node.get("id")], "ids clash between drawings on one page"
    return tree


def words(svg):
    """What a drawing says, its style left out."""
    return " ".join(re.sub(r"<style>.*?</style>", "", svg).replace("<", " <").split()).replace(
        "</text>", "\n"
    )


def story(*steps):
    """Events from (kind, lane, …) steps: "began" call arguments, "returned" call result [error errno],
    "became" state seen.
    """
    events = []
    for kind, lane, *rest in steps:
        order = len(events)
        if kind == "began":
            events.append(Began(order, order / 100, "MainThread", lane, *rest))
        elif kind == "became":
            events.append(Became(order, order / 100, lane, *rest))
        else:
            call, result, *error = rest
            begun = next(
                e for e in reversed(events) if isinstance(e, Began) and (e.socket, e.call) == (lane, call)
            )
            error = error or [None, None]
            events.append(
                Returned(
                    order,
                    order / 100,
                    "MainThread",
                    lane,
                    call,
                    begun.arguments,
                    result,
                    *error,
                    0.0204,
                    begun.order,
                )
            )
    return events


CONVERSATION = story(
    ("began", 1, "accept", ""),
    ("began", 0, "connect", '("127.0.0.1", port)'),
    ("became", 0, "SYN-SENT", False),
    ("became", 0, "ESTABLISHED", True),
    ("returned", 0, "connect", None),
    ("returned", 1, "accept", "a new socket"),
    ("began", 0, "send", 'b"hello"'),
    ("returned", 0, "send", "5"),
    ("began", 0, "close", ""),
    ("became", 0, "FIN-WAIT-1", False),
    ("returned", 0, "close", None),
)


def test_card_text_is_one_settled_line():
    assert draw.card_text(CARD) == (
        "client  127.0.0.1 → 127.0.0.1   ESTABLISHED   (CLOSED → (SYN-SENT) → ESTABLISHED)"
        "   sent 5000, received 300   waits in recv(1024)"
    )


def test_a_stored_card_shows_nothing_that_varies():
    stored = draw.card_svg(CARD)
    parsed(stored)
    for varying in ("40123", "40777", "fd 77", "Send-Q", "1,000", "4,000", "131,072"):
        assert varying not in words(stored)
    assert "5,000" in words(stored) and "300" in words(stored)


def test_a_live_card_shows_ports_descriptor_and_gauges():
    live = words(draw.card_svg(CARD, live=True))
    for said in ("127.0.0.1:40123", "fd 77", "Send-Q", "4,000 acknowledged", "89 read", "2,626,560"):
        assert said in live.replace('<tspan fill="var(--dim)">', "")


def test_stored_and_live_cards_have_rules_of_their_own():
    live, stored = draw.card_svg(CARD, live=True), draw.card_svg(CARD)
    assert "--jp-layout-color1" in live and 'data-jp-theme-light="false"' in live
    assert "--jp-" not in stored and "prefers-color-scheme:dark" in stored
    assert "ls-own" not in live and "ls-live" not in stored


def test_after_close_the_settled_forms_tell_no_counts():
    closed = CardModel(
        "client", "TCP socket", "client", ESTABLISHED._replace(fd=None, state="TIME-WAIT"), PATH
    )
    assert "sent" not in draw.card_text(closed)
    assert "5,000" not in draw.card_svg(closed)


def test_a_listener_shows_its_queue_against_the_backlog():
    listening = Snapshot(
        "AF_INET", "SOCK_STREAM", 5, ("127.0.0.1", 4), None, "LISTEN", recv_queue=6, send_queue=5
    )
    model = CardModel("listener", "TCP socket", "server", listening, (("CLOSED", True), ("LISTEN", True)))
    live = words(draw.card_svg(model, live=True))
    assert "accept queue" in live and "of backlog 5" in live and "6 connections waiting" in live
    assert draw.card_text(model) == "listener  127.0.0.1   LISTEN   (CLOSED → LISTEN)"
    assert "TCP socket · listens" in live


def test_a_closed_listener_listened_and_was_not_accepted():
    gone = Snapshot("AF_INET", "SOCK_STREAM", None, ("127.0.0.1", 4), None, "CLOSED")
    opened = (("CLOSED", True), ("LISTEN", True), ("CLOSED", True))
    taken = (
        ("CLOSED", True),
        ("LISTEN", False),
        ("SYN-RECEIVED", False),
        ("ESTABLISHED", True),
        ("CLOSED", True),
    )
    for path, said in (opened, "TCP socket · listened"), (taken, "TCP socket · accepted"):
        assert said in words(draw.card_svg(CardModel("sock", "TCP socket", "server", gone, path)))


@pytest.mark.parametrize(
    ("local", "peer", "said"),
    [
        (("0.0.0.0", 0), None, "no address"),
        (("0.0.0.0", 80), None, "0.0.0.0"),
        (("::1", 8, 0, 0), ("::1", 9, 0, 0), "::1 → ::1"),
        ("", "/tmp/folder/echo.sock", "no address → echo.sock"),
        ("", None, "no address"),
    ],
)
def test_both_ends_in_words(local, peer, said):
    assert draw.text.ends(ESTABLISHED._replace(local=local, peer=peer)) == said


def test_ends_with_ports_are_written_as_ss_does():
    snapshot = ESTABLISHED._replace(local=("::1", 80, 0, 0), peer=("::1", 90, 0, 0))
    assert draw.text.ends(snapshot, draw.text.full) == "[::1]:80 → [::1]:90"


def test_a_udp_card_is_small_and_has_no_diagram():
    plain = Snapshot(
        "AF_INET", "SOCK_DGRAM", 5, ("127.0.0.1", 4), None, recv_queue=3, send_queue=0, recv_buffer=9
    )
    model = CardModel("sock", "UDP socket", snapshot=plain)
    live = draw.card_svg(model, live=True)
    assert "ESTABLISHED" not in live and "Recv-Q" in live
    assert int(parsed(live).get("height")) < int(parsed(draw.card_svg(CARD, live=True)).get("height")) / 2
    assert draw.card_text(model) == "sock  UDP socket, 127.0.0.1"


def test_what_a_learner_named_cannot_break_the_drawing():
    model = CardModel('<a&"b\x00', "Peer</svg>", words="x\x1b[0m", log=("<script>\x07",), address=("h<", 1))
    parsed(draw.card_svg(model))
    parsed(draw.card_svg(model, live=True))


def test_cards_stand_one_below_the_other():
    one, two = parsed(draw.card_svg(CARD)), parsed(draw.cards_svg([CARD, CARD]))
    assert int(two.get("height")) == 2 * int(one.get("height")) + 12
    assert int(two.get("width")) <= 680


def test_the_diagram_has_every_state_and_every_way_of_figure_5():
    tree = parsed(draw.diagram_svg())
    said = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert set(tcp.STATES) <= set(said)
    assert said.count("CLOSED") == 2  # as in the RFC: at the top and, where every way ends, below
    for move in tcp.FIGURE:
        assert any(text.startswith(move.event) for text in said)
    lines = list(tree.iter("{http://www.w3.org/2000/svg}line"))
    undirected = {frozenset((move.source, move.target)) for move in tcp.FIGURE if move.target != "CLOSED"}
    assert len(lines) == len(undirected | {frozenset(("TIME-WAIT", "")), frozenset(("LAST-ACK", ""))})


def test_the_diagram_is_a_value_with_text_and_picture():
    shown = draw.diagram(PATH, "client")
    assert repr(shown) == "CLOSED → (SYN-SENT) → ESTABLISHED"
    data, _ = shown._repr_mimebundle_()
    assert data["text/plain"] == repr(shown) and parsed(data["image/svg+xml"]).get("class") == "ls-own"
    assert "sends SYN,ACK" in repr(draw.diagram())
    assert len(repr(draw.diagram()).splitlines()) == len(tcp.FIGURE)


def test_a_path_of_unknown_states_is_refused():
    with pytest.raises(ValueError, match="SYN-SENT.*not 'OPEN'"):
        draw.diagram(("CLOSED", "OPEN"))


def test_a_reset_is_drawn_though_the_figure_has_no_line_for_it():
    assert (
        "<path"
        in draw.diagram_svg(("CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSED")).split("stroke-dasharray")[0]
    )


@pytest.mark.parametrize("role", ["client", "server", None])
def test_inks_are_legible_on_their_paper(role):
    for palette in (theme.LIGHT, theme.DARK):
        for ink in ("c", "s", "k", "x", "ink", "dim"):
            assert contrast(palette[ink], palette["paper"]) >= 4.5, (role, ink)


def contrast(one, other):
    """WCAG 2.1's contrast ratio of two colors."""

    def luminance(color):
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_two_lanes_face_each_other():
    text = draw.timeline_text(Timeline(CONVERSATION, (CLIENT, SERVER)))
    assert text == (
        "client                                                 server\n"
        "\n"
        "                                                              ┐ accept()\n"
        'connect(("127.0.0.1", port)) ┌ (SYN-SENT)                     │\n'
        "                             │ ESTABLISHED                    │\n"
        "                             └ connected                      │\n"
        "                                                              ┘ a new socket\n"
        'send(b"hello") → 5\n'
        "close()                        (FIN-WAIT-1)"
    )


def test_the_client_stands_left_whichever_lane_came_first():
    swapped = [event._replace(socket=1 - event.socket) for event in CONVERSATION]
    assert draw.timeline_text(Timeline(swapped, (SERVER, CLIENT))) == draw.timeline_text(
        Timeline(CONVERSATION, (CLIENT, SERVER))
    )


def test_one_lane_alone():
    events = story(
        ("began", 0, "connect", '("127.0.0.1", port)'),
        ("became", 0, "SYN-SENT", False),
        ("became", 0, "CLOSED", True),
        ("returned", 0, "connect", None, "ConnectionRefusedError", "ECONNREFUSED"),
    )
    assert draw.timeline_text(Timeline(events, (CLIENT,))) == (
        "client\n"
        "\n"
        'connect(("127.0.0.1", port)) ┌ (SYN-SENT)\n'
        "                             │ CLOSED\n"
        "                             └ ✕ ConnectionRefusedError (ECONNREFUSED)"
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_timelines_of_any_number_of_lanes_can_be_drawn(count):
    lanes = tuple(
        Lane(f"sock{number}", [None, "client", "server"][number % 3], "AF_INET", "SOCK_STREAM")
        for number in range(count)
    )
    events = story(*(("became", number, "CLOSED", True) for number in range(count)))
    timeline = Timeline(events, lanes)
    for live in (False, True):
        parsed(draw.timeline_svg(timeline, live=live))
    assert all(lane.label in draw.timeline_text(timeline) for lane in lanes)


def test_a_lane_without_states_is_drawn():
    events = story(("began", 0, "sendto", 'b"x"'), ("returned", 0, "sendto", "1"))
    lanes = (Lane("sock", None, "AF_INET", "SOCK_DGRAM"),)
    assert "UDP" in draw.timeline_svg(Timeline(events, lanes))


def test_durations_and_samples_are_live_only():
    sampled = [*CONVERSATION, Became(len(CONVERSATION), 0.2, 0, "FIN-WAIT-2", True, sampled=True)]
    timeline = Timeline(sampled, (CLIENT, SERVER))
    assert "20.4 ms" in draw.timeline_svg(timeline, live=True) and "FIN-WAIT-2" in draw.timeline_svg(
        timeline, live=True
    )
    for settled in (draw.timeline_svg(timeline), draw.timeline_text(timeline)):
        assert "20.4" not in settled and "FIN-WAIT-2" not in settled


def test_a_state_that_was_told_already_and_is_seen_at_last_is_told_once():
    told = (("became", 0, "ESTABLISHED", True), ("became", 0, "FIN-WAIT-1", False), ("became", 0, "…", False))
    other = (("began", 1, "close", ""), ("returned", 1, "close", None))
    events = story(*told, *other, ("became", 0, "FIN-WAIT-1", True))
    made = rows.plan(Timeline(events, (CLIENT, SERVER))).rows
    states = [(row.state, row.seen) for row in made if row.state]
    assert states == [("ESTABLISHED", True), ("FIN-WAIT-1", True), ("…", False)]


def test_calls_that_wait_on_one_socket_at_once_have_bars_of_their_own():
    events = story(
        ("began", 0, "recv", "1"),
        ("began", 0, "recv", "2"),
        ("began", 1, "send", 'b"ab"'),
        ("returned", 1, "send", "2"),
    )
    made = rows.plan(Timeline(events, (CLIENT, SERVER)))
    assert [(span.depth, span.last) for span in made.spans] == [(0, None), (1, None)]
    assert made.depth(0) == 2 and made.depth(1) == 0


def test_drawing_a_live_card_is_quick_enough_to_do_it_often():
    """Twelve kilobytes went to a page 120 times a second when that was measured: a card stays below."""
    assert len(draw.card_svg(CARD, live=True)) < 12_000


def test_labsupport_without_widgets_works_where_ipywidgets_cannot_be_imported():
    program = """
import sys
sys.modules["ipywidgets"] = None
import importlib, pkgutil
import labsupport
for module in pkgutil.walk_packages(labsupport.__path__, "labsupport."):
    if module.name.rpartition(".")[2] not in ("__main__", "bootstrap"):  # programs, not modules
        importlib.import_module(module.name)
with labsupport.EchoServer() as server:
    import socket
    with socket.create_connection(server.address) as client:
        view = labsupport.watch(client, server)
        assert "ESTABLISHED" in repr(view)
        for value in (view, labsupport.observe(client), labsupport.predict("which?", "one", "two")):
            data = value._repr_mimebundle_()
            data = data[0] if isinstance(data, tuple) else data
            assert "application/vnd.jupyter.widget-view+json" not in data, data
        view.close()
assert not any(name.startswith("matplotlib") for name in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
