"""The class's own server: a line for a line, each goal for what earns it, a bound for whatever is sent."""

import contextlib
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from abilities import has_ipv6
from class_clients import (
    CLIENT,
    Client,
    asked,
    exchange,
    row,
    settled,
    visited,
)

from labsupport import Classroom, EchoServer, tidy
from labsupport.classroom import addresses, words

pytestmark = pytest.mark.usefixtures("nothing_taken")


# The protocol


@pytest.mark.parametrize("answers", ["whole", "pieces", "late"])
def test_the_learners_client_of_08_as_it_is(room, answers):
    room.answers = answers
    lines = ["I am Ada", "hello", "", "déjà vu", "Hello, I am, word, visit", "\tcr\r", "word?"]
    *came, word = exchange(room.address, lines)
    assert came == ["hello, Ada", *lines[1:-1]]
    assert not word.isascii()
    assert list(exchange(room.address, ["I am Ada", f"word {word}"])) == ["hello, Ada", "right"]
    settled(room)
    assert row(room).done == {"named", "utf-8", "pieces", "in order"}


def test_eight_megabytes_while_the_client_still_sends(room):
    lines = ["I am Ada", *["a line that is a little longer than the others, " * 20] * 8_400]
    assert list(exchange(room.address, lines)) == ["hello, Ada", *lines[1:]]
    settled(room)
    size = sum(map(len, lines)) + len(lines)
    assert (row(room).received, row(room).sent) == (size, size + len("hello, ") - len("I am "))
    assert row(room).done == {"named", "many", "volume", "in order"}


