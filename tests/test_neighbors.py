"""On a machine that others share a helper server serves its own user alone: whose the other end is."""

from __future__ import annotations

import os
import socket
import struct
import tempfile

import pytest
from abilities import has_ipv6
from needs import linux, needs_neighbor
from neighbor import Neighbor

from labsupport import DiscardServer, EchoServer, until, watch
from labsupport.neighbors import Neighbors, is_neighbor
from labsupport.otherend import Kernel
from labsupport.widgets.eyes import eye_of

pytestmark = linux  # it tells whose a socket is
HOSTS = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")),
]
# argv: host, port, family, type of socket. A line when it is connected, then it waits to be told to go on.
CALLS = """
family, kind = int(sys.argv[4]), int(sys.argv[5])
sock = socket.socket(family, kind)
sock.connect((sys.argv[2], int(sys.argv[3])))
sock.settimeout(5)
sock.send(b"neighbor")
print(sock.getsockname()[1])
sys.stdin.readline()
"""
LEAVES = CALLS + "sock.close(); print('left'); sys.stdin.readline()"
# What it meets, fifty times over: "b'…'", or the error's name.
FIFTY = """
kept = []
for _ in range(50):
    sock = socket.socket(int(sys.argv[4]), int(sys.argv[5]))
    kept.append(sock)
    sock.settimeout(0.05 if int(sys.argv[5]) == socket.SOCK_DGRAM else 5)
    try:
        sock.connect((sys.argv[2], int(sys.argv[3])))
        sock.send(b"neighbor")
        said = repr(sock.recv(100))
    except OSError as error:
        said = type(error).__name__
    print(said)
"""


def calling(source, address, kind=socket.SOCK_STREAM):
    """A Neighbor that runs `source` on an address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    return Neighbor(source, *address[:2], int(family), int(kind))


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


# --- whose the other end is -----------------------------------------------------------------------


@needs_neighbor
@pytest.mark.parametrize("host", HOSTS)
def test_the_kernel_tells_a_neighbors_connection_from_ones_own(host):
    with socket.create_server((host, 0), family=family_of(host)) as listener:
        listener.settimeout(5)
        with calling(CALLS, listener.getsockname()) as neighbor:
            neighbor.said()
            theirs, _ = listener.accept()
            with theirs, socket.create_connection(listener.getsockname()[:2]) as client:
                ours, _ = listener.accept()
                with ours:
                    assert is_neighbor(theirs) is True
                    assert is_neighbor(ours) is False
                    assert is_neighbor(client) is False


@needs_neighbor
@pytest.mark.parametrize("host", HOSTS)
def test_it_tells_whose_a_datagram_is(host):
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(5)
        with calling(CALLS, sock.getsockname(), socket.SOCK_DGRAM) as neighbor:
            neighbor.said()
            _, sender = sock.recvfrom(100)
            sock.connect(sender)
            assert is_neighbor(sock) is True
        with socket.socket(family_of(host), socket.SOCK_DGRAM) as own:
            own.bind((host, 0))
            sock.connect(own.getsockname())
            assert is_neighbor(sock) is False


@needs_neighbor
def test_of_a_connection_that_its_client_has_closed_nobody_can_tell():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        with calling(LEAVES, listener.getsockname()) as neighbor:
            neighbor.said()
            theirs, _ = listener.accept()
            with theirs:
                neighbor.go_on()
                assert neighbor.said() == "left"
                assert is_neighbor(theirs) is False


@needs_neighbor
def test_a_unix_socket_says_who_connected(tmp_path):
    source = (
        "sock = socket.socket(socket.AF_UNIX); sock.connect(sys.argv[2]); print('in'); sys.stdin.readline()"
    )
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "here")
        listener.bind(path)
        listener.listen()
        with Neighbor(source, path) as neighbor:
            assert neighbor.said() == ""  # its mode keeps others out
        os.chmod(path, 0o777)
        with Neighbor(source, path) as neighbor, socket.socket(socket.AF_UNIX) as own:
            assert neighbor.said() == "in"
            own.connect(path)
            found = [is_neighbor(listener.accept()[0]) for _ in range(2)]
    assert found == [True, False]


def test_of_other_addresses_than_loopbacks_nobody_can_tell():
    neighbors = Neighbors()
    assert neighbors.owner(socket.AF_INET, ("192.0.2.2", 7), ("192.0.2.1", 9)) is None
    neighbors.close()


def test_a_socket_without_a_peer_is_refused():
    with socket.socket() as sock, pytest.raises(OSError):
        is_neighbor(sock)


def test_a_listener_that_got_the_port_later_is_not_taken_for_the_peer():
    kernel = Kernel()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        here, there = client.getpeername(), client.getsockname()
        assert kernel.other_end(socket.AF_INET, here, there).uid == os.geteuid()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        with socket.create_server(there):
            assert kernel.other_end(socket.AF_INET, here, there) is None
    kernel.close()


# --- helper servers -------------------------------------------------------------------------------


@needs_neighbor
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
@pytest.mark.parametrize("host", HOSTS)
def test_fifty_calls_of_a_neighbor_count_nowhere(host, kind):
    with EchoServer(host, type=kind) as server, socket.socket(family_of(host), kind) as client:
        client.settimeout(5)
        client.connect(server.address)
        client.send(b"before")
        assert client.recv(100) == b"before"
        with calling(FIFTY, server.address, kind) as neighbor:
            for _ in range(50):
                assert neighbor.said() in ("ConnectionResetError", "BrokenPipeError", "TimeoutError")
                client.send(b"during")
                assert client.recv(100) == b"during"
        assert server.turned_away == 50
        assert (server.connections, server.bytes_received) == (1 if kind == socket.SOCK_STREAM else 0, 306)
        assert server.bytes_sent == 306
        entries = [entry.what for entry in server.log if entry.what in ("accepted", "failed", "reset")]
        assert entries == ["accepted"] * (kind == socket.SOCK_STREAM)


@needs_neighbor
def test_watch_says_it_live_and_in_no_text():
    with EchoServer() as server:
        view = watch(server)
        before = repr(view)
        with calling(FIFTY, server.address) as neighbor:
            # All of them: one that is killed before it was looked at is nobody's, and counts as a connection.
            assert "" not in [neighbor.said() for _ in range(50)]
        assert server.turned_away
        eye = eye_of(server, "server")
        eye.sample()
        assert "turned away" in eye.live().aside
        assert repr(view) == before
        view.close()


class _Everybodys(EchoServer):
    _open_to_all = True


@needs_neighbor
@pytest.mark.parametrize(
    "make", [_Everybodys, lambda: EchoServer("0.0.0.0")], ids=["meant-for-all", "on-all-addresses"]
)
def test_a_server_for_everybody_serves_neighbors(make):
    with make() as server:
        with calling(FIFTY, ("127.0.0.1", server.port)) as neighbor:
            assert neighbor.said() == "b'neighbor'"
        assert server.connections and not server.turned_away


def test_ones_own_client_is_served_though_it_left_before_it_was_accepted():
    with DiscardServer() as server:
        for _ in range(20):
            with socket.create_connection(server.address) as client:
                client.send(b"x")
        until(lambda: server.bytes_received == 20)
        assert server.connections == 20 and not server.turned_away


def test_where_the_kernel_cannot_be_asked_everybody_is_served(monkeypatch):
    monkeypatch.setattr("labsupport.otherend._LINUX", False)
    with EchoServer() as server, socket.create_connection(server.address, timeout=5) as client:
        client.send(b"hello")
        assert client.recv(100) == b"hello" and not server.turned_away
