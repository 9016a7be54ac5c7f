"""connect_to, of 05, in C: a name's addresses tried in turn."""

from __future__ import annotations

import ctypes
import socket

from labsupport.exercises import stand_ins
from labsupport.exercises.c_calls import fails, gave
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb05_peers import (
    FIRST,
    NO_WAY,
    SECOND,
    SIX,
    has_no_way,
    listens,
    needs_hosts,
    peers,
    refuses,
)
from labsupport.exercises.trial import needs_ipv6

NAME = "localhost"


def call(native, host, port, hosts=""):
    """Call it; (Returned, the socket of its descriptor). `hosts`: the addresses that NAME has, with "
    "blanks."""
    native.wish.name, native.wish.hosts = NAME.encode(), hosts.encode()
    given = native(native.text(host), native.text(str(port)))
    return given, _socket(given.value)


def _socket(fd):
    if fd < 0:
        return None
    try:
        return socket.socket(fileno=fd)
    except OSError:
        return None


def _named(trial, *places):
    """((name, port, hosts), listeners): `places`, pairs (host, what it does), are the name's addresses."""
    port, listeners = peers(trial, places)
    return (NAME, port, " ".join(host for host, _ in places)), listeners


def _literal(trial):
    listener = trial.listener()
    outcome = trial.run(*listener.getsockname())
    where = f"The host was {FIRST}, and somebody listened there"
    sock = _reached(trial, outcome, listener, where)
    peer = trial.accept(listener)
    peer.sendall(b"!")
    if sock.recv(1) != b"!":
        raise outcome.wrong("The descriptor that you returned cannot receive any more: it was shut down.")
    _tidy(outcome)


def _by_name(trial):
    name, (listener,) = _named(trial, (FIRST, listens))
    _reached(trial, trial.run(*name), listener, "The host was a name with one address")


@needs_ipv6
def _literal_of_ipv6(trial):
    listener = trial.listener(family=socket.AF_INET6)
    outcome = trial.run(*listener.getsockname()[:2])
    _reached(trial, outcome, listener, "The host was ::1, an IPv6 address")


@needs_hosts
def _second_of_two(trial):
    name, (listener,) = _named(trial, (FIRST, refuses), (SECOND, listens))
    outcome = trial.run(*name)
    where = "The name has two addresses: the first refused, at the second somebody listened"
    _reached(trial, outcome, listener, where)
    _tidy(outcome, "when the first address refuses")


@needs_ipv6
def _second_family(trial):
    for first, second in ((SIX, FIRST), (FIRST, SIX)):
        name, (listener,) = _named(trial, (first, refuses), (second, listens))
        where = f"The name has {first}, which refused, and {second}, where somebody listened"
        _reached(trial, trial.run(*name), listener, where)


@needs_hosts
def _no_way_to_the_first(trial):
    name, (listener,) = _named(trial, (NO_WAY, has_no_way), (SECOND, listens))
    outcome = trial.run(*name)
    where = (
        "There was no way to the first of two addresses (ENETUNREACH), and at the second somebody listened"
    )
    _reached(trial, outcome, listener, where)


@needs_hosts
def _first_of_two(trial):
    name, (listener, other) = _named(trial, (FIRST, listens), (SECOND, listens))
    outcome = trial.run(*name)
    _reached(trial, outcome, listener, "The name has two addresses, and at both somebody listened")
    if trial.caller(other) is None:
        return
    raise outcome.wrong("The first address had answered, and you connected to the second one too.")


def _refused(trial):
    outcome = trial.run(*trial.refusing())
    fails(_only(outcome), "ECONNREFUSED", when="Nobody listened there, and the connection was refused")
    _tidy(outcome, "when it fails")


@needs_hosts
def _none(trial):
    name, _ = _named(trial, (FIRST, refuses), (SECOND, refuses))
    outcome = trial.run(*name)
    fails(_only(outcome), "ECONNREFUSED", when="Both of the name's addresses refused")
    _tidy(outcome, "when every address refuses")


