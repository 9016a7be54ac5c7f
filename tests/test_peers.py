"""Each peer misbehaves in its one way, the same way every time, and is a server like any other besides."""

import contextlib
import ctypes
import socket
import struct
import time

import pytest
from needs import linux
from server_clients import connected

from labsupport import until
from labsupport.servers import (
    ClosesHalfway,
    GarbageServer,
    JoiningServer,
    LateServer,
    NeverReads,
    OneByteServer,
    ResetsHalfway,
    SilentServer,
    SlowReader,
    delivery,
)

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
PEERS = (
    ClosesHalfway,
    GarbageServer,
    JoiningServer,
    LateServer,
    NeverReads,
    OneByteServer,
    ResetsHalfway,
    SilentServer,
    SlowReader,
)


pytestmark = pytest.mark.usefixtures("nothing_taken")


def pieces(sock):
    """What each recv gives, until the end of file."""
    return list(iter(lambda: sock.recv(1024), b""))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_one_byte_at_a_time(host):
    try:
        server = OneByteServer(host)
    except OSError:
        pytest.skip("not available here: IPv6")
    with server, connected(server) as client:
        client.sendall(b"hello, world")
        client.shutdown(socket.SHUT_WR)
        assert pieces(client) == [bytes([byte]) for byte in b"hello, world"]


def test_one_byte_waits_for_a_reader_who_takes_time():
    with OneByteServer() as server, connected(server) as client:
        client.sendall(b"abc")
        until(lambda: server.sockets)
        for byte in (b"a", b"b", b"c"):
            until(lambda: delivery.unacknowledged(server.sockets[0]) == 0)
            assert client.recv(1024, socket.MSG_PEEK) == byte
            time.sleep(0.05)  # the lesson is that time changes nothing
            assert client.recv(1024) == byte


@linux
def test_one_byte_that_has_not_come_yet_is_not_taken_for_read():
    """The client's kernel drops it, and it comes again: so long it is in no queue of the reader's."""
    with OneByteServer() as server, connected(server) as client:
        drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF_RET | BPF_K
        program = struct.pack("HxxxxxxP", 1, ctypes.addressof(drop))
        client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        client.sendall(b"hello")
        until(lambda: server.bytes_sent)
        time.sleep(0.05)  # it looks after 1, 2, 5, 10 and 20 ms
        assert server.bytes_sent == 1
        client.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        client.shutdown(socket.SHUT_WR)
        assert pieces(client) == [bytes([byte]) for byte in b"hello"]


def test_one_byte_where_the_reader_cannot_be_seen(monkeypatch, tmp_path):
    with OneByteServer(path=tmp_path / "peer", pause=0.001) as server, connected(server) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert b"".join(pieces(client)) == b"hello"
        assert [entry.detail for entry in server.log if entry.what == "sent"] == [1] * 5


def test_one_byte_holds_back_a_bounded_amount():
    with OneByteServer() as server, connected(server) as client:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(bytes(100_000))
        client.settimeout(10)
        for _ in range(3):
            assert client.recv(1024) == b"\0"
        until(lambda: server.conversations and server.conversations[0][3] == "not reading")
        assert server.bytes_received < 1_000_000


def test_joined_when_quiet_or_ended():
    with JoiningServer(quiet=3600) as server, connected(server) as client:
        for message in (b"msg0", b"msg1"):
            client.sendall(message)
        until(lambda: server.bytes_received == 8)
        with connected(server):
            until(lambda: server.connections == 2)  # it has done with what came before
        server._quiet = 0.1  # from the next one on: however long the machine took, there was no silence
        client.sendall(b"msg2")
        assert client.recv(1024) == b"msg0msg1msg2"
        client.sendall(b"msg3")
        client.shutdown(socket.SHUT_WR)
        assert pieces(client) == [b"msg3"]


def test_joined_by_size():
    with JoiningServer(size=12) as server, connected(server) as client:
        for number in range(6):
            client.sendall(b"msg%d" % number)
            until(lambda: server.bytes_received == 4 * (number + 1))
            if number % 3 == 2:
                assert client.recv(1024) == b"".join(b"msg%d" % n for n in range(number - 2, number + 1))
        client.sendall(b"rest")
        client.shutdown(socket.SHUT_WR)
        assert pieces(client) == [b"rest"]


def test_late_and_in_order():
    with LateServer(delay=0.2) as server, connected(server) as client:
        began = time.monotonic()
        client.sendall(b"one")
        until(lambda: server.bytes_received == 3)
        client.sendall(b"two")
        client.shutdown(socket.SHUT_WR)
        assert b"".join(pieces(client)) == b"onetwo"
        assert time.monotonic() - began >= 0.2
        received = next(entry.time for entry in server.log if entry.what == "received")
        sent = next(entry.time for entry in server.log if entry.what == "sent")
        assert sent - received >= 0.2


