"""What a case of an exercise works with: real peers on loopback, and the learner's function to call.

A case reads like the story it is: make a pair of sockets, hand one to the function, do something with the
other, look at what came of it. All that a Trial makes is closed when the case ends.
"""

from __future__ import annotations

import contextlib
import functools
import random
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

from labsupport.background import background, until
from labsupport.exercises import guard, marks
from labsupport.exercises.channel import Hand
from labsupport.exercises.learner import DEADLINE, SPAWNING
from labsupport.exercises.outcome import Hung, Wrong
from labsupport.servers.delivery import Readers
from labsupport.waiting import readable

PATIENCE = 2.5  # seconds: the longest that a peer of the check waits for anything
UNREACHABLE = ("127.255.255.255", 9)  # ENETUNREACH on Linux: the broadcast address of loopback, ip(7)
ROOMY = 1024  # as a backlog: neighbors who call meanwhile do not fill the queue; the kernel has its own limit
TRICKLE = 0.02  # seconds between two bytes of a peer that trickles
_SO_MAX_PACING_RATE = 47  # bytes a second; asm-generic/socket.h, not in Python's socket module
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST, socket(7)


class Trial:
    """One case under way; a context manager that closes whatever the case made."""

    def __init__(self, learner):
        self._learner = learner
        self._stack = contextlib.ExitStack()
        self._readers = self.made(Readers())
        self._callers = self.made(guard.Callers())
        self._called = []  # listeners that the learner's function calls
        self.mark = marks.Mark()
        self._datagrams = None  # what lets only the check's own come to the function's sockets
        self.last = None  # the Call made last
        self._thread = threading.get_ident()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self._stack.close()

    # --- the learner's function

    def call(self, *args, streams=False, probe=None, **kwargs):
        """Start the function; returns a Call. Sockets among the arguments go over and are closed here.

        `Hand(sock, timeout=…)` gives a socket a timeout there; `There(make, …)` makes an argument there.
        `streams`: what it returns is iterated there, each item comes over as it is yielded (`call.item()`).
        `probe`: called there afterwards as probe(args, value); its plain result is `outcome.probe`.
        """
        self.last = self._learner.call(args, kwargs, streams, probe, self._datagrams)
        return self.last

    def run(self, *args, deadline=DEADLINE, during=None, **kwargs):
        """Call the function and wait: the Outcome. Raises Hung after `deadline` seconds."""
        return self.call(*args, **kwargs).outcome(deadline, during)

    # --- peers

    def made(self, thing):
        """`thing`, whose `close` is called when the case ends."""
        self._stack.callback(thing.close)
        return thing

    def pair(self, family=socket.AF_INET):
        """(one to hand over, the peer's): the two ends of a TCP connection on loopback."""
        with self.own_listener(family=family) as listener:
            theirs = self.made(socket.socket(family))
            theirs.settimeout(PATIENCE)
            self.mark.connect(theirs, listener.getsockname())
            ours = guard.accepted(listener, theirs)
        theirs.settimeout(None)
        return theirs, self._peer(ours)

    def unix_pair(self, kind=socket.SOCK_STREAM):
        """The same as a pair of Unix sockets: smaller buffers, no addresses."""
        theirs, ours = socket.socketpair(socket.AF_UNIX, kind)
        ours.settimeout(PATIENCE)
        return self.made(theirs), self.made(ours)

    def listener(self, host=None, family=socket.AF_INET, backlog=ROOMY, port=0):
        """A listening TCP socket for the function to call; port 0: one that the kernel picks. Its accept
        waits at most PATIENCE.
        """
        listener = self._bound(host, family, port)
        listener.listen(backlog)
        self._called.append(listener)
        return listener

    def own_listener(self, family=socket.AF_INET, backlog=16):
        """The same for the function to accept from: only the check's own clients come in, where the system
        can keep the others out.
        """
        listener = self._bound(None, family, 0)
        self.mark.admit(listener)
        listener.listen(backlog)
        return listener

    def _bound(self, host, family, port):
        family, host = _at(host, family)
        sock = self.made(socket.socket(family))
        sock.settimeout(PATIENCE)
        sock.bind((host, port))
        return sock

    def udp(self, host="127.0.0.1", port=0):
        """A bound UDP socket whose calls wait at most PATIENCE. Raises OSError where the port is taken.

        To the UDP sockets that a function called from now on makes only datagrams of such sockets come, where
        the system can keep the others out.
        """
        sock = self.made(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM))
        sock.settimeout(PATIENCE)
        sock.bind((host, port))
        self.mark.put_on(sock)
        self._datagrams = self.mark.datagrams
        return sock

    def connect(self, address):
        """A client of our own, connected to `address`; its calls wait at most PATIENCE."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = self.made(socket.socket(family))
        sock.settimeout(PATIENCE)
        self.mark.connect(sock, address)
        return self._peer(sock)

    def wrong(self, cause):
        """A Wrong with the timeline so far, to raise while the function may still run."""
        wrong = Wrong(cause)
        try:
            wrong.timeline = self.last.outcome(0).timeline
        except Hung as hung:
            wrong.timeline = hung.timeline
        return wrong

    def accept(self, listener, during="nobody connected", after=""):
        """The peer's end of the connection that the learner's function made. Raises Wrong where none came:
        what the function raised instead, with the clause `after`, or `during`.
        """
        came = []

        def somebody():
            came.extend(filter(None, [self.caller(listener)]))
            return came

        with contextlib.suppress(TimeoutError):
            until(lambda: somebody() or self._ended(), PATIENCE)
        sock = came[0] if came else self.caller(listener) or self._callers.left(listener)
        if sock is None:
            if self._ended():
                self.last.outcome().returned(after)
            raise self.wrong(f"{during[0].upper()}{during[1:]}.")
        return self._peer(self.made(sock))

    def caller(self, listener):
        """The next connection in the queue of `listener` that is not known for another's, or None."""
        return self._callers.next(listener, self._ports)

    def _ports(self):
        """The ports that the function's sockets have had; every port where it cannot be asked."""
        ports = None
        if self.last is not None and threading.get_ident() == self._thread:
            with contextlib.suppress(Wrong):
                ports = self.last.ports()
        return range(65536) if ports is None else ports

    def disturbed(self):
        """Whether another user of this machine called at a listener that was meant for the function."""
        return self._callers.were_there(self._called)

    def _ended(self):
        """Whether the function has ended; only the thread that runs the case can tell."""
        return threading.get_ident() == self._thread and self.last is not None and not self.last.running

    def _peer(self, sock):
        sock.settimeout(PATIENCE)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.made(sock)

    def refusing(self, family=socket.AF_INET, host=None, port=0):
        """An address where a connection is refused: bound, so that nobody else gets it, and not listening."""
        family, host = _at(host, family)
        sock = self.made(socket.socket(family))
        sock.bind((host, port))
        return sock.getsockname()

    def spare_ports(self, count=1):
        """Numbers of TCP ports that nobody has on loopback, for the time of the case.

        Not those that the kernel picks from: another program would be given one of them meanwhile. Another
        check takes other ones: a UDP socket on a number of its own stands for each.
        """
        ports = []
        for port in random.sample(range(10_000, 20_000), 10_000):
            mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                mark.bind(("127.0.0.1", port + 10_000))
                with SPAWNING:
                    _try_port(socket.AF_INET, port)
                    _try_port(socket.AF_INET6, port)
            except OSError:
                mark.close()
                continue
            self.made(mark)
            ports.append(port)
            if len(ports) == count:
                return ports
        raise RuntimeError("no port between 10000 and 20000 is free")

    def unanswering(self, host=None, port=0):
        """An address where a SYN goes unanswered: its listener's queue is full (Linux drops it, listen(2))."""
        listener = self.listener(host, backlog=0, port=port)
        for _ in range(2):  # one more than the backlog is let in
            client = self.made(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        readable([listener], PATIENCE)  # what others send on another processor may come before it is full
        return listener.getsockname()

    def folder(self):
        """An empty folder, for Unix sockets' paths."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ls-")))

    def script(self, function, *args):
        """`function(*args)` in a thread: a peer that acts while the case goes on; `.result()` waits for it."""
        call = background(function, *args)
        self._stack.callback(call.close)
        return call

    def send_apart(self, peer, pieces):
        """Send `pieces` so that each is read alone: the next goes out when the one before has been read.

        Ends early where the function has closed, or reads no more: it is judged by what it returns.
        """
        for piece in pieces:
            try:
                peer.sendall(piece)
            except OSError:
                return
            if not self.read(peer):
                return

    def trickle(self, peer, seconds):
        """Have a TCP `peer` send a byte every 20 ms for so many seconds.

        On Linux the kernel does it: it spaces what is sent (SO_MAX_PACING_RATE, socket(7)), each byte a
        segment of its own (MSG_EOR). A thread of this process would pause for longer on a busy machine.
        """
        count = int(seconds / TRICKLE)
        if sys.platform.startswith("linux"):
            peer.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, int(1 / TRICKLE))
            with contextlib.suppress(OSError):
                for _ in range(count):
                    peer.send(b"x", socket.MSG_EOR)
        else:
            self.script(_trickle, peer, count)

    def read(self, peer):
        """Wait until the learner's end has read all that `peer` sent, or the function has ended; whether it
        has read it all. Where the kernel does not tell (not Linux): True. Waits while a call has its time:
        who comes late to a busy processor is not one who does not read.
        """
        try:
            left = max(DEADLINE / 2, DEADLINE - self.last.age)
            until(lambda: not self._unread(peer) or not self.last.running, left)
        except TimeoutError:
            return False
        return not self._unread(peer)

    def _unread(self, peer):
        if peer.family == getattr(socket, "AF_UNIX", None):
            return _unix_unread(peer)
        return self._readers.unread(peer)

    @staticmethod
    def reset(sock):
        """End a connection with RST."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        sock.close()


def _at(host, family):
    """(family, host): of the host that was named, else this family's loopback."""
    if host is None:
        return family, "::1" if family == socket.AF_INET6 else "127.0.0.1"
    return socket.AF_INET6 if ":" in host else socket.AF_INET, host


def _try_port(family, port):
    """Raises OSError where the port is taken on any address of the family."""
    if family == socket.AF_INET6 and _ipv6_missing():
        return
    with socket.socket(family) as sock:
        sock.bind(("", port))


def _trickle(peer, count):
    with contextlib.suppress(OSError):
        for _ in range(count):
            peer.sendall(b"x")
            time.sleep(TRICKLE)


def _unix_unread(sock):
    import fcntl
    import termios

    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


def needs_ipv6(case):
    """Mark a case that is left out, and said to be, where ::1 cannot be bound."""
    case.needs = _ipv6_missing
    return case


@functools.cache
def _ipv6_missing():
    from labsupport.machine import ipv6_missing

    return ipv6_missing()


__all__ = ["Hand", "PATIENCE", "Trial", "UNREACHABLE", "needs_ipv6"]
