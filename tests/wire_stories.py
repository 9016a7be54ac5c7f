"""Hand-made scenes for the drawings: a few words each, turned into the events that an engine would give.

story("SYN …", hosts=2) is built by Story: call, back, state, send, arrive; `sent` returns its number.
"""

from __future__ import annotations

from types import SimpleNamespace

from labsupport.events import Arrived, Became, Began, End, Held, Lane, Returned, Sent

CLIENT, SERVER = End("a", "client", "client", "10.0.0.1"), End("b", "server", "server", "10.0.0.2")
THIRD = End("c", "other client", "client", "10.0.0.3")


def packet(source, destination, said, payload=b"", seq=0, ack=None, protocol="TCP"):
    """As much of a Packet as a drawing reads."""
    return SimpleNamespace(
        source=source,
        destination=destination,
        said=said,
        payload=payload,
        length=len(payload),
        seq=seq,
        ack=ack,
        protocol=protocol,
        syn="SYN" in said,
        fin="FIN" in said,
        rst="RST" in said,
        has_ack=ack is not None,
    )


class Story:
    """Collects events; the order of the calls is the true order. `tick`: seconds from event to event."""

    def __init__(self, lanes, hosts=(CLIENT, SERVER), tick=0.001):
        self.lanes = tuple(Lane(name, role, "AF_INET", kind, host) for name, role, kind, host in lanes)
        self.hosts, self.events, self.packets = tuple(hosts), [], []
        self.tick, self.now, self.open = tick, 0.0, {}
        self.recorded, self.error, self.result = "", None, None

    @property
    def settled(self):
        return self.events

    def _time(self, at):
        self.now = self.now + self.tick if at is None else at
        return self.now

    def begin(self, lane, call, arguments="", thread="MainThread", at=None):
        event = Began(len(self.events), self._time(at), thread, lane, call, arguments)
        self.events.append(event)
        self.open[lane, call] = event
        return self

    def back(self, lane, call, result=None, error=None, errno=None, at=None):
        begun = self.open.pop((lane, call))
        now = self._time(at)
        self.events.append(
            Returned(
                len(self.events), now, begun.thread, lane, call, begun.arguments, result, error, errno,
                now - begun.time, begun.order,
            )
        )  # fmt: skip
        return self

    def call(self, lane, call, arguments="", result=None, error=None, errno=None, thread="MainThread"):
        return self.begin(lane, call, arguments, thread).back(lane, call, result, error, errno)

    def state(self, lane, state, seen=True, at=None):
        self.events.append(Became(len(self.events), self._time(at), lane, state, seen))
        return self

    def held(self, lane, recv, send):
        self.events.append(Held(len(self.events), self._time(None), lane, recv, send))
        return self

    def sent(self, host, said, lane=None, *, to=None, fate="delivered", note="", at=None, **more):
        """A packet leaves; the number of its event."""
        to = (1 - host if host < 2 else 1) if to is None else to
        ports = more.pop("ports", (40000, 80) if host != 1 else (80, 40000))
        ends = (self.hosts[host].address, ports[0]), (self.hosts[to].address, ports[1])
        self.packets.append(packet(*ends, said, **more))
        order = len(self.events)
        self.events.append(Sent(order, self._time(at), host, lane, len(self.packets) - 1, said, fate, note))
        self.heading = getattr(self, "heading", {})
        self.heading[order] = to
        return order

    def arrive(self, sent, lane=None, at=None):
        self.events.append(Arrived(len(self.events), self._time(at), self.heading[sent], lane, sent))
        return self

    def pass_(self, host, said, lane=None, other=None, **more):
        """A packet leaves and arrives."""
        return self.arrive(self.sent(host, said, lane, **more), other)


PAIR = (
    ("client", "client", "SOCK_STREAM", 0),
    ("listener", "server", "SOCK_STREAM", 1),
    ("conn", "server", "SOCK_STREAM", 1),
)


def shaken(story=None):
    """A handshake: accept waits before, connect while it goes."""
    story = story or Story(PAIR)
    story.call(1, "listen", "5").state(1, "LISTEN")
    story.begin(1, "accept", thread="server")
    story.begin(0, "connect", '("10.0.0.2", 80)').state(0, "SYN-SENT")
    story.pass_(0, "SYN", 0, 1, seq=1000).state(2, "SYN-RECEIVED")
    story.pass_(1, "SYN, ACK", 2, 0, seq=5000, ack=1001).state(0, "ESTABLISHED")
    last = story.sent(0, "ACK", 0, seq=1001, ack=5001)
    story.back(0, "connect")
    story.arrive(last, 2).state(2, "ESTABLISHED")
    story.back(1, "accept", "a new socket")
    return story


