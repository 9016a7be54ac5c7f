"""Visitors that call on the learners' servers of 09, and what came of it."""

import contextlib
import socket
import threading
import time

import pytest
from class_clients import (
    SERVER,
    Client,
    asked,
    limited,
    loaded,
    row,
    visited,
)

from labsupport import Classroom, EchoServer, SilentServer, until
from labsupport.classroom import guests
from labsupport.servers import ClosesHalfway, GarbageServer, JoiningServer, ResetsHalfway

pytestmark = pytest.mark.usefixtures("nothing_taken")


@pytest.fixture
def serving():
    """The server of notebook 09 in a thread; its port."""
    space = loaded(SERVER, ENOUGH=65536, PATIENCE=2)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=space.serve_many, args=(listener, stop))
        thread.start()
        yield listener.getsockname()[1]
        stop.set()
        thread.join(10)


def test_the_learners_server_of_09_is_visited_well(room, serving):
    assert asked(room, serving) == ((("good", "answered 3 of 3 lines"),), {"server"})
    assert row(room).server == serving


@pytest.mark.parametrize("behavior", guests.BAD)
def test_the_learners_server_of_09_withstands(room, serving, behavior):
    visits, done = asked(room, serving, behavior)
    assert [visit[0] for visit in visits] == [behavior, "good"]
    assert visits[1][1] == "answered 3 of 3 lines"
    assert done == {"server", "withstood"}


OUTCOMES = [
    (GarbageServer, "sent back something else: "),
    (lambda: ClosesHalfway(after=8), "answered 1 of 3 lines, then sent back something else: d"),
    (lambda: ClosesHalfway(after=6), "answered 1 of 3 lines, then it ended"),
    (lambda: ResetsHalfway(after=3), "it broke off (RST)"),
    (SilentServer, "no answer within 0.5 s"),
]


@pytest.mark.parametrize("make, outcome", OUTCOMES)
def test_servers_that_do_not_earn_it(room, monkeypatch, make, outcome):
    if make is SilentServer:
        monkeypatch.setattr(guests, "PATIENCE", 0.5)
    with make() as server:
        visits, done = asked(room, server.port)
    assert len(visits) == 1 and visits[0][1].startswith(outcome), visits
    assert done == set()


def test_a_server_that_does_not_end_has_not_answered_right(room, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo_for_ever():
            sock, _ = listener.accept()
            with sock:
                while data := sock.recv(100):
                    sock.sendall(data)
                stay.wait(20)

        stay, thread = threading.Event(), threading.Thread(target=echo_for_ever)
        thread.start()
        visits, done = asked(room, listener.getsockname()[1])
        stay.set()
        thread.join(10)
    assert visits == (("good", "answered 3 of 3 lines, then did not end when we had ended"),)
    assert done == set()


def test_a_server_that_serves_one_at_a_time_does_not_withstand_one_that_stays(room, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one_by_one():
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with sock, contextlib.suppress(OSError):
                        while data := sock.recv(100):
                            sock.sendall(data)

        thread = threading.Thread(target=one_by_one)
        thread.start()
        port = listener.getsockname()[1]
        assert asked(room, port)[1] == {"server"}
        monkeypatch.setattr(guests, "PATIENCE", 0.5)
        visits, done = asked(room, port, "connect")
        assert visits[1:] == (("connect", "came and said nothing"), ("good", "no answer within 0.5 s"))
        assert done == {"server"}
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_joining_server_may_take_its_time(room):
    with JoiningServer(quiet=0.05) as server:
        assert asked(room, server.port)[0] == (("good", "answered 3 of 3 lines"),)


def test_nobody_there(room):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert asked(room, port, "reset") == ((("reset", f"refused: nothing listens on port {port}"),), set())


def test_where_no_visitor_goes(room):
    with Client(room, "Ada") as client:
        own = room.address[1]
        room.keep_away(5001)
        assert client.ask("visit 80") == "nobody comes: the port must be from 1024 to 65535, not 80"
        assert client.ask("visit 70000") == "nobody comes: the port must be from 1024 to 65535, not 70000"
        assert client.ask(f"visit {own}") == f"nobody comes: port {own} is the class's own"
        assert client.ask("visit 5001 good") == "nobody comes: port 5001 is the class's own"
        assert client.ask("visit 5000 dance").startswith("nobody comes: dance is none of good, connect")
        assert client.ask("visit 127.0.0.9 5000").startswith("visit needs")  # no address can be named
        assert row(room).visits == () and row(room).server is None
    with Client(room, "Bob", source="127.0.0.2") as client:
        assert client.ask(f"visit {own}") == f"nobody comes: port {own} is the class's own"


def test_a_visitor_goes_where_the_connection_came_from(room, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.2", 0)) as theirs, Client(room, "Ada", source="127.0.0.2") as client:
        port = theirs.getsockname()[1]
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as ours:
            theirs.settimeout(10)
            assert client.ask(f"visit {port} leave") == "coming"
            theirs.accept()[0].close()
            ours.setblocking(False)
            with pytest.raises(BlockingIOError):
                ours.accept()
        visited(room)


def test_one_visitor_at_a_time_and_so_many_a_minute():
    with limited(visits_per_minute=2) as room, SilentServer() as server, Client(room, "Ada") as client:
        assert client.ask(f"visit {server.port} silent") == "coming"
        assert client.ask(f"visit {server.port}") == "nobody comes: a visitor is there already"
        assert client.ask(f"visit {server.port}") == "nobody comes: there are no more than 2 visits a minute"


def test_the_teacher_sends_visitors(room):
    with EchoServer() as server, Client(room, "Ada") as client, Client(room, "Bob"):
        with pytest.raises(ValueError, match="Ada has no server yet"):
            room.visit("Ada")
        with pytest.raises(ValueError, match="nobody here is called 'Eve'"):
            room.visit("Eve")
        with pytest.raises(ValueError, match="behavior must be one of"):
            room.visit_all("dance")
        client.ask(f"visit {server.port}")
        visited(room)
        room.visit("ada", "reset")
        visited(room)
        assert room.visit_all("leave") == ("Ada",)
        assert [behavior for behavior, _ in visited(room)] == ["good", "reset", "good", "leave", "good"]


def test_who_finds_nobody_on_the_way_finds_the_outcome(room, monkeypatch):
    seen, note = [], room._visits._note

    def slowly(learner, *what):
        seen.append(learner.visiting)
        note(learner, *what)

    monkeypatch.setattr(room._visits, "_note", slowly)
    with EchoServer() as server:
        asked(room, server.port, "leave")
    assert seen == [True, True]


def test_visits_are_remembered_to_a_bound(room):
    with EchoServer() as server:
        asked(room, server.port)
        learner = room._roll.find("Ada")
        for number in range(100):
            room._visits._note(learner, "good", str(number))
    assert len(row(room).visits) == 20


@pytest.mark.parametrize("behavior", ["good", "half-close", "silent"])
def test_close_ends_visits_in_the_middle(behavior, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 60)
    monkeypatch.setattr(guests, "ALTOGETHER", 60)
    with SilentServer() as server:
        with Classroom() as room, Client(room, "Ada") as client:
            client.ask(f"visit {server.port} {behavior}")
            until(lambda: server.connections, timeout=20)
            began = time.monotonic()
        assert time.monotonic() - began < 20  # not a minute
