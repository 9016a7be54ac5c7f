"""What is at the addresses of one name, for exercises that try them in turn."""

from __future__ import annotations

import errno
import functools
import socket

from labsupport.exercises.trial import UNREACHABLE

FIRST, SECOND, THIRD, SIX, NO_WAY = "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", UNREACHABLE[0]


@functools.cache
def _no_further_hosts():
    """Why 127.0.0.2 and 127.0.0.3 are not to be had, or None: on Linux all of 127.0.0.0/8 is this machine."""
    try:
        for host in (SECOND, THIRD):
            with socket.socket() as sock:
                sock.bind((host, 0))
    except OSError:
        return f"a name with several IPv4 addresses: this machine has none of its own but {FIRST}"
    return None


def needs_hosts(case):
    """Mark a case that is left out, and said to be, where there are no further hosts of this machine's."""
    case.needs = _no_further_hosts
    return case


def listens(trial, host, port):
    """A listener there."""
    listener = trial.listener(host, port=port)
    return listener, listener.getsockname()[1]


def refuses(trial, host, port):
    """Whoever calls there is refused."""
    return None, trial.refusing(host=host, port=port)[1]


def is_silent(trial, host, port):
    """Whoever calls there gets no answer."""
    return None, trial.unanswering(host, port)[1]


def has_no_way(trial, host, port):
    """There is no way to that host."""
    return None, port


def peers(trial, places):
    """(port, listeners) of `places`, pairs (host, what it does), which all have the same port."""
    for _ in range(20):
        try:
            return _at_one_port(trial, places)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no port was free at all of these addresses")


def _at_one_port(trial, places):
    listeners, port = [], 0
    for host, does in places:
        listener, port = does(trial, host, port)
        listeners += [listener] if listener else []
    return port, listeners
