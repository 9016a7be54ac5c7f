"""Sockets made in C are seen like any other: by observe and watch, by record and scenes, in the
background."""

from __future__ import annotations

import gc
import os
import socket
import sys

import pytest

from labsupport import (
    background,
    descriptors,
    libc,
    observe,
    record,
    scene,
    sockaddr_in,
    sockaddr_un,
    socklen_t,
    until,
    watch,
)
from labsupport.c.declarations import SYSTEM
from needs import needs_network

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux has it")
NAMES = "socket bind listen accept connect send recv sendto recvfrom read write shutdown close setsockopt"
lib = libc(*(SYSTEM[name][1] for name in (*NAMES.split(), "getsockname")))


@pytest.fixture(autouse=True)
def nothing_left():
    before = len(os.listdir("/proc/self/fd"))
    yield

    def given_back():
        gc.collect()
        return len(os.listdir("/proc/self/fd")) <= before

    until(given_back)  # what an earlier test left may go in the meantime, and a thread at its end a bit later


@pytest.fixture(scope="module", autouse=True)
def warmed_up():
    """What a first view opens and keeps (its thread's eventfd) is there before anything is counted."""
    with socket.socket() as sock:
        watch(sock).close()


def listening():
    fd = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = sockaddr_in(addr="127.0.0.1")
    lib.bind(fd, address, len(address))
    lib.listen(fd, 5)
    lib.getsockname(fd, address, socklen_t(len(address)))
    return fd, address


# --- observe and watch ----------------------------------------------------------------------------


def test_observe_takes_a_descriptor():
    fd, _ = listening()
    assert observe(fd).state == "LISTEN" and observe(fd).fd == fd
    gc.collect()
    os.fstat(fd)  # looking closed nothing
    lib.close(fd)
    with pytest.raises(ValueError, match=f"no open socket has the descriptor {fd}"):
        observe(fd)


def test_what_is_no_descriptor():
    with open(os.devnull) as file, pytest.raises(ValueError, match="no open socket has the descriptor"):
        observe(file.fileno())
    for number in (True, -1):
        with pytest.raises(TypeError):
            observe(number)


def test_a_descriptor_that_is_another_sockets_now():
    fd = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    first = descriptors.socket_of(fd)
    assert descriptors.socket_of(fd) is first
    os.close(fd)  # behind our back
    other = lib.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
    assert other == fd and observe(fd).type == "SOCK_DGRAM"
    assert first.fileno() == -1
    lib.close(other)


def test_a_python_socket_of_the_same_descriptor_goes_on_after_close():
    fd, address = listening()
    client = socket.create_connection(address.address)
    served = socket.socket(fileno=lib.accept(fd, None, None))
    observe(served)
    lib.close(served.detach())
    assert client.recv(1) == b""
    until(lambda: observe(served).state == "FIN-WAIT-2")
    client.close()
    lib.close(fd)


def test_watch_takes_one():
    server, _ = listening()
    view = watch(server)
    assert "server" in repr(view) and "LISTEN" in repr(view)
    view.close()
    lib.close(server)


# --- record() -------------------------------------------------------------------------------------


def in_c(port=0):
    server = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    where = sockaddr_in(port=port, addr="127.0.0.1")
    lib.setsockopt(server, socket.SOL_SOCKET, socket.SO_REUSEADDR, b"\1\0\0\0", 4)
    lib.bind(server, where, len(where))
    lib.listen(server, 5)
    lib.getsockname(server, where, socklen_t(len(where)))
    client = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    lib.connect(client, where, len(where))
    conn = lib.accept(server, None, None)
    lib.send(client, b"hello", 5, 0)
    buffer = bytearray(10)
    lib.recv(conn, buffer, 10, 0)
    lib.shutdown(client, socket.SHUT_WR)
    lib.recv(conn, buffer, 10, 0)
    lib.close(conn)
    lib.close(client)
    lib.close(server)


def in_python():
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    server.listen(5)
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect(server.getsockname())
    conn, _ = server.accept()
    client.send(b"hello")
    conn.recv(10)
    client.shutdown(socket.SHUT_WR)
    conn.recv(10)
    conn.close()
    client.close()
    server.close()


def test_c_and_python_give_one_ladder():
    with record() as by_c:
        in_c()
    with record() as by_python:
        in_python()
    assert repr(by_c) == repr(by_python)
    assert [lane.label for lane in by_c.lanes] == ["server", "client", "conn"]


