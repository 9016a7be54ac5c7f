"""What every exercise in C asks of a call, and the words for it."""

from __future__ import annotations

import socket
import struct

from labsupport.exercises.native import Returned


def gave(outcome, after="") -> Returned:
    """What the call gave. Raises Wrong where it went beyond its memory, or closed what was not open."""
    value = outcome.returned(after)
    given = value[0] if isinstance(value, tuple) else value
    if given.told:
        raise outcome.wrong(
            f"You told a receiving call that there is room for {_bytes(given.told)} where there "
            f"{'was' if given.had == 1 else 'were'} {_bytes(given.had)} left: what comes then goes over "
            f"whatever "
            "lies behind the buffer."
        )
    if given.before:
        raise outcome.wrong("You wrote before the beginning of the buffer: something else lies there.")
    if given.not_open:
        raise outcome.wrong(
            "You closed a descriptor that was closed already (EBADF): by then its number may be somebody "
            "else's."
        )
    return given


def fails(outcome, *names, when, hint="") -> Returned:
    """Raises Wrong unless the call gave -1 with one of these errnos; `when`: what had happened."""
    given = gave(outcome)
    wanted = f"{when}: -1 was to be returned, with errno {' or '.join(names)}"
    if given.value != -1:
        raise outcome.wrong(f"{wanted}; you returned {given.value}.{hint}")
    if given.errno not in names:
        said = given.errno or "0"
        raise outcome.wrong(f"{wanted}; you returned -1, and errno was {said}.")
    return given


def _bytes(count):
    return f"{count:,} byte{'' if count == 1 else 's'}"


def impatient(sock, seconds=0.1):
    """`sock`, whose receiving calls fail with EAGAIN after that time (SO_RCVTIMEO, socket(7))."""
    whole = int(seconds)
    wait = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
    return sock


def left_open(outcome, when=""):
    """Raises Wrong where the function closed or shut down the socket that it was given."""
    if any(closed for closed, _ in outcome.given):
        raise outcome.wrong(
            f"It works, and{' ' + when if when else ''} closes the socket that it was given: its caller "
            f"goes on with it."
        )
