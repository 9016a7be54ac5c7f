"""What one packet says, as a value.

Frozen and hashable, so that a timeline may keep it and a learner may compare it. Numbers are as they stood on
the wire: sequence numbers are not relative, windows not scaled. What is said in a few words (`said`, `repr`)
leaves out whatever differs from run to run: ports the kernel picked, absolute numbers, times.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from operator import attrgetter

from labsupport.packets.fields import Draft
from labsupport.packets.icmp import icmp_name

FLAGS = ("SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
"""The order in which `Packet.flags` names them."""

FIELDS = Draft.__slots__
"""The names of a packet's fields, in the order in which `Packet.text` shows them."""

SHOWN_BYTES = 16  # of a payload, in a repr
SHOWN_IN_TEXT = 64
_GOOD_FATES = ("", "in flight", "delivered")
UNREACHABLE = "destination unreachable, "
_SPELLED = ("SYN", "FIN", "RST", "ACK", "URG")

_values = attrgetter(*FIELDS)
_set = object.__setattr__


class Packet(Draft):
    """One IP packet and what became of it. `parse` makes them from bytes; `Packet(**fields)` by hand.

    - `time`: seconds since the network began; `fate`: what the wire did to it ("delivered", "lost", …);
      `raw`: its bytes from the IP header on, as far as they were recorded.
    - `source`, `destination`: socket addresses, (address, port); the port is None where the protocol has
      none.
    - `version`: 4, 6 or None; `protocol`: "TCP", "UDP", "ICMP", "ICMPv6", "protocol 89" by IANA's number,
      "unknown" for what is no IP packet; `ttl`: time to live, hop limit in IPv6.
    - `flags`: "SYN, ACK", in the order of `FLAGS`, "" without TCP; `seq`, `ack` (None without the flag),
      `window`, `urgent` (the pointer, None without the flag): as on the wire, RFC 9293 section 3.1.
    - `options`: TCP's, as (name, value): ("MSS", 1460), ("window scale", 7), ("SACK permitted", None),
      ("SACK", ((left, right), …)), ("timestamps", (value, echo)); another is (kind, bytes); the rest of what
      cannot be taken apart is ("malformed", bytes).
    - `payload`: what the transport carries, as recorded; `length`: how many bytes that was on the wire.
    - `checksum_ok`: False where one is wrong (IPv4 header, TCP, UDP, ICMP, ICMPv6), True where all are right,
      None where the transport's cannot be checked: none was sent, a fragment, a record cut short, an unknown
      protocol.
    - `icmp`: (type, code) or None; `quoted`: the Packet an ICMP error quotes, often cut short; `mtu`: bytes,
      of "packet too big" and "fragmentation needed".
    - `fragment`: (offset in bytes, whether more follow) or None; `headers`: IPv4 options and IPv6 extension
      headers, as (name, or number where it has none here, bytes).
    - `problem`: "" or what does not fit: "cut short in the TCP header", "UDP length 40, 12 bytes there".

    Packets are equal when all their fields are. TypeError for a field that a packet does not have.
    """

    __slots__ = ()

    def __init__(self, **fields):
        draft = Draft()
        for name, value in fields.items():
            if name not in FIELDS:
                raise TypeError(f"a packet has no field {name!r}; it has {', '.join(FIELDS)}")
            setattr(draft, name, value)
        for name in FIELDS:
            _set(self, name, getattr(draft, name))

    @property
    def syn(self) -> bool:
        """Whether it has the SYN flag. False for what is not TCP, as are all the flags."""
        return "SYN" in self.flags

    @property
    def fin(self) -> bool:
        """Whether it has the FIN flag."""
        return "FIN" in self.flags

    @property
    def rst(self) -> bool:
        """Whether it has the RST flag."""
        return "RST" in self.flags

    @property
    def psh(self) -> bool:
        """Whether it has the PSH flag."""
        return "PSH" in self.flags

    @property
    def has_ack(self) -> bool:
        """Whether it has the ACK flag, and `ack` means something."""
        return "ACK" in self.flags

    @property
    def urg(self) -> bool:
        """Whether it has the URG flag."""
        return "URG" in self.flags

    @property
    def is_tcp(self) -> bool:
        """Whether it is a TCP segment, or a piece of one."""
        return self.protocol == "TCP"

    @property
    def is_udp(self) -> bool:
        """Whether it is a UDP datagram, or a piece of one."""
        return self.protocol == "UDP"

    @property
    def is_icmp(self) -> bool:
        """Whether it is an ICMP message, of either version of IP, or a piece of one."""
        return self.protocol in ("ICMP", "ICMPv6")

    @property
    def acks_only(self) -> bool:
        """Whether it is TCP with the ACK flag, no other flag and no payload."""
        return self.flags == "ACK" and not self.length

    @property
    def icmp_name(self) -> str:
        """What the ICMP message says: "destination unreachable, port unreachable"; "" without ICMP."""
        return icmp_name(self.version, *self.icmp) if self.icmp else ""

    @property
    def said(self) -> str:
        """A few words, the same from run to run: "SYN, ACK", "5 bytes, FIN", "ICMP: port unreachable".

        A plain ACK is left out where there is more to say, except in "SYN, ACK"; PSH, ECE and CWR always are.
        """
        if self.is_tcp and self.seq is not None:
            return ", ".join(self._told())
        if self.icmp:
            return f"{self.protocol}: {self.icmp_name.removeprefix(UNREACHABLE).partition(',')[0]}"
        kind = "fragment" if self._piece else "datagram" if self.is_udp else self.protocol
        return f"{kind}, {_bytes(self.length)}"

    def _told(self):
        """The words of `said` for a TCP segment."""
        words = ["SYN"] * self.syn + ["ACK"] * (self.syn and self.has_ack)
        words += [_bytes(self.length)] * bool(self.length)
        words += ["FIN"] * self.fin + ["RST"] * self.rst + ["URG"] * self.urg
        if not words and self.has_ack:
            words = ["ACK"] + ["window 0"] * (self.window == 0)
        return words or [self._flagless]

    @property
    def _flagless(self):
        """What to say of a segment without flags: whether there were none, or they were not recorded."""
        return "cut short" if self.window is None else "no flags"

    @property
    def _piece(self):
        """Whether it is a piece of a packet. A fragment may be the whole: RFC 6946."""
        return self.fragment not in (None, (0, False))

    def replace(self, **changes) -> Packet:
        """The same with some fields changed: `packet.replace(fate="lost")`. TypeError for no such field."""
        return Packet(**{**self._fields(), **changes})

    def text(self) -> str:
        """All that is there, a line for each field, `time` in seconds: for reading."""
        lines = [repr(self)]
        for name, value in self._fields().items():
            if name != "raw" and value not in (None, "", (), b""):
                lines.append(f"  {name:<12} {_worded(name, value)}")
            if name == "icmp" and self.icmp:
                lines.append(f"  {'icmp_name':<12} {self.icmp_name}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """`10.0.0.1 → 10.0.0.2  TCP ACK, 5 bytes b'hello'`: settled; a bad fate too."""
        if not self.source[0]:
            said = f"unknown, {_bytes(len(self.raw))}"
        else:
            said = f"{self.source[0]} → {self.destination[0]}  {self.protocol} {self._spelled()}"
        return said if self.fate in _GOOD_FATES else f"{said}  ({self.fate})"

    def _spelled(self):
        """What follows the protocol in the repr."""
        if self.icmp:
            return self.icmp_name
        words = [flag for flag in self.flags.split(", ") if flag in _SPELLED]
        words += ["fragment"] * self._piece
        words += [self._flagless] * (self.seq is not None and not self.flags)
        if self.length or not words:
            words.append(_bytes(self.length))
        shown = self.payload[:SHOWN_BYTES]
        more = "…" if self.length > len(shown) else ""
        return ", ".join(words) + (f" {shown!r}{more}" if shown else "")

    def _fields(self):
        """Name → value, of all fields."""
        return dict(zip(FIELDS, _values(self), strict=True))

    def __eq__(self, other):
        return _values(self) == _values(other) if isinstance(other, Packet) else NotImplemented

    def __hash__(self):
        return hash(_values(self))

    def __setattr__(self, name, value):
        raise FrozenInstanceError(f"a packet does not change: {name!r}; packet.replace(...) makes another")

    def __delattr__(self, name):
        raise FrozenInstanceError(f"a packet does not change: {name!r}")

    def __reduce__(self):
        return _remake, _values(self)


def _remake(*values):
    """A packet from its values in order: how pickle and copy make one again."""
    return Packet(**dict(zip(FIELDS, values, strict=True)))


def _bytes(count):
    """The number of bytes in words."""
    return "1 byte" if count == 1 else f"{count} bytes"


def _worded(name, value):
    """The value of a field as `Packet.text` shows it."""
    if name == "time":
        return f"{value:.6f}"
    if name == "payload" and len(value) > SHOWN_IN_TEXT:
        return f"{value[:SHOWN_IN_TEXT]!r}…"
    return value if isinstance(value, str) else repr(value)
