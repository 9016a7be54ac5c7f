"""The private network: hosts, and the wire between them."""

from __future__ import annotations

import _socket
import contextlib
import os
import sys
import threading

from labsupport import tidying
from labsupport.network.control import Control
from labsupport.network.host import Host
from labsupport.network.reasons import NetworkUnavailable, unavailable

MOST_HOSTS = 8
MTUS = range(576, 65536)  # RFC 791: what every host must be able to take; RFC 8200 wants 1280 for IPv6
LEAST_MTU_6 = 1280
RTO_MINS = (0.001, 120.0)  # seconds
USUAL_RTO_MIN = 0.2  # Linux's own


class Network:
    """`hosts` hosts on one wire, private to this process: `net.a`, `net.b`, …; also a context manager.

    `hosts`: 2 to 8; `ipv6`: with IPv6 addresses too, `host.address6`; `mtu`: bytes of the largest packet.
    Raises TypeError or ValueError for other arguments, and NetworkUnavailable (an OSError with `.reason` and
    `.remedy`) where this machine does not allow it. See user_namespaces(7), network_namespaces(7).

    Attributes: `hosts`, a tuple of Host; `wire`, the Wire between them.
    """

    def __init__(self, hosts=2, ipv6=False, mtu=1500):
        _check(hosts, ipv6, mtu)
        if not sys.platform.startswith("linux"):
            raise unavailable("system", None, sys.platform)
        from labsupport.network.wire import Wire

        self._lock = threading.Lock()
        self._closed = False
        self.turns = None  # of the scene that this network is the stage of: who moves the held wire
        self._quickack, self._rto_min = True, USUAL_RTO_MIN
        self._control = Control(hosts, ipv6, mtu)
        passed = self._control.descriptors
        self._tuns = passed[0::2]
        diags = [_socket.socket(fileno=fd) for fd in passed[1::2]]
        self.hosts = tuple(Host(self._control, n, ipv6, diag) for n, diag in enumerate(diags))
        self.wire = None
        try:
            self._route()
            self.wire = Wire([
                (host.name, set(filter(None, (host.address, host.address6))), tun)
                for host, tun in zip(self.hosts, self._tuns, strict=True)
            ])
        except BaseException:
            self.close()
            raise
        for host in self.hosts:
            setattr(self, host.name, host)
        tidying.register(self, "network")

    def __repr__(self):
        ends = ", ".join(f"{host.name} {host.address}" for host in self.hosts)
        if self._closed:
            return f"Network: {ends}, closed"
        if not self.wire.held:  # what is in flight on a free wire is nobody's business a moment later
            return f"Network: {ends}"
        flying = len(self.wire.in_flight)
        return f"Network: {ends}, held, {flying} packet{'s' * (flying != 1)} in flight"

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

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    @staticmethod
    def available():
        """Whether a private network can be had here; tried once. Never raises."""
        return missing() is None

    @property
    def quickack(self):
        """Whether every segment is acknowledged at once (True at first); False brings delayed ACKs back."""
        return self._quickack

    @quickack.setter
    def quickack(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"quickack must be True or False, not {value!r}")
        self._quickack = value
        self._route()

    @property
    def rto_min(self):
        """The least time after which a segment is sent again, seconds; 0.2 at first, as Linux has it."""
        return self._rto_min

    @rto_min.setter
    def rto_min(self, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"rto_min must be a number of seconds, not {value!r}")
        if not RTO_MINS[0] <= value <= RTO_MINS[1]:
            raise ValueError(f"rto_min must be {RTO_MINS[0]} to {RTO_MINS[1]:g} seconds, not {value}")
        self._rto_min = float(value)
        self._route()

    def _route(self):
        self._control.ask("route", self._quickack, round(self._rto_min * 1000))

    # The wire as a debugger

    def hold(self):
        """Nothing moves on the wire from now on, but by `step` and `settle`."""
        return self.wire.hold()

    def step(self):
        """Carry one packet; the Packet, or None when none waits. Raises RuntimeError in a scene."""
        self._not_in_a_scene("step")
        return self.wire.step()

    def settle(self):
        """Carry packets until all programs wait; a list of those carried (in a scene: None)."""
        return self.wire.settle() if self.turns is None else self.turns.settle()

    def release(self):
        """Let the wire run freely again. Raises RuntimeError in a scene."""
        self._not_in_a_scene("release")
        return self.wire.release()

    def begin(self):
        """In a scene: what came before is not drawn, the ladder begins here. Raises RuntimeError elsewhere."""
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

    def close(self):
        """End the network with all that lives there; again: nothing.

        Programs are killed. Sockets that the learner still holds stay open, on a host without a wire.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        try:
            if self.wire is not None:
                self.wire.close()
        finally:
            for host in self.hosts:
                host._note_ended()
            for fd in self._tuns:
                with contextlib.suppress(OSError):
                    os.close(fd)
            for host in self.hosts:
                host.diag.close()
            self._control.close()
            for host in self.hosts:
                host._note_ended()
            tidying.unregister(self)


def _check(hosts, ipv6, mtu):
    for name, value in (("hosts", hosts), ("mtu", mtu)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
    if not isinstance(ipv6, bool):
        raise TypeError(f"ipv6 must be True or False, not {ipv6!r}")
    if not 2 <= hosts <= MOST_HOSTS:
        raise ValueError(f"hosts must be 2 to {MOST_HOSTS}, not {hosts}")
    least = LEAST_MTU_6 if ipv6 else MTUS[0]
    if not least <= mtu <= MTUS[-1]:
        raise ValueError(f"mtu must be {least} to {MTUS[-1]} bytes, not {mtu}")


_found = []  # the NetworkUnavailable that a try gave, or None; empty before the first


def missing():
    """None where a private network can be had, else the NetworkUnavailable that says why not; tried once."""
    if not _found:
        try:
            Network().close()
            _found.append(None)
        except NetworkUnavailable as error:
            _found.append(error)
        except Exception as error:
            _found.append(unavailable("start", None, f"{type(error).__name__}: {error}"))
    return _found[0]
