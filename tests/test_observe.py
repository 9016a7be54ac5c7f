"""Snapshots against real conversations on loopback, in every state that can be made to rest there.

A state is made to rest by a full send queue, which holds back our own FIN, or by a full accept queue, which
drops a SYN.
"""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading

import pytest

from labsupport import observe, until
from labsupport.kernels import macos, other
from labsupport.kernels.sockdiag import SockDiag
from labsupport.observe import Snapshot, cookie, remember, seen

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells more than others")
pytestmark = linux
CHUNK = b"x" * 65536


@pytest.fixture
def keep():
    """Closes what it was given, in the end."""
    kept = []
    yield lambda *socks: kept.extend(socks) or (socks[0] if len(socks) == 1 else socks)
    for sock in kept:
        sock.close()


@pytest.fixture
def connect(keep):
    """A function that gives both ends of a new connection: (client, server)."""

    def ends(family=socket.AF_INET, host="127.0.0.1"):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            client = keep(socket.socket(family))
            client.settimeout(5)
            client.connect(listener.getsockname()[:2])
            listener.settimeout(5)
            server, _ = listener.accept()
        server.settimeout(5)
        return client, keep(server)

    return ends


def fill(sock, peer):
    """Send until both kernels take no more, with nothing left in flight; how many bytes they took."""
    sock.setblocking(False)
    taken, more = 0, True
    while more:
        more = 0
        try:
            while True:
                more += sock.send(CHUNK)
        except BlockingIOError:
            taken += more
            until(lambda: observe(sock).bytes_acked == observe(peer).bytes_received)
    return taken


def drain(sock, count):
    """Read exactly `count` bytes."""
    sock.settimeout(5)
    while count:
        got = sock.recv(min(count, 1 << 20))
        assert got, "the stream ended early"
        count -= len(got)


def reaches(sock, state):
    """Wait for the state; the Snapshot that shows it."""
    return until(lambda: (snapshot := observe(sock)).state == state and snapshot)


def counts(snapshot):
    """What the program gave and got, payload only; and the sum that must always hold."""
    assert snapshot.bytes_sent == snapshot.bytes_acked + snapshot.send_queue
    assert snapshot.bytes_read == snapshot.bytes_received - snapshot.recv_queue >= 0
    return snapshot.bytes_sent, snapshot.bytes_received


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
    assert observe(listener).recv_queue == 2
    listener.accept()[0].close()
    assert observe(listener).recv_queue == 1
    assert repr(observe(listener)) == "TCP 127.0.0.1  LISTEN"


def test_syn_sent_rests_before_a_full_queue(keep):
    listener = keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    keep(socket.create_connection(listener.getsockname(), timeout=5))
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
    assert counts(observe(client)) == (sent, 0) and counts(observe(server)) == (0, sent)


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
    with pytest.raises(BrokenPipeError):
        until(lambda: client.send(b"hello?") == 0)
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
    snapshot = observe(listener)
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


# --- descriptors --------------------------------------------------------------------------------------------


def test_a_reused_descriptor_is_not_the_old_socket(connect):
    client, server = connect()
    client.sendall(b"old")
    old = observe(client)
    new, far = connect()
    os.dup2(new.fileno(), client.fileno())  # behind Python's back
    new.sendall(b"new and longer")
    snapshot = reaches(client, "FIN-WAIT-2")
    assert (snapshot.fd, snapshot.peer, snapshot.bytes_sent) == (None, old.peer, 3)
    assert observe(new).bytes_sent == 14
    drain(server, 3)
    server.close()
    assert reaches(client, "TIME-WAIT").peer == old.peer


def test_a_descriptor_that_is_no_socket_any_more(connect):
    client, _ = connect()
    observe(client)
    with open(os.devnull) as file:
        os.dup2(file.fileno(), client.fileno())
    assert reaches(client, "FIN-WAIT-2").fd is None


def test_a_descriptor_closed_behind_pythons_back(connect):
    client, server = connect()
    observe(client)
    os.close(client.fileno())
    assert reaches(client, "FIN-WAIT-2").fd is None
    client.detach()


def test_reuse_under_threads(keep):
    """While one thread closes and opens sockets, the other's looks never take one for another."""
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    listener.settimeout(5)
    stop, wrong, current = threading.Event(), [], []

    def churn():
        while not stop.is_set():
            client = socket.create_connection(listener.getsockname(), timeout=5)
            server, _ = listener.accept()
            seen(client)
            current[:] = [(client, client.getsockname())]
            client.close()
            with socket.socket() as other, server:
                other.bind(("127.0.0.1", 0))

    thread = threading.Thread(target=churn, daemon=True)
    thread.start()
    until(lambda: current)
    for _ in range(3000):
        sock, local = current[0]
        snapshot = observe(sock)
        if snapshot.local != local or snapshot.state == "LISTEN":
            wrong.append((snapshot, local))
    stop.set()
    thread.join(10)
    assert not wrong and not thread.is_alive()


