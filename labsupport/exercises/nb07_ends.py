"""What the exercises of 07 have in common: how an end looks from the peer's side."""

from __future__ import annotations

from labsupport.background import until
from labsupport.exercises.outcome import Hung
from labsupport.observe import observe

UNREAD = b"second question\n"
MEANWHILE = 1.5  # seconds that a peer gives a function to do its part before the peer goes on
HASTE = 0.1  # seconds before a peer answers an end: a function that waits for no answer is gone by then
NO_END = "the peer waits for the end of what you say, and you had not said that you are done"
AT_REST = "ESTABLISHED", "CLOSE-WAIT"  # the states of an end that has not said that it is done


def fill(sock):
    """Send until the kernel takes no more: as long as the peer does not read, most of it stays here."""
    sock.setblocking(False)
    sent = 0
    try:
        while True:
            sent += sock.send(bytes(65536))
    except BlockingIOError:
        return sent


def read_on(peer, seconds=MEANWHILE):
    """(what came, how it ended): "end", "reset", or "nothing" where nothing more came in time."""
    peer.settimeout(seconds)
    came = bytearray()
    try:
        while piece := peer.recv(1 << 20):
            came += piece
    except ConnectionResetError:
        return bytes(came), "reset"
    except TimeoutError:
        return bytes(came), "nothing"
    return bytes(came), "end"


def has_spoken(call):
    """Wait until the function has ended its direction, or has ended itself; or a moment at most."""
    try:
        until(lambda: not call.running or call.ask(_ended_its_direction), MEANWHILE)
    except (TimeoutError, Hung):
        pass  # it has not, or is too busy to be asked: its outcome will say which


def still_runs(call, seconds):
    """Whether the function still runs after `seconds`: one that waits for no peer is gone by then."""
    try:
        until(lambda: not call.running, seconds)
    except TimeoutError:
        return True
    return False


def _ended_its_direction(args):
    """Over there: whether the socket that the function was given has ended, or is ending."""
    try:
        return not args or observe(args[0]).state not in AT_REST
    except ValueError:
        return True  # closed before the first look


def closed(outcome, when=""):
    """Raise Wrong where the socket that the function was given is still open; `when`: a clause."""
    if outcome.given and not outcome.given[0][0]:
        at = f"{when[0].upper()}{when[1:]}" if when else "You came back"
        raise outcome.wrong(f"{at}, and the socket was still open: its descriptor was not given back.")


def all_came(outcome, came, sent, how):
    """Raise Wrong where the peer got `came` and then `how`: not all of the `sent` bytes, or not the end."""
    if how == "reset" and len(came) < sent:
        raise outcome.wrong(
            "You closed while something was still unread, and that sends a reset: the peer lost the end of "
            "what had been sent to it."
        )
    if how != "end" or len(came) != sent:
        raise outcome.wrong("The peer did not get all that was sent before, followed by its end.")
