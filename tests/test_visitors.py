"""Visitors come by themselves, do their one thing, and go when they are told to, whatever the server does."""

import contextlib
import socket
import threading

import pytest

from labsupport import tidy, until
from labsupport.servers import EchoServer, Visitor, visitors
from labsupport.waiting import readable

pytestmark = pytest.mark.usefixtures("nothing_taken")


@pytest.fixture
def listener():
    """The learner's own listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(10)
        yield sock


@contextlib.contextmanager
def accepted(listener):
    """The next connection, with a deadline."""
    connection, _address = listener.accept()
    with connection:
        connection.settimeout(10)
        yield connection


def test_it_comes_while_the_learner_waits_in_accept(listener):
    visitor = Visitor(listener.getsockname())
    with accepted(listener) as connection:
        connection.sendall(connection.recv(1024))
        assert visitor.wait() is visitor
    assert visitor.received == b"hello"
    assert repr(visitor) == "visitor: talk, done, sent 5, received 5"
    assert repr(visitor.log) == "  1  connected\n  1  sent 5, received 5\n  1  closed"
    visitor.close()
    visitor.close()


def test_connect_stays_without_a_word(listener):
    with Visitor(listener.getsockname(), "connect", after=0) as visitor, accepted(listener) as connection:
        visitor.wait()
        assert len(visitor.sockets) == 1
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1024)
        connection.setblocking(True)
        visitor.close()
        assert connection.recv(1024) == b""
        assert visitor.sockets == ()


def test_send_stays(listener):
    with Visitor(listener.getsockname(), "send", message=b"early", after=0) as visitor:
        with accepted(listener) as connection:
            assert connection.recv(1024) == b"early"
            assert visitor.wait().sockets[0].getpeername() == listener.getsockname()


def test_leave_is_gone_before_accept(listener):
    visitor = Visitor(listener.getsockname(), "leave", message=b"early", after=0).wait()
    with accepted(listener) as connection:
        assert (connection.recv(1024), connection.recv(1024)) == (b"early", b"")
    assert repr(visitor) == "visitor: leave, done, sent 5, received 0"


def test_half_close_reads_to_the_end(listener):
    with Visitor(listener.getsockname(), "half-close", after=0) as visitor, accepted(listener) as connection:
        assert (connection.recv(1024), connection.recv(1024)) == (b"hello", b"")
        assert not visitor.done
        connection.sendall(b"a longer answer")
        connection.close()
        assert visitor.wait().received == b"a longer answer"


def test_reset_comes_after_the_message(listener):
    for _ in range(20):
        with Visitor(listener.getsockname(), "reset", after=0) as visitor, accepted(listener) as connection:
            visitor.wait()
            assert connection.recv(1024) == b"hello"
            with pytest.raises(ConnectionResetError):
                connection.recv(1024)


def test_silent_reads_and_says_nothing(listener):
    with Visitor(listener.getsockname(), "silent", after=0) as visitor, accepted(listener) as connection:
        connection.sendall(b"anybody there?")
        connection.shutdown(socket.SHUT_WR)
        assert visitor.wait().received == b"anybody there?"
        assert connection.recv(1024) == b""


def test_a_talk_cut_short_is_an_entry(listener):
    with Visitor(listener.getsockname(), after=0) as visitor, accepted(listener) as connection:
        connection.recv(1024)
        connection.sendall(b"hel")
        connection.close()
        assert visitor.wait().received == b"hel"
        assert "peer ended" in [entry.what for entry in visitor.log]


def test_several_one_after_another(listener):
    with Visitor(listener.getsockname(), "send", message=b"x", after=0, count=5) as visitor:
        visitor.wait()
        assert len(visitor.sockets) == visitor.connections == 5
        for sock in visitor.sockets:
            with accepted(listener) as connection:
                assert connection.getpeername() == sock.getsockname()
                assert connection.recv(1024) == b"x"
        assert repr(visitor) == "5 visitors: send, done, sent 5, received 0"


def test_it_waits_for_a_condition(listener):
    came = threading.Event()
    visitor = Visitor(listener.getsockname(), "connect", after=came.is_set)
    listener.settimeout(0.1)
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.settimeout(10)
    came.set()
    with accepted(listener):
        visitor.close()


@pytest.mark.parametrize("behavior", visitors.BEHAVIORS)
def test_close_ends_it_wherever_it_is(listener, behavior):
    """Before it came, and while it waits for a server that does nothing at all."""
    Visitor(listener.getsockname(), behavior, after=3600).close()
    visitor = Visitor(listener.getsockname(), behavior, message=bytes(20_000_000), after=0)
    until(lambda: visitor.connections == 1)
    visitor.close()
    assert not visitor.thread.is_alive()


def test_a_refusal_is_said_when_it_is_asked_for():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        visitor = Visitor(bound.getsockname(), after=0)
        with pytest.raises(ConnectionRefusedError):
            visitor.wait()
        assert repr(visitor) == "visitor: talk, done, sent 0, received 0, refused"
        assert visitor.errors == []
        visitor.close()


def test_a_connect_that_nobody_answers_has_a_deadline(monkeypatch):
    monkeypatch.setattr(visitors, "CONNECTING", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        readable([full])  # the first one's last ACK has come: it is in the queue
        with Visitor(full.getsockname(), "connect", after=0) as visitor:
            with pytest.raises(TimeoutError):
                visitor.wait()
            assert visitor.log[-1].what == "timeout"


def test_wait_has_a_deadline(listener):
    with Visitor(listener.getsockname(), after=3600) as visitor:
        with pytest.raises(TimeoutError, match="'talk'"):
            visitor.wait(timeout=0.05)


def test_what_goes_wrong_in_it_reaches_the_learner_once(listener):
    visitor = Visitor(listener.getsockname(), after=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        visitor.wait()
    with pytest.raises(ZeroDivisionError):
        visitor.close()
    visitor.close()


def test_tidy_finds_visitors_that_nobody_named(listener):
    for _ in range(2):
        Visitor(listener.getsockname(), "send", after=0)
    for _ in range(2):
        with accepted(listener) as connection:
            assert connection.recv(1024) == b"hello"
    assert repr(tidy()) == "closed: 2 visitors"


def test_over_ipv6_and_to_any_address():
    try:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("not available here: IPv6")
    with listener, Visitor(listener.getsockname(), "leave", after=0) as visitor:
        visitor.wait()
        assert visitor.address[0] == "::1"


def test_over_a_unix_socket_whose_queue_is_full(tmp_path):
    path = str(tmp_path / "server")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        listener.settimeout(10)
        first.connect(path)
        with Visitor(path, "send", after=0) as visitor:
            with accepted(listener):
                pass  # the first one; now there is room
            with accepted(listener) as connection:
                assert connection.recv(1024) == b"hello"
            visitor.wait()


def test_in_datagrams():
    with EchoServer(type=socket.SOCK_DGRAM) as server:
        with Visitor(server.address, type=socket.SOCK_DGRAM, after=0) as visitor:
            assert visitor.wait().received == b"hello"


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"address": 80}, TypeError, "address must be what getsockname"),
        ({"address": ("127.0.0.1",)}, TypeError, "address must be what getsockname"),
        ({"address": ("localhost", 80)}, ValueError, "host must be an IPv4 or IPv6 address"),
        ({"address": ("127.0.0.1", 0)}, ValueError, "port 0"),
        ({"address": ("127.0.0.1", 70_000)}, ValueError, "port must be"),
        ({"behavior": "dance"}, ValueError, "behavior must be one of connect, send"),
        ({"behavior": None}, TypeError, "behavior must be one of"),
        ({"message": "hello"}, TypeError, "message must be bytes"),
        ({"after": -1}, ValueError, "after must be"),
        ({"after": "soon"}, TypeError, "after must be"),
        ({"count": 0}, ValueError, "count must be"),
        ({"count": 1.5}, TypeError, "count must be"),
        ({"type": socket.SOCK_DGRAM, "behavior": "reset"}, ValueError, "datagrams have no connection"),
        ({"type": socket.SOCK_RAW}, ValueError, "type must be"),
    ],
)
def test_bad_arguments_are_told_at_once(arguments, error, said):
    with pytest.raises(error, match=said):
        Visitor(**{"address": ("127.0.0.1", 9), **arguments})
