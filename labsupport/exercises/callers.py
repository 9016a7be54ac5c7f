"""What exercises about listeners ask of a connection that the learner's function accepted.

The judge has the client's end of it; the words that go over it both ways are the evidence.
"""

from __future__ import annotations

import socket

from labsupport.exercises.channel import Handed
from labsupport.exercises.outcome import describe

WORD, ANSWER = b"hello\n", b"you are heard\n"


def waiting(trial, listener, count=1):
    """`count` clients, connected one after another, in the order in which the queue holds them."""
    return [trial.connect(listener.getsockname()[:2]) for _ in range(count)]


def not_listening(trial):
    """A socket that has an address and does not listen: accept fails there, with EINVAL."""
    sock = trial.made(socket.socket())
    sock.bind(("127.0.0.1", 0))
    return sock


def connection(trial, outcome, value, when=""):
    """`value`, which has to be a connection that blocks. Raises Wrong; `when`: a clause for it."""
    if isinstance(value, tuple) and value and isinstance(value[0], Handed):
        raise outcome.wrong(
            "You returned the pair that `accept` gives where the connection alone was asked for."
        )
    sock = trial.made(outcome.socket(value, when=when))
    if sock.family != socket.AF_UNIX and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise outcome.wrong(
            "You returned the listening socket: the conversation is on the new one, which `accept` gave."
        )
    if sock.timeout_was is not None:
        has = "has a timeout" if sock.timeout_was else "is non-blocking"
        raise outcome.wrong(f"The connection that you returned {has}; one that blocks was asked for.")
    sock.settimeout(2)
    return sock


def talks(outcome, sock, client):
    """Raises Wrong where the words of `client` do not come out of `sock`, and those of `sock` at `client`."""
    client.sendall(WORD)
    if sock.recv(len(WORD)) != WORD:
        raise outcome.wrong(
            "What the client said does not come out of the connection that you returned for it."
        )
    sock.sendall(ANSWER)
    if client.recv(len(ANSWER)) != ANSWER:
        raise outcome.wrong("What is sent into the connection that you returned does not come to its client.")


def holds(outcome, sock, said):
    """Raises Wrong where `said`, sent by a client that has left, is not to be read: somebody took it."""
    if sock.recv(100) != said:
        raise outcome.wrong(
            "The client's bytes are gone: you read them; whoever gets the connection was to find them."
        )


def pair(trial, outcome, client, when):
    """The connection of (connection, address), which was returned for `client`. Raises Wrong.

    `when`: what had happened, a sentence's beginning: "A client waited".
    """
    value = outcome.returned(after=f"when {when[0].lower()}{when[1:]}")
    if value is None:
        raise outcome.wrong(f"{when}; you returned None, which says that nobody came.")
    if type(value) is not tuple or len(value) != 2:
        raise outcome.wrong(
            f"{when}; you returned {describe(value)}, and (connection, address) was asked for."
        )
    sock = connection(trial, outcome, value[0])
    if value[1] == sock.getsockname():
        raise outcome.wrong("The address that you returned is your own end's; the client's was asked for.")
    if value[1] != client:
        raise outcome.wrong("The address that you returned is not the client's, as `accept` gives it.")
    return sock


def nobody(outcome, seconds):
    """Raises Wrong unless None was returned, and not before `seconds` were over."""
    when = f"Nobody came in {seconds:g} s" if seconds else "Nobody waited, and `seconds` was 0"
    if outcome.error and {"TimeoutError", "BlockingIOError"} & set(outcome.error["kinds"]):
        why = "" if seconds else " (a timeout of 0 makes a socket non-blocking, with this error)"
        raise outcome.wrong(f"{when}: None was to be returned; you let {outcome.error['kinds'][0]} out{why}.")
    value = outcome.returned(after="when nobody came")
    if value is not None:
        raise outcome.wrong(f"{when}: None was to be returned; you returned {describe(value)}.")
    if outcome.elapsed < 0.9 * seconds:
        raise outcome.wrong(f"You returned None before the {seconds:g} s were over: a client may still come.")
