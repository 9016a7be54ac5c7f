"""What the wire does to chosen packets, and what becomes of a predicate that raises."""

from __future__ import annotations


import pytest

from labsupport import until
from labsupport.network import Network

pytestmark = pytest.mark.skipif(not Network.available(), reason="no private network can be had here")


@pytest.fixture
def net():
    with Network() as net:
        yield net


def fates(net):
    return [packet.fate for packet in net.wire.packets]


def exchange(ends, *messages, arriving):
    here, there = ends
    for message in messages:
        here.send(message)
    return [there.recv(100) for _ in range(arriving)]


def test_drop_takes_the_first_that_the_predicate_chooses(net, ends):
    rule = net.wire.drop(lambda packet: packet.payload == b"two")
    assert exchange(ends, b"one", b"two", b"two", arriving=2) == [b"one", b"two"]
    until(lambda: "in flight" not in fates(net))
    assert fates(net) == ["delivered", "lost", "delivered"]
    assert (rule.done, rule.left) == (1, 0)
    assert repr(rule) == "<drop: 1 done, 0 to go>"


def test_drop_without_a_predicate_takes_any_and_without_a_count_all(net, ends):
    rule = net.wire.drop(count=None)
    exchange(ends, b"one", b"two", arriving=0)
    until(lambda: fates(net) == ["lost", "lost"])
    assert repr(rule) == "<drop: 2 done, every further one>"
    rule.cancel()
    assert exchange(ends, b"three", arriving=1) == [b"three"]


def test_a_count_on_the_wire_is_for_all_directions_together(net, ends):
    net.wire.drop(count=1)
    here, there = ends
    here.send(b"lost")
    until(lambda: net.wire.packets)
    here.send(b"there")
    _, sender = there.recvfrom(100)
    there.sendto(b"back", sender)
    assert here.recv(100) == b"back"


def test_a_rule_of_one_direction_leaves_the_other_alone(net, ends):
    net.wire.b_to_a.drop(count=None)
    here, there = ends
    here.send(b"there")
    _, sender = there.recvfrom(100)
    there.sendto(b"never", sender)
    until(lambda: net.wire.b_to_a.counts.lost == 1)
    assert net.wire.a_to_b.counts.lost == 0


def test_duplicate(net, ends):
    net.wire.duplicate(count=1)
    assert exchange(ends, b"one", b"two", arriving=3) == [b"one", b"one", b"two"]
    until(lambda: fates(net) == ["delivered", "duplicate", "delivered"])


def test_reorder_lets_the_next_one_pass(net, ends):
    net.wire.reorder(lambda packet: packet.payload == b"one")
    with net.wire.change():  # all are there at once: it waits a tenth of a second to be passed
        exchange(ends, b"one", b"two", b"three", arriving=0)
    assert exchange(ends, arriving=3) == [b"two", b"one", b"three"]
    until(lambda: fates(net) == ["reordered", "delivered", "delivered"])


def test_a_packet_that_nobody_passes_arrives_all_the_same(net, ends):
    net.wire.reorder()
    assert exchange(ends, b"alone", arriving=1) == [b"alone"]
    until(lambda: fates(net) == ["delivered"])


def test_a_corrupted_packet_fails_its_checksum(net, ends):
    net.wire.corrupt()
    assert exchange(ends, b"hello", b"again", arriving=1) == [b"again"]  # the kernel refused the first
    first, second = net.wire.packets
    assert (first.fate, first.payload, first.checksum_ok) == ("corrupted", b"helln", False)
    assert (second.fate, second.checksum_ok) == ("delivered", True)


def test_one_packet_may_be_corrupted_and_doubled(net, ends):
    net.wire.corrupt()
    net.wire.duplicate()
    exchange(ends, b"hello", b"end", arriving=1)
    until(lambda: fates(net) == ["corrupted", "duplicate", "delivered"])


def test_two_rules_of_a_kind_take_a_packet_each(net, ends):
    net.wire.drop()
    net.wire.drop()
    assert exchange(ends, b"one", b"two", b"three", arriving=1) == [b"three"]


def test_rules_bring_the_work_back_from_the_process_apart(net, ends):
    net.wire.delay = 0.001
    until(lambda: net.wire.apart)
    net.wire.drop(lambda packet: packet.payload == b"one")
    assert not net.wire.apart
    assert exchange(ends, b"one", b"two", arriving=1) == [b"two"]
    until(lambda: net.wire.apart)  # the rule is used up


def test_watchers_are_told_of_every_packet(net, ends):
    net.wire.delay = 0.001
    until(lambda: net.wire.apart)
    heard = []
    net.wire.watchers.append(lambda kind, record: heard.append((kind, record.fate)))
    net.wire.drop()
    exchange(ends, b"one", b"two", arriving=1)
    until(lambda: len(heard) == 4)
    assert heard == [("sent", "lost"), ("lost", "lost"), ("sent", "in flight"), ("arrived", "delivered")]


def test_what_a_predicate_raises_is_raised_at_the_next_use_and_the_packet_goes_on(net, ends):
    net.wire.drop(lambda packet: packet.sny)
    assert exchange(ends, b"one", arriving=1) == [b"one"]
    assert [type(error) for error in net.wire.errors] == [AttributeError]
    with pytest.raises(AttributeError, match="sny"):
        net.wire.delay = 0.1
    net.wire.delay = 0
    assert exchange(ends, b"two", arriving=1) == [b"two"]


def test_a_watcher_that_raises_does_not_end_the_wire(net, ends):
    net.wire.watchers.append(lambda kind, record: 1 / 0)
    assert exchange(ends, b"one", b"two", arriving=2) == [b"one", b"two"]
    with pytest.raises(ZeroDivisionError):
        net.wire.check()


@pytest.mark.parametrize("action", ["drop", "duplicate", "reorder", "corrupt"])
@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("SYN",), TypeError), ((None, 1.5), TypeError), ((None, True), TypeError), ((None, -1), ValueError)],
)
def test_bad_arguments_are_refused_at_once(net, action, arguments, error):
    for rules in (net.wire, net.wire.a_to_b):
        with pytest.raises(error):
            getattr(rules, action)(*arguments)
