"""A learner's server at work, and the check's clients of it: good ones, and all the others."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from labsupport.background import until
from labsupport.exercises import ledger
from labsupport.exercises.channel import Hand, There
from labsupport.exercises.outcome import Hung
from labsupport.exercises.trial import Trial
from labsupport.servers.delivery import Readers, unacknowledged
from labsupport.waiting import writable

WAIT = 2.5  # seconds that a client of the check waits for an answer, and the check for the end
STOPPING = 1.5  # seconds after `stop` in which a server is to return
LATE = 0.25  # seconds beyond, by the clock of its own process, that it may take on a busy machine
LOOKS = 8  # this many looks, 20 ms apart, that show the same: nothing moves any more
STILL = 0.1  # seconds without room after which the buffers on the way count as full
FLOOD = 3_000_000  # bytes, more than the buffers between a client and a server hold
SETTLING = 0.3  # seconds without a connection less after which the next client comes, all the same
LOOKING = 0.2  # seconds over which the use of the processor is taken
IDLE = 0.015  # of a processor; 1 % is allowed, and looking costs a little


class Server:
    """One call of the learner's `serve` under way; a wait in vain ends in a Wrong that says what was seen."""

    def __init__(self, trial, family=socket.AF_INET):
        self._trial, self._family = trial, family
        self._readers = trial.made(Readers())
        listener = trial.own_listener(family=family, backlog=64)
        self.address = listener.getsockname()
        self.call = trial.call(Hand(listener), There(threading.Event), probe=_listens)

    # --- clients

    def client(self, cause, small=False):
        """A new client; `small`: with small buffers, so that what it does not read soon stops the server."""
        sock = self._trial.made(socket.socket(self._family))
        sock.settimeout(WAIT)
        if small:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        try:
            self._trial.mark.connect(sock, self.address)
        except OSError:
            raise self.wrong(cause) from None
        return sock

    def asks(self, client, cause, message=b"are you\0there?"):
        """Send a message and have it back. Raises Wrong with `cause` where it does not come."""
        with contextlib.suppress(OSError):
            client.sendall(message)
        if (came := received(client, len(message))[0]) != message:
            raise self.wrong(cause if not came else f"{cause} What came back was another thing.")

    def floods(self, cause):
        """A client that sends until nothing more is taken, or FLOOD bytes are, and reads nothing."""
        client = self.client(cause, small=True)
        client.setblocking(False)
        sent = 0
        with contextlib.suppress(OSError):
            while sent < FLOOD and writable([client], STILL):
                sent += client.send(b"x" * 65536)
        return client

    def ends_with_much_unread(self, data, cause):
        """(a client that sends `data`, ends its sending and reads nothing yet, the call that sends)."""
        client = self.client(cause, small=True)
        sending = self._trial.script(_send_and_end, client, data)
        looks = []

        def has_come_or_stands_still():
            """All is read over there; or the server reads no more, and nothing has moved for a while."""
            looks.append((self._readers.unread(client), unacknowledged(client), _unread_here(client)))
            still = len(looks) > LOOKS and len(set(looks[-LOOKS:])) == 1 and looks[-1][2] > 0
            return still or (sending.done and not looks[-1][0] and not looks[-1][1])

        with contextlib.suppress(TimeoutError):
            until(has_come_or_stands_still, WAIT)
        return client, sending

    # --- looks at the server

    def connections(self):
        """How many TCP sockets are open over there, the listener among them."""
        return self.call.ask(_tcp_sockets)

    def gives_back(self, count, patience):
        """Whether no more than `count` of them stay open. Many take their time on a busy machine, one by one:
        the wait goes on while they become fewer, and ends after `patience` seconds without one less.
        """
        still = self.connections()
        with contextlib.suppress(TimeoutError):
            while still > count:
                until(lambda most=still: self.connections() < most, patience)
                still = self.connections()
        return still <= count

    def has_read(self, client):
        """Whether it has read all that this client has sent so far."""
        return not self._readers.unread(client)

    def rests(self):
        """Whether it uses less than 1 % of a processor; the least of three looks counts."""
        return any(self._use() < IDLE for _ in range(3))

    def _use(self):
        began, before = time.monotonic(), self.call.ask(_processor)
        time.sleep(LOOKING)
        after = self.call.ask(_processor)
        return (after - before) / (time.monotonic() - began)

    # --- its end

    def stop(self, when):
        """Set `stop`; the Outcome. Raises Wrong where the function does not return within STOPPING seconds."""
        if not self.call.running:
            raise self.wrong("Your server ended before `stop` was set.")
        began = self.call.ask(_set)
        late = f"`stop` was set while {when}, and {STOPPING:g} s later your server had not returned"
        try:
            outcome = self.call.outcome(self.call.age + WAIT)
        except Hung as hung:
            at = f": it still was {hung.place}" if hung.place else ""
            raise self._trial.wrong(f"{late}{at}.") from None
        listens, ended = outcome.probe
        if ended - began > STOPPING + LATE:
            raise outcome.wrong(f"{late}.")
        outcome.returned("after `stop` was set")
        ((closed, _),) = outcome.given[:1]
        if closed:
            raise outcome.wrong(
                "You closed the listener, which is not yours: another server may go on with it."
            )
        if not listens:
            raise outcome.wrong("The listener listens no more: you shut it down, and it is not yours.")
        return outcome

    def wrong(self, cause):
        """A Wrong to raise: `cause`, and how the function ended where it did."""
        if self.call.running:
            return self._trial.wrong(cause)
        outcome = self.call.outcome()
        if outcome.error is None:
            return outcome.wrong(f"{cause} Your function had returned, though `stop` was not set.")
        if "NotImplementedError" in outcome.error["kinds"]:
            outcome.returned()
        at = f", at `{outcome.line}`" if outcome.line else ""
        return outcome.wrong(f"{cause} It ended with {outcome.said}{at}, and nobody caught it.")


def received(client, count):
    """(what came, up to `count` bytes; how it stopped: "all", "end", "reset" or "silence")."""
    data = bytearray()
    try:
        while len(data) < count:
            piece = client.recv(min(65536, count - len(data)))
            if not piece:
                return bytes(data), "end"
            data += piece
    except TimeoutError:
        return bytes(data), "silence"
    except OSError:
        return bytes(data), "reset"
    return bytes(data), "all"


def _unread_here(client):
    """How many bytes a client could read now, at most one kilobyte of them counted."""
    try:
        return len(client.recv(1024, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return 0


def _send_and_end(client, data):
    with contextlib.suppress(OSError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)


reset = Trial.reset

# --- over there -----------------------------------------------------------------------------------


def already_set():
    """An Event that is set."""
    event = threading.Event()
    event.set()
    return event


def _set(args):
    now = time.monotonic()
    if args:  # else it has ended just now
        args[1].set()
    return now


def _processor(args):
    return time.process_time()


def _tcp_sockets(args):
    count = 0
    for fd, kind in ledger.descriptors().items():
        if kind != "socket":
            continue
        try:
            sock = socket.socket(fileno=fd)
        except OSError:
            continue  # closed in this moment
        count += sock.family in (socket.AF_INET, socket.AF_INET6)
        sock.detach()  # it is another's
    return count


def _listens(args, value):
    """(whether the listener still listens, when the function was over)."""
    listener, now = args[0], time.monotonic()
    return listener.fileno() >= 0 and bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)), now
