"""The wire that moves by itself: delay, rate, loss, cuts and addresses, on each direction of its own."""

from __future__ import annotations

import socket
import time

import pytest
from between_hosts import DATA, datagrams, numbers, send_numbers

from labsupport import until
from labsupport.network import Network

pytestmark = pytest.mark.skipif(not Network.available(), reason="no private network can be had here")


def test_datagrams_arrive_as_they_were_sent(net, ends):
    here, there = ends
    here.send(DATA)
    assert there.recv(1000) == DATA
    (packet,) = net.wire.packets
    assert packet.payload == DATA
    assert packet.fate == "delivered"
    assert packet.checksum_ok


def test_a_delay_is_kept_both_ways(net, ends):
    here, there = ends
    net.wire.delay = 0.03
    began = time.monotonic()
    here.send(b"there")
    _, sender = there.recvfrom(100)
    there.sendto(b"back", sender)
    here.recv(100)
    assert time.monotonic() - began >= 0.06


def test_each_direction_has_its_own_settings(net):
    net.wire.delay = 0.001
    net.wire.b_to_a.delay = 0.05
    assert net.wire.a_to_b.delay == 0.001
    assert net.wire.delay == {"a_to_b": 0.001, "b_to_a": 0.05}
    net.wire.delay = 0
    assert net.wire.delay == 0


def test_a_rate_spreads_packets_in_time(net, ends):
    here, there = ends
    net.wire.rate = 80_000  # bytes: 10,000 a second
    began = time.monotonic()
    for _ in range(5):
        here.send(bytes(472))  # 500 with the headers of IP and UDP: 50 ms each
    for _ in range(5):
        there.recv(1000)
    assert time.monotonic() - began >= 0.25


def test_a_full_queue_drops_what_comes_last(net, ends):
    here, there = ends
    net.wire.rate, net.wire.queue = 1_000, 3  # a quarter of a second each
    with net.wire.change():
        send_numbers(here, 6)
    until(lambda: len(net.wire.packets) == 6)
    assert [packet.fate for packet in net.wire.packets[3:]] == ["queue full"] * 3
    assert net.wire.a_to_b.counts.full == 3
    assert net.wire.queue_length >= 1
    assert numbers(there, 3) == [0, 1, 2]
    until(lambda: net.wire.queue_length == 0)


def test_the_queue_is_seen_to_shrink_where_the_process_apart_works(net, ends):
    here, there = ends
    net.wire.rate = 1_000  # slow enough for each length to be seen
    until(lambda: net.wire.apart)
    send_numbers(here, 4)
    seen = set()
    until(lambda: seen.add(net.wire.a_to_b.queue_length) or seen >= {1, 2, 3})
    assert numbers(there, 4) == [0, 1, 2, 3]
    until(lambda: net.wire.queue_length == 0)


def lost(net, seed, count=60):
    """The numbers of the datagrams that chance took."""
    net.wire.clear()
    net.wire.seed, net.wire.loss = seed, 0.3
    here, there = datagrams(net)
    with here, there:
        send_numbers(here, count)
        counts = net.wire.a_to_b.counts
        until(lambda: counts.lost + counts.arrived == count)
    return [number for number, packet in enumerate(net.wire.packets) if packet.fate == "lost"]


def test_loss_is_the_same_for_the_same_seed_and_only_then(net):
    first = lost(net, 1)
    assert 5 < len(first) < 35
    assert lost(net, 1) == first
    assert lost(net, 2) != first


def test_loss_is_the_same_whoever_works_the_wire(net):
    first = lost(net, 5)
    net.wire.delay = 0.001
    until(lambda: net.wire.apart)
    assert lost(net, 5) == first


def test_jitter_keeps_the_order(net, ends):
    here, there = ends
    net.wire.delay, net.wire.jitter = 0.001, 0.02
    send_numbers(here, 50)
    assert numbers(there, 50) == list(range(50))


def test_a_shorter_delay_lets_nothing_overtake(net, ends):
    here, there = ends
    net.wire.delay = 1
    send_numbers(here, 2)
    until(lambda: len(net.wire.in_flight) == 2)
    net.wire.delay = 0
    here.send((2).to_bytes(4, "big"))
    assert numbers(there, 3) == [0, 1, 2]


def test_a_cut_takes_what_is_on_its_way_and_what_comes(net, ends):
    here, there = ends
    net.wire.delay = 5  # nobody waits for it
    here.send(b"on its way")
    until(lambda: net.wire.in_flight)
    net.wire.cut()
    here.send(b"too late")
    until(lambda: net.wire.a_to_b.counts.lost == 2)
    assert [packet.fate for packet in net.wire.packets] == ["cut", "cut"]
    net.wire.delay = 0
    net.wire.mend()
    here.send(b"whole again")
    assert there.recv(100) == b"whole again"


def test_one_direction_can_be_cut(net, ends):
    here, there = ends
    net.wire.b_to_a.cut()
    here.send(b"there")
    _, sender = there.recvfrom(100)
    there.sendto(b"never", sender)
    until(lambda: net.wire.b_to_a.counts.lost == 1)
    net.wire.b_to_a.mend()
    there.sendto(b"back", sender)
    assert here.recv(100) == b"back"


def test_nobody_has_the_address(net):
    with net.a.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"hello?", ("10.0.0.77", 7))
        until(lambda: net.wire.packets)
        assert net.wire.packets[0].fate == "no such host"


def test_three_hosts_have_six_directions():
    with Network(hosts=3) as net:
        names = [direction.name for direction in net.wire.directions]
        assert names == ["a to b", "a to c", "b to a", "b to c", "c to a", "c to b"]
        net.wire.a_to_c.cut()
        socks = []
        for host in net.hosts:
            sock = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((host.address, 7))
            sock.settimeout(5)
            socks.append(sock)
        a, b, c = socks
        a.sendto(b"one", (net.c.address, 7))
        a.sendto(b"two", (net.b.address, 7))
        b.sendto(b"three", (net.c.address, 7))
        assert b.recv(100) == b"two"
        assert c.recv(100) == b"three"
        for sock in socks:
            sock.close()


def test_ipv6_goes_the_same_way():
    with Network(ipv6=True) as net:
        net.wire.delay = 0.001
        with net.b.socket(socket.AF_INET6, socket.SOCK_DGRAM) as there:
            there.bind((net.b.address6, 7))
            there.settimeout(5)
            with net.a.socket(socket.AF_INET6, socket.SOCK_DGRAM) as here:
                here.sendto(DATA, (net.b.address6, 7))
                assert there.recv(1000) == DATA


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("delay", -1, ValueError),
        ("delay", "20 ms", TypeError),
        ("delay", True, TypeError),
        ("delay", float("nan"), ValueError),
        ("jitter", float("inf"), ValueError),
        ("rate", 0, ValueError),
        ("rate", "fast", TypeError),
        ("loss", 1.5, ValueError),
        ("queue", 0, ValueError),
        ("queue", 1.5, TypeError),
        ("seed", "x", TypeError),
        ("latency", 0.1, AttributeError),
    ],
)
def test_settings_that_are_none_are_refused_at_once(net, setting, value, error):
    with pytest.raises(error):
        setattr(net.wire, setting, value)
    with pytest.raises(error):
        setattr(net.wire.a_to_b, setting, value)


def test_a_direction_that_is_not_there_is_named(net):
    with pytest.raises(AttributeError, match="a_to_b, b_to_a"):
        net.wire.a_to_c  # noqa: B018
