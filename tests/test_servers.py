"""The helper servers do what their RFCs say, on one thread, and leave nothing behind whatever is sent."""

import contextlib
import errno
import os
import random
import re
import resource
import select
import socket
import threading
import time

import pytest

from labsupport import tidy, until
from labsupport.servers import ChargenServer, DaytimeServer, DiscardServer, EchoServer, loop
from labsupport.servers.base import BUFFER, Server
from labsupport.servers.log import KEPT, Log
from labsupport.servers.services import daytime

STREAMS = (EchoServer, DiscardServer, ChargenServer, DaytimeServer)


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test gives back the descriptors and the threads that it took."""
    descriptors, threads = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    yield
    tidy()
    assert set(threading.enumerate()) == threads
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.fixture(params=["epoll", "selectors"])
def each_poller(request, monkeypatch):
    """Linux's own readiness loop, and the one of other systems."""
    if request.param == "selectors":
        monkeypatch.setattr(loop, "new_poller", loop.SelectorPoller)


def connected(server):
    """A client's socket that never waits for ever."""
    sock = socket.socket(server.listener.family)
    sock.settimeout(10)
    try:
        sock.connect(server.address)
    except OSError:
        sock.close()
        raise
    return sock


def states(server):
    """What the open conversations are doing."""
    return [state for _number, _received, _sent, state in server.conversations]


def read_to_end(sock):
    """All bytes until the end of file."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def fill(server, sock):
    """Send, and read nothing, until the server waits for its peer to read; how many bytes went."""
    sock.setblocking(False)
    sent = 0

    def full():
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            sent += sock.send(bytes(1_000_000))
        return states(server) == ["waiting for the peer to read"]

    until(full, timeout=20)
    return sent


def test_echo_answers_byte_for_byte_then_ends(each_poller):
    with EchoServer() as server, connected(server) as client:
        client.sendall(b"hello, ")
        client.sendall(b"world")
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b"hello, world"
        until(lambda: not server.sockets)
        assert (server.connections, server.bytes_received, server.bytes_sent) == (1, 12, 12)
        assert repr(server) == "EchoServer on 127.0.0.1, 1 connection, received 12, sent 12"


def test_echo_of_more_than_all_buffers_hold(each_poller):
    """Both directions fill: the server must stop reading, and go on when it can write again."""
    sent = random.Random(1).randbytes(12_000_000)
    with EchoServer() as server, connected(server) as client:
        writer = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
        writer.start()
        assert read_to_end(client) == sent
        writer.join()


def test_a_peer_that_does_not_read_is_not_read_from(each_poller):
    with EchoServer() as server, connected(server) as client:
        sent = fill(server, client)
        held = server.bytes_received - server.bytes_sent
        assert held <= BUFFER
        client.settimeout(10)
        assert sum(len(client.recv(65536)) for _ in range(10)) > 0  # and it goes on
        client.shutdown(socket.SHUT_WR)
        read_to_end(client)
        assert server.bytes_sent == sent


def test_a_lone_talker_keeps_nobody_out(each_poller):
    """After some exchanges the server waits in this peer's own read: others must be heard all the same."""

    def talk(sock, times):
        for _ in range(times):
            sock.sendall(b"hello")
            assert sock.recv(100) == b"hello"

    with EchoServer() as server, connected(server) as first:
        talk(first, 500)
        stop = threading.Event()

        def chatter():
            while not stop.is_set():
                talk(first, 1)

        lone = threading.Thread(target=chatter)
        lone.start()
        try:
            with connected(server) as second:
                talk(second, 200)
        finally:
            stop.set()
            lone.join(20)
        talk(first, 100)
        first.shutdown(socket.SHUT_WR)  # the end of file may be met in that read, too
        assert first.recv(100) == b""
        assert server.bytes_received == server.bytes_sent
        assert server.errors == []


def test_a_lone_talker_that_stops_reading_or_resets():
    with EchoServer() as server:
        for _ in range(3):
            with connected(server) as client:
                for _ in range(100):
                    client.sendall(b"hello")
                    client.recv(100)
                fill(server, client)
            until(lambda: not server.sockets)
        assert [entry.what for entry in server.log].count("reset") == 3
        assert server.errors == []


