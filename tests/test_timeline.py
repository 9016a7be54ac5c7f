"""record(): real calls on real sockets, told in order; and nothing of it left when the block is over."""

import contextlib
import gc
import os
import socket
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from labsupport import EchoServer, background, recorder, until
from labsupport.events import Became, Began, Lane, Returned
from labsupport.timeline import Timeline, record


@pytest.fixture(autouse=True)
def as_before():
    before = dict(socket.socket.__dict__)
    names = list(socket.socket.__dict__)
    yield
    assert dict(socket.socket.__dict__) == before
    assert list(socket.socket.__dict__) == names
    assert recorder._recorders == () and not recorder._inside


@pytest.fixture
def echo():
    with EchoServer() as server:
        yield server


def said(timeline):
    """The calls as one would read them."""
    lines = []
    for call in timeline.calls:
        lane = timeline.lanes[call.socket].label if call.socket is not None else "-"
        gave = f" → {call.error} {call.errno}" if call.error else f" → {call.result}" if call.result else ""
        lines.append(f"{lane}: {call.call}({call.arguments}){gave}")
    return lines


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


def test_events_are_in_order_and_hang_together(echo):
    with record() as timeline:
        with socket.create_connection(echo.address) as client:
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
    assert "connect(echo.address)" in "".join(said(timeline))


def test_what_the_kernel_shows_meanwhile_is_live_only(echo):
    with record() as timeline:
        client = socket.create_connection(echo.address)
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


def test_sockets_made_before_the_block(echo):
    client = socket.create_connection(echo.address)
    with record() as timeline:
        client.sendall(b"hello")
        client.recv(5)
        client.shutdown(socket.SHUT_WR)
        client.recv(5)
        client.close()
    assert said(timeline)[2:] == ["client: shutdown(SHUT_WR)", 'client: recv(5) → b""', "client: close()"]
    assert timeline.lanes[0].role == "client"
    assert timeline.states("client") == ("ESTABLISHED", "(FIN-WAIT-1)", "…", "(TIME-WAIT)")


def serve(listener):
    conn, _ = listener.accept()
    with conn:
        while data := conn.recv(100):
            conn.sendall(data)


def a_threaded_conversation():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"hello")
            client.recv(5)
            client.sendall(b"again")
            client.recv(5)
        thread.join()
    listener.close()
    return timeline


def test_threads_of_the_block_are_recorded_and_settled():
    timeline = a_threaded_conversation()
    assert [lane.label for lane in timeline.lanes] == ["client", "listener", "conn"]
    assert {call.thread for call in timeline.calls} == {"main", "serve"}
    assert timeline.states("conn") == ("(SYN-RECEIVED)", "ESTABLISHED", "CLOSE-WAIT", "(LAST-ACK)", "…")


def busy(stop):
    while not stop.is_set():
        sum(range(1000))


@pytest.fixture
def noise():
    stop = threading.Event()
    threads = [threading.Thread(target=busy, args=(stop,)) for _ in range(1)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("noise")
def test_the_settled_form_is_the_same_in_every_run():
    assert len({repr(a_threaded_conversation()) for _ in range(6)}) == 1


def a_background_conversation():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        call = background(listener.accept)
        client = socket.create_connection(listener.getsockname())
        server, _ = call.result()
        reading = background(client.recv, 10)
        server.sendall(b"hello")
        reading.result()
        waiting = background(server.recv, 10)
        waiting.cancel()
        client.close()
        server.close()
    listener.close()
    return timeline


def test_background_calls_are_recorded_where_they_were_started():
    timeline = a_background_conversation()
    order = [
        (type(event).__name__, event.call) for event in timeline.settled if not isinstance(event, Became)
    ]
    assert order[0] == ("Began", "accept")
    assert order.index(("Returned", "connect")) < order.index(("Returned", "accept"))
    assert {"background accept", "background recv", "background recv 2"} <= {
        call.thread for call in timeline.calls
    }
    assert "server: shutdown(SHUT_RDWR)" in said(timeline)
    assert {repr(a_background_conversation()) for _ in range(5)} == {repr(timeline)}


def test_a_call_that_still_waits_when_the_block_ends():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        call = background(listener.accept)
    assert [type(event) for event in timeline.settled] == [Became, Began]
    call.cancel()
    assert timeline.calls == ()
    listener.close()


def test_helper_servers_keep_their_own_log(echo):
    with record() as timeline:
        with EchoServer() as other:
            with (
                socket.create_connection(echo.address) as client,
                socket.create_connection(other.address) as second,
            ):
                for sock in (client, second):
                    sock.sendall(b"hello")
                    sock.recv(5)
    assert [lane.label for lane in timeline.lanes] == ["client", "second"]


def test_threads_that_were_there_before_are_not_the_blocks():
    ours, theirs = socket.socketpair()
    go, done = threading.Event(), threading.Event()

    def other():
        go.wait()
        theirs.send(b"from elsewhere")
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with record() as timeline:
        go.set()
        done.wait()
        ours.recv(100)
    thread.join()
    assert [lane.label for lane in timeline.lanes] == ["ours"]
    ours.close()
    theirs.close()


def test_makefile_create_connection_and_with_are_seen(echo):
    with record() as timeline:
        with socket.create_connection(echo.address) as client, client.makefile("rwb") as file:
            file.write(b"line\n")
            file.flush()
            file.readline()
    calls = [call.call for call in timeline.calls]
    assert (
        calls[:2] == ["socket", "connect"]
        and "send" in calls
        and "recv_into" in calls
        and calls[-1] == "close"
    )


def test_close_under_a_makefile_is_not_yet_the_end(echo):
    with record() as timeline:
        client = socket.create_connection(echo.address)
        file = client.makefile("rb")
        client.close()
        waits = timeline.events == ()
    file.close()
    assert waits
    assert timeline.states("client")[-1] == "ESTABLISHED"


def test_close_of_one_of_two_descriptors_says_nothing(echo):
    with record() as timeline:
        client = socket.create_connection(echo.address)
        twin = client.dup()
        client.close()
    assert timeline.states("client")[-1] == "ESTABLISHED"
    assert "twin: dup()" in said(timeline)
    twin.close()


def test_closing_with_unread_input_is_an_abort():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        client.sendall(b"never read")
        server.close()
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
        client.close()
    assert timeline.states("server") == ("(SYN-RECEIVED)", "ESTABLISHED", "CLOSED")
    assert timeline.states("client") == ("CLOSED", "(SYN-SENT)", "ESTABLISHED", "CLOSED")
    listener.close()


def test_a_close_that_another_thread_in_recv_holds_up_sends_its_fin_when_that_returns():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        call = background(client.recv, 10)
        client.close()
        server.sendall(b"late")
        assert call.result() == b"late"
        server.close()
    assert timeline.states("client") == ("CLOSED", "(SYN-SENT)", "ESTABLISHED", "(FIN-WAIT-1)", "…")
    number = [lane.label for lane in timeline.lanes].index("client")
    own = [event for event in timeline.settled if event.socket == number]
    names = [event.state if isinstance(event, Became) else event.call for event in own]
    assert names.index("close") < names.index("FIN-WAIT-1") == len(names) - 3, names
    listener.close()


def test_nothing_is_said_of_a_close_that_is_held_up_to_the_end():
    listener = socket.create_server(("127.0.0.1", 0))
    with record() as timeline:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        call = background(client.recv, 10)
        client.close()
    assert timeline.states("client")[-1] == "ESTABLISHED"
    server.close()
    assert call.result() == b""
    listener.close()


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


def test_options_by_name_and_blocks_of_bytes_by_length(echo):
    with record() as timeline, socket.create_connection(echo.address) as client:
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


def test_labels_of_lists_of_the_unnamed_and_of_namesakes(echo):
    with record() as timeline:
        clients = [socket.create_connection(echo.address) for _ in range(2)]
        socket.socket().close()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: socket.socket().close()).result()
        for sock in clients:
            sock.close()
    labels = {lane.label for lane in timeline.lanes}
    assert {"socket 1", "socket 2"} <= labels and len(timeline.lanes) == 4
    assert "worker" in {call.thread for call in timeline.calls}