def test_reads_slowly():
    with SlowReader(rate=2000, receive_buffer=4096) as server, connected(server) as client:
        began = time.monotonic()
        client.sendall(bytes(1000))
        client.shutdown(socket.SHUT_WR)
        until(lambda: server.bytes_received == 1000)
        assert time.monotonic() - began >= 0.4
        assert max(entry.detail for entry in server.log if entry.what == "received") == 100
        assert pieces(client) == []


def test_never_reads():
    with NeverReads(receive_buffer=4096) as server, connected(server) as client:
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.sendall(bytes(100_000_000))
        assert server.bytes_received == 0
        until(lambda: server.conversations == [(1, 0, 0, "not reading")])


def test_never_reads_and_notices_a_reset():
    with NeverReads() as server:
        client = connected(server)
        client.sendall(b"hello")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        until(lambda: server.connections and not server.sockets)
        assert "reset" in [entry.what for entry in server.log]


def test_closes_halfway_in_order():
    with ClosesHalfway(after=8) as server, connected(server) as client:
        client.sendall(b"hello")
        assert client.recv(1024) == b"hello"
        client.sendall(b"world" * 10_000)
        assert b"".join(pieces(client)) == b"wor"
        client.sendall(b"still taken, and thrown away")
        client.shutdown(socket.SHUT_WR)
        until(lambda: not server.sockets)
        assert "reset" not in [entry.what for entry in server.log]


def test_resets_halfway_when_the_beginning_has_arrived():
    for _ in range(20):
        with ResetsHalfway(after=3) as server, connected(server) as client:
            client.sendall(b"hello")
            assert client.recv(1024) == b"hel"
            with pytest.raises(ConnectionResetError):
                client.recv(1024)
            assert server.errors == []


@pytest.mark.parametrize("peer", [ClosesHalfway, ResetsHalfway])
def test_halfway_may_be_at_once(peer):
    with peer(after=0) as server:
        try:
            with connected(server) as client:
                assert client.recv(1024) == b""
        except ConnectionResetError:  # perhaps by connect itself
            assert peer is ResetsHalfway


def test_garbage_is_the_same_garbage_every_time():
    answers = set()
    for cuts in ((100,), (1, 99), (50, 50)):
        with GarbageServer(seed=7) as server, connected(server) as client:
            for cut in cuts:
                client.sendall(bytes(cut))
            client.shutdown(socket.SHUT_WR)
            answers.add(b"".join(pieces(client)))
    (answer,) = answers
    assert len(answer) == 100 and answer != bytes(100)
    with GarbageServer(seed=8) as server, connected(server) as client:
        client.sendall(bytes(100))
        client.shutdown(socket.SHUT_WR)
        assert b"".join(pieces(client)) != answer


def test_silent_even_when_the_client_has_ended():
    with SilentServer() as server, connected(server) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        until(lambda: server.conversations == [(1, 5, 0, "peer ended")])
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1024)


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_has_a_servers_shape(peer, tmp_path):
    with peer(path=tmp_path / "peer") as server, connected(server) as client:
        client.sendall(b"hello")
        until(lambda: server.connections == 1)
        assert repr(server).startswith(f"{peer.__name__} on a Unix socket, 1 connection, received ")
        assert server.log[0].what == "listening"
    with pytest.raises(ValueError, match="streams only"):
        peer(type=socket.SOCK_DGRAM)
    with pytest.raises(ValueError, match="port must be"):
        peer("127.0.0.1", 70_000)


@pytest.mark.parametrize("peer", PEERS)
def test_clients_that_vanish_leave_nothing(peer):
    with peer() as server:
        for number in range(20):
            client = connected(server)
            client.sendall(b"hello" * 10)
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        until(lambda: server.connections == 20)
    assert server.errors == []


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: LateServer(delay=-1), ValueError, "delay must be 0 seconds or more"),
        (lambda: LateServer(delay="1"), TypeError, "delay must be a number of seconds"),
        (lambda: SlowReader(rate=0), ValueError, "rate must be 1 bytes per second or more"),
        (lambda: NeverReads(receive_buffer=0), ValueError, "receive_buffer must be"),
        (lambda: JoiningServer(size=0), ValueError, "size must be"),
        (lambda: JoiningServer(size=1 << 20), ValueError, "size must be at most"),
        (lambda: JoiningServer(quiet=float("nan")), ValueError, "quiet must be"),
        (lambda: OneByteServer(pause=None), TypeError, "pause must be"),
        (lambda: ClosesHalfway(after=1.5), TypeError, "after must be a whole number"),
        (lambda: ResetsHalfway(after=-1), ValueError, "after must be"),
        (lambda: GarbageServer(seed="x"), TypeError, "seed must be a whole number"),
    ],
)
def test_bad_arguments_are_told_at_once(make, error, said):
    with pytest.raises(error, match=said):
        make()
