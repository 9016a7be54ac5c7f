"""The table against RFC 9293's figure 5, written down here a second time, arrow by arrow, from the figure."""

from __future__ import annotations

from collections import Counter

import pytest

from labsupport import tcp

# Read off the figure from top to bottom. "x" in the figure: nothing is sent.
FIGURE_5 = """
    CLOSED        LISTEN        passive OPEN
    CLOSED        SYN-SENT      active OPEN     SYN
    LISTEN        CLOSED        CLOSE
    LISTEN        SYN-RECEIVED  rcv SYN         SYN,ACK
    LISTEN        SYN-SENT      SEND            SYN
    SYN-SENT      CLOSED        CLOSE
    SYN-SENT      SYN-RECEIVED  rcv SYN         SYN,ACK
    SYN-SENT      ESTABLISHED   rcv SYN,ACK     ACK
    SYN-RECEIVED  LISTEN        rcv RST
    SYN-RECEIVED  ESTABLISHED   rcv ACK of SYN
    SYN-RECEIVED  FIN-WAIT-1    CLOSE           FIN
    ESTABLISHED   FIN-WAIT-1    CLOSE           FIN
    ESTABLISHED   CLOSE-WAIT    rcv FIN         ACK
    FIN-WAIT-1    FIN-WAIT-2    rcv ACK of FIN
    FIN-WAIT-1    CLOSING       rcv FIN         ACK
    CLOSE-WAIT    LAST-ACK      CLOSE           FIN
    FIN-WAIT-2    TIME-WAIT     rcv FIN         ACK
    CLOSING       TIME-WAIT     rcv ACK of FIN
    LAST-ACK      CLOSED        rcv ACK of FIN
    TIME-WAIT     CLOSED        timeout
"""
NOTE_2 = ("FIN-WAIT-1", "TIME-WAIT", "rcv FIN,ACK", "ACK")


def figure_5():
    """The figure's arrows as tuples of four."""
    arrows = []
    for line in FIGURE_5.strip().splitlines():
        source, target, event, *sends = [part for part in line.strip().split("  ") if part]
        arrows.append((source, target.strip(), event.strip(), sends[0].strip() if sends else ""))
    return arrows


def test_the_eleven_states():
    assert len(tcp.STATES) == len(set(tcp.STATES)) == 11
    assert tcp.STATES[0] == "CLOSED"
    assert set(tcp.STATES) == {state for arrow in figure_5() for state in arrow[:2]}


def test_every_arrow_of_the_figure_and_no_other():
    assert Counter(map(tuple, tcp.DRAWN)) == Counter(figure_5())
    assert set(map(tuple, tcp.FIGURE)) == {*figure_5(), NOTE_2}


def test_note_3_what_a_rst_does():
    received = {t.source: t for t in tcp.TRANSITIONS if t.event == "rcv RST" and t.target == "CLOSED"}
    assert set(received) == set(tcp.STATES) - {"CLOSED", "LISTEN"}
    sent = {t.source for t in tcp.TRANSITIONS if t.event == "snd RST" and t.target == "TIME-WAIT"}
    assert sent == set(tcp.STATES) - {"CLOSED", "TIME-WAIT"}
    assert all(t.sends == "RST" for t in tcp.TRANSITIONS if t.event in ("snd RST", "ABORT"))
    assert len(tcp.TRANSITIONS) == 21 + 9 + 9 + 5 == len(set(tcp.TRANSITIONS))


def test_a_fin_is_sent_by_close_and_acknowledged_when_it_comes():
    assert {t.event for t in tcp.FIGURE if t.sends == "FIN"} == {"CLOSE"}
    assert all(t.sends == "ACK" for t in tcp.FIGURE if t.event.startswith("rcv FIN"))


def test_every_state_is_reached_and_left():
    for state in tcp.STATES[1:]:
        assert tcp.paths("CLOSED", state, resets=False), state
        assert tcp.paths(state, "CLOSED", resets=False), state


@pytest.mark.parametrize(
    ("events", "states"),
    [
        # the client of an orderly conversation, and the server
        (
            ["active OPEN", "rcv SYN,ACK", "CLOSE", "rcv ACK of FIN", "rcv FIN", "timeout"],
            "SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED",
        ),
        (
            ["passive OPEN", "rcv SYN", "rcv ACK of SYN", "rcv FIN", "CLOSE", "rcv ACK of FIN"],
            "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED",
        ),
        # simultaneous open, simultaneous close
        (
            ["active OPEN", "rcv SYN", "rcv ACK of SYN", "CLOSE", "rcv FIN", "rcv ACK of FIN"],
            "SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT",
        ),
        (["passive OPEN", "rcv SYN", "CLOSE", "rcv FIN,ACK"], "LISTEN SYN-RECEIVED FIN-WAIT-1 TIME-WAIT"),
        (["passive OPEN", "SEND", "CLOSE"], "LISTEN SYN-SENT CLOSED"),
        (["passive OPEN", "rcv SYN", "rcv RST", "CLOSE"], "LISTEN SYN-RECEIVED LISTEN CLOSED"),
    ],
)
def test_walks(events, states):
    state, walked = "CLOSED", []
    for event in events:
        state = tcp.next_state(state, event)
        walked.append(state)
    assert walked == states.split()
    assert tcp.allowed(["CLOSED", *walked])


