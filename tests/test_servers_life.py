"""A helper server's life: its arguments, log, errors and end, and many connections on one thread."""

import contextlib
import os
import random
import resource
import socket
import threading
import time

import pytest
from server_clients import STREAMS, connected, read_to_end

from labsupport import until
from labsupport.servers import ChargenServer, DaytimeServer, EchoServer
from labsupport.servers.base import FIRST_PAUSE, Server
from labsupport.servers.log import ECHOED, KEPT, Log

pytestmark = pytest.mark.usefixtures("nothing_taken")


def test_the_log_reads_the_same_however_the_stream_was_cut(each_poller):
    texts = set()
    for pieces in ([b"hello, world"], [b"hello", b", world"], [bytes([byte]) for byte in b"hello, world"]):
        with EchoServer() as server, connected(server) as client:
            for piece in pieces:
                client.sendall(piece)
                assert client.recv(100) == piece
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b""
            until(lambda: not server.sockets)
            texts.add(repr(server.log))
    assert texts == {"     listening\n  1  accepted\n  1  received 12, sent 12\n  1  peer ended\n  1  closed"}


def test_the_log_in_order():
    with EchoServer() as server, connected(server) as client:
        client.sendall(b"hello")
        client.recv(100)
        until(lambda: len(server.log) == 4)
        assert [(entry.order, entry.connection, entry.what, entry.detail) for entry in server.log] == [
            (1, None, "listening", None),
            (2, 1, "accepted", None),
            (3, 1, "received", 5),
            (4, 1, "sent", 5),
        ]
        times = [entry.time for entry in server.log]
        assert times == sorted(times)
        assert server.log[-1].what == "sent"
        assert [entry.order for entry in server.log[1:3]] == [2, 3]


def test_the_log_forgets_the_oldest_and_says_so():
    log = Log()
    for number in range(KEPT + 5):
        log.add(1, "accepted" if number % 2 else "closed")
    assert len(log) == KEPT
    assert log.forgotten == 5
    assert log[0].order == 6
    assert repr(log).startswith("(5 earlier entries forgotten)\n")


def test_the_log_is_whole_between_an_entry_and_its_count():
    """The helper's thread may be put off there, in the way that EchoServer adds its entries, too."""
    log = Log()
    log.add(None, "listening")
    log.kept.append((time.monotonic(), 1, ECHOED, 5))
    assert log.forgotten == 0 and [entry.order for entry in log] == [1, 2, 3]
    assert repr(log) == "     listening\n  1  received 5, sent 5"


def test_a_thousand_connections_on_one_thread(each_poller):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("not available here: 4,096 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    before = set(threading.enumerate())
    try:
        with EchoServer() as server, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connected(server)) for _ in range(1000)]
            for number, client in enumerate(clients):
                client.sendall(b"%d" % number)
            for number, client in enumerate(clients):
                assert client.recv(100) == b"%d" % number
            assert len(set(threading.enumerate()) - before) == 1
            assert server.connections == len(server.sockets) == len(server.conversations) == 1000
            assert repr(server).startswith("EchoServer on 127.0.0.1, 1000 connections,")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def pauses(server):
    """When it found no descriptor for a connection."""
    return [entry.time for entry in server.log if entry.what == "accept paused"]