def test_blocks_within_blocks(echo):
    with record() as outer:
        with socket.socket() as first:
            with record() as inner:
                first.connect(echo.address)
            first.sendall(b"x")
    assert [call.call for call in inner.calls] == ["connect"]
    assert [call.call for call in outer.calls] == ["socket", "connect", "sendall", "close"]


def test_blocks_at_once_in_two_threads_each_have_their_own():
    barrier = threading.Barrier(2)
    found = {}

    def work(number):
        with record() as timeline:
            barrier.wait()
            for _ in range(number):
                socket.socket().close()
            barrier.wait()
        found[number] = [call.call for call in timeline.calls]

    threads = [threading.Thread(target=work, args=(number,)) for number in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found[2]) in (4, 10) and len(found[3]) in (
        6,
        10,
    )  # a thread begun before the block is not the block's
    assert all(set(calls) == {"socket", "close"} for calls in found.values())


def test_the_methods_keep_their_names_and_documents():
    with record():
        assert socket.socket.recv.__name__ == "recv"
        assert socket.socket.recv.__doc__ == socket.socket.__mro__[1].recv.__doc__
        assert background(socket.socket().close).name == "close"


def test_no_socket_is_kept_alive():
    with record() as timeline:
        sock = socket.socket()
        ref = weakref.ref(sock)
        sock.close()
        del sock
        gc.collect()
        assert ref() is None
    assert [call.call for call in timeline.calls] == ["socket", "close"]


def test_no_descriptor_and_no_thread_stays(echo):
    def once():
        with record():
            with socket.create_connection(echo.address) as client:
                client.sendall(b"x")
                client.recv(1)

    once()
    until(lambda: not echo.sockets)
    before = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    once()
    until(lambda: not echo.sockets)
    assert (len(os.listdir("/proc/self/fd")), set(threading.enumerate())) == before


def test_more_calls_than_are_kept_are_counted(monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 10)
    with record() as timeline, socket.socket() as sock:
        for _ in range(20):
            sock.settimeout(1)
    assert len(timeline.calls) == 10 and timeline.missed == 12


def test_each_block_needs_a_record_of_its_own():
    recording = record()
    with recording:
        pass
    with pytest.raises(ValueError, match="record\\(\\) of its own"), recording:
        pass


def test_an_exit_stack_is_looked_through(echo):
    with contextlib.ExitStack() as stack:
        timeline = stack.enter_context(record())
        client = socket.create_connection(echo.address)
        client.close()
    assert timeline.lanes[0].label == "client"


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


def test_it_draws_itself(echo):
    with record() as timeline, socket.create_connection(echo.address) as client:
        client.close()
    assert "connect(echo.address)" in repr(timeline)
    bundle = timeline._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(timeline)
    assert str(echo.address[1]) not in data["text/plain"] + data.get("image/svg+xml", "")
