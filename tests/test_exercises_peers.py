"""The check's own servers, where both ends wait for each other."""

import socket

from labsupport.background import background, until
from labsupport.exercises import nb08_server

MORE = b"x" * 4_000_000  # bytes: more than the buffers of both ends hold


def test_echo_resets_nobody_who_only_sends():
    with socket.socket() as listener, socket.socket() as client:
        listener.bind(("127.0.0.1", 0))
        nb08_server.with_small_buffers(listener).listen()
        client.connect(listener.getsockname())
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(0.1)
            client.settimeout(5)
            sending = background(client.sendall, MORE)
            nb08_server.echo(peer)  # until it has waited long enough
            assert not sending.done, sending.state
            client.shutdown(socket.SHUT_RDWR)
            until(lambda: sending.done)


def test_echo_closes_after_the_end():
    ours, peer = socket.socketpair()
    with ours:
        ours.settimeout(5)
        ours.sendall(b"all of it")
        ours.shutdown(socket.SHUT_WR)
        nb08_server.echo(peer)
        assert ours.recv(100) == b"all of it" and ours.recv(100) == b""
    assert peer.fileno() == -1
