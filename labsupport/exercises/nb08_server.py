"""The check's own servers of lines, for the clients of 08: one conversation each."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

SILENCE = 2.0  # seconds without a byte after which a server gives its client up
ROUNDS = 5  # conversations, at most, where this machine was so busy that a server spoke too late
SEGMENT = 1448  # bytes: with small segments the kernel keeps small send buffers


@dataclass(frozen=True)
class Served:
    """What a server saw of its client: the bytes that came, and whether the client ended."""

    received: bytes
    ended: bool


def serve(peer, answer=socket.socket.sendall, gathering=0.0):
    """Answer whole lines by `answer(peer, lines)` until the client ends or is silent for SILENCE seconds.

    With `gathering`, an answer waits until nothing more has come for so many seconds.
    """
    received, answered = bytearray(), 0
    try:
        while data := _next(peer, SILENCE):
            received += data
            while gathering and (data := _next_soon(peer, gathering)):
                received += data
            end = received.rfind(b"\n") + 1
            if end > answered:
                answer(peer, bytes(received[answered:end]))
                answered = end
    except TimeoutError:
        return Served(bytes(received), ended=False)
    except OSError:
        pass  # broken off: what the function makes of it is judged
    return Served(bytes(received), ended=True)


def _next(peer, seconds):
    peer.settimeout(seconds)
    return peer.recv(65536)


def _next_soon(peer, seconds):
    try:
        return _next(peer, seconds)
    except TimeoutError:
        return b""


def first_line(peer):
    """Read until a line is whole, the client ends, or is silent."""
    with contextlib.suppress(TimeoutError):
        while (data := _next(peer, SILENCE)) and b"\n" not in data:
            pass


def echo(peer):
    """Send back what comes, as it comes, to the end; then close.

    Where its client waits for it while it waits for its client, it stays as it is: closing, with bytes
    unread, would reset the connection, and the case would find that instead of two who wait.
    """
    with contextlib.suppress(OSError):
        while data := peer.recv(65536):
            peer.sendall(data)
        peer.close()


def end(peer):
    """End without a reset: what the client still sends is read."""
    peer.shutdown(socket.SHUT_WR)
    while _next_soon(peer, SILENCE):
        pass
    peer.close()


def with_small_buffers(listener):
    """The listener, its connections made so that less than a megabyte is ever on its way."""
    for option in socket.SO_RCVBUF, socket.SO_SNDBUF:
        listener.setsockopt(socket.SOL_SOCKET, option, 16384)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    return listener
