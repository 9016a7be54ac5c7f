"""02: bind to the first port of several that is free."""

from __future__ import annotations

import errno
import socket

from labsupport.exercises.channel import There
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb02_bound import is_bound, said
from labsupport.exercises.nb02_refusals import guarded

HOST = "127.0.0.1"
GUARDED, NO_PORT = 80, 70_000
_NTH = "first", "second", "third", "fourth"
_SHARING = socket.SO_REUSEADDR, socket.SO_REUSEPORT


def _held(trial, port, host=HOST, kind=socket.SOCK_STREAM, options=(), listens=False):
    """A socket of the check's own that has the port."""
    sock = trial.made(socket.socket(socket.AF_INET, kind))
    for option in options:
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    sock.bind((host, port))
    if listens:
        sock.listen()


def _takes(trial, ports, free, when, given=list):
    """`ports` are given, and the one at `free` is what has to be taken."""
    outcome = trial.run(There(given, ports))
    if outcome.error and outcome.error_name == "EADDRINUSE":
        raise outcome.wrong(
            f"{said(when)} you raised EADDRINUSE, at `{outcome.line}`; the {_NTH[free]} was free."
        )
    sock = trial.made(outcome.socket(outcome.returned(f"where {when}"), when=f"where {when}"))
    is_bound(outcome, sock, HOST)
    port = sock.getsockname()[1]
    if port != ports[free]:
        took = f"the {_NTH[ports.index(port)]} port" if port in ports else "a port that was not among them"
        shared = " It was shared: SO_REUSEADDR or SO_REUSEPORT was set." if _shares(sock) else ""
        raise outcome.wrong(
            f"{said(when)} you took {took}; the {_NTH[free]} was the first that was free.{shared}"
        )
    outcome.clean(f"where {when}")


def _shares(sock):
    return any(sock.getsockopt(socket.SOL_SOCKET, option) for option in _SHARING)


def _all_free(trial):
    _takes(trial, sorted(trial.spare_ports(3), reverse=True), 0, "all three ports were free")
    _takes(trial, trial.spare_ports(1), 0, "there was one port, and it was free")


def _first_taken(trial):
    ports = trial.spare_ports(3)
    _held(trial, ports[0])
    _takes(trial, ports, 1, "another socket was bound to the first port")


def _two_taken(trial):
    ports = trial.spare_ports(4)
    _held(trial, ports[0], listens=True)
    _held(trial, ports[1], host="0.0.0.0")
    _takes(trial, ports, 2, "a server listened at the first port, and the second was taken at every address")


def _shared(trial):
    for option in _SHARING:
        ports = trial.spare_ports(2)
        _held(trial, ports[0], options=(option,))
        _takes(trial, ports, 1, "another socket, bound to the first port, would share it")


def _one_by_one(trial):
    ports = trial.spare_ports(4)
    for port in ports[:2]:
        _held(trial, port)
    _takes(trial, ports, 2, "the ports came from an iterator, which can be gone through once", given=iter)


def _of_other_kinds(trial):
    ports = trial.spare_ports(2)
    _held(trial, ports[0], kind=socket.SOCK_DGRAM)
    _takes(trial, ports, 0, "a UDP socket had the number of the first port, and UDP has ports of its own")


def _none_free(trial):
    ports = trial.spare_ports(3)
    for port in ports:
        _held(trial, port)
    _refused(trial.run(ports), "none of the three ports was free")


def _none_at_all(trial):
    _refused(trial.run([]), "there was no port to try")


def _refused(outcome, when):
    if outcome.error and "OSError" in outcome.error["kinds"] and outcome.error["errno"] is None:
        raise outcome.wrong(
            f"{said(when)} your OSError has no errno; a caller looks there: OSError(errno.EADDRINUSE, "
            "\"…\")."
        )
    outcome.raised("OSError", errno=errno.errorcode[errno.EADDRINUSE], instead=when)
    outcome.clean(f"where {when}")


def _not_allowed(trial):
    ports = trial.spare_ports(2)
    _held(trial, ports[0])
    outcome = trial.run(There(guarded, [ports[0], GUARDED, ports[1]], GUARDED))
    when = f"the first port was taken, and the second, {GUARDED}, may not be used"
    outcome.raised("PermissionError", errno="EACCES", instead=when)
    outcome.clean(f"where {when},")


def _no_port(trial):
    ports = trial.spare_ports(2)
    _held(trial, ports[0])
    outcome = trial.run([ports[0], NO_PORT, ports[1]])
    when = f"the first port was taken, and the second, {NO_PORT}, is no port"
    outcome.raised("OverflowError", instead=when)
    outcome.clean(f"where {when},")


BIND_FIRST_FREE = Exercise(
    name="bind_first_free",
    notebook="02",
    asks="A TCP socket bound to 127.0.0.1 and the first free port of `ports`; EADDRINUSE where none is free.",
    cases=(
        _all_free,
        _first_taken,
        _two_taken,
        _shared,
        _one_by_one,
        _of_other_kinds,
        _none_free,
        _none_at_all,
        _not_allowed,
        _no_port,
    ),
    hints=(
        "The kernel knows what is free: `bind`, and see whether it raises. A connect tells something else: "
        "whether somebody listens.",
        "A new socket for each try, and no SO_REUSEADDR: with it the kernel lets two sockets have one port.",
        "Look at the error: `error.errno == errno.EADDRINUSE` is a port that is taken, and the next one's "
        "turn; everything else is raised again. Close the socket in both cases.",
        "`for port in ports:` make the socket; `try: sock.bind((\"127.0.0.1\", port)); return sock`; `except "
        "BaseException as error: sock.close()`, then `raise` unless its errno is EADDRINUSE. After the "
        "loop: `raise OSError(errno.EADDRINUSE, \"…\")`.",
    ),
    beyond="it would ask for port 0, unless others have to know the number: then no two programs try the "
    "same one.",
)
