"""A record() block: blocks within blocks, what counts as a close, and nothing that stays when it is over."""

import contextlib
import gc
import os
import socket
import threading
import weakref

import pytest
from timelines import said

from labsupport import background, recorder, until
from labsupport.timeline import record

pytestmark = pytest.mark.usefixtures("socket_class_as_before")


def test_makefile_create_connection_and_with_are_seen(server):
    with record() as timeline:
        with socket.create_connection(server.address) as client, client.makefile("rwb") as file:
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


def test_close_under_a_makefile_is_not_yet_the_end(server):
    with record() as timeline:
        client = socket.create_connection(server.address)
        file = client.makefile("rb")
        client.close()
        waits = timeline.events == ()
    file.close()
    assert waits
    assert timeline.states("client")[-1] == "ESTABLISHED"


def test_close_of_one_of_two_descriptors_says_nothing(server):
    with record() as timeline:
        client = socket.create_connection(server.address)
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


def test_blocks_within_blocks(server):
    with record() as outer:
        with socket.socket() as first:
            with record() as inner:
                first.connect(server.address)
            first.sendall(b"x")
    assert [call.call for call in inner.calls] == ["connect"]
    assert [call.call for call in outer.calls] == ["socket", "connect", "sendall", "close"]


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


def test_no_descriptor_and_no_thread_stays(server):
    def once():
        with record():
            with socket.create_connection(server.address) as client:
                client.sendall(b"x")
                client.recv(1)

    once()
    until(lambda: not server.sockets)
    before = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    once()
    until(lambda: not server.sockets)
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


def test_an_exit_stack_is_looked_through(server):
    with contextlib.ExitStack() as stack:
        timeline = stack.enter_context(record())
        client = socket.create_connection(server.address)
        client.close()
    assert timeline.lanes[0].label == "client"
