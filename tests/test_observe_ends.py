"""Snapshots of connections that end, on loopback, in every state that can be made to rest there."""

from __future__ import annotations

import select
import socket

import pytest
from conversations import connect, counts, drain, fill, linux, reaches  # noqa: F401

from labsupport import observe, until
from labsupport.kernels.sockdiag import SockDiag
from labsupport.observe import cookie, remember, seen

pytestmark = linux


# --- the ends of a connection, the descriptor still open ----------------------------------------------------


def test_half_close(connect):
    client, server = connect()
    observe(client)
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    snapshot = reaches(client, "FIN-WAIT-2")
    assert counts(snapshot) == (5, 0) and snapshot.send_queue == 0
    snapshot = reaches(server, "CLOSE-WAIT")
    assert counts(snapshot) == (0, 5) and snapshot.recv_queue == 5
    drain(server, 5)
    assert server.recv(1) == b""
    assert counts(observe(server)) == (0, 5) and observe(server).recv_queue == 0
    server.sendall(b"good-bye")
    until(lambda: observe(client).bytes_received == 8)
    assert counts(observe(server)) == (8, 5)
    drain(client, 8)
    server.shutdown(socket.SHUT_WR)
    snapshot = reaches(client, "TIME-WAIT")
    assert counts(snapshot) == (5, 8) and snapshot.fd == client.fileno()
    assert (snapshot.local, snapshot.peer) == (client.getsockname(), observe(server).local)
    snapshot = reaches(server, "CLOSED")
    assert counts(snapshot) == (8, 5) and snapshot.opened == "passive"


def test_an_orderly_end_looked_at_only_afterwards(connect):
    client, server = connect()
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    drain(server, 5)
    assert server.recv(1) == b""
    server.sendall(b"good-bye")
    server.shutdown(socket.SHUT_WR)
    drain(client, 8)
    assert client.recv(1) == b""
    snapshot = reaches(client, "TIME-WAIT")
    assert counts(snapshot) == (5, 8) and snapshot.peer == server.getsockname()
    assert counts(reaches(server, "CLOSED")) == (8, 5)
    client.close()
    assert reaches(client, "TIME-WAIT").fd is None