def test_the_learners_program_of_08(room):
    text = "import contextlib, socket, sys, threading\nfrom types import SimpleNamespace\n"
    command = [sys.executable, "-c", "\n".join([text, *CLIENT, "main()"]), *map(str, room.address)]
    ran = subprocess.run(
        command, input="I am Zoë\nhello\n", capture_output=True, encoding="utf-8", timeout=30
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("hello, Zoë\nhello\n", "", 0)


def test_pieces_are_pieces_and_late_is_late(room):
    room.answers = "pieces"
    with Client(room) as client:
        client.send("a line of some length")
        assert len(client.sock.recv(100)) < 5
    room.answers = "late"
    with Client(room) as client:
        began = time.monotonic()
        assert [client.ask("one"), client.ask("two")] == ["one", "two"]
        assert time.monotonic() - began >= 1


def test_a_word_is_cut_within_a_letter(room):
    with Client(room, "Ada") as client:
        client.send("word?")
        first = client.sock.recv(100)
        with pytest.raises(UnicodeDecodeError):
            first.decode()


def test_a_line_without_its_end_comes_back_as_it_is(room):
    with Client(room, "Ada") as client:
        client.send(b"hal")
        assert client.end() == b"hal"


def test_what_is_asked_for_without_a_name(room):
    with Client(room) as client:
        assert (
            client.ask("word?")
            == client.ask("word x")
            == client.ask("visit 5000")
            == ("say who you are first: I am and your name")
        )
        assert client.ask("I am \u200b\x07") == "there is no name in that: say I am and your name, in letters"
    settled(room)
    assert room.rows == ()


@pytest.mark.parametrize("said", ["I am Ada", "i am Ada", "I AM Ada", "i Am  Ada"])
def test_a_name_in_any_case_of_letters(room, said):
    with Client(room) as client:
        assert client.ask(said) == "hello, Ada"
        assert client.ask("i am") == "there is no name in that: say I am and your name, in letters"
    assert row(room).name == "Ada"


def test_a_visit_without_a_port_is_told_what_it_needs(room):
    needs = "visit needs your server's port, such as: visit 8080"
    with Client(room) as client:  # what to mend in the line comes first, then who asks
        for line in ("visit", "visit ", "visit abc", "visit good 8080", "visit -1", "visit 12345678901"):
            assert client.ask(line) == needs, line
        assert client.ask("visit  8080") == "say who you are first: I am and your name"
    settled(room)


@pytest.mark.parametrize("first", [b"", b"visit\n"], ids=["all in one", "beside a command"])
def test_lines_that_begin_alike_come_back_byte_for_byte(room, first):
    """Alone they go the quick way, seen all at once; beside a command, each is looked at."""
    lines = b"visitors came\nI amble\ni amAda\nI'm Bob\nI  am Bob\n I am Bob\niam\nVisit 8080\nwords\n\n\r\n"
    with Client(room) as client:
        client.send(first + lines)
        assert (
            client.end()
            == (b"visit needs your server's port, such as: visit 8080\n" if first else b"") + lines
        )
    settled(room)
    assert room.rows == ()


def test_what_is_no_text_is_said_so_and_no_crash(room):
    with Client(room, "Ada") as client:
        assert client.ask("dé".encode("latin-1") + b"\n") == "this line is not UTF-8 text: d\ufffd"
        assert client.ask(b"\xff\x00\x1b[2J\n") == "this line is not UTF-8 text: \ufffd\ufffd\ufffd[2J"
        assert client.ask("fine") == "fine"
    assert "utf-8" not in row(room).done


# The room


def test_close_says_so_to_everybody_and_takes_no_lines_any_more():
    room = Classroom()
    with Client(room, "Ada") as client:
        room.close()
        room.close()
        with contextlib.suppress(ConnectionResetError):
            assert client.reader.read() == b""
    assert room.closed and row(room).state == "CLOSED"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(room.address, timeout=5)


def test_tidy_closes_a_room():
    room = Classroom()
    assert repr(tidy()) == "closed: 1 server"
    assert room.closed


def test_an_error_of_ours_is_raised_where_the_teacher_looks(monkeypatch):
    room = Classroom()
    monkeypatch.setattr(words, "meaning", lambda line: 1 / 0)
    with Client(room) as client:
        client.send("I am Ada")
        with contextlib.suppress(ConnectionResetError):
            client.reader.read()
    with pytest.raises(ZeroDivisionError):
        room.close()


def test_a_dismissed_learner(room):
    with Client(room, "Joker") as joker:
        room.dismiss("joker")
        assert room.rows == ()
        assert joker.line() == "your teacher ended this connection"
    with pytest.raises(ValueError):
        room.dismiss("joker")


@pytest.mark.parametrize("wrong", ["slowly", "WHOLE"])
def test_answers_that_are_no_way_of_answering(room, wrong):
    with pytest.raises(ValueError):
        Classroom(answers=wrong)
    with pytest.raises(ValueError):
        room.answers = wrong
    assert room.answers == "whole"


@pytest.mark.parametrize("wrong", [{"answers": 1}, {"limits": 5}, {"host": 1}, {"port": "x"}])
def test_arguments_of_no_kind(wrong):
    with pytest.raises(TypeError):
        Classroom(**wrong)


def test_a_port_that_is_taken(room):
    with pytest.raises(OSError):
        Classroom(port=room.address[1])


def test_the_log_is_bounded_and_clean(room):
    with Client(room, "A\x1b[2Jda") as client:
        for _ in range(12_000):
            client.send(b"x\n")
        for _ in range(12_000):
            client.line()
    assert len(room.log) <= 20_000
    assert "\x1b" not in repr(room.log)


def test_loopback_unless_told_otherwise(room):
    assert room.address[0] == "127.0.0.1"
    assert room.addresses == (f"127.0.0.1:{room.address[1]}",)


def test_all_ipv4_addresses_of_the_machine():
    with Classroom("0.0.0.0") as room:
        port = room.address[1]
        assert room.addresses[-1] == f"127.0.0.1:{port}"
        for text in room.addresses:
            host = text.rpartition(":")[0]
            assert list(exchange((host, port), ["I am Ada", "hello"])) == ["hello, Ada", "hello"]


@pytest.mark.skipif(not has_ipv6(), reason="not available here: IPv6")
def test_ipv6():
    with Classroom("::1") as room:
        assert room.addresses == (f"[::1]:{room.address[1]}",)
        assert list(exchange(room.address, ["I am Ada", "word?"]))[0] == "hello, Ada"
        with EchoServer("::1") as server:
            assert asked(room, server.port)[0] == (("good", "answered 3 of 3 lines"),)
        assert row(room).address == "::1"


@pytest.mark.skipif(not has_ipv6(), reason="not available here: IPv6")
def test_all_addresses_of_both_kinds():
    with Classroom("::") as room:
        port = room.address[1]
        assert {f"127.0.0.1:{port}", f"[::1]:{port}"} <= set(room.addresses)
        with EchoServer() as server, Client(SimpleNamespace(address=("127.0.0.1", port)), "Ada") as client:
            assert client.ask(f"visit {port}").endswith("is the class's own")
            client.ask(f"visit {server.port}")
            assert visited(room) == (("good", "answered 3 of 3 lines"),)
        assert row(room).address == "127.0.0.1"


def test_addresses_are_those_of_interfaces_and_of_nobody_else():
    found = addresses.own_addresses(socket.AF_INET)
    assert "127.0.0.1" in found and "0.0.0.0" not in found
    for address in found:
        with socket.socket() as sock:
            sock.bind((address, 0))
