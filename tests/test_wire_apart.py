"""The wire under a load: the process apart, bounded memory, counts, captures, and what it leaves."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from between_hosts import DATA, datagrams, numbers, payloads, send_numbers

from labsupport import until
from labsupport.network import Network, shared
from labsupport.packets import read_pcap

pytestmark = pytest.mark.skipif(not Network.available(), reason="no private network can be had here")


def connection(net):
    """A TCP connection: the socket on a and the one on b."""
    with net.b.socket() as listener:
        listener.bind((net.b.address, 0))
        listener.listen(1)
        client = net.a.socket()
        client.settimeout(10)
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
    accepted.settimeout(10)
    return client, accepted


def stream(net, size):
    """Send `size` bytes from a to b, and return how many arrived."""
    client, accepted = connection(net)
    got = 0

    def receive():
        nonlocal got
        while data := accepted.recv(1 << 18):
            got += len(data)

    with client, accepted:
        thread = threading.Thread(target=receive)
        thread.start()
        client.sendall(bytes(size))
        client.shutdown(socket.SHUT_WR)
        thread.join(30)
    return got


def test_masses_go_to_the_process_apart(net):
    assert stream(net, 12_000_000) == 12_000_000
    until(lambda: net.wire.apart)
    assert stream(net, 1_000_000) == 1_000_000


def test_memory_stays_bounded_and_the_oldest_packets_are_cut():
    with Network(mtu=65_535) as net:
        size = shared.BODIES + 4_000_000
        assert stream(net, size) == size
        large = [packet for packet in net.wire.packets if packet.length > 1000]
        assert large[0].payload == bytes(len(large[0].payload))
        assert len(large[0].payload) < shared.HEAD
        assert len(large[-1].payload) == large[-1].length
        assert sum(len(packet.payload) for packet in large) <= shared.BODIES + len(large) * shared.HEAD


def test_holding_brings_the_work_back_and_releasing_gives_it_away(net, ends):
    here, there = ends
    net.wire.delay = 0.05
    until(lambda: net.wire.apart)
    send_numbers(here, 3)
    until(lambda: net.wire.a_to_b.counts.sent == 3)
    net.hold()
    assert not net.wire.apart
    flying = len(net.wire.in_flight)
    assert [packet.fate for packet in net.wire.packets].count("in flight") == flying
    net.release()
    assert numbers(there, 3) == [0, 1, 2]
    until(lambda: net.wire.apart)


def test_settings_change_while_packets_come_in_masses(net):
    net.wire.delay = 0.0005
    until(lambda: net.wire.apart)
    done = threading.Event()

    def change():
        while not done.wait(0.005):
            net.wire.delay = 0.0006 if net.wire.delay == 0.0005 else 0.0005
            flying = len(net.wire.in_flight)  # first: others are sent meanwhile
            assert len(net.wire.packets) >= flying

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert stream(net, 5_000_000) == 5_000_000
    finally:
        done.set()
        thread.join(10)
    counts = net.wire.a_to_b.counts
    assert counts.lost == 0
    until(lambda: counts.arrived == counts.sent)


def test_the_thread_takes_over_when_the_process_apart_dies(net, ends):
    here, there = ends
    net.wire.delay = 0.001
    until(lambda: net.wire.apart)
    os.kill(net.wire._apart.pid, 9)
    until(lambda: not net.wire.apart)
    here.send(b"still there")
    assert there.recv(100) == b"still there"
    with pytest.raises(RuntimeError, match="less exact"):
        net.wire.check()
    net.wire.check()  # said once


def test_closing_leaves_nothing_and_keeps_what_was_remembered():
    before = set(os.listdir("/proc/self/fd"))
    net = Network()
    net.wire.delay = 0.001
    until(lambda: net.wire.apart)
    pid = net.wire._apart.pid
    here, there = datagrams(net)
    with here, there:
        here.send(DATA)
        there.recv(1000)
    net.close()
    net.wire.close()
    assert not os.path.exists(f"/proc/{pid}")
    assert not [thread for thread in threading.enumerate() if thread.name == "labsupport-wire"]
    assert set(os.listdir("/proc/self/fd")) <= before
    assert payloads(net) == [DATA]
    assert net.wire.a_to_b.counts.arrived == 1


def test_counts_and_lateness_are_cleared_together(net, ends):
    here, there = ends
    net.wire.delay = 0.001
    send_numbers(here, 3)
    numbers(there, 3)
    until(lambda: net.wire.a_to_b.counts.arrived == 3)
    assert net.wire.a_to_b.counts.sent_bytes == net.wire.a_to_b.counts.arrived_bytes == 3 * 32
    assert net.wire.lateness > 0
    assert net.wire.lateness >= net.wire.lateness_now
    net.wire.clear()
    assert net.wire.lateness == net.wire.behind == 0
    assert repr(net.wire.a_to_b.counts) == "0 sent, 0 arrived, 0 lost"
    assert len(net.wire.packets) == 0
    assert repr(net.wire.packets) == "no packets"


def test_packets_are_a_sequence_of_one_moment(net, ends):
    here, there = ends
    send_numbers(here, 3)
    numbers(there, 3)
    packets = net.wire.packets
    here.send(b"later")
    there.recv(100)
    assert len(packets) == 3
    assert packets[-1] == packets[2] == list(packets)[2]
    assert packets[:2] == tuple(packets)[:2]
    assert packets == tuple(packets)
    with pytest.raises(IndexError):
        packets[3]
    assert len(net.wire.packets) == 4


def test_a_capture_has_every_packet(net, ends, tmp_path):
    here, there = ends
    send_numbers(here, 3)
    numbers(there, 3)
    net.wire.save(tmp_path / "three.pcap")
    packets = read_pcap(tmp_path / "three.pcap")
    assert [packet.payload for packet in packets] == payloads(net)