def test_what_failed_is_told_with_its_errno():
    raw = libc(SYSTEM["listen"][1], SYSTEM["send"][1], raw=True)
    with record() as timeline, socket.socket() as sock:
        assert raw.send(sock, b"x", 1, socket.MSG_NOSIGNAL) == -1
        with pytest.raises(OSError, match="ENOTCONN|EPIPE"):
            lib.send(sock, b"x", 1, socket.MSG_NOSIGNAL)
    failed = [event for event in timeline.calls if event.call == "send"]
    assert [(event.error, event.errno, event.arguments) for event in failed] == [
        ("-1", "EPIPE", 'b"x", MSG_NOSIGNAL')
    ] * 2


def test_datagrams_read_write_and_unix_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with record() as timeline:
        one = lib.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0)
        two = lib.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0)
        address = sockaddr_un(path="one")
        lib.bind(one, address, len(address))
        address = sockaddr_un(path="two")
        lib.bind(two, address, len(address))
        lib.sendto(one, b"ask", 3, 0, address, len(address))
        buffer, came, length = bytearray(10), sockaddr_un(), socklen_t(110)
        lib.recvfrom(two, buffer, 10, 0, came, length)
        lib.connect(one, address, len(address))
        lib.write(one, b"more", 4)
        lib.read(two, buffer, 10)
        lib.close(one)
        lib.close(two)
    said = [f"{event.call}({event.arguments}) {event.result or ''}".strip() for event in timeline.calls]
    assert said[4:9] == [
        'sendto(b"ask", two\'s address) 3',
        'recvfrom(10) b"ask" from one\'s address',
        "connect(two's address)",
        'write(b"more") 4',
        'read(10) b"more"',
    ]


def test_python_sockets_given_to_c_keep_their_lane():
    ours, other = socket.socketpair()
    with record() as timeline:
        ours.send(b"a")
        lib.send(ours, b"b", 1, 0)
        lib.recv(other, bytearray(2), 2, 0)
    assert [lane.label for lane in timeline.lanes] == ["ours", "other"]
    assert [event.call for event in timeline.calls] == ["send", "send", "recv"]
    ours.close()
    other.close()


def test_outside_a_block_nothing_is_noted_and_the_helpers_calls_never_are():
    with record() as timeline:
        fd = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    lib.close(fd)
    assert [event.call for event in timeline.calls] == ["socket"]


# --- background and scenes ------------------------------------------------------------------------


def test_in_the_background_it_is_seen_to_wait_and_can_be_freed():
    fd, address = listening()
    peer, length = sockaddr_in(), socklen_t(16)
    call = background(lib.accept, fd, peer, length)
    assert not call.done and repr(call).startswith("accept(socket, ") and repr(call).endswith("waiting")
    client = socket.create_connection(address.address)
    served = call.result()
    assert peer.address == client.getsockname()
    waiting = background(lib.recv, served, bytearray(1), 1, 0)
    assert waiting.cancel() and waiting.done
    client.close()
    lib.close(served)
    lib.close(fd)


@needs_network
def test_in_a_scene_its_packets_stand_beside_its_calls():
    @scene
    def both(net):
        listener = net.b.socket()
        listener.bind((net.b.address, 80))
        listener.listen()
        client = net.a.socket()
        where = sockaddr_in(port=80, addr=net.b.address)
        lib.connect(client, where, len(where))
        served, _ = listener.accept()
        lib.send(client, b"hello", 5, 0)
        served.recv(10)
        fd = client.detach()
        lib.close(fd)
        served.recv(10)
        served.close()

    text = repr(both)
    assert both.error is None and "──────────── SYN ─────────▶" in text and "5 bytes" in text
    calls = [event.call for event in both.calls]
    assert calls == [
        "bind",
        "listen",
        "connect",
        "accept",
        "send",
        "recv",
        "detach",
        "close",
        "recv",
        "close",
    ]
    assert "FIN-WAIT-2" in both.states("client") and "TIME-WAIT" in both.states("client")


@needs_network
def test_a_scenes_forgotten_descriptors_are_closed_with_it():
    @scene
    def forgotten(net):
        client = net.a.socket().detach()
        where = sockaddr_in(port=80, addr=net.b.address)
        lib.connect(client, where, len(where))

    assert isinstance(forgotten.error, ConnectionRefusedError)
    assert "ECONNREFUSED" in repr(forgotten)