def test_a_rst_in_syn_received_depends_on_who_opened():
    assert tcp.next_state("SYN-RECEIVED", "rcv RST", "passive") == "LISTEN"
    assert tcp.next_state("SYN-RECEIVED", "rcv RST", "active") == "CLOSED"
    assert tcp.next_state("SYN-RECEIVED", "rcv RST") == "LISTEN"
    assert not tcp.allowed(["SYN-RECEIVED", "CLOSED", "LISTEN"], "active")


def test_next_state_refuses():
    with pytest.raises(ValueError, match="from CLOSED on 'rcv SYN'; there: passive OPEN, active OPEN"):
        tcp.next_state("CLOSED", "rcv SYN")
    with pytest.raises(ValueError, match="no TCP state"):
        tcp.next_state("ESTAB", "CLOSE")
    with pytest.raises(ValueError, match="opened must be"):
        tcp.next_state("CLOSED", "active OPEN", "both")


@pytest.mark.parametrize(
    ("ends", "opened", "passed"),
    [
        (("CLOSED", "ESTABLISHED"), "active", ("SYN-SENT",)),
        (("CLOSED", "ESTABLISHED"), "passive", ("LISTEN", "SYN-RECEIVED")),
        (("CLOSED", "ESTABLISHED"), None, None),
        (("LISTEN", "ESTABLISHED"), "passive", ("SYN-RECEIVED",)),
        (("CLOSED", "SYN-RECEIVED"), "active", ("SYN-SENT",)),
        (("SYN-RECEIVED", "ESTABLISHED"), "active", ()),
        (("ESTABLISHED", "FIN-WAIT-1"), "active", ()),
        (("ESTABLISHED", "FIN-WAIT-2"), "active", ("FIN-WAIT-1",)),
        (("ESTABLISHED", "CLOSING"), None, ("FIN-WAIT-1",)),
        (("ESTABLISHED", "LAST-ACK"), None, ("CLOSE-WAIT",)),
        (("ESTABLISHED", "TIME-WAIT"), "active", None),  # FIN-WAIT-2, CLOSING, or neither
        (("ESTABLISHED", "CLOSED"), "active", None),  # by a RST, or by LAST-ACK, or …
        (("CLOSE-WAIT", "CLOSED"), None, None),
        (("LISTEN", "CLOSED"), None, ()),
        (("TIME-WAIT", "CLOSED"), None, ()),
        (("LISTEN", "LISTEN"), None, ()),
        (("FIN-WAIT-2", "ESTABLISHED"), None, None),  # no way at all
        (("CLOSE-WAIT", "LISTEN"), None, None),  # nor does a socket begin again
    ],
)
def test_what_lies_between(ends, opened, passed):
    assert tcp.between(*ends, opened) == passed


def test_without_a_reset_less_is_possible():
    assert tcp.between("CLOSE-WAIT", "CLOSED", resets=False) == ("LAST-ACK",)
    assert set(tcp.paths("ESTABLISHED", "CLOSED", resets=False)) == {
        ("ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"),
        ("ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT", "CLOSED"),
    }


def test_paths_are_the_shortest_ways():
    assert tcp.paths("CLOSED", "ESTABLISHED", "active") == [("CLOSED", "SYN-SENT", "ESTABLISHED")]
    passive = ("LISTEN", "SYN-RECEIVED", "ESTABLISHED")
    assert tcp.paths("CLOSED", "ESTABLISHED", "passive") == [("CLOSED", *passive)]
    assert tcp.paths("ESTABLISHED", "CLOSED") == [("ESTABLISHED", "CLOSED")]
    early = ("LISTEN", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2")
    assert tcp.paths("LISTEN", "FIN-WAIT-2", "passive") == [early]
    assert tcp.paths("TIME-WAIT", "ESTABLISHED") == []
    assert tcp.paths("CLOSED", "CLOSED") == [("CLOSED",)]


def test_what_is_between_two_states_can_be_walked():
    for source in tcp.STATES:
        for target in tcp.STATES:
            for opened in tcp.OPENINGS:
                passed = tcp.between(source, target, opened)
                if passed is not None:
                    assert tcp.allowed((source, *passed, target), opened), (source, target, opened)


def test_allowed():
    assert tcp.allowed([])
    assert tcp.allowed(["LISTEN", "LISTEN"])
    assert not tcp.allowed(["CLOSED", "ESTABLISHED"])
    assert not tcp.allowed(["CLOSED", "SYN-SENT"], "passive")
    with pytest.raises(ValueError, match="no TCP state"):
        tcp.allowed(["CLOSED", "…"])
