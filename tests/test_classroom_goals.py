"""What a learner's program got right: each goal for what earns it, and for nothing else."""

import contextlib
import os
import socket

import pytest
from class_clients import (
    Client,
    joins,
    named,
    settled,
)

from labsupport import until
from labsupport.classroom.roll import GOALS, MUCH
from labsupport.otherend import OtherEnd

pytestmark = pytest.mark.usefixtures("nothing_taken")


def no_name(client):
    client.ask("I'm Ada")


def ascii_only(client):
    named(client)
    client.ask("deja vu")


def latin_1(client):
    named(client)
    client.ask("déjà vu".encode("latin-1") + b"\n")


def utf_8(client):
    named(client)
    client.ask("déjà vu")


def utf_8_before_the_name(client):
    client.ask("déjà vu")
    named(client)


def lines(count):
    def many(client):
        named(client)
        client.send(b"x\n" * (count - 1))
        for _ in range(count - 1):
            client.line()

    return many


def reads_meanwhile(client):
    named(client)
    for _ in range(MUCH // 25_000):
        client.send(b"x" * 9999 + b"\n" + b"y" * 14_999 + b"\n")
        client.line(), client.line()


def sends_first(client):
    """Would read when all is sent. Its `sendall` blocks before: with all of a send buffer that the kernel
    lets grow by itself (tcp_wmem: 4 MiB, which is twice what is asked for here, socket(7))."""
    named(client)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 << 20)
    client.sock.settimeout(2)
    with pytest.raises(TimeoutError):
        client.send((b"x" * 9999 + b"\n") * (MUCH // 10_000))
    client.abort()


def reads_nothing(client):
    """Its kernel, ours and the server take some of this; then its `send` blocks."""
    named(client)
    client.sock.settimeout(1)
    with contextlib.suppress(TimeoutError):
        for _ in range(5000):
            client.send(b"x" * 9999 + b"\n")
    client.abort()


def takes_the_first_piece(client):
    named(client)
    client.send("word?")
    piece = client.sock.recv(100).decode(errors="ignore").strip()
    client.reader.readline()
    assert client.ask(f"word {piece}") == "wrong"


def guesses(client):
    named(client)
    assert client.ask("word \u00e9") == "wrong"


def ends(client):
    named(client)
    client.end()


def closes_unread(client):
    named(client)
    client.send("hello")
    until(lambda: client.sock.recv(100, socket.MSG_PEEK), timeout=20)
    client.close()


def shuts_down_and_closes_unread(client):
    named(client)
    client.send("hello")
    client.sock.shutdown(socket.SHUT_WR)
    client.close()


def closes_without_a_word(client):
    named(client)
    client.close()


def resets(client):
    named(client)
    client.abort()


GOOD_AND_BAD = {
    "named": ([named], [no_name]),
    "utf-8": ([utf_8, utf_8_before_the_name], [ascii_only, latin_1]),
    "many": ([lines(1000)], [lines(999)]),
    "volume": ([reads_meanwhile], [sends_first, reads_nothing, lines(1000)]),
    "pieces": ([joins], [takes_the_first_piece, guesses]),
    "in order": ([ends], [closes_unread, shuts_down_and_closes_unread, closes_without_a_word, resets]),
}
PROGRAMS = [
    (goal, program, earned)
    for goal, both in GOOD_AND_BAD.items()
    for earned, programs in zip((True, False), both, strict=True)
    for program in programs
]


@pytest.mark.parametrize("goal, program, earned", PROGRAMS)
def test_a_goal_is_reached_by_what_earns_it(room, goal, program, earned):
    with Client(room) as client:
        program(client)
    settled(room)
    assert any(goal in row.done for row in room.rows) == earned


def test_a_close_that_is_seen_in_the_middle_is_no_end_in_order(room, monkeypatch):
    """The FIN is there, and the program still has the socket: so far it looks like shutdown()."""
    other_end, looks = room._server.reading.other_end, []

    def still_open_at_first(sock):
        looks.append(sock)
        return OtherEnd(0, os.geteuid()) if len(looks) == 1 else other_end(sock)

    with Client(room) as client:
        named(client)
        monkeypatch.setattr(room._server.reading, "other_end", still_open_at_first)
    settled(room)
    assert len(looks) > 1 and "in order" not in room.rows[0].done


def test_every_goal_has_programs():
    assert set(GOALS) == {*GOOD_AND_BAD, "server", "withstood"}  # these two: below, with the visits


def test_a_word_may_be_answered_on_a_later_connection_and_once(room):
    with Client(room, "Ada") as client:
        word = client.ask("word?")
    with Client(room, "Bob") as client:
        assert client.ask(f"word {word}") == "wrong"
    with Client(room, "ada") as client:
        assert client.greeting == "hello, Ada"
        assert [client.ask(f"word {word}"), client.ask(f"word {word}")] == ["right", "wrong"]