def _no_name(trial):
    outcome = trial.run(stand_ins.NO_NAME, 80)
    given = gave(_only(outcome))
    if given.value != -1:
        raise outcome.wrong(f"The name has no address: -1 was to be returned; you returned {_said(given)}.")
    _tidy(outcome, "when the name has no address")


def _only(outcome):
    """The outcome, where no descriptor came of it that ought not to."""
    given = gave(outcome)
    if outcome.value[1] is not None:
        outcome.value[1].close()
        raise outcome.wrong(
            "Nobody could be connected to, and you returned a descriptor all the same, not -1."
        )
    if given.value >= 0:
        raise outcome.wrong(
            "Nobody could be connected to, and you returned the number of a closed descriptor."
        )
    return outcome


def _said(given):
    return "a descriptor" if given.value >= 0 else str(given.value)


def _reached(trial, outcome, listener, where):
    """The socket that was returned, connected to `listener`, blocking. Raises Wrong."""
    given = gave(outcome)
    sock = outcome.value[1]
    if sock is not None:
        trial.made(sock).settimeout(2)
    if given.value == -1:
        errno = f", and errno was {given.errno}" if given.errno else ""
        raise outcome.wrong(f"{where}; you returned -1{errno}.{_why(given)}")
    if sock is None:
        raise outcome.wrong(
            f"{where}; the number that you returned is no open socket: closed on the way out?"
        )
    try:
        peer = sock.getpeername()
    except OSError:
        raise outcome.wrong(f"{where}; the socket that you returned is not connected.") from None
    if sock.type != socket.SOCK_STREAM:
        raise outcome.wrong(
            f"{where}; you returned a datagram socket. `getaddrinfo` lists each address for every kind of "
            f"socket "
            "unless `hints.ai_socktype` says SOCK_STREAM."
        )
    if peer[:2] != listener.getsockname()[:2]:
        raise outcome.wrong(f"{where}; you connected to another address.")
    return sock


def _why(given):
    if given.errno == "EAFNOSUPPORT":
        return " An address of one family does not fit a socket of the other: take `ai_family` for `socket`."
    return ""


def _tidy(outcome, when=""):
    """Raises Wrong where descriptors are left open, or a list of getaddrinfo's was not freed."""
    given = gave(outcome)
    outcome.clean(when)
    works = f"It works, and{' ' + when if when else ''}"
    if given.freed_again:
        raise outcome.wrong(f"{works} frees a list of `getaddrinfo`'s twice: that spoils the heap.")
    if given.unfreed:
        raise outcome.wrong(
            f"{works} does not give back the list that `getaddrinfo` made: `freeaddrinfo` takes its first "
            f"element."
        )


CONNECT_TO = Exercise(
    name="connect_to",
    notebook="05",
    asks=(
        "In C: the descriptor of a connection to the first of a name's addresses that answers, or -1 and "
        "errno."
    ),
    prototype="int connect_to(const char *host, const char *port);",
    types=(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    through=call,
    cases=(
        _literal,
        _by_name,
        _refused,
        _second_of_two,
        _literal_of_ipv6,
        _second_family,
        _no_way_to_the_first,
        _first_of_two,
        _none,
        _no_name,
    ),
    hints=(
        "`getaddrinfo(host, port, &hints, &list)` makes the list; `hints` begins as "
        "`{.ai_socktype = SOCK_STREAM}`.",
        "Each element names family, kind and protocol for `socket`, and `ai_addr`, `ai_addrlen` for "
        "`connect`; "
        "`ai_next` is the next one, NULL at the end.",
        "A socket whose `connect` failed is spent: `close` it, and keep errno in a variable before you do.",
        "Walk with a second pointer: `freeaddrinfo` wants the first element, on every way out. `getaddrinfo` "
        "gives its own error numbers; where it fails there is no list.",
    ),
    beyond="it would bound the wait for each address, and go on waiting where a signal interrupts `connect` "
    "(EINTR): the connection is still being made.",
)