def test_a_watched_socket_is_not_held(connect):
    client, server = connect()
    observe(client)
    client.close()
    reaches(server, "CLOSE-WAIT")  # a duplicate of ours would have kept it open
    for_good = socket.socket()
    observe(for_good)
    fd = for_good.fileno()
    with pytest.warns(ResourceWarning):
        del for_good
        gc.collect()
    with pytest.raises(OSError):
        os.fstat(fd)


def test_looks_leave_no_descriptor(connect):
    client, _ = connect()
    observe(client)
    client.close()
    there = sorted(os.listdir("/proc/self/fd"))
    for _ in range(10):
        observe(client)
    assert sorted(os.listdir("/proc/self/fd")) == there


def test_a_look_is_no_call_of_the_learners(connect, monkeypatch):
    def never(*_):
        raise AssertionError("observe called a method of socket.socket")

    client, _ = connect()
    for name in ("getsockopt", "getsockname", "getpeername", "recv", "ioctl"):
        monkeypatch.setattr(socket.socket, name, never, raising=False)
    assert observe(client).state == "ESTABLISHED"
    client.close()
    assert observe(client).state != "ESTABLISHED"


def test_nobody_to_ask():
    """No descriptor is left for a question to the kernel: the state is unknown, and known again later."""
    code = """if True:
        import os, resource, socket
        from labsupport import observe, until
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        observe(client)
        client.close()
        hole = os.open(os.devnull, os.O_RDONLY)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hole + 1, hard))
        print(observe(client).state)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        until(lambda: observe(client).state == "FIN-WAIT-2")
        print(observe(client).state)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["None", "FIN-WAIT-2"], done.stderr


def test_after_a_fork_both_processes_can_ask():
    code = """if True:
        import os, socket
        from labsupport import observe
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        observe(client)
        child = os.fork()
        client.close()
        states = {observe(client).state for _ in range(200)}
        if child:
            _, status = os.waitpid(child, 0)
            states.add("child" if status else "well")
        # While the other process holds it, it is established.
        assert states <= {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "well"}, states
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


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
    for wrong in (None, 7, "127.0.0.1", object()):
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


def test_the_sock_diag_of_another_network(connect):
    """A given netlink socket is asked, and left open."""
    client, _ = connect()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink:
        diag = SockDiag(netlink)
        remember(client, diag=diag)
        observe(client)
        client.close()
        reaches(client, "FIN-WAIT-2")
        assert diag.find(socket.AF_INET, None, None, cookie(client)).local == observe(client).local
        assert diag.find(socket.AF_INET, None, None, cookie(client) + 1_000_000_000) is None


# --- other systems: the parts that can be tried anywhere ----------------------------------------------------


def test_macos_struct():
    """struct tcp_connection_info of XNU's bsd/netinet/tcp.h, put together field by field."""
    raw = bytearray(112)
    fields = {
        0: (4, 1),  # tcpi_state: ESTABLISHED
        16: (1448, 4),  # tcpi_maxseg
        24: (14480, 4),  # tcpi_snd_cwnd, bytes
        32: (100, 4),  # tcpi_snd_sbbytes
        44: (25, 4),  # tcpi_srtt, ms
        64: (1500, 8),  # tcpi_txbytes
        72: (500, 8),  # tcpi_txretransmitbytes
        88: (77, 8),  # tcpi_rxbytes
        104: (3, 8),  # tcpi_txretransmitpackets
    }
    for at, (value, size) in fields.items():
        raw[at : at + size] = value.to_bytes(size, "little")
    facts = macos.parse(bytes(raw), 7, (1000, 2000))
    assert facts == ("ESTABLISHED", None, 1000, 900, 77, 7, 100, 1000, 2000, 0.025, 10, 3)
    assert [macos.parse(bytes([n]) + raw[1:], 0, (1, 2)).state for n in (0, 1, 6, 10)] == [
        "CLOSED", "LISTEN", "FIN-WAIT-1", "TIME-WAIT",
    ]  # fmt: skip


def test_any_other_system(keep):
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    client = keep(socket.create_connection(listener.getsockname()))
    facts = other.look(listener, listener.fileno(), None).facts
    assert (facts.state, facts.opened) == ("LISTEN", "passive") and facts.recv_buffer > 0
    assert other.look(client, client.fileno(), None).facts.state is None
    for kernel in (macos, other):
        assert kernel.identify(client) is None
        with pytest.raises(OSError, match="does not tell"):
            kernel.find(None)
    client.close()
    with pytest.raises(OSError):
        other.identify(client)
