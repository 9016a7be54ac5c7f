"""What record() tells of ending a connection whose other end it does not see: by what the kernel held then.

The other end's calls go to the C type's methods, which nobody records; so do the helper servers'.
"""

import _socket
import contextlib
import socket
import struct

import pytest

from labsupport import DaytimeServer, DiscardServer, EchoServer, background, observe, record, until

RAW = _socket.socket
BYTES, END = b"never read", b""


@pytest.fixture
def ends():
    """(client, server): connected, and unseen by any record() as long as nothing is called on them."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        server = stack.enter_context(listener.accept()[0])
        yield client, server


def arrive(client, server, *what):
    """Let the other end send what is told, and wait until the kernel has it."""
    for part in what:
        if part is END:
            RAW.shutdown(server, socket.SHUT_WR)
            until(lambda: observe(client).state == "CLOSE-WAIT")
        else:
            RAW.sendall(server, part)
            until(lambda: observe(client).recv_queue == len(BYTES))


def states(timeline, lane=0):
    """What a socket went through; its name depends on what pytest calls it."""
    return timeline.states(timeline.lanes[lane].label)


def reset(sock):
    RAW.setsockopt(sock, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    RAW.close(sock)


WAITING = [
    ((), ("ESTABLISHED", "(FIN-WAIT-1)", "…")),
    ((BYTES,), ("ESTABLISHED", "CLOSED")),
    ((END,), ("ESTABLISHED", "CLOSE-WAIT", "(LAST-ACK)", "…")),
    ((BYTES, END), ("ESTABLISHED", "CLOSE-WAIT", "CLOSED")),
]
NAMES = ("nothing", "bytes", "end", "bytes-and-end")


@pytest.mark.parametrize(("what", "path"), WAITING, ids=NAMES)
def test_close_is_told_from_what_waited_unread(ends, what, path):
    client, server = ends
    with record() as timeline:
        arrive(client, server, *what)
        client.close()
    assert states(timeline) == path
    if BYTES in what:  # RFC 2525 section 2.17: it goes with a RST, and is gone at once
        assert observe(client).state == "CLOSED"
        with pytest.raises(ConnectionResetError):
            server.recv(1)
    else:
        assert server.recv(1) == b""


@pytest.mark.parametrize("what", [what for what, _ in WAITING], ids=NAMES)
def test_shutdown_resets_nothing_and_answers_the_end_that_came(ends, what):
    client, server = ends
    ended = ("CLOSE-WAIT", "(LAST-ACK)") if END in what else ("(FIN-WAIT-1)",)
    with record() as timeline:
        arrive(client, server, *what)
        client.shutdown(socket.SHUT_WR)
        until(lambda: observe(client).state == ("CLOSED" if END in what else "FIN-WAIT-2"))
    assert states(timeline) == ("ESTABLISHED", *ended)
    assert server.recv(1) == b""


def test_unread_bytes_reset_after_a_shutdown_too(ends):
    client, server = ends
    with record() as timeline:
        client.shutdown(socket.SHUT_WR)
        arrive(client, server, BYTES)
        client.close()
    assert states(timeline) == ("ESTABLISHED", "(FIN-WAIT-1)", "CLOSED")
    until(lambda: observe(server).state == "CLOSED")
    assert server.recv(1) == b""
    with pytest.raises(BrokenPipeError):  # the RST came after that end: Linux says EPIPE
        server.send(b"x")


def test_bytes_that_were_read_reset_nothing(ends):
    client, server = ends
    with record() as timeline:
        arrive(client, server, BYTES, END)
        client.recv(100)
        client.close()
    assert states(timeline) == ("ESTABLISHED", "CLOSE-WAIT", "(LAST-ACK)", "…")
    assert server.recv(1) == b""


def test_a_reset_that_came_unread_leaves_nothing_to_close(ends):
    client, server = ends
    with record() as timeline:
        client.settimeout(5)  # a state is told from a socket's first call on
        reset(server)
        until(lambda: observe(client).state == "CLOSED")
        client.close()
    assert states(timeline) == ("ESTABLISHED", "CLOSED")


def test_a_reset_that_came_unread_leaves_nothing_to_shut_down(ends):
    client, server = ends
    with record() as timeline:
        client.settimeout(5)  # a state is told from a socket's first call on
        reset(server)
        until(lambda: observe(client).state == "CLOSED")
        with pytest.raises(OSError, match="not connected"):
            client.shutdown(socket.SHUT_WR)
    assert states(timeline) == ("ESTABLISHED", "CLOSED")


def test_a_connection_made_meanwhile_is_ended_and_not_given_up():
    with DiscardServer() as server, record() as timeline:
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(server.address)
        until(lambda: observe(client).state == "ESTABLISHED")
        client.close()
    assert states(timeline) == ("CLOSED", "(SYN-SENT)", "ESTABLISHED", "(FIN-WAIT-1)", "…")


def test_bytes_sent_before_the_block_reset_too_where_both_ends_are_seen(ends):
    client, server = ends
    arrive(client, server, BYTES)
    with record() as timeline:
        server.settimeout(5)
        client.close()
        with pytest.raises(ConnectionResetError):
            server.recv(1)
    assert states(timeline) == states(timeline, 1) == ("ESTABLISHED", "CLOSED")


def test_what_another_thread_reads_while_the_close_is_held_up_is_not_unread(ends):
    client, server = ends
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(BYTES) + 1)
    with record() as timeline:
        call = background(client.recv, 100)
        arrive(client, server, BYTES)
        client.close()
        RAW.sendall(server, b"!")
        assert call.result() == BYTES + b"!"
    assert states(timeline) == ("ESTABLISHED", "(FIN-WAIT-1)", "…")
    assert server.recv(1) == b""


def test_closing_once_more_says_nothing(ends):
    client, _ = ends
    with record() as timeline, client:
        client.close()
    assert states(timeline) == ("ESTABLISHED", "(FIN-WAIT-1)", "…")


def test_helper_servers_whose_words_were_not_read():
    with EchoServer() as echo, DaytimeServer() as daytime, record() as timeline:
        asked = socket.create_connection(echo.address)
        asked.sendall(b"hello")
        until(lambda: observe(asked).recv_queue == 5)
        asked.close()
        told = socket.create_connection(daytime.address)
        until(lambda: observe(told).state == "CLOSE-WAIT")
        told.recv(100)
        told.close()
    opened = ("CLOSED", "(SYN-SENT)", "ESTABLISHED")
    assert timeline.states("asked") == (*opened, "CLOSED")
    assert timeline.states("told") == (*opened, "CLOSE-WAIT", "(LAST-ACK)", "…")
    assert "LAST-ACK" in repr(timeline)
