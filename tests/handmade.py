"""A scene's timeline made by hand, for tests of the walk: an echo of hello, and a FIN that is lost."""

from __future__ import annotations

from labsupport.events import Arrived, Became, Began, End, Held, Lane, Returned, Sent
from labsupport.packets import parse
from labsupport.timeline import Timeline

HOSTS = (End("a", "client", "client", "10.0.0.1"), End("b", "server", "server", "10.0.0.2"))
LANES = (
    Lane("listener", "server", "AF_INET", "SOCK_STREAM", 1),
    Lane("client", "client", "AF_INET", "SOCK_STREAM", 0),
    Lane("server", "server", "AF_INET", "SOCK_STREAM", 1),
)
LISTENER, CLIENT, SERVER = range(3)
SYN = bytes.fromhex(
    "45000028000100004006 66cd 0a0000010a000002 9c400050 00000001 00000000 5002ffff 11340000".replace(" ", "")
)


class _Script:
    def __init__(self):
        self.events, self.packets = [], []

    def add(self, kind, *values, **more):
        event = kind(len(self.events), len(self.events) * 0.01, *values, **more)
        self.events.append(event)
        return event.order

    def call(self, lane, name, arguments="", result=None):
        """A call that returns at once."""
        self.back(self.begin(lane, name, arguments), result)

    def begin(self, lane, name, arguments=""):
        return self.add(Began, "main" if lane == CLIENT else "server", lane, name, arguments)

    def back(self, began, result=None, other=None):
        begin = self.events[began]
        values = (begin.thread, begin.socket, begin.call, begin.arguments, result, None, None, 0.01, began)
        self.add(Returned, *values, other=other)

    def sent(self, host, lane, said, **more):
        self.packets.append(parse(SYN, 0.01 * len(self.packets), more.get("fate", "delivered")))
        return self.add(Sent, host, lane, len(self.packets) - 1, said, **more)

    def arrived(self, host, lane, sent):
        self.add(Arrived, host, lane, sent)

    def carried(self, host, lane, said, other, **more):
        self.arrived(1 - host, other, self.sent(host, lane, said, **more))

    def became(self, lane, state):
        self.add(Became, lane, state, True)

    def held(self, lane, recv_queue, send_queue):
        self.add(Held, lane, recv_queue, send_queue)


def echo(**more):
    """The Timeline; keywords go to it (`keeps_time`, `recorded` …)."""
    s = _Script()
    s.call(LISTENER, "listen")
    s.became(LISTENER, "LISTEN")
    s.held(LISTENER, 0, 128)
    accepting = s.begin(LISTENER, "accept")
    connecting = s.begin(CLIENT, "connect", "('10.0.0.2', 80)")
    s.became(CLIENT, "SYN-SENT")
    s.carried(0, CLIENT, "SYN", LISTENER)
    s.became(SERVER, "SYN-RECEIVED")
    s.carried(1, SERVER, "SYN, ACK", CLIENT)
    s.became(CLIENT, "ESTABLISHED")
    ack = s.sent(0, CLIENT, "ACK")
    s.back(connecting)
    s.arrived(1, SERVER, ack)
    s.became(SERVER, "ESTABLISHED")
    s.held(SERVER, 0, 0)
    s.back(accepting, "a new socket", other=SERVER)
    sending = s.begin(CLIENT, "send", "b'hello'")
    hello = s.sent(0, CLIENT, "5 bytes")
    s.held(CLIENT, 0, 5)
    s.back(sending, "5")
    s.arrived(1, SERVER, hello)
    s.held(SERVER, 5, 0)
    s.carried(1, SERVER, "ACK", CLIENT)
    s.held(CLIENT, 0, 0)
    s.call(SERVER, "recv", "1024", 'b"hello"')
    s.held(SERVER, 0, 0)
    closing = s.begin(CLIENT, "close")
    s.became(CLIENT, "FIN-WAIT-1")
    s.sent(0, CLIENT, "FIN", fate="lost")
    s.back(closing)
    s.carried(0, CLIENT, "FIN", SERVER, note="sent again")
    s.became(SERVER, "CLOSE-WAIT")
    s.carried(1, SERVER, "ACK", CLIENT)
    s.became(CLIENT, "FIN-WAIT-2")
    s.call(SERVER, "close")
    s.became(SERVER, "LAST-ACK")
    s.carried(1, SERVER, "FIN", CLIENT)
    s.became(CLIENT, "TIME-WAIT")
    s.carried(0, CLIENT, "ACK", SERVER)
    s.became(SERVER, "CLOSED")
    return Timeline(s.events, LANES, hosts=HOSTS, packets=s.packets, **more)
