"""The exercise `shut_down` of 09: the end of a server, for all its clients at once and within a time."""

from __future__ import annotations

import contextlib
import socket

from labsupport.background import until
from labsupport.exercises import guard
from labsupport.exercises.channel import Hand
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb09_clients import received
from labsupport.exercises.outcome import Hung, Wrong, describe
from labsupport.exercises.trial import needs_ipv6

AMPLE = 3.0  # seconds that clients have who end at once
TIGHT = 0.3  # seconds that clients have who do not
GRACE = 1.2  # seconds after which the time counts as overrun
TRICKLES = TIGHT + GRACE + 2  # seconds for which a client sends a byte now and then
LATE = b"what was on its way"


class Closing:
    """A listener with `count` connections, handed to the learner's function; `clients`: the other ends.

    `first(clients)`: what they do before the function begins, where it has little time to meet them.
    """

    def __init__(self, trial, count, seconds, family=socket.AF_INET, first=None):
        self.trial, self.seconds = trial, seconds
        listener = trial.own_listener(family=family, backlog=128)
        self.address = listener.getsockname()
        self.clients, connections = [], []
        for _ in range(count):
            self.clients.append(trial.connect(self.address))
            connections.append(Hand(trial.made(guard.accepted(listener, self.clients[-1]))))
        if first is not None:
            first(self.clients)
        self.call = trial.call(Hand(listener), connections, seconds)

    def outcome(self, when):
        """The Outcome. Raises Wrong where the function takes much longer than its seconds."""
        try:
            return self.call.outcome(self.seconds + GRACE)
        except Hung as hung:
            at = f", {hung.place}" if hung.place else ""
            raise self.trial.wrong(f"{when}; the time was over long ago, and you still waited{at}.") from None

    def met_its_end(self, client, when):
        """Wait for the end that the function says to this client. Raises Wrong where it is none."""
        client.settimeout(GRACE)
        _, how = received(client, 1)
        if not self.call.running:
            self.call.outcome().returned(f"when {when[0].lower()}{when[1:]}")
        if how == "silence":
            raise self.trial.wrong(
                f"{when}; a client waited for your end and it did not come: say to every client that no "
                "more comes (`shutdown(SHUT_WR)`), before you wait for any."
            )
        if how == "reset":
            raise self.trial.wrong(f"{when}; your end broke the connection off.")


def _all_end(trial):
    when = "Three clients ended as soon as you had"
    closing = Closing(trial, 3, AMPLE)
    for client in closing.clients:
        closing.met_its_end(client, when)
        client.close()
    outcome = closing.outcome(when)
    _counted(outcome, 3, when)
    _closed(outcome, when)
    if outcome.elapsed > AMPLE - 0.5:
        raise outcome.wrong(f"{when}, and you waited until the time was over: nobody was left to wait for.")
    outcome.clean()


def _last_first(trial):
    """Each waits for its own end before the next client ends: one after another will not do."""
    when = "The clients ended in another order than that of your list"
    closing = Closing(trial, 3, AMPLE)
    for client in closing.clients[::-1]:
        closing.met_its_end(client, when)
        client.close()
    _counted(closing.outcome(when), 3, when)


def _nobody(trial):
    outcome = Closing(trial, 0, TIGHT).outcome("No client was connected")
    _counted(outcome, 0, "No client was connected")
    _closed(outcome, "No client was connected")
    outcome.clean()


def _refuses_newcomers(trial):
    when = "While you waited for a client"
    closing = Closing(trial, 1, AMPLE)
    closing.met_its_end(closing.clients[0], when)
    with contextlib.suppress(TimeoutError):
        until(lambda: _refused(closing), 1)
    if not _refused(closing):
        raise trial.wrong(
            f"{when}, another one connected: close the listener first, or newcomers wait in its queue for "
            "nobody."
        )
    closing.clients[0].close()
    _counted(closing.outcome(when), 1, when)


def _refused(closing):
    with contextlib.suppress(OSError):
        try:
            closing.trial.connect(closing.address).close()
        except ConnectionRefusedError:
            return True
    return False


