"""Races over one bottleneck: what they say, what they leave behind, and what they say when the wire ran late."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time

import pytest

from labsupport import Network, finding, observe, race, tidy
from labsupport.congestion import Finding, Flow
from labsupport.observe import Snapshot
from labsupport.widgets import curves
from labsupport.widgets.bundle import WIDGET

@pytest.fixture(autouse=True)
def nothing_left():
    yield
    tidy()
    assert own_threads() == []


@pytest.fixture
def net():
    if not Network.available():
        pytest.skip("no private network here")
    with Network() as net:
        net.quickack = False
        net.wire.rate, net.wire.delay, net.wire.queue = 10e6, 0.02, 30
        yield net


def own_threads():
    return [thread.name for thread in threading.enumerate() if "race" in thread.name or "sampler" in thread.name]


def connected(net, congestion=b"reno"):
    with net.b.socket() as listener:
        listener.bind((net.b.address, 0))
        listener.listen()
        client = net.a.socket()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion)
        client.connect(listener.getsockname())
        served, _ = listener.accept()
    return client, served


def test_a_race_notes_the_window_the_queue_and_what_arrived(net):
    run = race(net, 2, Reno=lambda: connected(net))
    flow = run["Reno"]
    assert run.done
    assert len(run.seconds) == len(run.queue) == len(flow.window) == len(flow.rtt) == len(flow.acked)
    assert run.seconds == sorted(run.seconds)
    assert flow.acked == sorted(flow.acked)
    assert max(flow.window) > 10
    assert 0 < max(run.queue) <= 2 * 30  # both directions together
    assert max(flow.rtt) >= 0.04
    # Physics, whatever the load: payload cannot come faster than the bottleneck carries, but for the queue.
    assert 8 * flow.acked[-1] <= 10e6 * (run.seconds[-1] + 0.1)
    assert repr(run) == "Reno: 10 Mbit/s, 40 ms there and back, room for 30 packets"


def test_a_race_leaves_nothing_behind(net):
    race(net, 1.1, first=lambda: connected(net)).wait()  # what is opened once and stays is opened now
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))
    kept = []

    def once():
        kept.extend(connected(net))
        return tuple(kept[-2:])

    race(net, 1.1, once=once).wait()
    assert all(end.fileno() == -1 for end in kept)
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert net.wire.in_flight == ()
    assert own_threads() == []


def test_the_next_race_waits_for_the_one_before(net):
    first = race(net, 1.2, first=lambda: connected(net))
    second = race(net, 1.2, second=lambda: connected(net))
    assert first.done
    assert not second.done
    second.close()
    second.close()
    assert second.done


def test_tidy_ends_a_race(net):
    run = race(net, 10, long=lambda: connected(net))
    began = time.monotonic()
    assert "1 call" in repr(tidy())
    assert run.done
    assert time.monotonic() - began < 9


def test_both_flows_are_told_apart(net):
    run = race(net, 2, one=lambda: connected(net), two=lambda: connected(net, b"reno"))
    assert run["one"].acked[-1] > 0 < run["two"].acked[-1]
    with pytest.raises(KeyError, match="one, two"):
        run["three"]


def test_a_late_wire_is_tried_once_more_and_then_told(net, monkeypatch):
    monkeypatch.setattr("labsupport.congestion.PATIENCE", -1.0)
    run = race(net, 1.1, Reno=lambda: connected(net))
    run.round_trip = -1.0  # so that any lateness is too much
    run.wait()
    assert run.tries == 2
    assert not run.counts
    said = repr(finding("it rained", True, run))
    assert said.startswith("it rained: the wire ran ") and said.endswith(" ms late, so this run does not count")
    assert "does not count" in run.plot().axes[2].get_xlabel()


def test_what_a_function_raises_reaches_the_learner(net):
    with pytest.raises(ZeroDivisionError):
        race(net, 2, bad=lambda: 1 / 0)
    with pytest.raises(TypeError, match="two sockets"):
        race(net, 2, bad=lambda: None)
    assert own_threads() == []


def test_sockets_of_a_race_that_could_not_begin_are_closed(net):
    kept = []

    def good():
        kept.extend(connected(net))
        return tuple(kept)

    with pytest.raises(TypeError):
        race(net, 2, good=good, bad=lambda: "no pair")
    assert [end.fileno() for end in kept] == [-1, -1]


def test_the_page_gets_curves_and_the_file_a_settled_text(net):
    run = race(net, 1.5, Reno=lambda: connected(net))
    data, _ = run._repr_mimebundle_()
    assert data["text/plain"] == repr(run)
    assert WIDGET in data
    run.wait()
    last = bytes(run.live.widget.value)
    assert last.startswith(b"\x89PNG")
    assert run.plot()._repr_png_().startswith(b"\x89PNG")
    assert repr(run.plot(run)) == "<Figure: window, queue and goodput over time, Reno and Reno>"


@pytest.mark.parametrize(
    ("seconds", "flows", "error"),
    [
        ("2", {"a": len}, TypeError),
        (True, {"a": len}, TypeError),
        (0.5, {"a": len}, ValueError),
        (60, {"a": len}, ValueError),
        (2, {}, ValueError),
        (2, {"a": b"reno"}, TypeError),
    ],
)
def test_bad_arguments(seconds, flows, error):
    with pytest.raises(error):
        race(None, seconds, **flows)


def test_a_finding_says_whether_it_holds():
    class Kept:
        counts, late = True, 0.001

    assert repr(finding("two is more than one", 2 > 1, Kept)) == "two is more than one: True"
    assert repr(finding("one is more than two", 1 > 2, Kept)) == "one is more than two: False"
    assert finding("yes", 1, Kept) and not finding("no", 0, Kept)
    with pytest.raises(ValueError):
        finding("nothing", True)


def test_the_tests_take_a_late_finding_for_a_true_one_and_never_a_false_one():
    import nboutputs

    class Late:
        counts, late = False, 0.0613

    def compared(found):
        return nboutputs._sanitized(repr(found), nboutputs.rules())

    assert compared(Finding("it held", True, [Late])) == "it held: True"
    assert "62 ms late" in repr(Finding("it held", True, [Late]))
    Late.counts = True
    assert compared(Finding("it held", False, [Late])) == "it held: False"


def test_a_flow_reckons_from_its_looks():
    seconds = [at / 100 for at in range(301)]
    flow = Flow("made up", seconds)
    for at in range(301):
        window = 40 if at < 200 else 20
        flow.note(blank._replace(cwnd=window, rtt=0.05, bytes_acked=at * 1000, retransmits=0))
    assert flow.goodput == pytest.approx(800_000)
    assert flow.mean_rtt == pytest.approx(0.05)
    assert flow.deepest_cut == pytest.approx(0.5)
    assert repr(flow) == "<Flow made up>"


blank = Snapshot("AF_INET", "SOCK_STREAM", 3, None, None)


def test_marks_and_rates_are_reckoned_from_what_was_seen():
    seconds = [at / 100 for at in range(101)]
    resent = [0] * 10 + [1] * 2 + [2] * 40 + [5] * 49
    assert curves._sent_again(seconds, resent) == [10, 52]
    times, rates = curves._rates(seconds, [at * 1250 for at in range(101)], 1)
    assert all(rate == pytest.approx(1.0) for rate in rates)
    assert times[0] == pytest.approx(0.13, abs=0.02)


def test_observe_tells_the_window(net):
    client, served = connected(net)
    with client, served:
        assert observe(client).cwnd >= 2


def test_pictures_are_small_enough_for_one_plain_message(net):
    runs = [race(net, 1.1, **{name: lambda: connected(net)}) for name in ("one", "two", "three", "four")]
    picture = runs[0].plot(*runs[1:])._repr_png_()
    assert 4 * len(picture) / 3 < 64 * 1024
    assert all(len(run.live.widget.value) < 64 * 1024 for run in runs)