def lost_fin():
    """The README's conversation: a handshake, five bytes, and an end whose first FIN is lost."""
    story = shaken()
    story.begin(2, "recv", "1024", thread="server")
    story.begin(0, "send", 'b"hello"')
    data = story.sent(0, "5 bytes", 0, payload=b"hello", seq=1001, ack=5001)
    story.back(0, "send", "5")
    story.arrive(data, 2).held(2, 5, 0)
    answer = story.sent(1, "ACK", 2, seq=5001, ack=1006)
    story.back(2, "recv", 'b"hello"').held(2, 0, 0)
    story.arrive(answer, 0)
    story.begin(0, "close").state(0, "FIN-WAIT-1")
    story.sent(0, "FIN", 0, fate="lost", seq=1006, ack=5001)
    story.back(0, "close")
    story.pass_(0, "FIN", 0, 2, note="sent again", seq=1006, ack=5001).state(2, "CLOSE-WAIT")
    story.pass_(1, "ACK", 2, 0, seq=5001, ack=1007).state(0, "FIN-WAIT-2")
    story.begin(2, "close", thread="server").state(2, "LAST-ACK")
    fin = story.sent(1, "FIN", 2, seq=5001, ack=1007)
    story.back(2, "close")
    story.arrive(fin, 0).state(0, "TIME-WAIT")
    story.pass_(0, "ACK", 0, 2, seq=1007, ack=5002).state(2, "CLOSED")
    return story


def refused():
    story = Story(PAIR[:1])
    story.begin(0, "connect", '("10.0.0.2", 80)').state(0, "SYN-SENT")
    story.pass_(0, "SYN", 0, None, seq=1000)
    story.pass_(1, "RST", None, 0, seq=0, ack=1001).state(0, "CLOSED")
    story.back(0, "connect", error="ConnectionRefusedError", errno="ECONNREFUSED")
    story.error = ConnectionRefusedError(111, "Connection refused")
    return story


def simultaneous_open():
    ends = (End("a", "a", None, "10.0.0.1"), End("b", "b", None, "10.0.0.2"))
    story = Story((("one", None, "SOCK_STREAM", 0), ("other", None, "SOCK_STREAM", 1)), ends)
    story.begin(0, "connect", '("10.0.0.2", 7001)').state(0, "SYN-SENT")
    first = story.sent(0, "SYN", 0, seq=10)
    story.begin(1, "connect", '("10.0.0.1", 7000)', thread="b").state(1, "SYN-SENT")
    second = story.sent(1, "SYN", 1, seq=20)
    story.arrive(first, 1).state(1, "SYN-RECEIVED")
    third = story.sent(1, "SYN, ACK", 1, seq=20, ack=11)
    story.arrive(second, 0).state(0, "SYN-RECEIVED")
    fourth = story.sent(0, "SYN, ACK", 0, seq=10, ack=21)
    story.arrive(third, 0).state(0, "ESTABLISHED").back(0, "connect")
    story.arrive(fourth, 1).state(1, "ESTABLISHED").back(1, "connect")
    return story


def seven_clients(count=7):
    lanes = [("listener", "server", "SOCK_STREAM", 1)]
    lanes += [(f"c{number + 1}", "client", "SOCK_STREAM", 0) for number in range(count)]
    lanes += [(f"connection {number + 1}", "server", "SOCK_STREAM", 1) for number in range(count - 1)]
    story = Story(lanes)
    story.call(0, "listen", "5").state(0, "LISTEN")
    for number in range(count - 1):
        one, other, ports = 1 + number, 1 + count + number, (40000 + number, 80)
        story.begin(one, "connect", '("10.0.0.2", 80)').state(one, "SYN-SENT")
        story.pass_(0, "SYN", one, 0, ports=ports, seq=1).state(other, "SYN-RECEIVED")
        story.pass_(1, "SYN, ACK", other, one, ports=ports[::-1], seq=7, ack=2).state(one, "ESTABLISHED")
        last = story.sent(0, "ACK", one, ports=ports, seq=2, ack=8)
        story.back(one, "connect").arrive(last, other).state(other, "ESTABLISHED").held(0, number + 1, 5)
    story.begin(count, "connect", '("10.0.0.2", 80)').state(count, "SYN-SENT")
    story.pass_(0, "SYN", count, 0, ports=(40100, 80), seq=1)
    story.pass_(0, "SYN", count, 0, ports=(40100, 80), seq=1, note="sent again")
    story.back(count, "connect", error="TimeoutError")
    story.state(count, "CLOSED")
    return story


