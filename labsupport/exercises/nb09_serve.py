"""The exercise `serve` of 09: an echo server for many clients, whatever one of them does."""

from __future__ import annotations

import socket
import time

from labsupport.exercises.channel import Hand, There
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb09_clients import SETTLING, WAIT, Server, already_set, received, reset
from labsupport.exercises.trial import needs_ipv6

MANY = 40  # clients at once
# Half a megabyte: more than a client with small buffers has under way. Each number comes once, so that a part
# in a wrong place shows.
MUCH = b"".join(number.to_bytes(4, "big") for number in range(128_000))
ROUND = 0.25  # seconds in which a server whose `accept` has a timeout looks at `stop`
AFTER_AN_END = (
    "One client had ended its sending and did not read: your server used more than 1 % of a processor. "
    "At the end of its stream a socket stays readable; wait for what you can use, and no more."
)
WHILE_FLOODED = (
    "One client sent and sent and did not read: your server used more than 1 % of a processor. While you "
    "take nothing from it, do not wait for it to be readable."
)
FIRST = "The first client sent a few bytes, and they did not come back."


# --- it serves ------------------------------------------------------------------------------------


def _serves(trial):
    server = Server(trial)
    first = server.client(FIRST)
    server.asks(first, FIRST)
    server.asks(first, "A client's second message did not come back.")
    if not server.rests():
        raise server.wrong(
            "With one silent client connected your server used more than 1 % of a processor: it goes "
            "round and round instead of waiting."
        )
    before = server.connections()
    _second(server)
    _many(server)
    server.gives_back(before, SETTLING)
    _ends(server)
    _ends_with_much_unread(server)
    _gives_back(server, before)
    server.asks(first, "After all the others the first client, still connected, was served no more.")
    server.stop("one silent client was connected").clean()
    _was_ended(server, first, "a silent client")


def _second(server):
    cause = (
        "The first client was connected and silent, and a second one got no answer: your server serves "
        "one client at a time, and waits for the first."
    )
    second = server.client(cause)
    server.asks(second, cause)
    second.close()


def _many(server):
    cause = f"With up to {MANY} clients connected, one more got no answer: is there a limit to your threads?"
    clients = []
    for _ in range(MANY):
        clients.append(server.client(cause))
        server.asks(clients[-1], cause)
    for client in clients:
        client.close()


def _ends(server):
    """A client that says that it has no more gets all back, and then the server's end."""
    when = "A client sent three bytes and ended its sending (`shutdown`)"
    client = server.client(f"{when}, and was not served.")
    client.sendall(b"bye")
    client.shutdown(socket.SHUT_WR)
    _all_back(server, client, b"bye", when)


def _ends_with_much_unread(server):
    when = "A client sent half a megabyte, ended its sending, and read only then"
    client, sending = server.ends_with_much_unread(MUCH, f"{when}, and was not served.")
    time.sleep(ROUND)  # one that takes the connection before for a new one begins with it once more
    _all_back(server, client, MUCH, when)
    sending.result()


def _all_back(server, client, data, when):
    came, how = received(client, len(data) + 1)
    if came == data and how == "silence":
        raise server.wrong(
            f"{when}. It got every byte back, and then waited for your end: close the connection when "
            "`recv` has returned b'' and all is sent back."
        )
    if came == data and how == "end":
        return
    if not data.startswith(came):
        raise server.wrong(
            f"{when}; bytes in the middle were lost: `send` took a part, and you did not send the rest."
        )
    if how == "silence":
        raise server.wrong(f"{when}; a part came back, and then nothing more: the rest is still owed to it.")
    ended = "reset the connection" if how == "reset" else "closed"
    raise server.wrong(f"{when}; not all came back: your server {ended} with bytes that it had not sent yet.")


def _gives_back(server, before):
    if not server.gives_back(before, WAIT):
        raise server.wrong(
            "Clients have ended and closed, and your server holds their connections open: a descriptor "
            "less for each, and one day `accept` fails with EMFILE."
        )


