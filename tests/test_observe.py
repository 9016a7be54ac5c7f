"""Snapshots against real conversations on loopback: before one, while it is open, and other kinds of sockets."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from conversations import CHUNK, connect, counts, drain, fill, linux, reaches  # noqa: F401

from labsupport import observe, until
from labsupport.observe import Snapshot, cookie, remember, seen

pytestmark = linux


# --- before a connection ------------------------------------------------------------------------------------


def test_a_fresh_socket():
    with socket.socket() as sock:
        snapshot = observe(sock)
        assert snapshot[:7] == ("AF_INET", "SOCK_STREAM", sock.fileno(), ("0.0.0.0", 0), None, "CLOSED", None)
        assert counts(snapshot) == (0, 0)
        assert snapshot.recv_queue == snapshot.send_queue == 0
        assert snapshot.recv_buffer == sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert snapshot.send_buffer == sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert repr(snapshot) == "TCP (no address)  CLOSED"


def test_a_bound_socket():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        snapshot = observe(sock)
        assert (snapshot.local, snapshot.peer, snapshot.state) == (sock.getsockname(), None, "CLOSED")
        assert repr(snapshot) == "TCP 127.0.0.1  CLOSED"


def test_a_listener_shows_its_queue_and_backlog(keep):
    listener = keep(socket.create_server(("127.0.0.1", 0), backlog=3))
    snapshot = observe(listener)
    assert (snapshot.state, snapshot.opened) == ("LISTEN", "passive")
    assert (snapshot.recv_queue, snapshot.send_queue) == (0, 3)
    assert snapshot.bytes_sent is snapshot.bytes_received is snapshot.bytes_read is snapshot.rtt is None
    keep(*(socket.create_connection(listener.getsockname(), timeout=5) for _ in range(2)))
    until(lambda: observe(listener).recv_queue == 2)
    listener.accept()[0].close()
    assert observe(listener).recv_queue == 1
    assert repr(observe(listener)) == "TCP 127.0.0.1  LISTEN"


def test_syn_sent_rests_before_a_full_queue(keep):
    listener = keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    keep(socket.create_connection(listener.getsockname(), timeout=5))
    until(lambda: observe(listener).recv_queue == 1)
    late = keep(socket.socket())
    late.setblocking(False)
    assert late.connect_ex(listener.getsockname()) != 0
    snapshot = observe(late)
    assert (snapshot.state, snapshot.opened) == ("SYN-SENT", "active")
    assert counts(snapshot) == (0, 0) and snapshot.send_queue == 0
    assert repr(snapshot) == "TCP 127.0.0.1  SYN-SENT"
    late.close()
    assert observe(late).state == "CLOSED"


def test_refused_is_closed_and_counts_no_syn(keep):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        sock = keep(socket.socket())
        with pytest.raises(ConnectionRefusedError):
            sock.connect(bound.getsockname())
    snapshot = observe(sock)
    assert (snapshot.state, snapshot.opened) == ("CLOSED", None)
    assert counts(snapshot) == (0, 0) and snapshot.send_queue == 0
    assert snapshot.local == sock.getsockname() and snapshot.peer is None


# --- while a connection is open -----------------------------------------------------------------------------


def test_both_ends_count_payload_only(connect):
    client, server = connect()
    assert (observe(client).opened, observe(server).opened) == ("active", "passive")
    assert counts(observe(client)) == counts(observe(server)) == (0, 0)
    client.sendall(b"hello")
    until(lambda: observe(client).bytes_acked == 5)
    here, there = observe(client), observe(server)
    assert counts(here) == (5, 0) and counts(there) == (0, 5)
    assert (there.recv_queue, there.bytes_read) == (5, 0)
    assert server.recv(3) == b"hel"
    assert (observe(server).recv_queue, observe(server).bytes_read) == (2, 3)
    assert (here.local, here.peer) == (client.getsockname(), client.getpeername())
    assert (here.local, here.peer) == (there.peer, there.local)
    assert here.rtt > 0 and here.cwnd > 0 and here.retransmits == 0
    assert repr(here) == "TCP 127.0.0.1 → 127.0.0.1  ESTABLISHED  sent 5, received 0"


def test_a_first_look_at_a_conversation_under_way(connect):
    client, server = connect()
    client.sendall(b"hello")
    drain(server, 5)
    server.sendall(b"and good morning")
    until(lambda: observe(client).bytes_received == 16)
    assert counts(observe(server)) == (16, 5)
    assert (observe(client).opened, observe(server).opened) == ("active", "passive")


def test_where_bytes_wait(connect):
    client, server = connect()
    taken = fill(client, server)
    here, there = observe(client), observe(server)
    assert counts(here) == (taken, 0) and here.bytes_sent == taken
    assert here.send_queue > 0 and there.recv_queue > 0
    assert here.bytes_acked == there.bytes_received == there.recv_queue
    drain(server, taken)
    until(lambda: observe(client).send_queue == 0)
    assert counts(observe(client)) == (taken, 0) and counts(observe(server)) == (0, taken)
    assert observe(server).recv_queue == 0


def test_a_first_look_at_a_full_queue(connect):
    client, server = connect()
    client.setblocking(False)
    taken = 0
    with pytest.raises(BlockingIOError):
        while True:
            taken += client.send(CHUNK)
    until(lambda: counts(observe(client)) == (taken, 0))
    assert observe(client).opened == "active"


def test_counts_never_go_back_and_never_run_ahead(connect):
    client, server = connect()
    given, got, size = [0], [0], 30_000_000

    def send():
        view = memoryview(CHUNK)
        while given[0] < size:
            given[0] += client.send(view)

    def receive():
        while got[0] < size:
            got[0] += len(server.recv(1 << 17))

    threads = [threading.Thread(target=part, daemon=True) for part in (send, receive)]
    for thread in threads:
        thread.start()
    last = [(0, 0, 0), (0, 0, 0)]
    while any(thread.is_alive() for thread in threads):
        for at, sock, so_far in ((0, client, given), (1, server, got)):
            before = so_far[0]
            snapshot = observe(sock)
            counts(snapshot)
            assert (snapshot.state, snapshot.opened) == ("ESTABLISHED", ("active", "passive")[at])
            now = snapshot.bytes_sent, snapshot.bytes_acked, snapshot.bytes_received
            assert all(new >= old for new, old in zip(now, last[at], strict=True))
            last[at] = now
            # One send, or one recv, may be done and not counted yet by the thread that did it.
            if at:
                assert snapshot.bytes_received >= before
            else:
                assert before <= snapshot.bytes_sent <= so_far[0] + len(CHUNK)
    sent = given[0]
    assert counts(observe(client)) == (sent, 0)
    until(lambda: counts(observe(server)) == (0, sent))  # the last of it was not read, and may be on its way


def test_a_connection_to_itself_opens_simultaneously():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        try:
            sock.connect(sock.getsockname())
        except OSError:
            pytest.skip("this kernel does not connect a socket to itself")
        sock.sendall(b"hello")
        snapshot = until(lambda: (now := observe(sock)).bytes_acked == 5 and now)
        assert snapshot.state == "ESTABLISHED" and counts(snapshot) == (5, 5)
        assert (snapshot.opened, snapshot.recv_queue) == ("active", 5)
        drain(sock, 5)
        sock.shutdown(socket.SHUT_WR)
        snapshot = reaches(sock, "TIME-WAIT")
        assert counts(snapshot) == (5, 5)
        assert snapshot.peer == snapshot.local == sock.getsockname()


# --- other kinds --------------------------------------------------------------------------------------------


def test_udp(keep):
    here, there = keep(*(socket.socket(type=socket.SOCK_DGRAM) for _ in range(2)))
    there.bind(("127.0.0.1", 0))
    snapshot = observe(there)
    assert (snapshot.state, snapshot.bytes_sent, snapshot.peer, snapshot.recv_queue) == (None, None, None, 0)
    assert repr(snapshot) == "UDP 127.0.0.1"
    here.connect(there.getsockname())
    here.send(b"hello")
    until(lambda: observe(there).recv_queue == 5)
    assert repr(observe(here)) == "UDP 127.0.0.1 → 127.0.0.1"
    there.close()
    assert observe(there).fd is None and observe(there).local[0] == "127.0.0.1"


def test_unix(keep, tmp_path):
    path = str(tmp_path / "echo")
    listener = keep(socket.socket(socket.AF_UNIX))
    listener.bind(path)
    listener.listen()
    client = keep(socket.socket(socket.AF_UNIX))
    client.connect(path)
    server = keep(listener.accept()[0])
    client.send(b"hello")
    assert (observe(listener).local, observe(client).peer) == (path, path)
    assert observe(listener).state is observe(client).state is None
    assert (observe(server).recv_queue, observe(server).bytes_received) == (5, None)
    assert repr(observe(listener)) == "Unix echo"
    assert repr(observe(client)) == "Unix (no address) → echo"
    abstract = keep(socket.socket(socket.AF_UNIX))
    abstract.bind("\0labsupport-test-%d" % os.getpid())
    assert observe(abstract).local.startswith("@labsupport-test-")


def test_a_pair(keep):
    a, b = keep(*socket.socketpair())
    a.send(b"hello")
    assert (observe(b).recv_queue, observe(b).local, observe(b).peer) == (5, "", "")
    assert repr(observe(a)) == "Unix (no address) → (no address)"


def test_raw(keep):
    try:
        sock = keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    except PermissionError:
        pytest.skip("raw sockets are root's")
    assert observe(sock).state is None and repr(observe(sock)) == "IP 0.0.0.0"


# --- what is asked for --------------------------------------------------------------------------------------


def test_bad_arguments():
    for wrong in (None, 7.0, "127.0.0.1", object()):
        for function in (observe, cookie, remember, seen):
            with pytest.raises(TypeError, match=r"takes a socket\.socket"):
                function(wrong)
    with socket.socket() as sock:
        holder = type("EchoServer", (), {"listener": sock})()
        with pytest.raises(TypeError, match=r"its socket is its \.listener"):
            observe(holder)
    with pytest.raises(ValueError, match="closed and was never seen"):
        observe(sock)
    with pytest.raises(ValueError, match="closed and was never seen"):
        cookie(sock)
    seen(sock)


def test_cookie():
    with socket.socket() as one, socket.socket() as two:
        assert cookie(one) == cookie(one) != cookie(two)
        first = cookie(one)
    assert cookie(one) == first


def test_snapshot_is_a_value(connect):
    client, _ = connect()
    first = observe(client)
    assert first == observe(client) and len({first, observe(client)}) == 1
    with pytest.raises(AttributeError):
        first.state = "CLOSED"
    assert Snapshot(*first) == first
    assert first._repr_mimebundle_()