def datagrams():
    story = Story((("sender", "client", "SOCK_DGRAM", 0), ("receiver", "server", "SOCK_DGRAM", 1)))
    story.begin(0, "sendto", 'b"hello", ("10.0.0.2", 9)')
    gone = story.sent(0, "datagram, 5 bytes", 0, payload=b"hello", protocol="UDP")
    story.back(0, "sendto", "5").arrive(gone, 1)
    story.call(1, "recvfrom", "1024", '(b"hello", the sender)', thread="server")
    story.call(1, "close", thread="server")
    story.call(0, "connect", '("10.0.0.2", 9)')
    story.begin(0, "send", 'b"is anybody there?"')
    gone = story.sent(0, "datagram, 17 bytes", 0, payload=b"is anybody there?", protocol="UDP")
    story.back(0, "send", "17").arrive(gone)
    story.pass_(1, "ICMP: port unreachable", None, 0, protocol="ICMP")
    story.call(0, "send", 'b"again"', error="ConnectionRefusedError", errno="ECONNREFUSED")
    return story


def reordered():
    story = shaken()
    story.begin(0, "send", 'b"one"')
    first = story.sent(0, "3 bytes", 0, payload=b"one", seq=1001, ack=5001)
    story.back(0, "send", "3").begin(0, "send", 'b"two"')
    second = story.sent(0, "3 bytes", 0, payload=b"two", seq=1004, ack=5001)
    story.back(0, "send", "3").begin(0, "send", 'b"three"')
    third = story.sent(0, "5 bytes", 0, payload=b"three", seq=1007, ack=5001)
    story.back(0, "send", "5")
    story.arrive(second, 2)
    gap = story.sent(1, "ACK", 2, seq=5001, ack=1001, note="asks for what is missing")
    story.arrive(first, 2)
    story.arrive(third, 2)
    whole = story.sent(1, "ACK", 2, seq=5001, ack=1012)
    story.arrive(gap, 0).arrive(whole, 0)
    return story


def zero_window():
    story = shaken()
    story.begin(0, "sendall", "1,000,000 bytes")
    data = story.sent(0, "65,160 bytes", 0, payload=b"x" * 65160, seq=1001, ack=5001)
    story.arrive(data, 2).held(2, 65160, 0)
    story.pass_(1, "ACK, window 0", 2, 0, seq=5001, ack=66161)
    story.pass_(0, "ACK", 0, 2, note="window probe", seq=66160, ack=5001)
    story.pass_(1, "ACK, window 0", 2, 0, seq=5001, ack=66161)
    story.call(2, "recv", "65536", "65,160 bytes", thread="server").held(2, 0, 0)
    story.pass_(1, "ACK", 2, 0, seq=5001, ack=66161, note="window update")
    return story


def mishaps():
    """A duplicate, a corrupted one, a full queue, a cut, one still on its way."""
    story = shaken()
    story.begin(0, "send", 'b"twice"')
    twin = story.sent(0, "5 bytes", 0, payload=b"twice", fate="duplicate", seq=1001, ack=5001)
    story.back(0, "send", "5").arrive(twin, 2).arrive(twin, 2)
    story.pass_(0, "4 bytes", 0, 2, payload=b"torn", fate="corrupted", seq=1006, ack=5001)
    story.sent(0, "4 bytes", 0, payload=b"torn", fate="queue full", note="sent again", seq=1006, ack=5001)
    story.sent(1, "ACK", 2, fate="cut", seq=5001, ack=1006)
    story.sent(0, "FIN", 0, fate="in flight", seq=1010, ack=5001)
    return story


