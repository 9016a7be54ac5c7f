"""The private network: hosts, sockets that live there, what they are set to, and how it ends."""

from __future__ import annotations

import errno
import marshal
import os
import shutil
import socket
import threading

import pytest
from between_hosts import connected
from needs import needs_network
from network_parts import ended

import labsupport
from labsupport import Network, observe, until

pytestmark = needs_network


@pytest.fixture
def net(shared_net):
    return shared_net


def test_a_conversation(net, keep):
    client, server = connected(net, keep, port=80)
    assert (client.getpeername(), server.getpeername()[0]) == (("10.0.0.2", 80), "10.0.0.1")
    client.sendall(b"hello")
    assert server.recv(10) == b"hello"
    server.sendall(b"and back")
    assert client.recv(10) == b"and back"


def test_ipv6_is_usable_at_once_and_nothing_strays():
    with Network(ipv6=True) as fresh:
        with fresh.b.socket(socket.AF_INET6) as listener, fresh.a.socket(socket.AF_INET6) as client:
            listener.bind((fresh.b.address6, 80))
            listener.listen()
            client.settimeout(5)
            client.connect((fresh.b.address6, 80))
            assert client.getpeername()[0] == "fd00::2"
        assert {packet.protocol for packet in fresh.wire.packets} == {"TCP"}
        assert fresh.a.sysctl("net.ipv6.conf.wire0.addr_gen_mode") == "1"  # no link-local address, no routers


def test_the_sockets_are_ordinary(net, keep):
    sock, usual = keep(net.a.socket()), keep(socket.socket())
    assert type(sock) is socket.socket
    assert (sock.family, sock.type, sock.proto) == (usual.family, usual.type, usual.proto)
    assert not sock.get_inheritable() and sock.gettimeout() is None
    datagrams = keep(net.a.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
    assert (datagrams.type, datagrams.gettimeout()) == (socket.SOCK_DGRAM, 0)


def test_errors_are_sockets_own(net):
    with pytest.raises(OSError) as caught:
        net.a.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP)
    assert caught.value.errno == errno.EPROTONOSUPPORT
    with pytest.raises(OSError) as caught:
        net.a.socket(12345)
    assert caught.value.errno == errno.EAFNOSUPPORT
    with pytest.raises(OSError):
        net.a.socket(socket.AF_INET, socket.SOCK_STREAM, 1 << 70)
    for bad in ((None,), ("AF_INET",), (True,), (socket.AF_INET, 1.0)):
        with pytest.raises(TypeError, match="must be one of the socket module's constants"):
            net.a.socket(*bad)
    net.a.socket().close()  # and it goes on


