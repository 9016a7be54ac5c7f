"""02: bind a Unix socket where one may have been left."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

from labsupport.exercises.exercise import Exercise
from labsupport.exercises.learner import SPAWNING
from labsupport.exercises.nb02_bound import does_not_listen, said
from labsupport.exercises.outcome import Hung, Wrong

NOTE = "not a socket\n"


def _new(trial):
    _binds(trial, _path(trial), "nothing was at the path")


def _left(trial):
    for listened in (True, False):
        path = _path(trial)
        with SPAWNING, socket.socket(socket.AF_UNIX) as sock:  # no other process has it when it is closed
            sock.bind(path)
            if listened:
                sock.listen()
        _binds(trial, path, "a socket's file was at the path, and nobody listened there")


def _path(trial):
    return str(trial.folder() / "here")


def _binds(trial, path, when):
    outcome = trial.run(path)
    if outcome.error and outcome.error_name in ("EADDRINUSE", "ENOENT"):
        raise outcome.wrong(
            f"{said(when)} you raised {outcome.said}, at `{outcome.line}`; it was to be bound."
        )
    sock = trial.made(outcome.socket(when=f"where {when}"))
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        raise outcome.wrong("You returned another socket than a stream of AF_UNIX.")
    if sock.getsockname() != path:
        raise outcome.wrong(f"{said(when)} the socket that you returned is not bound to the path.")
    does_not_listen(outcome, sock)
    sock.listen()
    if not _answers(path):
        raise outcome.wrong(
            f"{said(when)} you bound the socket, and then its file was gone: nobody can connect to it."
        )
    outcome.clean(f"where {when}")


def _answers(path):
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        return sock.connect_ex(path) == 0


def _live(trial):
    path = _path(trial)
    _served(trial, path)
    _leaves_alone(trial, path, "a server was listening at the path")
    if not _answers(path):
        raise Wrong("A server was listening at the path: it is no longer reached, and you raised EADDRINUSE.")


def _live_and_busy(trial):
    if not sys.platform.startswith("linux"):
        return  # elsewhere a full queue refuses, as nobody does
    path = _path(trial)
    _served(trial, path, backlog=0)
    with contextlib.suppress(BlockingIOError):  # unix(7): EAGAIN, the queue is full
        while True:
            client = trial.made(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            client.connect(path)
    _leaves_alone(trial, path, "a server was listening at the path, its queue full")


def _live_with_datagrams(trial):
    path = _path(trial)
    trial.made(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(path)
    _leaves_alone(trial, path, "a datagram socket had the path, and was in use")


def _served(trial, path, backlog=16):
    server = trial.made(socket.socket(socket.AF_UNIX))
    server.bind(path)
    server.listen(backlog)


def _ordinary(trial):
    path = _path(trial)
    with open(path, "w") as file:
        file.write(NOTE)
    when = "an ordinary file was at the path"
    _leaves_alone(trial, path, when)
    with open(path) as file:
        if file.read() != NOTE:
            raise Wrong(f"{said(when)} what stood in it is lost.")


def _leaves_alone(trial, path, when):
    """What is at the path stays there, and EADDRINUSE is raised."""
    before = os.lstat(path)
    try:
        outcome = trial.run(path)
    except Hung as hung:
        raise _waited(hung, when) from None
    if not _same(path, before):
        raise outcome.wrong(f"{said(when)} you removed it.")
    outcome.raised("OSError", errno="EADDRINUSE", instead=when)
    outcome.clean(f"where {when}")


def _same(path, before):
    """Whether the file is the one that was there; a number alone may be given to the next file."""
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_mode) == (before.st_ino, before.st_mode)


def _waited(hung, when):
    if not hung.blocked:
        return hung
    return Wrong(f"{said(when)} you were still blocked in `{hung.blocked}` after 2 s.", hung.timeline)


def _no_folder(trial):
    when = "the folder of the path was not there"
    outcome = trial.run(str(trial.folder() / "no" / "here"))
    outcome.raised("FileNotFoundError", instead=when)
    outcome.clean(f"where {when}")


BIND_PATH = Exercise(
    name="bind_path",
    notebook="02",
    asks="A Unix stream socket bound to `path`; a socket's file that nobody listens at is replaced, "
    "nothing else is.",
    cases=(_new, _left, _live, _live_and_busy, _live_with_datagrams, _ordinary, _no_folder),
    hints=(
        "Try `bind` first. Only where it raises EADDRINUSE is there anything to look at.",
        "Ask whether somebody is there: connect another socket to the path. ECONNREFUSED: nobody is. "
        "Everything else, success included, means that the path is in use.",
        "An ordinary file refuses too. `stat.S_ISSOCK(os.lstat(path).st_mode)` says whether it is a "
        "socket's file.",
        "The socket that asks must not wait (`setblocking(False)`): a server whose queue is full would "
        "keep it. `connect_ex` gives the error's number instead of raising it. Close it, and your own "
        "socket where you raise.",
        "Left behind and nobody's: `os.unlink(path)`, then `bind` again. Otherwise `raise`, which passes "
        "on the error that `bind` gave.",
    ),
    beyond="it would hold a lock file meanwhile: between the look and the unlink another program may have "
    "bound there.",
)