def test_a_late_first_look_among_others_that_share_the_port(keep):
    """Two connections from one port, both in TIME-WAIT, neither looked at before: each is told its own."""
    listeners = [keep(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
    first, second = (socket.socket() for _ in range(2))
    for client in keep(first, second):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind(("127.0.0.1", 0))
    second.bind(first.getsockname())
    for client, listener in zip((first, second), listeners, strict=True):
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b""
        if client is second:  # further apart than the kernel's clock is coarse
            began = reaches(first, "TIME-WAIT")
            entry = remember(first).ended.apart
            until(lambda: SockDiag().find(socket.AF_INET, None, None, entry).expires < 59_700)
        server.close()
        assert client.recv(1) == b""
        snapshot = reaches(client, "TIME-WAIT")
        assert snapshot.peer == listener.getsockname()
    assert observe(first).peer == began.peer != observe(second).peer


def test_fin_wait_1_and_closing_rest_behind_a_full_queue(connect):
    client, server = connect()
    taken = fill(client, server)
    client.shutdown(socket.SHUT_WR)
    snapshot = reaches(client, "FIN-WAIT-1")
    assert counts(snapshot) == (taken, 0) and snapshot.send_queue > 0
    server.sendall(b"bye")
    server.shutdown(socket.SHUT_WR)
    snapshot = reaches(client, "CLOSING")
    assert counts(snapshot) == (taken, 3) and snapshot.recv_queue == 3
    assert counts(reaches(server, "FIN-WAIT-2")) == (3, observe(client).bytes_acked)
    drain(server, taken)
    snapshot = reaches(client, "TIME-WAIT")
    assert counts(snapshot) == (taken, 3) and snapshot.send_queue == 0
    assert counts(reaches(server, "TIME-WAIT")) == (3, taken)


def test_last_ack_rests_behind_a_full_queue(connect):
    client, server = connect()
    taken = fill(server, client)
    client.sendall(b"bye")
    client.shutdown(socket.SHUT_WR)
    assert counts(reaches(server, "CLOSE-WAIT")) == (taken, 3)
    server.shutdown(socket.SHUT_WR)
    snapshot = reaches(server, "LAST-ACK")
    assert counts(snapshot) == (taken, 3) and snapshot.send_queue > 0
    drain(client, taken)
    snapshot = reaches(server, "CLOSED")
    assert counts(snapshot) == (taken, 3) and snapshot.send_queue == 0


def test_refused_and_connected_after_all(keep):
    """The same socket, connected at the second attempt and closed before it was looked at again."""
    client = keep(socket.socket())
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            client.connect(bound.getsockname())
        assert observe(client).state == "CLOSED"
        bound.listen()
        client.connect(bound.getsockname())
        keep(bound.accept()[0])
    client.close()
    assert reaches(client, "FIN-WAIT-2").peer[0] == "127.0.0.1"


def test_reset_with_bytes_on_their_way(connect):
    client, server = connect()
    taken = fill(client, server)
    before = observe(client)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()
    snapshot = reaches(client, "CLOSED")
    assert counts(snapshot) == (taken, 0)
    assert snapshot.bytes_acked == before.bytes_acked and snapshot.send_queue > 0  # given, and lost
    assert snapshot.peer is None and snapshot.opened == "active"
    assert observe(server).state == "CLOSED"


@pytest.mark.parametrize("looked", [False, True], ids=["first look afterwards", "looked before"])
def test_a_reset_after_the_peers_fin(connect, looked):
    """A peer that closed answers data with RST: its FIN had come, though the state no longer shows it."""
    client, server = connect()
    server.sendall(b"bye")
    if looked:
        observe(client)
    drain(client, 3)
    server.close()
    assert client.recv(1) == b""
    client.sendall(b"hello?")
    reset = select.poll()
    reset.register(client, 0)  # POLLHUP, and no look of ours
    assert reset.poll(5000)
    with pytest.raises(BrokenPipeError):
        client.send(b"hello?")
    snapshot = observe(client)
    assert snapshot.state == "CLOSED"
    assert snapshot.bytes_received == 3
    assert repr(snapshot).startswith("TCP 127.0.0.1  CLOSED  sent 6")


@pytest.mark.parametrize("looked", [False, True], ids=["first look afterwards", "looked before"])
def test_a_reset_without_fin(connect, looked):
    client, server = connect()
    server.sendall(b"bye")
    if looked:
        observe(client)
    drain(client, 3)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()
    assert counts(reaches(client, "CLOSED")) == (0, 3)
    with pytest.raises(ConnectionResetError):  # the look did not take the error away
        client.recv(1)
    assert counts(observe(client)) == (0, 3)


# --- after close --------------------------------------------------------------------------------------------


def test_after_close_fin_wait_2_then_time_wait(connect):
    client, server = connect()
    client.sendall(b"hello")
    before = observe(client)
    client.close()
    snapshot = reaches(client, "FIN-WAIT-2")
    assert snapshot.fd is None
    assert (snapshot.local, snapshot.peer) == (before.local, before.peer)
    assert counts(snapshot) == (5, 0) and snapshot.opened == "active"
    assert repr(snapshot) == "TCP 127.0.0.1 → 127.0.0.1  FIN-WAIT-2"
    assert counts(reaches(server, "CLOSE-WAIT")) == (0, 5)
    drain(server, 5)
    server.close()
    snapshot = reaches(client, "TIME-WAIT")
    assert counts(snapshot) == (5, 0) and snapshot.send_queue == 0
    snapshot = reaches(server, "CLOSED")
    assert counts(snapshot) == (0, 5) and snapshot.fd is None
    assert repr(snapshot) == "TCP 127.0.0.1 → 127.0.0.1  CLOSED"


def test_after_close_with_a_full_queue_it_goes_on(connect):
    client, server = connect()
    taken = fill(client, server)
    client.close()
    snapshot = reaches(client, "FIN-WAIT-1")
    assert counts(snapshot) == (taken, 0) and snapshot.send_queue > 0
    acked = snapshot.bytes_acked
    drain(server, 500_000)
    snapshot = until(lambda: (now := observe(client)).bytes_acked > acked and now)
    assert counts(snapshot) == (taken, 0)
    server.shutdown(socket.SHUT_WR)
    if observe(client).send_queue:
        assert reaches(client, "CLOSING").bytes_received == 0
    drain(server, taken - 500_000)
    snapshot = reaches(client, "TIME-WAIT")
    assert counts(snapshot) == (taken, 0) and snapshot.send_queue == 0


def test_after_close_last_ack(connect):
    client, server = connect()
    taken = fill(server, client)
    client.shutdown(socket.SHUT_WR)
    reaches(server, "CLOSE-WAIT")
    server.close()
    snapshot = reaches(server, "LAST-ACK")
    assert counts(snapshot) == (taken, 0) and snapshot.recv_queue == 0
    drain(client, taken)
    snapshot = reaches(server, "CLOSED")
    assert snapshot.bytes_sent == taken
    assert reaches(client, "TIME-WAIT").bytes_received == taken


def test_a_closed_listener_and_a_closed_fresh_socket(keep):
    listener, fresh = socket.create_server(("127.0.0.1", 0)), socket.socket()
    seen(listener)
    seen(fresh)
    listener.close()
    fresh.close()
    assert observe(listener).state == observe(fresh).state == "CLOSED"
    assert repr(observe(listener)) == "TCP 127.0.0.1  CLOSED"
    assert repr(observe(fresh)) == "TCP (no address)  CLOSED"


def test_connected_since_the_last_look(keep):
    """Seen before it had any address, closed before it was looked at again: found by its cookie alone."""
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    client = socket.socket()
    seen(client)
    client.connect(listener.getsockname())
    server = keep(listener.accept()[0])
    local = client.getsockname()
    client.close()
    snapshot = reaches(client, "FIN-WAIT-2")
    assert (snapshot.local, snapshot.peer) == (local, server.getsockname())


def test_still_open_elsewhere(connect):
    client, server = connect()
    observe(client)
    twin = client.dup()
    client.close()
    with twin:
        snapshot = observe(client)
        assert (snapshot.state, snapshot.fd) == ("ESTABLISHED", None)
        twin.sendall(b"hello")
        until(lambda: counts(observe(client)) == (5, 0))
        server.sendall(b"hello yourself")
        until(lambda: observe(client).recv_queue == 14)
        drain(twin, 14)
        assert cookie(twin) == cookie(client)
    assert reaches(client, "FIN-WAIT-2").bytes_sent == 5


def test_detached(keep):
    listener = socket.create_server(("127.0.0.1", 0), backlog=3)
    observe(listener)
    again = keep(socket.socket(fileno=listener.detach()))
    keep(socket.create_connection(again.getsockname(), timeout=5))
    snapshot = until(lambda: (now := observe(listener)).recv_queue and now)
    assert (snapshot.state, snapshot.fd, snapshot.recv_queue, snapshot.send_queue) == ("LISTEN", None, 1, 3)


def test_ipv6(connect):
    try:
        client, server = connect(socket.AF_INET6, "::1")
    except OSError:
        pytest.skip("not available here: IPv6 on loopback")
    client.sendall(b"hello")
    assert observe(client).peer == client.getpeername()
    assert repr(observe(client)) == "TCP ::1 → ::1  ESTABLISHED  sent 5, received 0"
    client.close()
    assert reaches(client, "FIN-WAIT-2").family == "AF_INET6"
    drain(server, 5)
    server.close()
    assert counts(reaches(client, "TIME-WAIT")) == (5, 0)


def test_ipv4_through_an_ipv6_socket(keep):
    try:
        listener = keep(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
    except (OSError, ValueError):
        pytest.skip("not available here: IPv6")
    client = keep(socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=5))
    server = listener.accept()[0]
    assert observe(server).peer[0] == "::ffff:127.0.0.1"
    server.close()
    assert reaches(server, "FIN-WAIT-2").peer[0] == "::ffff:127.0.0.1"
    client.close()
    assert reaches(server, "TIME-WAIT").opened == "passive"
