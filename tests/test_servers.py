"""The helper servers say what their RFCs say, over TCP, UDP and Unix sockets, whoever does not read."""

import contextlib
import errno
import random
import re
import select
import socket
import threading
import time

import pytest
from server_clients import STREAMS, connected, fill, read_to_end

from labsupport import until
from labsupport.servers import ChargenServer, DaytimeServer, DiscardServer, EchoServer
from labsupport.servers.base import BUFFER
from labsupport.servers.services import daytime

pytestmark = pytest.mark.usefixtures("nothing_taken")


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
