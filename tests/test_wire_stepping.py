"""The wire that is held: nothing moves but by hand, and nothing depends on the clock."""

from __future__ import annotations

import contextlib
import time

import pytest

from labsupport import background, observe, until
from labsupport.network import Network
from labsupport.waiting import readable

pytestmark = pytest.mark.skipif(not Network.available(), reason="no private network can be had here")


@pytest.fixture
def net():
    with Network() as net:
        net.hold()
        yield net
        net.wire.check()


@contextlib.contextmanager
def connecting(net):
    """A listener on b, a socket on a, and its connect in the background."""
    with net.b.socket() as listener, net.a.socket() as client:
        listener.bind((net.b.address, 80))
        listener.listen(5)
        call = background(client.connect, (net.b.address, 80))
        yield listener, client, call
        call.close()


def test_a_handshake_step_by_step(net):
    with connecting(net) as (listener, client, call):
        assert observe(client).state == "SYN-SENT"
        assert [packet.said for packet in net.wire.in_flight] == ["SYN"]
        assert net.step().said == "SYN"
        assert not call.done
        assert net.step().said == "SYN, ACK"
        call.result()
        assert observe(client).state == "ESTABLISHED"
        assert net.step().said == "ACK"
        assert net.step() is None
        listener.accept()[0].close()


def test_settle_carries_until_all_wait(net):
    with connecting(net) as (_, _, call):
        assert [packet.said for packet in net.settle()] == ["SYN", "SYN, ACK", "ACK"]
        call.result()
        assert net.settle() == []


def test_release_lets_everything_go(net):
    with connecting(net) as (_, _, call):
        assert len(net.wire.in_flight) == 1
        net.release()
        call.result()


def test_stepping_needs_a_hold(net):
    net.release()
    for method in (net.wire.step, net.wire.settle):
        with pytest.raises(RuntimeError, match="hold"):
            method()


def test_settle_ends_though_packets_do_not(net, ends):
    here, _ = ends
    net.wire.watchers.append(lambda kind, record: kind == "arrived" and here.send(b"another"))
    here.send(b"first")
    with pytest.raises(TimeoutError, match="still come"):
        net.wire.settle(timeout=0.2)


def test_take_next_carry(net, ends):
    here, there = ends
    here.send(b"one")
    here.send(b"two")
    one, two = net.wire.take()
    assert net.wire.take() == []
    assert (one.sender, one.receiver, one.fate) == (0, 1, "in flight")
    assert net.wire.next() is one
    net.wire.carry(one)
    assert one.fate == one.packet.fate == "delivered"
    assert there.recv(100) == b"one"
    with pytest.raises(ValueError, match="not in flight"):
        net.wire.carry(one)
    assert net.wire.next() is two
    net.wire.cut()
    assert two.fate == "cut"
    assert net.wire.next() is None


def test_looking_does_not_take_records_away_from_take(net, ends):
    here, _ = ends
    here.send(b"one")
    assert len(net.wire.packets) == len(net.wire.in_flight) == 1
    assert [record.packet.payload for record in net.wire.take()] == [b"one"]


def test_take_returns_those_that_are_lost_too(net, ends):
    here, _ = ends
    net.wire.drop()
    here.send(b"one")
    (record,) = net.wire.take()
    assert record.lost
    assert record.fate == "lost"


def test_carry_out_of_turn(net, ends):
    here, there = ends
    here.send(b"one")
    here.send(b"two")
    one, two = net.wire.take()
    net.wire.carry(two)
    net.wire.carry(one)
    assert [there.recv(100), there.recv(100)] == [b"two", b"one"]


def test_what_is_due_first_goes_first_whatever_the_clock_says(net, ends):
    here, there = ends
    net.wire.a_to_b.delay, net.wire.b_to_a.delay = 0.02, 0.001
    here.send(b"first")
    net.wire.take()
    time.sleep(0.03)  # nothing depends on it: the held wire's time stands still
    there.sendto(b"second", here.getsockname())
    assert [record.sender for record in (*net.wire.take(), net.wire.next())] == [1, 1]
    assert [packet.payload for packet in net.settle()] == [b"second", b"first"]


