"""However a private network is closed, nothing is left: no process, namespace, descriptor, thread or file."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading

import pytest
from needs import needs_network
from network_parts import PATIENCE, here, in_use, namespaces

from labsupport import EchoServer, Network, background, observe, tidy, until
from labsupport.kernels.linux import STATES
from labsupport.kernels.sockdiag import SockDiag

pytestmark = needs_network


@pytest.fixture(autouse=True)
def nothing_of_others_goes_meanwhile():
    """What earlier tests left to the garbage collector, with descriptors, goes before the first look."""
    gc.collect()


def test_close_leaves_nothing():
    Network().close()  # what is made once in a process is made
    before = here()
    net = Network(hosts=3)
    mine = namespaces(net)
    assert len(mine) == 3 and mine <= in_use()
    listener = net.b.socket()
    listener.bind((net.b.address, 80))
    listener.listen()
    client = net.a.socket()
    client.connect((net.b.address, 80))
    helper = net._control.pid
    net.close()
    assert not os.path.exists(f"/proc/{helper}") and not mine & in_use()
    client.close()
    listener.close()
    assert here() == before


def test_an_exception_in_the_block():
    before = here()
    with pytest.raises(ZeroDivisionError), Network() as net:
        net.a.run(["sleep", "1000"])
        raise ZeroDivisionError
    assert here() == before


def test_tidy_closes_a_forgotten_one():
    tidy()
    before = here()
    Network()
    net = Network()
    EchoServer(host=net.b)
    assert repr(tidy()) == "closed: 1 server, 2 networks"
    assert "closed" in repr(net)
    del net
    assert here() == before


def test_close_from_many_threads():
    net = Network()
    calls = [background(net.close) for _ in range(8)]
    for call in calls:
        call.result(PATIENCE)
    assert not os.path.exists(f"/proc/{net._control.pid}")


def test_requests_while_it_closes():
    """Each is answered, or refused because the network is closed."""
    net, refused = Network(), []

    def ask():
        try:
            while True:
                net.a.socket().close()
        except OSError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=ask, name=f"asks-{number}") for number in range(4)]
    for thread in threads:
        thread.start()
    net.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert refused == ["[Errno 100] this network is closed"] * 4


def test_a_helper_that_was_killed():
    before = here()
    net = Network()
    program = net.a.run(["sh", "-c", "setsid sleep 1000 & exec sleep 1000"])
    os.kill(net._control.pid, signal.SIGKILL)
    with pytest.raises(OSError, match="this network is closed"):
        while True:
            net.a.socket().close()
    assert program.wait(PATIENCE) == -9  # init goes with its parent, and all go with init
    net.close()
    del net, program
    assert here() == before


def test_thirty_in_one_process():
    Network().close()
    before = here()
    nets = []
    try:
        for _ in range(30):
            nets.append(Network())
            listener = nets[-1].b.socket()
            listener.bind((nets[-1].b.address, 80))  # each has its own port 80
            listener.listen()
            with listener, nets[-1].a.socket() as client:
                client.connect((nets[-1].b.address, 80))
        assert len({frozenset(namespaces(net)) for net in nets}) == 30
    finally:
        for net in nets:
            net.close()
    del net
    assert here() == before


def test_connections_end_with_their_network():
    """Nothing goes on for minutes, which would keep the namespace; and nobody waits for ever."""
    net = Network()
    net.rto_min = 60
    eyes = SockDiag(net.a.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4))  # these outlive the network
    with net.b.socket() as listener, net.a.socket() as client, net.a.socket() as orphan:
        listener.bind((net.b.address, 80))
        listener.listen()
        client.connect((net.b.address, 80))
        orphan.connect((net.b.address, 80))
        waiting = background(client.recv, 1)
        net.wire.cut()
        orphan.send(b"never to arrive")
        orphan.close()
        until(lambda: observe(orphan).state == "FIN-WAIT-1")
        net.close()
        with pytest.raises(ConnectionAbortedError):
            waiting.result(PATIENCE)
        assert [STATES[found.state] for _, found in eyes.list()] == []
        assert observe(client).state == observe(orphan).state == "CLOSED"
    eyes.close()


def test_a_server_whose_network_ended_before_it():
    net = Network()
    server = EchoServer(host=net.b)
    with net.a.socket() as client:
        client.connect(server.address)
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        net.close()
        server.close()
    assert server.errors == []


def test_no_descriptor_is_handed_on():
    """To programs started here, or there."""
    with Network() as net:
        shown = net.a.run(["ls", "/proc/self/fd"]).communicate()[0]
        assert shown.split() == ["0", "1", "2", "3"]
        for fd in os.listdir("/proc/self/fd"):
            if os.path.exists(f"/proc/self/fd/{fd}") and "tun" in os.readlink(f"/proc/self/fd/{fd}"):
                assert not os.get_inheritable(int(fd))
        with net.a.socket() as sock, socket.socket() as usual:
            assert sock.get_inheritable() == usual.get_inheritable()