def _still_sends(trial):
    when = "A client was still sending when you ended"
    closing = Closing(trial, 1, AMPLE)
    (client,) = closing.clients
    closing.met_its_end(client, when)
    broken = False
    try:
        for _ in range(5):
            client.sendall(LATE * 1000)
            trial.read(client)
        client.shutdown(socket.SHUT_WR)
        client.recv(1)
    except OSError:
        broken = True
    outcome = closing.outcome(when)
    if broken:
        raise outcome.wrong(
            f"{when}, and it met a reset: whoever closes while something is still to read breaks the "
            "connection off. Read until the client ends."
        )
    _counted(outcome, 1, when)


def _one_stays(trial):
    def end(clients):
        for client in clients[1:]:
            client.shutdown(socket.SHUT_WR)

    when = "Of three clients the first stayed silent, and the others ended at once"
    outcome = Closing(trial, 3, TIGHT, first=end).outcome(when)
    _counted(outcome, 2, when)
    _closed(outcome, when)
    if outcome.elapsed < TIGHT * 0.95:
        raise outcome.wrong(f"{when}; you gave the first up before its time was over.")
    outcome.clean("with a client that did not end")


def _all_stay(trial):
    when = "None of eight clients ended"
    closing = Closing(trial, 8, TIGHT)
    try:
        outcome = closing.outcome(when)
    except Wrong:
        raise trial.wrong(
            f"{when}; the time was over long ago, and you still waited: the seconds are for all of them "
            "together, not for each."
        ) from None
    _counted(outcome, 0, when)
    _closed(outcome, when)


def _trickles(trial):
    def trickle(clients):
        trial.trickle(clients[0], TRICKLES)

    when = "A client went on sending a byte now and then"
    outcome = Closing(trial, 1, TIGHT, first=trickle).outcome(when)
    _counted(outcome, 0, when)
    _closed(outcome, when)


def _one_resets(trial):
    when = "Of two clients one reset its connection, and the other ended"
    closing = Closing(trial, 2, AMPLE)
    rude, good = closing.clients
    trial.reset(rude)
    with contextlib.suppress(OSError):
        good.shutdown(socket.SHUT_WR)
    outcome = closing.outcome(when)
    _counted(outcome, 1, when)
    _closed(outcome, when)


@needs_ipv6
def _over_ipv6(trial):
    when = "The listener and the client had IPv6 addresses, and the client ended"
    closing = Closing(trial, 1, AMPLE, socket.AF_INET6)
    closing.clients[0].shutdown(socket.SHUT_WR)
    _counted(closing.outcome(when), 1, when)


def _counted(outcome, count, when):
    value = outcome.returned(f"when {when[0].lower()}{when[1:]}")
    if value != count or isinstance(value, bool):
        ended = "nobody" if count == 0 else f"{count}"
        raise outcome.wrong(
            f"{when}: {ended} ended in order and in time, and you returned {describe(value)}."
        )


def _closed(outcome, when):
    listener, *connections = (closed for closed, _ in outcome.given)
    if not listener:
        raise outcome.wrong(f"{when}; you returned, and the listener is not closed.")
    if not all(connections):
        raise outcome.wrong(f"{when}; you returned, and not every connection is closed.")


SHUT_DOWN = Exercise(
    name="shut_down",
    notebook="09",
    asks=(
        "Close the listener, end every conversation in order, all within `seconds`; how many clients "
        "ended too."
    ),
    cases=(
        _all_end,
        _last_first,
        _nobody,
        _refuses_newcomers,
        _still_sends,
        _one_stays,
        _all_stay,
        _trickles,
        _one_resets,
        _over_ipv6,
    ),
    hints=(
        "The listener first: who comes now is refused at once. Then `shutdown(SHUT_WR)` on every "
        "connection, before you wait for any.",
        "To wait for all at once ask a selector which of them can be read; read and throw away until "
        "`recv` returns b''. That one has ended: count it.",
        "One deadline for all: `deadline = time.monotonic() + seconds`, and each `select` gets what is "
        "left of it.",
        "An OSError of one connection is its end, not counted, and no other's. When the time is over, or "
        "nobody is left, close what is still open (`ExitStack`, or a `finally`).",
    ),
    beyond="it would say how many clients it broke off, and where, to whoever looks at its log.",
)