def test_time_goes_on_with_what_is_carried(net, ends):
    here, _ = ends
    net.wire.delay = 0.02
    here.send(b"one")
    (one,) = net.wire.take()
    assert net.wire.until_due(one) == pytest.approx(0.02)
    net.wire.carry(one)
    here.send(b"two")
    (two,) = net.wire.take()
    assert two.due - one.due == pytest.approx(0.02)


def test_a_full_queue_is_the_same_at_any_speed(net, ends):
    here, _ = ends
    net.wire.rate, net.wire.queue = 1e6, 2
    for _ in range(4):
        here.send(b"x")
    assert [record.fate for record in net.wire.take()] == ["in flight"] * 2 + ["queue full"] * 2
    assert net.wire.queue_length == 2
    net.step()
    assert net.wire.queue_length == 1


def test_rules_under_hold(net, ends):
    here, _ = ends
    net.wire.reorder(lambda packet: packet.payload == b"one")
    net.wire.duplicate(lambda packet: packet.payload == b"three")
    for message in (b"one", b"two", b"three"):
        here.send(message)
    carried = [(packet.payload, packet.fate) for packet in net.settle()]
    assert carried == [
        (b"two", "delivered"),
        (b"one", "reordered"),
        (b"three", "delivered"),
        (b"three", "duplicate"),
    ]


def test_a_repeated_syn_is_absorbed(net):
    net.wire.absorb = True
    with connecting(net) as (_, client, call):
        (first,) = net.wire.take()
        until(lambda: net.wire.readable(0.1), timeout=5)  # its kernel sends it again after a second
        (again,) = net.wire.take()
        assert (again.packet.said, again.fate) == ("SYN", "absorbed")
        assert net.wire.next() is first
        assert [packet.said for packet in net.settle()] == ["SYN", "SYN, ACK", "ACK"]
        call.result()


def test_what_is_repeated_while_it_is_carried_is_absorbed(net):
    """Both TUNs have something then: a repeat, and the answer to the segment that arrived."""
    with connecting(net) as (_, client, call):
        net.settle()
        call.result()
        with net.a.socket() as late:
            again = background(late.connect, (net.b.address, 80))
            late_syn = net.wire.in_flight[0].raw
            net.wire.watchers.append(
                lambda kind, record: (
                    kind == "arrived" and record.raw == late_syn and readable([net.wire.fds[0]], 5)
                )
            )
            assert [net.step().said for _ in range(3)] == ["SYN", "SYN, ACK", "ACK"]
            again.result()
        assert "SYN" in [packet.said for packet in net.wire.packets if packet.fate == "absorbed"]


def test_data_sent_again_after_it_was_carried_is_not_absorbed(net):
    net.wire.absorb = True
    net.rto_min = 1.0  # time enough for a look before it is sent again
    net.a.sysctl("net.ipv4.tcp_early_retrans", 0)
    with connecting(net) as (listener, client, call):
        net.settle()
        call.result()
        server, _ = listener.accept()
        with server:
            net.wire.drop(lambda packet: packet.payload)
            client.send(b"hello")
            (gone,) = net.wire.take()
            assert gone.lost
            until(lambda: net.wire.readable(0.1), timeout=5)
            (again,) = net.wire.take()
            assert (again.packet.payload, again.fate) == (b"hello", "in flight")


def test_what_was_held_keeps_what_is_left_of_its_delay(net, ends):
    here, there = ends
    net.wire.delay = 0.05
    here.send(b"x")
    net.wire.take()
    began = time.monotonic()
    net.release()
    assert there.recv(100) == b"x"
    assert time.monotonic() - began >= 0.05


def test_hold_and_release_again_and_again(net):
    net.release()
    with connecting(net) as (listener, client, call):
        call.result()
        server, _ = listener.accept()
        server.settimeout(5)
        with server:
            for number in range(200):
                net.hold()
                client.send(number.to_bytes(2, "big"))
                assert len(net.wire.in_flight) >= 1
                net.release()
                assert int.from_bytes(server.recv(2), "big") == number
