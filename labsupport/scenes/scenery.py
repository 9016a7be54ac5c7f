"""What a scene's two kernels and its wire do, noted in true order: packets, states and queues.

The wire is held. A packet is carried by one write, and when that returns the other kernel has dealt with it:
its state has changed and its answer can be read. So after each packet, and after each call of a program, the
wire is read and both kernels are asked, under one lock, and what changed is noted with its cause before it:
a state first, then the packets that the kernel sent on reaching it.
"""

from __future__ import annotations

import time

# What only a timer sends
TIMED = ("sent again", "keepalive", "window probe")


class Kernel:
    """A socket as its kernel has it, known by its cookie; `note`: what the recorder knows of it, if it has
    calls.
    """

    def __init__(self, host):
        self.host, self.note = host, None
        self.local = self.peer = self.opened = None
        self.state, self.queues = None, (0, 0)

    def see(self, listed):
        """Take over its addresses."""
        self.local, self.peer = listed.local, listed.peer


class Scenery:
    """The network of one scene, its wire held. `log`: where to note; `lock`: held while anything is noted."""

    def __init__(self, net, log):
        self.net, self.log = net, log
        self.wire, self.lock = net.wire, net.wire.lock
        self.kernels = {}  # cookie → Kernel
        self._sent = []
        self.kept_time = False  # whether time passed that a drawing can show: the wire's, or a timer's
        self.wire.hold()
        self.wire.absorb = (
            True  # a SYN that waits here is repeated by its kernel's clock, not by the lesson's
        )
        self.wire.watchers.append(self._heard)
        self._known = {}  # what was sent before, to know it when it is sent again

    def close(self):
        """Note no more."""
        self.wire.watchers.remove(self._heard)

    # What Turns asks for

    def take(self):
        """Read what the kernels have sent, and note what changed."""
        with self.lock:
            self.wire.take()
            self._note_changes()

    def carry(self):
        """Carry the packet that is due first, when it is; False when there is none."""
        with self.lock:
            record = self.wire.next()
            if record is None:
                return False
            early = self.wire.until_due(record)
        # The held wire's own time stands still between packets: the delay is kept by waiting for it.
        if early > 0:
            self.kept_time = True
            time.sleep(early)
        with self.lock:
            self.wire.carry(record)
            self.wire.take()
            at = len(self.log)
            # Not the queues: a program that the packet woke may be reading already. They are looked at when
            # all wait again.
            self._note_changes(queues=False)
            kernel = self._kernel_of(record.receiver, record.packet, arriving=True)
            if not record.lost:
                self.log.insert(at, ("arrived", kernel, record, time.perf_counter()))
        return True

    def readable(self, timeout):
        """Whether a kernel sends something within `timeout` seconds."""
        return self.wire.readable(timeout)

    def is_free(self):
        """Whether nobody has the wire's lock at this moment.

        A thread of the scene that waits for it looks idle, and is not: it goes on as soon as whoever has it,
        the wire's own thread or somebody who looks at the wire, has been given a processor.
        """
        free = self.lock.acquire(blocking=False)
        if free:
            self.lock.release()
        return free

    def expects(self, busy):
        """Whether a kernel will send something again, unasked: for a program that is `busy` waiting, or a
        closed socket.
        """
        if any(direction.is_cut for direction in self.wire.directions):
            return False
        return any(
            listed.timer == "retransmit" and (busy or not listed.owned)
            for host in self.net.hosts
            for listed in host.sockets
        )

    def begin_here(self):
        """Note the states as they are, and nothing of what came before."""
        with self.lock:
            now = time.perf_counter()
            under_way = [entry for entry in self.log if entry[0] == "began" and entry[1].ended is None]
            self.log.clear()
            alive = [kernel for kernel in self.kernels.values() if kernel.state not in (None, "CLOSED")]
            self.log += [("became", kernel, kernel.state, now) for kernel in alive]
            self.log += [("held", kernel, kernel.queues, now) for kernel in alive if any(kernel.queues)]
            self.log += under_way

    # What the recorder asks for

    def kernel(self, note):
        """The Kernel of a socket that a program called a method of; None when it lives on no host of this
        network.
        """
        kernel = self.kernels.get(note.cookie)
        if kernel is None:
            sock = note.ref()
            host = _host_of(self.net, sock) if sock is not None else None
            if host is None:
                return None
            kernel = self.kernels[note.cookie] = Kernel(host)
        if kernel.note is None:
            kernel.note = note
        return kernel

    # Noting

    def _heard(self, kind, record):
        new = all(record is not one for one in self._sent)  # a lost one may be told of twice
        if kind != "arrived" and record.fate != "absorbed" and new:
            self._sent.append(record)

    def _note_changes(self, queues=True):
        """Look at both kernels: states, then packets sent, then queues."""
        held = []
        for number, host in enumerate(self.net.hosts):
            self._look(number, host, held if queues else None)
        sent, self._sent = self._sent, []
        for record in sent:
            kernel = self._kernel_of(record.sender, record.packet)
            note = self._again(record.packet)
            self.kept_time = self.kept_time or note in TIMED  # how long that was is worth seeing
            self.log.append(("sent", kernel, record, note, time.perf_counter()))
        self.log += held

    def _look(self, number, host, queues):
        gone = {cookie for cookie, kernel in self.kernels.items() if kernel.host == number}
        for listed in host.sockets:
            if listed.protocol == "TCP" and listed.state != "CLOSED":
                gone.discard(listed.cookie)
                kernel = self.kernels.get(listed.cookie)
                if kernel is None:
                    kernel = self.kernels[listed.cookie] = Kernel(number)
                kernel.see(listed)
                self._changed(kernel, listed.state, (listed.recv_queue, listed.send_queue), queues)
        for cookie in gone:
            kernel = self.kernels[cookie]
            if kernel.state is not None:
                self._changed(kernel, "CLOSED", (0, 0), queues)

    def _changed(self, kernel, state, held, queues):
        now = time.perf_counter()
        if state != kernel.state:
            kernel.state = state
            kernel.opened = kernel.opened or {
                "SYN-SENT": "active",
                "SYN-RECEIVED": "passive",
                "LISTEN": "passive",
            }.get(state)
            self.log.append(("became", kernel, state, now))
        if queues is not None and held != kernel.queues:
            kernel.queues = held
            queues.append(("held", kernel, held, now))

    def _kernel_of(self, host, packet, arriving=False):
        """Whose packet it is: the connection with its two addresses, else who listens or is bound there."""
        own, other = packet.source, packet.destination
        if arriving:
            own, other = other, own
        bound = None
        for kernel in reversed(self.kernels.values()):
            if kernel.host != host:
                continue
            if self._ends(kernel) == (own, other):
                return kernel
            local = self._ends(kernel)[0]
            if local and local[1] == own[1] and own[1] is not None and not packet.is_tcp:
                bound = bound or kernel
        return bound

    @staticmethod
    def _ends(kernel):
        local, peer = kernel.local, kernel.peer
        if kernel.note is not None:
            local, peer = local or kernel.note.local, peer or kernel.note.remote
        return (local[:2] if local else None), (peer[:2] if peer else None)

    def _again(self, packet):
        """What to say of a packet beside what it is: that it was sent before, or asks whether somebody is
        there.
        """
        if not packet.is_tcp or packet.rst:
            return ""
        flow = packet.source, packet.destination
        before = self._known.setdefault(flow, {"next": None, "window": None})
        back = self._known.get(flow[::-1], {})
        said = ""
        length = packet.length + packet.syn + packet.fin
        if before["next"] is not None:
            behind = (before["next"] - packet.seq) % 2**32
            if 0 < behind < 2**31:
                said = "sent again" if length else "window probe" if back.get("window") == 0 else "keepalive"
                if length == 1 and packet.length == 1 and back.get("window") == 0:
                    said = "window probe"
            if packet.syn and packet.has_ack and not before.get("answered"):
                said = ""  # RFC 9293 figure 8: both opened, and this answers the other's SYN
        before["answered"] = before.get("answered") or (packet.syn and packet.has_ack)
        end = (packet.seq + length) % 2**32
        if before["next"] is None or (end - before["next"]) % 2**32 < 2**31:
            before["next"] = end
        if packet.acks_only and before["window"] == 0 and packet.window:
            said = "window opens"
        before["window"] = packet.window
        return said


def _host_of(net, sock):
    """The number of the host on which a socket lives; None where it lives on none of them."""
    return next((number for number, host in enumerate(net.hosts) if host.same_network(sock)), None)