def _was_ended(server, client, who):
    if received(client, 1)[1] == "silence":
        raise server.wrong(f"Your server returned, and the connection of {who} was not closed.")


# --- it survives ----------------------------------------------------------------------------------


def _survives(trial):
    server = Server(trial)
    good = server.client(FIRST)
    server.asks(good, FIRST)
    for misbehave, who in (
        (_resets_at_once, "one client reset its connection"),
        (_resets_in_conversation, "one client reset its connection in the middle of its conversation"),
        (_leaves_at_once, "one client came and left without a word"),
        (_leaves_with_answers_unread, "one client sent, and left without reading the answer"),
        (_resets_unread, "a client that had read nothing reset its connection"),
    ):
        cause = f"Your server stopped serving when {who}."
        misbehave(server, cause)
        server.asks(good, cause)
        server.asks(server.client(cause), cause)
    cause = (
        "One client sent and sent and read nothing, and the others got no answer: your server waits for "
        "it in a send."
    )
    server.floods(cause)
    server.asks(good, cause)
    server.asks(server.client(cause), cause)
    server.stop("a client that reads nothing was connected").clean()


def _resets_at_once(server, cause):
    for _ in range(3):
        reset(server.client(cause))


def _resets_in_conversation(server, cause):
    client = server.client(cause)
    server.asks(client, cause)
    reset(client)


def _leaves_at_once(server, cause):
    for _ in range(3):
        server.client(cause).close()


def _leaves_with_answers_unread(server, cause):
    client = server.client(cause)
    client.sendall(b"x" * 10_000)
    client.close()


def _resets_unread(server, cause):
    reset(server.floods(cause))


# --- it rests, and ends ---------------------------------------------------------------------------


def _rests_and_ends(trial):
    server = Server(trial)
    silent = server.client(FIRST)
    server.asks(silent, FIRST)
    ended, sending = server.ends_with_much_unread(MUCH, FIRST)
    flooding = server.floods(FIRST)
    if not server.rests():
        raise server.wrong(AFTER_AN_END if server.has_read(ended) else WHILE_FLOODED)
    outcome = server.stop("a silent client and two that read nothing were connected")
    outcome.clean("with clients connected when `stop` was set,")
    for client, who in (silent, "a silent client"), (ended, "one that ended"), (flooding, "one that sent"):
        client.settimeout(WAIT)
        while (how := received(client, 65536)[1]) == "all":
            pass
        if how == "silence":
            raise server.wrong(f"Your server returned, and the connection of {who} was not closed.")
    sending.result()


def _stops_at_once(trial):
    outcome = trial.run(
        Hand(trial.own_listener()),
        There(already_set),
        deadline=WAIT,
        during="`stop` was set before you began",
    )
    outcome.returned("where `stop` was set before it began")
    outcome.clean()


@needs_ipv6
def _over_ipv6(trial):
    server = Server(trial, socket.AF_INET6)
    cause = "The listener was an IPv6 one, and a client got no answer."
    server.asks(server.client(cause), cause)
    server.stop("one silent client was connected").clean()


SERVE = Exercise(
    name="serve",
    notebook="09",
    asks="An echo server for many clients at once, until `stop` is set, whatever one of them does.",
    cases=(_serves, _survives, _rests_and_ends, _stops_at_once, _over_ipv6),
    hints=(
        "The listener first: `accept` must not wait for ever, or `stop` is never looked at. Give it a "
        "timeout of a tenth of a second, and take TimeoutError for “nobody came”.",
        "Each conversation in a thread of its own, which closes its connection (`with`) and keeps its "
        "OSErrors to itself: one client's reset is no other client's.",
        "In the thread: `while data := connection.recv(65536): connection.sendall(data)`. b'' is the "
        "client's end; all is sent back by then.",
        "At the end: a thread that waits in `recv` or `sendall` is woken by "
        "`connection.shutdown(SHUT_RDWR)`, and not by `close`. So keep the connections that are open, "
        "with their threads: shut each down, then join each thread.",
    ),
    beyond=(
        "it would bound the number of clients and the time that a silent one may stay, and send what is "
        "owed at its end."
    ),
)
