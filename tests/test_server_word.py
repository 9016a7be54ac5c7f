"""A server that asks for a word serves whoever says it first, and nobody else."""

from __future__ import annotations

import os
import socket

import pytest
from needs import linux

from labsupport import EchoServer, until
from labsupport.servers import door

pytestmark = linux  # it tells whose a socket is


def answers(server, *pieces):
    """What comes back to one who sends these pieces, or the name of the error."""
    with socket.create_connection(server.address, timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.send(piece)
            return client.recv(100)
        except OSError as error:
            return type(error).__name__


def test_whoever_says_the_word_is_served_and_the_word_counts_nowhere():
    with EchoServer(word="Sesam öffne") as server:
        word = "Sesam öffne\n".encode()
        assert answers(server, word + b"hello") == b"hello"
        assert answers(server, word[:3], word[3:8], word[8:] + b"again") == b"again"
        until(lambda: not server.sockets)
        assert (server.connections, server.bytes_received, server.bytes_sent) == (2, 10, 10)
        assert server.turned_away == 0


@pytest.mark.parametrize("said", [b"hello\n", b"\n", b"sesam\n", b"sesame ", b"sesame\r\n", b"x" * 10_000])
def test_whoever_says_another_is_not(said):
    with EchoServer(word="sesame") as server:
        assert answers(server, said) in ("ConnectionResetError", "BrokenPipeError")
        until(lambda: server.turned_away == 1)
        assert (server.connections, server.bytes_received) == (0, 0)
        assert [entry.what for entry in server.log] == ["listening"]


def test_who_leaves_or_ends_without_it_is_not_counted():
    with EchoServer(word="sesame") as server:
        with socket.create_connection(server.address) as client:
            client.send(b"ses")
        until(lambda: server.turned_away == 1)
        assert server.connections == 0


def test_who_keeps_silent_has_to_go(monkeypatch):
    monkeypatch.setattr(door, "PATIENCE", 0.05)
    with EchoServer(word="sesame") as server, socket.create_connection(server.address, timeout=5) as client:
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert server.turned_away == 1


def test_many_silent_ones_keep_nobody_out():
    with EchoServer(word="sesame") as server:
        silent = [socket.create_connection(server.address, timeout=5) for _ in range(door.MOST + 10)]
        assert answers(server, b"sesame\nhello") == b"hello"
        assert server.turned_away >= 10
        for sock in silent:
            sock.close()


def test_close_ends_those_who_have_not_said_it():
    before = set(os.listdir("/proc/self/fd"))
    server = EchoServer(word="sesame")
    with socket.create_connection(server.address, timeout=5) as client:
        client.send(b"ses")
        until(lambda: server._door._waiting)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert set(os.listdir("/proc/self/fd")) <= before  # the collector may close an earlier test's


@pytest.mark.parametrize(
    "word, error",
    [(b"sesame", TypeError), (5, TypeError), ("", ValueError), ("a\nb", ValueError), ("x" * 101, ValueError)],
)
def test_a_word_that_is_none_is_refused(word, error):
    with pytest.raises(error, match="word must be"):
        EchoServer(word=word)


def test_datagrams_have_no_first_line():
    with pytest.raises(ValueError, match="leave it out"):
        EchoServer(type=socket.SOCK_DGRAM, word="sesame")
