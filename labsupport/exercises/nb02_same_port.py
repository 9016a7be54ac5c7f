"""02: one port number at both loopback addresses."""

from __future__ import annotations

from labsupport.exercises.channel import Handed
from labsupport.exercises.exercise import Exercise
from labsupport.exercises.nb02_bound import is_bound, said
from labsupport.exercises.nb02_refusals import collide, collided
from labsupport.exercises.outcome import Hung, Wrong
from labsupport.exercises.trial import needs_ipv6
from labsupport.machine import ipv6_missing

HOSTS = ("127.0.0.1", "::1")
TRIES = 20
FOR_EVER = 10**9


@needs_ipv6
def _both(trial):
    _a_pair(trial, _colliding(trial, 0))


@needs_ipv6
def _twice(trial):
    kept = [sock for _ in range(2) for sock in _a_pair(trial, _colliding(trial, 0))]
    if len({sock.getsockname()[1] for sock in kept}) != 2:
        raise Wrong("Called twice, you gave back the same sockets; the second call makes new ones.")


@needs_ipv6
def _in_vain_once(trial):
    outcome = _colliding(trial, 1)
    when = "the first port was free at one address and taken at the other"
    _a_pair(trial, outcome, when, f"after {when},")


@needs_ipv6
def _in_vain_often(trial):
    outcome = _colliding(trial, TRIES - 1)
    when = f"{TRIES - 1} ports were taken at the other address, and {TRIES} tries were allowed"
    _a_pair(trial, outcome, when)


def _gives_up(trial):
    alone = ipv6_missing()
    when = "there was no IPv6 on loopback" if alone else "every port was taken at the other address"
    on = f"{said(when)} you went on trying; after {TRIES} tries OSError was to be raised."
    try:
        outcome = _colliding(trial, FOR_EVER)
    except Hung as hung:
        raise Wrong(on, hung.timeline) from None
    outcome.raised("OSError", instead=when)
    if not alone and outcome.probe != TRIES:
        few = f"{said(when)} you tried {outcome.probe} of them; {TRIES} were asked for."
        raise outcome.wrong(on if outcome.probe > TRIES else few)
    outcome.clean(f"where {when}")


def _colliding(trial, times):
    """The Outcome of a call in which the first `times` ports, and no more, are taken at the other address."""
    made = trial.run().value  # the stand-in is put in beside a call, so there has to be one
    for sock in made if type(made) in (tuple, list) else ():
        if isinstance(sock, Handed):
            sock.close()
    trial.last.ask(collide, times)
    return trial.run(probe=collided, deadline=3)


def _a_pair(trial, outcome, when="", cleanly=""):
    """(v4, v6), as they have to be. `when`: what had happened; `cleanly`: the same, for what was left."""
    if outcome.error and outcome.error_name == "EINVAL":
        raise outcome.wrong(
            "You bound a socket a second time: an address is given once. A new try takes new sockets."
        )
    if outcome.error and when and outcome.error_name == "EADDRINUSE":
        raise outcome.wrong(
            f"{said(when)} you raised EADDRINUSE, at `{outcome.line}`; another port was to be tried."
        )
    value = outcome.returned(f"where {when}" if when else "")
    if type(value) not in (tuple, list):
        outcome.socket(value)
        raise outcome.wrong("You returned one socket; two were asked for, (v4, v6).")
    if len(value) != 2:
        raise outcome.wrong(f"You returned {len(value)} things; two sockets were asked for, (v4, v6).")
    pair = [trial.made(outcome.socket(sock)) for sock in value]
    for sock, host, name in zip(pair, HOSTS, ("v4", "v6")):
        is_bound(outcome, sock, host, f"`{name}`")
    if len({sock.getsockname()[1] for sock in pair}) != 1:
        raise outcome.wrong(
            "The two sockets have two port numbers: each `bind` to port 0 picks one of its own."
        )
    outcome.clean(cleanly)
    return pair


SAME_PORT_BOTH_FAMILIES = Exercise(
    name="same_port_both_families",
    notebook="02",
    asks="Two TCP sockets, bound to the same port number at 127.0.0.1 and at ::1; OSError after 20 tries "
    "in vain.",
    cases=(_both, _twice, _in_vain_once, _in_vain_often, _gives_up),
    hints=(
        "Let the kernel pick for one of them (port 0), ask it with `getsockname` what it picked, and ask "
        "for that number at the other address.",
        "That number may be taken there: EADDRINUSE. Then close both, and begin again with two new "
        "sockets: an address is given once.",
        "`for _ in range(20):` and, after the loop, `raise OSError(errno.EADDRINUSE, \"…\")`. Whatever way "
        "a try ends without success, both sockets are to be closed.",
        "With `contextlib.ExitStack() as opened`: `opened.enter_context(socket.socket(…))` for each; "
        "`opened.pop_all()` before `return v4, v6` takes them out again, so that only what failed is closed.",
    ),
    beyond="it would bind one IPv6 socket to :: that serves both families, where every address may be "
    "served.",
)