def test_without_descriptors_accepting_pauses_and_goes_on():
    """EMFILE: the connection waits in the kernel's queue; the loop must neither spin nor give up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with EchoServer() as server, connected(server) as before, socket.socket() as late:
        until(lambda: server.connections == 1)
        late.settimeout(10)
        top = os.dup(0)
        os.close(top)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
        try:
            late.connect(server.address)
            until(lambda: pauses(server))
            assert server.log[-1].detail == "EMFILE"
            before.sendall(b"still here")
            assert before.recv(100) == b"still here"
            until(lambda: len(pauses(server)) >= 3)
            first, second, third, *_ = pauses(server)
            assert second - first >= FIRST_PAUSE and third - second >= 2 * FIRST_PAUSE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        late.sendall(b"at last")
        assert late.recv(100) == b"at last"


class Failing(Server):
    """A server with a bug."""

    def _received(self, conversation, data):
        raise ZeroDivisionError(bytes(data).decode())


def test_an_error_inside_reaches_the_learner_once():
    server = Failing()
    with connected(server) as first, connected(server) as second:
        first.sendall(b"first")
        with pytest.raises(ConnectionResetError):
            first.recv(100)
        second.sendall(b"second")
        with pytest.raises(ConnectionResetError):
            second.recv(100)
    assert [str(error) for error in server.errors] == ["first", "second"]
    with pytest.raises(ZeroDivisionError, match="first"):
        server.close()
    server.close()


def test_the_end_of_a_with_block_raises_it():
    with pytest.raises(ZeroDivisionError), Failing() as server, connected(server) as client:
        client.sendall(b"x")
        until(lambda: server.errors)


def test_a_listener_that_is_taken_away_is_an_error():
    server = EchoServer()
    server.listener.shutdown(socket.SHUT_RDWR)
    until(lambda: server.errors)
    with pytest.raises(OSError):
        server.close()


@pytest.mark.parametrize("service", STREAMS)
def test_close_ends_everything_and_may_come_again(service):
    server = service()
    with connected(server) as client, connected(server):
        until(lambda: server.connections == 2)
        (sock, *_rest) = server.sockets
        server.close()
        server.close()
        assert sock.fileno() == server.listener.fileno() == -1
        assert server.sockets == () and server.conversations == []
        assert repr(server).endswith(", closed")
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        client.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            read_to_end(client)


def test_small_answers_do_not_wait_and_the_port_can_be_had_again():
    with EchoServer() as server, connected(server) as client:
        until(lambda: server.sockets)
        assert server.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        port = server.port
    client.close()
    with EchoServer(port=port) as again:  # over connections of the first one that are in TIME-WAIT
        assert again.address == ("127.0.0.1", port)


def test_record_sees_the_learners_calls_alone():
    from labsupport import record

    with EchoServer() as server, record() as timeline:
        client = socket.create_connection(server.address)
        client.sendall(b"hello")
        client.recv(5)
        client.close()
    assert "accept" not in {call.call for call in timeline.calls}


class Host:
    """As a host of a private network looks to a server."""

    address = "127.0.0.2"

    def socket(self, family, kind):
        self.made = socket.socket(family, kind)
        return self.made


def test_on_a_host_that_makes_its_own_sockets():
    host = Host()
    with EchoServer(host) as server, connected(server) as client:
        assert server.listener is host.made
        assert server.address[0] == "127.0.0.2"
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"port": -1}, ValueError, "port must be from 0"),
        ({"port": 65536}, ValueError, "port must be from 0"),
        ({"port": "80"}, TypeError, "port must be an int"),
        ({"port": True}, TypeError, "port must be an int"),
        ({"host": None}, TypeError, "host must be an address"),
        ({"host": 127}, TypeError, "host must be an address"),
        ({"host": "http://127.0.0.1"}, ValueError, "host must be an IPv4 or IPv6 address"),
        ({"host": "example.org"}, ValueError, "host must be an IPv4 or IPv6 address"),
        ({"type": "stream"}, TypeError, "type must be"),
        ({"type": socket.SOCK_RAW}, ValueError, "type must be"),
        ({"path": 3.5}, TypeError, "path must be"),
        ({"path": ""}, ValueError, "path must be"),
        ({"path": "x" * 200}, ValueError, "107 bytes"),
        ({"path": "/tmp/x", "host": "::1"}, ValueError, "neither host nor port"),
        ({"path": "/tmp/x", "port": 80}, ValueError, "neither host nor port"),
    ],
)
def test_bad_arguments_are_told_at_once(arguments, error, said):
    with pytest.raises(error, match=said):
        EchoServer(**arguments)


@pytest.mark.parametrize("service", [ChargenServer, DaytimeServer])
def test_services_without_datagrams_say_so(service):
    with pytest.raises(ValueError, match="streams only"):
        service(type=socket.SOCK_DGRAM)


def garble(server, source, number):
    """One client that behaves badly: random bytes, then an end that may be rude. It may not even read."""
    with connected(server) as client:
        client.settimeout(5)
        with contextlib.suppress(OSError):
            sent = 0
            for _ in range(source.randrange(4)):
                sent += (size := source.choice((1, 7, 500, 20_000)))
                client.sendall(source.randbytes(size))
            if sent and source.random() < 0.5:
                client.recv(source.choice((1, 100, 100_000)))
            if number % 4 == 0:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif number % 4 == 1:
                client.shutdown(source.choice((socket.SHUT_WR, socket.SHUT_RDWR)))


def exchange_until(stop, server, lost):
    """A good connection beside them: every byte must come back."""
    source = random.Random(0)
    with connected(server) as client:
        while not stop.is_set():
            sent = source.randbytes(source.choice((1, 100, 50_000)))
            client.sendall(sent)
            got = b""
            while len(got) < len(sent):
                piece = client.recv(65536)
                if not piece:
                    break
                got += piece
            if got != sent:
                lost.append(len(sent))
                return


@pytest.mark.parametrize("inputs", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_garbage_harms_nobody_else(inputs):
    """Random inputs, half of them cut off or reset; a good connection loses nothing, and nothing is left."""
    source, stop, lost = random.Random(inputs), threading.Event(), []
    with EchoServer() as server:
        good = threading.Thread(target=exchange_until, args=(stop, server, lost))
        good.start()
        try:
            for number in range(inputs):
                garble(server, source, number)
        finally:
            stop.set()
            good.join(20)
        # The last one may have come and gone before the server turned to the listener.
        until(lambda: server.connections == inputs + 1 and not server.sockets, timeout=20)
        assert lost == [] and server.errors == []
