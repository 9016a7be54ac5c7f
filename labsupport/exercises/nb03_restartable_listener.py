"""The exercise `restartable_listener`: a server's port, again at once after a restart."""

from __future__ import annotations

import socket

from labsupport.exercises import callers, guard
from labsupport.exercises.channel import Handed
from labsupport.exercises.exercise import Exercise

TAKEN = "another program listened on the port"


def _listens(trial):
    outcome, listener = _listener(trial, trial.spare_ports()[0], "the port was free")
    (client,) = callers.waiting(trial, listener)
    _serves(outcome, listener, client)
    outcome.clean()


def _restart(trial):
    port = trial.spare_ports()[0]
    first, listener = _listener(trial, port, "the port was free")
    clients = callers.waiting(trial, listener, 2)
    for client in clients:
        _serves(first, listener, client)
    told = listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    listener.close()
    outcome = trial.run(port, during="the server before had closed its connections and its listener")
    if outcome.error_name == "EADDRINUSE":
        raise _still_taken(outcome, told)
    again = _checked(trial, outcome, port)
    if not told:
        raise first.wrong(
            "The port could be had again, and SO_REUSEADDR is not set. (SO_REUSEPORT does that, and more: "
            "it lets two servers listen at once.)"
        )
    _serves(outcome, again, callers.waiting(trial, again)[0])
    outcome.clean("when the server is restarted")


def _still_taken(outcome, told):
    why = (
        "A connection that the first server closed is in TIME-WAIT on that port still, and keeps it for a "
        "minute."
    )
    if told:
        why += " You set SO_REUSEADDR after `bind`, and `bind` is the call that needs it."
    elif outcome.called.get("setsockopt"):
        why += " The option that you set is not SO_REUSEADDR, or you set it to 0."
    else:
        why += " You do not set SO_REUSEADDR; both listeners need it, before `bind`."
    return outcome.wrong(f"The restart failed, EADDRINUSE. {why}")


def _another_listens(trial):
    port = trial.spare_ports()[0]
    trial.listener(port=port)
    _taken(trial, port)


def _another_shares(trial):
    """The other one would share: it has set the options that allow it, as far as it can."""
    port = trial.spare_ports()[0]
    other = trial.made(socket.socket())
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    other.bind(("127.0.0.1", port))
    other.listen()
    _taken(trial, port)


def _twice(trial):
    port = trial.spare_ports()[0]
    _, listener = _listener(trial, port, "the port was free")
    _taken(trial, port)
    listener.close()


def _taken(trial, port):
    outcome = trial.run(port, during=f"{TAKEN}, and did not end")
    if isinstance(outcome.value, Handed):
        got = trial.made(outcome.value).getsockname()
        if got[1:2] == (port,):
            raise outcome.wrong(
                f"{TAKEN.capitalize()}, and you listen there as well, without an error: with SO_REUSEPORT "
                "both get a share of the callers."
            )
        raise outcome.wrong(
            f"{TAKEN.capitalize()}, and you took another port: nobody would find your server."
        )
    outcome.raised("OSError", errno="EADDRINUSE", instead=TAKEN)
    outcome.clean(f"where {TAKEN}")


def _listener(trial, port, when):
    """(the outcome of a call, the listener that it gave, looked at)."""
    outcome = trial.run(port, during=when)
    return outcome, _checked(trial, outcome, port)


def _checked(trial, outcome, port):
    """The listening socket that the call returned. Raises Wrong."""
    value = trial.made(outcome.socket())
    value.settimeout(2)
    host, bound = value.getsockname()[:2] if value.family != socket.AF_UNIX else ("", 0)
    if host in ("0.0.0.0", "::"):
        raise outcome.wrong(
            f"You bound {host}, every address of the machine: the whole network can call. 127.0.0.1 was "
            "asked for."
        )
    if (value.type, host) != (socket.SOCK_STREAM, "127.0.0.1"):
        raise outcome.wrong("You returned a socket that is not a TCP socket at 127.0.0.1.")
    if bound != port:
        raise outcome.wrong("Your listener is not at the port that was asked for.")
    if not value.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise outcome.wrong(
            "The socket that you returned is bound and does not listen: every caller is refused."
        )
    return value


def _serves(outcome, listener, client):
    """One conversation, which the server closes first: its end stays in TIME-WAIT."""
    connection = guard.accepted(listener, client)
    with connection:
        connection.settimeout(2)
        callers.talks(outcome, connection, client)
    try:
        client.recv(1)
    except ConnectionResetError:
        raise outcome.wrong(
            "The server's connections end with a reset, for they have your listener's SO_LINGER: what is "
            "still on its way to the client is lost."
        ) from None
    client.close()


RESTARTABLE_LISTENER = Exercise(
    name="restartable_listener",
    notebook="03",
    asks="A TCP socket that listens on 127.0.0.1 and `port`, which can be had again at once after a restart.",
    cases=(_listens, _restart, _another_listens, _another_shares, _twice),
    hints=(
        "Three calls make a listener: `socket`, `bind`, `listen`. Which of them says EADDRINUSE after the "
        "restart?",
        "The end that closes first stays in TIME-WAIT for a minute, and keeps the port. "
        "`SO_REUSEADDR` tells `bind` that such a rest is no obstacle.",
        "`listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)`, and that before `bind`.",
        "Put `bind` and `listen` in a `try:`; in `except OSError:` close the socket, then `raise` the "
        "error again.",
    ),
    beyond="it would say which port is taken, and end; and it would hand the listening socket to the new "
    "process (as systemd's socket units do), so that between the two nobody is refused.",
)
