"""record() beside threads: whose calls are recorded, and the same settled form in every run."""

import socket
import threading

import pytest
from timelines import said

from labsupport import EchoServer, background
from labsupport.events import Became, Began
from labsupport.timeline import record

pytestmark = pytest.mark.usefixtures("socket_class_as_before")


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


def test_helper_servers_keep_their_own_log(server):
    with record() as timeline:
        with EchoServer() as other:
            with (
                socket.create_connection(server.address) as client,
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
