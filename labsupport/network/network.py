"""The private network: hosts, and the wire between them."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading

from labsupport import tidying
from labsupport.closing import Closing
from labsupport.network.reasons import NetworkUnavailable, unavailable

NAMES = "abcdefgh"
LEAST_MTU, LEAST_MTU_6, MOST_MTU = 576, 1280, 65535  # bytes: RFC 791, RFC 8200 section 5, tun's own limit
RTO_MINS = 0.001, 120.0  # seconds; TCP_RTO_MAX is the most that Linux knows
USUAL_RTO_MIN = 0.2  # seconds; Linux's own, which RFC 6298 would have at 1

# A network lives until it is closed: hosts and sockets that a learner keeps do not make it last, and the end
# of a function must not tear them down.
_open = set()


class Network(Closing):
    """`hosts` hosts on one wire, private to this process: `net.a`, `net.b` …; also a context manager.

    `hosts`: 2 to 8; `ipv6`: with addresses of IPv6 too; `mtu`: bytes of the largest packet. Raises TypeError
    or ValueError for other arguments, NetworkUnavailable (an OSError with `.reason` and `.remedy`) where this
    machine does not allow it. It needs no privilege: user_namespaces(7), network_namespaces(7).

    Attributes: `hosts`, a tuple of Host; `wire`, the Wire between them.
    """

    # Every name is declared, so that a misspelled setting is an AttributeError and not silence.
    __slots__ = (
        *(*NAMES, "hosts", "wire", "turns"),  # turns: the step clock of a scene, while there is one
        *("_closed", "_closing", "_control", "_quickack", "_rto_min", "_tuns", "__weakref__"),
    )

    def __init__(self, hosts=2, ipv6=False, mtu=1500):
        _check(hosts, ipv6, mtu)
        if not sys.platform.startswith("linux"):
            raise unavailable("system", None, sys.platform)
        from labsupport.network.control import Control  # on other systems they cannot be imported

        self._closing, self._closed = threading.Lock(), False
        self._quickack, self._rto_min = True, USUAL_RTO_MIN
        self.hosts, self._tuns, self.wire, self.turns = (), (), None, None
        self._control = Control(hosts, ipv6, mtu)
        _open.add(self)
        try:
            self._furnish(ipv6)
        except BaseException:
            self.close()
            raise
        tidying.register(self, "network")

    def _furnish(self, ipv6):
        from labsupport.network.host import Host
        from labsupport.network.wire import Wire

        passed = self._control.descriptors
        self._tuns = passed[0::2]
        self.hosts = tuple(Host(self._control, index, ipv6, diag) for index, diag in enumerate(passed[1::2]))
        for host in self.hosts:
            setattr(self, host.name, host)
        self._route()
        self.wire = Wire(
            [
                (host.name, {host.address, host.address6} - {None}, tun)
                for host, tun in zip(self.hosts, self._tuns, strict=True)
            ]
        )

    def __repr__(self):
        ends = ", ".join(f"{host.name} {host.address}" for host in self.hosts)
        if self._closed:
            return f"Network of {ends}, closed"
        if not self.wire.held:  # what is in flight on a free wire is elsewhere a moment later
            return f"Network of {ends}"
        flying = len(self.wire.in_flight)
        return f"Network of {ends}, held, {flying} packet{'s' * (flying != 1)} in flight"

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import network_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return network_bundle(self)

    @property
    def closed(self):
        """Whether `close()` was called."""
        return self._closed

    @staticmethod
    def available():
        """Whether a private network can be had here, tried once in this process. Never raises."""
        return missing() is None

    # Settings of all hosts

    @property
    def quickack(self):
        """Whether every segment is acknowledged at once: True at first; False brings delayed ACKs back.

        RFC 9293 section 3.8.6.3. A connection that is open follows with the next segment that it sends.
        """
        return self._quickack

    @quickack.setter
    def quickack(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"quickack must be True or False, not {value!r}")
        self._route(quickack=value)

    @property
    def rto_min(self):
        """The least time after which data is sent again, seconds: 0.2 at first, as is usual with Linux.

        0.001 to 120. The first SYN is sent again after 1 s all the same (RFC 6298).
        """
        return self._rto_min

    @rto_min.setter
    def rto_min(self, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"rto_min must be a number of seconds, not {value!r}")
        if not RTO_MINS[0] <= value <= RTO_MINS[1]:
            raise ValueError(f"rto_min must be {RTO_MINS[0]} to {RTO_MINS[1]:g} seconds, not {value}")
        self._route(rto_min=value)

    def _route(self, quickack=None, rto_min=None):
        """Metrics of the routes, ip-route(8): the one place where both can be set."""
        quickack = self._quickack if quickack is None else quickack
        rto_min = self._rto_min if rto_min is None else rto_min
        self._control.ask("route", quickack, round(rto_min * 1000))
        self._quickack, self._rto_min = quickack, rto_min

    # The wire as a debugger

    def hold(self):
        """From now on nothing moves on the wire, but by `step` and `settle`.

        What a host only repeats because it is kept waiting is absorbed: its clock runs on, not the lesson's.
        """
        with self.wire.lock:
            if not self.wire.held:
                self.wire.absorb = True
                self.wire.hold()

    def step(self):
        """Carry one packet: returns the Packet, or None where none waits. Raises RuntimeError in a scene."""
        self._not_in_a_scene("step")
        return self.wire.step()

    def settle(self):
        """Carry packets until every program waits: returns a list of those carried (in a scene None)."""
        return self.wire.settle() if self.turns is None else self.turns.settle()

    def release(self):
        """Let the wire run freely again. Raises RuntimeError in a scene."""
        self._not_in_a_scene("release")
        return self.wire.release()

    def begin(self):
        """In a scene: what came before is not drawn, the ladder begins here. RuntimeError elsewhere."""
        if self.turns is None:
            raise RuntimeError("begin() is for scenes: it says where the ladder begins")
        self.turns.begin_here()

    @property
    def asking(self):
        """The threads that wait for an answer of the network's own: a socket, a setting, a program's end."""
        return self._control.asking

    def _not_in_a_scene(self, what):
        if self.turns is not None:
            raise RuntimeError(
                f"no {what}() in a scene: there the wire moves by itself whenever every program waits; "
                "settle() goes on when it has come to rest"
            )

    # The end

    def close(self):
        """End the network, with the programs that live there; again: nothing.

        Connections are aborted (ECONNABORTED); their sockets, as all others, are for you to close.
        """
        with self._closing:
            if not self._closed:
                self._closed = True
                with contextlib.ExitStack() as steps:  # each is done, whatever becomes of the others
                    self._take_apart(steps.callback)

    def _take_apart(self, finally_):
        """Steps in reverse: the last one given is done first."""
        finally_(tidying.unregister, self)
        finally_(_open.discard, self)
        for host in self.hosts:
            finally_(host.note_ended)  # programs that were killed with the network
        finally_(self._control.close)
        for fd in self._tuns:
            finally_(os.close, fd)
        for host in self.hosts:
            finally_(host.diag.close)
            finally_(host.note_ended)  # and before: programs that ended by themselves
        if self.wire is not None:
            finally_(self.wire.close)

    def _forked(self):
        """This process is a fork's child: the network is the parent's. Take no lock, wake nobody."""
        self._closing = threading.Lock()  # the old one may have been held
        self._closed = True
        tidying.unregister(self)
        self._control.forked()
        if self.wire is not None:
            self.wire.forked()
        for host in self.hosts:
            host.diag.forked()
        for fd in self._tuns:
            os.close(fd)


def _check(hosts, ipv6, mtu):
    for name, value in (("hosts", hosts), ("mtu", mtu)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
    if not isinstance(ipv6, bool):
        raise TypeError(f"ipv6 must be True or False, not {ipv6!r}")
    if not 2 <= hosts <= len(NAMES):
        raise ValueError(f"hosts must be 2 to {len(NAMES)}, not {hosts}")
    least = LEAST_MTU_6 if ipv6 else LEAST_MTU
    if not least <= mtu <= MOST_MTU:
        raise ValueError(f"mtu must be {least} to {MOST_MTU} bytes, not {mtu}")


_found = []  # what a try gave


def missing():
    """What is in the way of a private network: a NetworkUnavailable, or None. Tried once; never raises."""
    if not _found:
        found = tried()
        if found is not None and found.step in ("start", "answer"):
            return found  # a moment's shortage, perhaps: not to be kept
        _found.append(found)
    return _found[0]


def tried():
    """The same, tried now."""
    try:
        Network().close()
    except NetworkUnavailable as error:
        return error
    except Exception as error:  # no descriptor is left, say: whatever it is, there is no network
        return unavailable("start", getattr(error, "errno", None), str(error))
    return None


def _close_all():
    for net in list(_open):
        with contextlib.suppress(Exception):
            net.close()


def _give_up():
    for net in list(_open):
        with contextlib.suppress(Exception):
            net._forked()
    _open.clear()


# Not needed for the network's end, which comes by itself; but a thread must not run into the interpreter's.
atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_give_up)
