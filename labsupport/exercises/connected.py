"""Is what a function returned the connected socket that was asked for? The causes where it is not."""

from __future__ import annotations

import socket


def reached(trial, outcome, listener, where):
    """Raises Wrong unless the value is a blocking TCP socket that is connected to `listener`; returns it.

    `where`: a clause that says what the function was up against: "where the first of two addresses refuses".
    """
    value = trial.made(outcome.socket(outcome.returned(where), when=where))
    if value.type != socket.SOCK_STREAM:
        raise outcome.wrong(
            "You returned a datagram socket. Without `type`, `getaddrinfo` lists every address once for each "
            "kind of socket; and connecting a datagram socket sends nothing, so it never fails."
        )
    peer = _peer(value)
    if peer is None:
        raise outcome.wrong(f"You returned a socket that is not connected, {where}.")
    if peer[:2] != listener.getsockname()[:2]:
        raise outcome.wrong(f"You connected to another address than was asked for, {where}.")
    if value.timeout_was is not None:
        raise outcome.wrong(_not_blocking(value.timeout_was))
    return value


def _peer(sock):
    try:
        return sock.getpeername()
    except OSError:
        return None


def _not_blocking(timeout):
    if timeout == 0:
        return "The socket that you returned is non-blocking: `recv` fails where nothing has come yet."
    return (
        f"The socket that you returned still has the timeout of {timeout:g} s: a `recv` that waits longer "
        "will fail. It was for connecting; a blocking socket was asked for."
    )


def undisturbed(outcome):
    """Raises Wrong where the function changed the timeout of all sockets to come (probe: default_timeout)."""
    if outcome.probe is not None:
        raise outcome.wrong(
            "It works, and every socket that the program makes from now on has your timeout: "
            "`setdefaulttimeout` is for all of them. Set it on your own socket."
        )


def receives(trial, outcome, listener, sock):
    """Raise Wrong where nothing can be received any more on the socket that the function connected."""
    peer = trial.accept(listener)
    peer.sendall(b"!")
    if sock.recv(1) != b"!":
        raise outcome.wrong("The socket that you returned cannot receive any more: it was shut down.")
