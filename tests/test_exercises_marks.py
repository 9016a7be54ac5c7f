"""A check's own packets bear a mark; a filter at a socket lets no others in, whatever it is asked through."""

import socket

import pytest
from abilities import has_ipv6
from needs import linux

from labsupport.exercises.marks import Mark, attach

pytestmark = linux  # others have no such filter
SIX = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")
WAYS = [
    pytest.param(socket.AF_INET, "127.0.0.1", "127.0.0.1", id="IPv4"),
    pytest.param(socket.AF_INET6, "::1", "::1", id="IPv6", marks=SIX),
    pytest.param(socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1", id="IPv4-at-IPv6", marks=SIX),
]


def udp(host):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.bind((host, 0))
    return sock


@pytest.mark.parametrize(("family", "bound", "told"), WAYS)
def test_only_marked_datagrams_come_in(family, bound, told):
    mark, other = Mark(), Mark()
    other._life = mark._life + 1  # the one alone is not enough
    with udp(bound) as receiver, udp(told) as plain, udp(told) as strange, udp(told) as own:
        assert receiver.family == family and attach(receiver, mark.datagrams)
        other.put_on(strange)
        mark.put_on(own)
        for number in range(3):
            for sender in (plain, strange, own):  # loopback keeps them in order
                sender.sendto(b"%d" % number, (told, receiver.getsockname()[1]))
        came = [receiver.recvfrom(10) for _ in range(3)]
        assert [data for data, _ in came] == [b"0", b"1", b"2"]
        assert {sender[1] for _, sender in came} == {own.getsockname()[1]}
        receiver.setblocking(False)
        with pytest.raises(BlockingIOError):
            receiver.recv(10)


@pytest.mark.parametrize(("family", "bound", "told"), WAYS)
def test_only_marked_syns_come_in_and_what_follows_needs_no_mark(family, bound, told):
    mark = Mark()
    with socket.socket(family) as listener:
        listener.settimeout(5)
        listener.bind((bound, 0))
        assert mark.admit(listener)
        listener.listen()
        address = told, listener.getsockname()[1]
        with socket.socket(socket.AF_INET6 if ":" in told else socket.AF_INET) as client:
            client.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.connect(address)
        with socket.socket(socket.AF_INET6 if ":" in told else socket.AF_INET) as client:
            client.settimeout(5)
            mark.connect(client, address)
            sock, there = listener.accept()
            with sock:
                client.sendall(b"hello")
                assert sock.recv(5) == b"hello" and there[1] == client.getsockname()[1]


@SIX
def test_an_error_that_the_kernel_tells_is_told_all_the_same():
    with udp("::1") as gone, udp("::1") as sock:
        address = gone.getsockname()
        gone.connect(address)  # it has the port, and takes from nobody else
        assert attach(sock, Mark().datagrams)
        sock.connect(address)
        sock.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            sock.recv(10)
