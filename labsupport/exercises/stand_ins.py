"""Answers that no loopback gives, fixed in the process of the learner's function: a name with several
addresses, an error that a router or a firewall causes.

Each is made by `There(…)` among a call's arguments, and stays until the process ends. All else is the
system's own.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket

NO_NAME = ".".join(["no-such-name"] * 22)  # longer than a name may be (RFC 1035, 2.3.4): no server is asked

_names = {}  # name: its addresses' hosts, in order
_failing = {}  # (host, port): the errno with which a connect to it fails
_resolve = _socket.getaddrinfo


def name(name, hosts):
    """`name`, which getaddrinfo resolves to `hosts` from now on, literals of either family, in this order."""
    _names[name] = hosts
    _socket.getaddrinfo = _getaddrinfo  # what socket.getaddrinfo asks, whoever has imported that
    return name


def _getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if host not in _names:
        return _resolve(host, port, family, type, proto, flags)
    answers = []
    for one in _names[host]:
        own = socket.AF_INET6 if ":" in one else socket.AF_INET
        if family in (0, own):
            answers += _resolve(one, port, own, type, proto, flags)
    if not answers:
        raise socket.gaierror(socket.EAI_NONAME, "no address of this family")
    return answers


def failing(address, name):
    """`address`; a connect to it fails at once from now on, with the errno of that name."""
    _failing[address] = getattr(errno, name)
    socket.socket.connect, socket.socket.connect_ex = _connect, _connect_ex
    return address


def _connect(self, address):
    if number := _failing.get(address[:2]):
        raise OSError(number, os.strerror(number))
    return _socket.socket.connect(self, address)


def _connect_ex(self, address):
    return _failing.get(address[:2]) or _socket.socket.connect_ex(self, address)


def default_timeout(args, value):
    """A probe: the timeout that the function has left for all new sockets of its process, seconds or None."""
    left = socket.getdefaulttimeout()
    socket.setdefaulttimeout(None)
    return left