def three_hosts():
    lanes = [
        ("client", "client", "SOCK_STREAM", 0),
        ("listener", "server", "SOCK_STREAM", 1),
        ("first", "server", "SOCK_STREAM", 1),
        ("second", "server", "SOCK_STREAM", 1),
        ("another", "client", "SOCK_STREAM", 2),
    ]
    story = Story(lanes, (CLIENT, SERVER, THIRD))
    story.call(1, "listen", "5").state(1, "LISTEN")
    for host, lane, conn in ((0, 0, 2), (2, 4, 3)):
        story.begin(lane, "connect", '("10.0.0.2", 80)', thread=f"t{host}").state(lane, "SYN-SENT")
        story.pass_(host, "SYN", lane, 1, seq=1).state(conn, "SYN-RECEIVED")
        ports = (80, 40000)
        story.pass_(1, "SYN, ACK", conn, lane, to=host, ports=ports, seq=7, ack=2).state(lane, "ESTABLISHED")
        last = story.sent(host, "ACK", lane, seq=2, ack=8)
        story.back(lane, "connect").arrive(last, conn).state(conn, "ESTABLISHED")
        story.call(1, "accept", "", "a new socket", thread="server")
    gone = story.sent(2, "ICMP: echo request", None, to=0, protocol="ICMP")
    story.arrive(gone)
    return story


def timed():
    """20 ms each way, and a FIN that is lost: the second one leaves 200 ms later."""
    story, way = Story(PAIR), 0.02
    story.begin(1, "accept", thread="server", at=0.0)
    story.events.insert(0, Became(-1, 0.0, 1, "LISTEN", True))
    story.begin(0, "connect", '("10.0.0.2", 80)', at=0.001).state(0, "SYN-SENT", at=0.0011)
    one = story.sent(0, "SYN", 0, seq=1000, at=0.0012)
    story.arrive(one, 1, at=0.0012 + way).state(2, "SYN-RECEIVED", at=0.0012 + way)
    two = story.sent(1, "SYN, ACK", 2, seq=5000, ack=1001, at=0.0013 + way)
    story.arrive(two, 0, at=0.0013 + 2 * way).state(0, "ESTABLISHED", at=0.0013 + 2 * way)
    three = story.sent(0, "ACK", 0, seq=1001, ack=5001, at=0.0014 + 2 * way)
    story.back(0, "connect", at=0.0015 + 2 * way).begin(0, "send", 'b"hello"', at=0.0016 + 2 * way)
    data = story.sent(0, "5 bytes", 0, payload=b"hello", seq=1001, ack=5001, at=0.0017 + 2 * way)
    story.back(0, "send", "5", at=0.0018 + 2 * way)
    story.begin(0, "close", at=0.0019 + 2 * way).state(0, "FIN-WAIT-1", at=0.0019 + 2 * way)
    story.sent(0, "FIN", 0, fate="lost", seq=1006, ack=5001, at=0.002 + 2 * way)
    story.back(0, "close", at=0.0021 + 2 * way)
    story.arrive(three, 2, at=0.0014 + 3 * way).state(2, "ESTABLISHED", at=0.0014 + 3 * way)
    story.back(1, "accept", "a new socket", at=0.0015 + 3 * way)
    story.arrive(data, 2, at=0.0017 + 3 * way)
    answer = story.sent(1, "ACK", 2, seq=5001, ack=1006, at=0.0018 + 3 * way)
    story.arrive(answer, 0, at=0.0018 + 4 * way)
    again = story.sent(0, "FIN", 0, note="sent again", seq=1006, ack=5001, at=0.242)
    story.arrive(again, 2, at=0.242 + way).state(2, "CLOSE-WAIT", at=0.242 + way)
    last = story.sent(1, "ACK", 2, seq=5001, ack=1007, at=0.2421 + way)
    story.arrive(last, 0, at=0.2421 + 2 * way).state(0, "FIN-WAIT-2", at=0.2421 + 2 * way)
    return story


def flights(count=9):
    """Many packets under way at once, each way."""
    story = shaken()
    gone = [
        story.sent(0, f"{100 + number} bytes", 0, payload=b"x" * (100 + number), seq=1001, ack=5001)
        for number in range(count)
    ]
    for sent in gone:
        story.arrive(sent, 2)
    return story


ALL = {
    "lost_fin": lost_fin,
    "refused": refused,
    "simultaneous_open": simultaneous_open,
    "seven_clients": seven_clients,
    "datagrams": datagrams,
    "reordered": reordered,
    "zero_window": zero_window,
    "mishaps": mishaps,
    "three_hosts": three_hosts,
    "flights": flights,
}