def test_arguments():
    for bad in ({"hosts": 2.0}, {"hosts": True}, {"mtu": "1500"}, {"ipv6": 1}):
        with pytest.raises(TypeError, match=next(iter(bad))):
            Network(**bad)
    for bad in ({"hosts": 1}, {"hosts": 9}, {"mtu": 575}, {"mtu": 65536}, {"mtu": 1279, "ipv6": True}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Network(**bad)


def test_eight_hosts_and_the_largest_packets():
    with Network(hosts=8, mtu=65535) as net:
        assert [host.name for host in net.hosts] == list("abcdefgh")
        assert net.h is net.hosts[7] and net.h.address == "10.0.0.8" and net.h.address6 is None
        with net.h.socket(type=socket.SOCK_DGRAM) as there, net.c.socket(type=socket.SOCK_DGRAM) as here:
            there.bind((net.h.address, 0))
            there.settimeout(5)
            here.sendto(b"x" * 65507, there.getsockname())  # the longest datagram: in one packet
            assert there.recvfrom(65536)[1][0] == net.c.address
    with Network() as net, pytest.raises(AttributeError):
        net.c.socket()


def test_a_misspelled_setting_is_an_error(net):
    with pytest.raises(AttributeError):
        net.quick_ack = False
    with pytest.raises(TypeError):
        net.quickack = 0
    for bad in (None, "1", True):
        with pytest.raises(TypeError):
            net.rto_min = bad
    for bad in (0, -1, 1000, float("nan")):
        with pytest.raises(ValueError):
            net.rto_min = bad
    assert (net.quickack, net.rto_min) == (True, 0.2)


def retransmission_timeout(sock):
    """tcpi_rto, seconds."""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(raw[8:12], "little") / 1e6


@pytest.mark.parametrize("family", (socket.AF_INET, socket.AF_INET6))
def test_rto_min(net, keep, family):
    client, server = connected(net, keep, family=family)
    assert retransmission_timeout(client) < 60
    net.rto_min = 60
    try:
        client, server = connected(net, keep, family=family)
        client.sendall(b"hello")
        server.recv(5)
        until(lambda: observe(client).bytes_acked == 5)
        assert retransmission_timeout(client) >= 60
    finally:
        net.rto_min = 0.2


@pytest.mark.skipif(not shutil.which("ip"), reason="reads the routes with ip")
def test_quickack_is_a_metric_of_the_routes(net):
    for wanted in (True, False, True):
        net.quickack = wanted
        for version in ("-4", "-6"):
            shown, _ = net.c.run(["ip", version, "route", "show", "proto", "kernel"]).communicate()
            assert ("quickack" in shown) == wanted and "rto_min lock 200ms" in shown


def test_sysctl(net):
    assert net.a.sysctl("net.ipv4.ip_unprivileged_port_start") == "0"
    assert net.a.sysctl("net.ipv4.tcp_sack", 0) == "0"
    assert (net.a.sysctl("net.ipv4.tcp_sack"), net.b.sysctl("net.ipv4.tcp_sack")) == ("0", "1")
    net.a.sysctl("net.ipv4.tcp_sack", "1")
    assert len(net.a.sysctl("net.ipv4.tcp_rmem").split(" ")) == 3
    with pytest.raises(FileNotFoundError):
        net.a.sysctl("net.ipv4.nothing_of_that_name")
    with pytest.raises(OSError):
        net.a.sysctl("net.ipv4.tcp_sack", "soon")
    for bad in ("kernel.hostname", "net/ipv4/tcp_sack", "net...passwd", "net.ipv4.tcp_sack\0"):
        with pytest.raises(ValueError):
            net.a.sysctl(bad)
    for bad in ((5,), ("net.ipv4.tcp_sack", True), ("net.ipv4.tcp_sack", 1.0)):
        with pytest.raises(TypeError):
            net.a.sysctl(*bad)


def test_any_thread_may_ask(net):
    made, threads = [], []

    def ask():
        for _ in range(50):
            with net.a.socket() as sock:
                made.append(net.a.same_network(sock))

    for number in range(8):
        threads.append(threading.Thread(target=ask, name=f"asks-{number}"))
        threads[-1].start()
    for thread in threads:
        thread.join(30)
    assert made == [True] * 400


def test_an_answer_that_nobody_waited_for(net):
    """As after an interrupt: it is thrown away, with its descriptor."""
    control = net._control
    before = len(os.listdir("/proc/self/fd"))
    control._socket.sendmsg([marshal.dumps((0, "socket", 0, 2, 1, 0))])
    assert net.a.sysctl("net.ipv4.tcp_sack") == "1"
    assert len(os.listdir("/proc/self/fd")) == before


def test_closed():
    net = Network()
    sock, program = net.a.socket(), net.a.run(["sleep", "1000"])
    quick = net.a.run(["sh", "-c", "exit 7"])
    assert ended(quick.pid)
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2"
    net.close()
    net.close()
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2, closed"
    assert (quick.returncode, program.returncode) == (7, -9)
    for use in (net.a.socket, lambda: net.a.run(["ls"]), lambda: net.a.sysctl("net.ipv4.tcp_sack")):
        with pytest.raises(OSError, match="this network is closed") as caught:
            use()
        assert caught.value.errno == errno.ENETDOWN
    assert observe(sock).state == "CLOSED" and net.a.sockets == ()
    sock.close()


def test_record_sees_the_learners_calls_alone(net, keep):
    with labsupport.record() as timeline:
        sock = keep(net.a.socket())
        sock.bind((net.a.address, 0))
        assert observe(sock).state == "CLOSED"
    assert {event.call for event in timeline.events if hasattr(event, "call")} == {"bind"}


def test_descriptors_are_the_helpers_gift(net):
    """Asked for a socket, the helper keeps nothing of it."""
    before = len(os.listdir(f"/proc/{net._control.pid}/fd"))
    socks = [net.a.socket() for _ in range(50)]
    assert len(os.listdir(f"/proc/{net._control.pid}/fd")) == before
    for sock in socks:
        sock.close()