def test_discard_says_nothing(each_poller):
    with DiscardServer() as server, connected(server) as client:
        client.sendall(b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert (server.bytes_received, server.bytes_sent) == (1000, 0)


def test_chargen_sends_rotating_lines_while_they_are_read(each_poller):
    with ChargenServer() as server, connected(server) as client:
        client.sendall(b"thrown away")
        lines = client.makefile("rb")
        first = [lines.readline() for _ in range(3 * 95 * 16)]
        lines.close()
        assert first[0] == bytes(range(32, 104)) + b"\r\n"
        assert first[1] == bytes(range(33, 105)) + b"\r\n"
        assert first[94] == b"~" + bytes(range(32, 103)) + b"\r\n"
        assert all(line == first[number % 95] for number, line in enumerate(first))
        until(lambda: server.bytes_received == 11)
        until(lambda: not select.select([], server.sockets, [], 0)[1])  # it has stopped: nobody reads
        client.shutdown(socket.SHUT_WR)
        assert len(read_to_end(client)) > 0


def test_daytime_sends_one_line_and_ends(each_poller):
    with DaytimeServer() as server, connected(server) as client:
        client.sendall(b"not read by the time the line goes")
        line = read_to_end(client)
        assert re.fullmatch(rb"\d\d [A-Z]{3} \d{4} \d\d:\d\d:\d\d UTC\r\n", line)
        client.close()
        until(lambda: not server.sockets)
    assert daytime(time.gmtime(0)) == b"01 JAN 1970 00:00:00 UTC\r\n"


@pytest.mark.parametrize("service", STREAMS)
def test_over_ipv6(service):
    try:
        server = service("::1")
    except OSError:
        pytest.skip("not available here: IPv6")
    with server, connected(server) as client:
        assert server.address == server.listener.getsockname() == client.getpeername()
        assert server.address[:2] == ("::1", server.port)
        client.shutdown(socket.SHUT_WR)
        read_to_end(client)


def test_over_a_unix_socket(tmp_path):
    path = tmp_path / "echo"
    with EchoServer(path=path) as server, connected(server) as client:
        assert (server.address, server.port) == (str(path), None)
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        assert repr(server) == "EchoServer on a Unix socket, 1 connection, received 5, sent 5"
    assert not path.exists()


def test_a_unix_peer_that_goes_while_it_is_not_read_from(tmp_path):
    """epoll reports it for ever; it must be an end, not a busy loop."""
    with EchoServer(path=tmp_path / "echo") as server:
        with connected(server) as client:
            fill(server, client)
        until(lambda: not server.sockets)


def test_an_existing_file_is_not_replaced(tmp_path):
    path = tmp_path / "mine"
    path.write_text("precious")
    with pytest.raises(OSError) as error:
        EchoServer(path=path)
    assert error.value.errno == errno.EADDRINUSE
    assert path.read_text() == "precious"


def test_a_file_put_in_its_place_is_not_removed(tmp_path):
    path = tmp_path / "echo"
    with EchoServer(path=path):
        path.unlink()
        path.write_text("precious")
    assert path.read_text() == "precious"


@pytest.mark.parametrize("service", [EchoServer, DiscardServer])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_datagrams_are_answered_as_wholes(service, host):
    try:
        server = service(host, type=socket.SOCK_DGRAM)
    except OSError:
        pytest.skip("not available here: IPv6")
    with server, socket.socket(server.listener.family, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        messages = [b"one", b"", b"three" * 1000]
        for message in messages:
            client.sendto(message, server.address)
            if service is EchoServer:
                assert client.recvfrom(65536) == (message, server.address)
        until(lambda: server.bytes_received == sum(map(len, messages)))
        assert server.sockets == (server.listener,)
        assert repr(server).startswith(f"{service.__name__} on {host} (UDP), received 5003, sent ")
    assert server.sockets == ()


def test_datagrams_over_a_unix_socket(tmp_path):
    with EchoServer(type=socket.SOCK_DGRAM, path=tmp_path / "echo") as server:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"nobody to answer", server.address)
            until(lambda: server.log[-1].what == "no address to answer to")
            client.bind(str(tmp_path / "client"))
            client.sendto(b"hello", server.address)
            assert client.recv(100) == b"hello"


def test_a_datagram_answer_that_finds_no_room_goes_later(tmp_path):
    """A Unix socket's peer that does not read: the answer waits, and nothing more is taken."""
    with EchoServer(type=socket.SOCK_DGRAM, path=tmp_path / "echo") as server:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.bind(str(tmp_path / "client"))
            client.setblocking(False)
            sent = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    client.sendto(str(sent).encode(), server.address)
                    sent += 1
            client.settimeout(10)
            assert [int(client.recv(100)) for _ in range(sent)] == list(range(sent))


def test_a_reset_is_an_entry_and_not_an_error(each_poller):
    with EchoServer() as server:
        client = connected(server)
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        until(lambda: not server.sockets)
        assert [entry.what for entry in server.log if entry.connection == 1][-2:] == ["reset", "closed"]
        assert server.errors == []


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
    assert texts == {
        "     listening\n  1  accepted\n  1  received 12, sent 12\n  1  peer ended\n  1  closed"
    }


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


def test_a_thousand_connections_on_one_thread(each_poller):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("not available here: 4,096 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    threads = threading.active_count()
    try:
        with EchoServer() as server, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connected(server)) for _ in range(1000)]
            for number, client in enumerate(clients):
                client.sendall(b"%d" % number)
            for number, client in enumerate(clients):
                assert client.recv(100) == b"%d" % number
            assert threading.active_count() == threads + 1
            assert server.connections == len(server.sockets) == len(server.conversations) == 1000
            assert repr(server).startswith("EchoServer on 127.0.0.1, 1000 connections,")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


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
            until(lambda: server.log[-1].what == "accept paused")
            assert server.log[-1].detail == "EMFILE"
            used = time.process_time()
            before.sendall(b"still here")
            assert before.recv(100) == b"still here"
            until(lambda: sum(entry.what == "accept paused" for entry in server.log) >= 3)
            assert time.process_time() - used < 0.2
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
        until(lambda: not server.sockets, timeout=20)
        assert lost == [] and server.errors == []
        assert server.connections == inputs + 1
