"""What record() tells: real calls on real sockets, what they gave, and the states that followed."""

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from timelines import said

from labsupport.events import Became, Began, Lane, Returned
from labsupport.timeline import Timeline, record

pytestmark = pytest.mark.usefixtures("socket_class_as_before")


def test_a_whole_conversation():
    with record() as timeline:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        client.sendall(b"hello")
        server.recv(1024)
        server.send(bytes(1000))
        client.recv(1000, socket.MSG_WAITALL)
        client.close()
        server.recv(1)
        server.close()
        listener.close()
    assert said(timeline) == [
        "listener: socket()",
        'listener: bind(("127.0.0.1", 0))',
        "listener: listen(5)",
        "client: socket(AF_INET, SOCK_STREAM)",
        "client: connect(listener's address)",
        "listener: accept() → a new socket",
        'client: sendall(b"hello")',
        'server: recv(1024) → b"hello"',
        "server: send(1000 bytes) → 1000",
        "client: recv(1000, MSG_WAITALL) → 1000 bytes",
        "client: close()",
        'server: recv(1) → b""',
        "server: close()",
        "listener: close()",
    ]
    assert timeline.lanes == (
        Lane("listener", "server", "AF_INET", "SOCK_STREAM"),
        Lane("client", "client", "AF_INET", "SOCK_STREAM"),
        Lane("server", "server", "AF_INET", "SOCK_STREAM"),
    )
    assert timeline.states("listener") == ("CLOSED", "LISTEN", "CLOSED")
    assert timeline.states("client") == ("CLOSED", "(SYN-SENT)", "ESTABLISHED", "(FIN-WAIT-1)", "…")
    assert timeline.states("server") == ("(SYN-RECEIVED)", "ESTABLISHED", "CLOSE-WAIT", "(LAST-ACK)", "…")
    assert {call.thread for call in timeline.calls} == {"main"}
    accept = next(call for call in timeline.calls if call.call == "accept")
    assert timeline.lanes[accept.other].label == "server"
    sent = next(call for call in timeline.calls if call.call == "sendall")
    assert (sent.amount, timeline.lanes[sent.other].label) == (5, "server")


def test_events_are_in_order_and_hang_together(server):
    with record() as timeline:
        with socket.create_connection(server.address) as client:
            client.sendall(b"hello")
            client.recv(5)
    assert [event.order for event in timeline] == list(range(len(timeline)))
    assert [event.time for event in timeline] == sorted(event.time for event in timeline)
    began = {event.order: event for event in timeline if isinstance(event, Began)}
    for event in timeline.calls:
        start = began[event.began]
        assert (start.call, start.arguments, start.thread) == (event.call, event.arguments, event.thread)
        assert event.elapsed == pytest.approx(event.time - start.time) and event.elapsed >= 0
    assert set(timeline.settled) <= set(timeline.events)
    assert not any(isinstance(event, Became) and event.sampled for event in timeline.settled)
    assert "connect(server.address)" in "".join(said(timeline))


def test_what_the_kernel_shows_meanwhile_is_live_only(server):
    with record() as timeline:
        client = socket.create_connection(server.address)
        client.close()
    sampled = [event.state for event in timeline if isinstance(event, Became) and event.sampled]
    assert sampled  # how many and which differs from run to run


def refused():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()


def test_a_call_that_fails_and_an_exception_that_ends_the_block():
    address = refused()
    with pytest.raises(ConnectionRefusedError), record() as timeline:
        client = socket.socket()
        client.connect(address)
    assert said(timeline)[-1] == "client: connect(address) → ConnectionRefusedError ECONNREFUSED"
    assert timeline.states("client") == ("CLOSED", "(SYN-SENT)", "CLOSED")
    client.close()


def test_an_address_is_named_after_the_socket_that_has_it():
    with socket.socket() as quiet, socket.socket() as client:
        quiet.bind(("127.0.0.1", 0))
        with record() as timeline:
            client.connect_ex(quiet.getsockname())
    assert said(timeline) == ["client: connect_ex(quiet's address) → OSError ECONNREFUSED"]


def test_errors_are_told_by_class_and_errno_name():
    with record() as timeline, socket.socket() as sock:
        for attempt in (lambda: sock.recv(1), lambda: sock.listen("x"), lambda: sock.accept()):
            with contextlib.suppress(OSError, TypeError):
                attempt()
    assert [(call.error, call.errno) for call in timeline.calls if call.error] == [
        ("OSError", "ENOTCONN"),
        ("TypeError", None),
        ("OSError", "EINVAL"),
    ]


