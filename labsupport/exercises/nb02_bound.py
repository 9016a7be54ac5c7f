"""What the exercises of 02 ask of a socket: a TCP socket, this address, and that it does not listen."""

from __future__ import annotations

import socket

_ANY = ("0.0.0.0", "::")


def is_bound(outcome, sock, host, called="the socket"):
    """Raises Wrong unless `sock` is a TCP socket that has an address of `host`, and does not listen.

    `called`: what the verdict calls it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if sock.family != family or sock.type != socket.SOCK_STREAM:
        raise outcome.wrong(
            f"{_capital(called)} is one of {sock.family.name} and {sock.type.name}; "
            f"it takes {family.name} and SOCK_STREAM."
        )
    found, port = sock.getsockname()[:2]
    if not port:
        raise outcome.wrong(f"{_capital(called)} has no address: it was made, and not bound.")
    if found in _ANY:
        raise outcome.wrong(
            f"You bound {called} to {found}, every address of this machine; {host} was asked for."
        )
    if found != host:
        raise outcome.wrong(f"You bound {called} to {found}; {host} was asked for.")
    does_not_listen(outcome, sock, called)


def does_not_listen(outcome, sock, called="the socket"):
    """Raises Wrong where `sock` listens."""
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise outcome.wrong(f"{_capital(called)} listens; it was to be bound, and no more.")


def said(when):
    """What had happened, as a verdict begins: "all were taken" → "All were taken:"."""
    return f"{_capital(when)}:"


def _capital(text):
    return text[0].upper() + text[1:]
