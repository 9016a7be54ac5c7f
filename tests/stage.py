"""A stage for stories on two real kernels: one connection, the wire held, each step held to the `tcp` table.

After each call, and each packet carried, both hosts are asked for their states. The one to which it happened
must have done what the table says for it, no more: the state that follows, and what was sent; the other,
nothing.
"""

from __future__ import annotations

import errno
import socket
from struct import pack

from labsupport import observe
from labsupport.tcp import TRANSITIONS, next_state

PATIENCE = 100.0  # seconds until a segment is sent again: no story takes that long
ABORT = pack("ii", 1, 0)  # SO_LINGER, on, 0 s: close sends a RST, socket(7)
PORT_A, PORT_B = 1000, 2000


class Stage:
    """Two hosts, one connection, a held wire; what was walked of the table and seen of the states."""

    def __init__(self, net):
        net.rto_min = PATIENCE
        net.hold()
        self.net = net
        self.sockets = {host: host.socket() for host in (net.a, net.b)}
        for host, port in ((net.a, PORT_A), (net.b, PORT_B)):
            self.sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sockets[host].setblocking(False)
            self.sockets[host].bind((host.address, port))
        self.opened = {net.a: None, net.b: None}
        self.fin_end = {}  # host → the acknowledgment number that covers its FIN
        self.expected = {}  # host → the sequence number that it expects next
        self.carried = set()
        self.walked = set()
        self.seen = set(self.states().values())

    # What the kernels say

    def states(self):
        """Host → the state of its connection there; without one LISTEN if somebody listens, else CLOSED."""
        return {host: self._state(host) for host in (self.net.a, self.net.b)}

    def _state(self, host):
        found = [listed.state for listed in host.sockets if listed.protocol == "TCP"]
        connections = [state for state in found if state != "LISTEN"]
        assert len(connections) <= 1, host.sockets
        return (connections or found or ["CLOSED"])[0]

    def check(self):
        """`observe`, by the socket, says what the host's table says; after `close` too."""
        for host, state in self.states().items():
            own = observe(self.sockets[host]).state
            if own == "LISTEN":  # its connection, if there is one, is not accepted yet
                assert self.opened[host] == "passive" and state != "CLOSED"
            else:
                assert own == state, (host, own, state)

    # What moves

    def call(self, host, event, act):
        """A call of the program on `host`, which the table knows as `event`."""
        self._happens(host, event, act)

    def step(self, receiver):
        """Carry the next packet, which must be one to `receiver`; what segment it is, it tells itself."""
        packet = self._next()
        assert packet.destination[0] == receiver.address, packet
        event = self._event(receiver, packet)
        self._happens(receiver, event, self.net.step)
        self.carried.add(_key(packet))
        return packet

    def steps(self, *receivers):
        """Carry one packet to each of these, in turn."""
        for receiver in receivers:
            self.step(receiver)

    def _next(self):
        """The packet that is carried next; what repeats another goes by unseen: timers run out when busy."""
        while self.net.wire.in_flight and _key(self.net.wire.in_flight[0]) in self.carried:
            self.net.step()
        assert self.net.wire.in_flight, "nothing is on its way"
        return self.net.wire.in_flight[0]

    def _event(self, host, packet):
        """The table's name for the arrival of `packet`; "" where the table has no word for it."""
        state = self.states()[host]
        if packet.rst:
            return "rcv RST" if state == "SYN-SENT" or packet.seq == self.expected[host] else ""
        if packet.syn and state != "SYN-RECEIVED":
            return "rcv SYN,ACK" if packet.has_ack else "rcv SYN"
        if state == "SYN-RECEIVED":
            return "rcv ACK of SYN"
        covers = packet.ack == self.fin_end.get(host)
        if packet.fin:
            return "rcv FIN,ACK" if covers and state == "FIN-WAIT-1" else "rcv FIN"
        return "rcv ACK of FIN" if covers else ""

    def _happens(self, host, event, act):
        """Let it happen, and hold what followed to the table."""
        before, earlier = self.states(), {_key(packet) for packet in self.net.wire.packets}
        arrived = act()
        after = self.states()
        new = {_key(packet): packet for packet in self.net.wire.packets if _key(packet) not in earlier}
        sent = list(new.values())
        assert all(packet.source[0] == host.address for packet in sent), sent
        for other in after.keys() - {host}:
            assert after[other] == before[other], f"{event} on {host} changed {other}: {before} → {after}"
        self._compare(host, event, before[host], after[host], sent, arrived)
        for packet in sent:
            if packet.fin:
                self.fin_end[host] = (packet.seq + 1) % 2**32
        if arrived and (arrived.syn or arrived.fin):
            self.expected[host] = (arrived.seq + 1) % 2**32
        self.seen.update(after.values())
        self.check()

    def _compare(self, host, event, before, after, sent, arrived):
        """One step of one kernel with the table: where it has no arrow for it, the state is to stay."""
        if not any((arrow.source, arrow.event) == (before, event) for arrow in TRANSITIONS):
            assert after == before, f"{before} → {after} on {event or 'a mere ACK'}"
            return
        target = next_state(before, event, self.opened[host])
        assert after == target, f"{before} → {after} on {event}, where the table has {target}"
        (arrow,) = {one for one in TRANSITIONS if one[:3] == (before, target, event)}
        words = [_word(packet) for packet in sent]
        if words == ["ACK"] and arrived and arrived.syn and event == "rcv ACK of SYN":
            words = []  # the SYN that came with it is answered, too: RFC 5961 section 4
        assert words == ([arrow.sends] if arrow.sends else []), (arrow, sent)
        self.walked.add(arrow)

    # Calls, by what the table calls them

    def passive_open(self, host):
        self.opened[host] = "passive"
        self.call(host, "passive OPEN", lambda: self.sockets[host].listen(1))

    def active_open(self, host):
        self.opened[host] = "active"
        peer = (self.net.b.address, PORT_B) if host is self.net.a else (self.net.a.address, PORT_A)

        def connect():
            assert self.sockets[host].connect_ex(peer) == errno.EINPROGRESS

        self.call(host, "active OPEN", connect)

    def accept(self, host):
        """Take the connection and close the listener: what is left there is one socket."""
        connection, _ = self.sockets[host].accept()
        self.sockets[host].close()
        self.sockets[host] = connection
        self.check()

    def close(self, host):
        self.call(host, "CLOSE", self.sockets[host].close)

    def shut(self, host):
        """The CLOSE of RFC 9293: no more to send. The descriptor stays, for an ABORT."""
        self.call(host, "CLOSE", lambda: self.sockets[host].shutdown(socket.SHUT_WR))

    def abort(self, host):
        self.sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.call(host, "ABORT", self.sockets[host].close)

    def both_connect(self, first="a"):
        """Each opens actively, to the port of the other; returns a and b."""
        for host in sorted((self.net.a, self.net.b), key=lambda host: host.name != first):
            self.active_open(host)
        return self.net.a, self.net.b

    def connected(self):
        """The three segments, and both ends ESTABLISHED; a opened actively."""
        a, b = self.net.a, self.net.b
        self.passive_open(b)
        self.active_open(a)
        self.steps(b, a, b)
        self.accept(b)
        return a, b


def _key(packet):
    """What a packet shares with its repeats, and with no other packet of these stories."""
    return packet.source, packet.seq, packet.flags, packet.ack


def _word(packet):
    if packet.rst:
        return "RST"
    if packet.syn:
        return "SYN,ACK" if packet.has_ack else "SYN"
    return "FIN" if packet.fin else "ACK"