def test_a_socket_that_cannot_be_made():
    with record() as timeline, contextlib.suppress(OSError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 17)
    (call,) = timeline.calls
    assert (call.socket, call.call, call.errno) == (0, "socket", "EPROTONOSUPPORT")
    assert timeline.lanes == (Lane("socket 1", None, "AF_INET", "SOCK_STREAM"),)
    assert timeline.states("socket 1") == () and "EPROTONOSUPPORT" in repr(timeline)


def test_sockets_made_before_the_block(server):
    client = socket.create_connection(server.address)
    with record() as timeline:
        client.sendall(b"hello")
        client.recv(5)
        client.shutdown(socket.SHUT_WR)
        client.recv(5)
        client.close()
    assert said(timeline)[2:] == ["client: shutdown(SHUT_WR)", 'client: recv(5) → b""', "client: close()"]
    assert timeline.lanes[0].role == "client"
    assert timeline.states("client") == ("ESTABLISHED", "(FIN-WAIT-1)", "…", "(TIME-WAIT)")


def test_datagrams():
    with record() as timeline:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("127.0.0.1", 0))
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.sendto(b"one", receiver.getsockname())
        receiver.recvfrom(100)
        sender.close()
        receiver.close()
    assert said(timeline)[3:5] == [
        'sender: sendto(b"one", receiver\'s address) → 3',
        'receiver: recvfrom(100) → b"one" from sender\'s address',
    ]
    assert [lane.role for lane in timeline.lanes] == ["server", "client"]
    assert timeline.paths == ((), ())


def test_unix_sockets(tmp_path):
    path = str(tmp_path / "echo")
    with record() as timeline:
        left, right = socket.socketpair()
        left.sendall(b"x")
        right.recv(1)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        server, _ = listener.accept()
        server.sendall(b"y")
        client.recv(1)
    lines = said(timeline)
    assert lines[:4] == [
        "left: socketpair()",
        "right: socketpair()",
        'left: sendall(b"x")',
        'right: recv(1) → b"x"',
    ]
    assert 'listener: bind("…/echo")' in lines and "client: connect(path)" in lines
    other = {call.call: call.other for call in timeline.calls if call.socket == 3}
    assert timeline.lanes[other["recv"]].label == "server"
    for sock in (left, right, listener, client, server):
        sock.close()


def test_options_by_name_and_blocks_of_bytes_by_length(server):
    with record() as timeline, socket.create_connection(server.address) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        client.settimeout(2.5)
        client.sendall(bytes(2000))
        client.recv_into(bytearray(2000), 0, socket.MSG_WAITALL)
    assert said(timeline)[2:-1] == [
        "client: setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)",
        "client: setsockopt(IPPROTO_TCP, TCP_NODELAY, True)",
        "client: settimeout(2.5)",
        "client: sendall(2000 bytes)",
        "client: recv_into(a buffer of 2000 bytes, 0, MSG_WAITALL) → 2000",
    ]


def test_labels_of_lists_of_the_unnamed_and_of_namesakes(server):
    with record() as timeline:
        clients = [socket.create_connection(server.address) for _ in range(2)]
        socket.socket().close()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: socket.socket().close()).result()
        for sock in clients:
            sock.close()
    labels = {lane.label for lane in timeline.lanes}
    assert {"socket 1", "socket 2"} <= labels and len(timeline.lanes) == 4
    assert "worker" in {call.thread for call in timeline.calls}


def test_a_timeline_is_a_value():
    lane = Lane("client", "client", "AF_INET", "SOCK_STREAM")
    events = (Began(0, 0.0, "main", 0, "connect", "address"), Became(1, 0.1, 0, "SYN-SENT", True, True))
    timeline = Timeline(events, (lane,))
    assert timeline == Timeline(events, (lane,)) != Timeline()
    assert (len(timeline), list(timeline), timeline.settled) == (2, list(events), events[:1])
    assert timeline.states("client") == ()
    with pytest.raises(ValueError, match="no socket 'server' in this timeline; it has client"):
        timeline.states("server")
    assert isinstance(Returned(*range(11)).amount, type(None))


def test_it_draws_itself(server):
    with record() as timeline, socket.create_connection(server.address) as client:
        client.close()
    assert "connect(server.address)" in repr(timeline)
    bundle = timeline._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(timeline)
    assert str(server.address[1]) not in data["text/plain"] + data.get("image/svg+xml", "")
