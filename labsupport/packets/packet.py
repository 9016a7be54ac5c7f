"""What one packet says, as a value.

Frozen and hashable, so that a timeline may keep it and a learner may compare it. Numbers are as they stood on the wire:
sequence numbers are not relative, windows not scaled. What is said in a few words (`said`, `repr`) leaves out whatever
differs from run to run: ports the kernel picked, absolute numbers, times.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from labsupport.packets.icmp import icmp_name

FLAGS = ("SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
"""The order in which `Packet.flags` names them."""

SHOWN_BYTES = 16  # of a payload, in a repr
_GOOD_FATES = ("", "in flight", "delivered")


@dataclass(frozen=True, slots=True, repr=False)
class Packet:
    """One IP packet and what became of it. `parse` makes them; see there for what raises (nothing does).

    - `time`: seconds since the network began; `fate`: what the wire did to it ("delivered", "lost", …);
      `raw`: its bytes from the IP header on, as far as they were recorded.
    - `source`, `destination`: socket addresses, (address, port); the port is None where the protocol has none.
    - `version`: 4, 6 or None; `protocol`: "TCP", "UDP", "ICMP", "ICMPv6", "protocol 89", "unknown" for what
      is no IP packet; `ttl`: time to live, hop limit in IPv6.
    - `flags`: "SYN, ACK", in the order of `FLAGS`, "" without TCP; `seq`, `ack` (None without the flag),
      `window`, `urgent` (pointer, None without the flag): as on the wire, RFC 9293 section 3.1.
    - `options`: TCP's, as (name, value): ("MSS", 1460), ("window scale", 7), ("SACK permitted", None), ("SACK",
      ((left, right), …)), ("timestamps", (value, echo)); another is (kind, bytes).
    - `payload`: what the transport carries, as recorded; `length`: how many bytes it had on the wire.
    - `checksum_ok`: False where one is wrong (IPv4 header, TCP, UDP, ICMP, ICMPv6), True where all are right,
      None where the transport's cannot be checked: UDP without one, a fragment, a record cut short.
    - `icmp`: (type, code) or None; `quoted`: the Packet an ICMP error quotes, often cut short, or None.
    - `fragment`: (offset in bytes, whether more follow) or None; `headers`: IPv4 options by number, IPv6
      extension headers by name, in their order.
    - `problem`: "" or what does not fit: "cut short in the TCP header", "UDP length 40, 12 bytes there".
    """

    time: float = 0.0
    source: tuple[str, int | None] = ("", None)
    destination: tuple[str, int | None] = ("", None)
    version: int | None = None
    protocol: str = "unknown"
    flags: str = ""
    seq: int | None = None
    ack: int | None = None
    window: int | None = None
    options: tuple = ()
    payload: bytes = b""
    length: int = 0
    ttl: int | None = None
    checksum_ok: bool | None = None
    icmp: tuple[int, int] | None = None
    quoted: Packet | None = None
    raw: bytes = b""
    fate: str = ""
    urgent: int | None = None
    fragment: tuple[int, bool] | None = None
    headers: tuple = ()
    problem: str = ""

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
        if self.is_tcp and self.flags:
            return ", ".join(self._told())
        if self.icmp:
            return f"{self.protocol}: {self.icmp_name.rpartition(', ')[2]}"
        kind = "fragment" if self.fragment else "datagram" if self.is_udp else self.protocol
        return f"{kind}, {_bytes(self.length)}"

    def _told(self):
        """The words of `said` for a TCP segment."""
        words = ["SYN"] * self.syn + ["ACK"] * (self.syn and self.has_ack)
        words += [_bytes(self.length)] * bool(self.length)
        words += ["FIN"] * self.fin + ["RST"] * self.rst + ["URG"] * self.urg
        if not words and self.has_ack:
            words = ["ACK"] + ["window 0"] * (self.window == 0)
        return words or ["no flags"]

    def replace(self, **changes) -> Packet:
        """The same packet with some fields changed: `packet.replace(fate="lost")`. TypeError for no such field."""
        return replace(self, **changes)

    def text(self) -> str:
        """All that is known of it, a line each, for reading. What was not there is left out."""
        lines = [repr(self)]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "raw" and value not in (None, "", (), b""):
                lines.append(f"  {field.name:<12} {_worded(field.name, value)}")
        if self.icmp:
            lines.append(f"  {'icmp_name':<12} {self.icmp_name}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """`10.0.0.1 → 10.0.0.2  TCP ACK, 5 bytes b'hello'`: settled, and with its fate where that was a bad one."""
        if self.version is None:
            said = f"unknown, {_bytes(self.length)}"
        else:
            said = f"{self.source[0]} → {self.destination[0]}  {self.protocol} {self._spelled()}".rstrip()
        return said if self.fate in _GOOD_FATES else f"{said}  ({self.fate})"

    def _spelled(self):
        """What follows the protocol in the repr."""
        if self.icmp:
            return self.icmp_name
        words = [flag for flag in self.flags.split(", ") if flag in ("SYN", "FIN", "RST", "ACK", "URG")]
        words += ["fragment"] * (self.fragment is not None)
        if self.length or not words:
            words.append(_bytes(self.length))
        shown = self.payload[:SHOWN_BYTES]
        more = "…" if self.length > len(shown) else ""
        return ", ".join(words) + (f" {shown!r}{more}" if shown else "")


def _bytes(count):
    """The number of bytes in words."""
    return "1 byte" if count == 1 else f"{count:,} bytes"


def _worded(name, value):
    """The value of a field as `Packet.text` shows it."""
    if name == "payload" and len(value) > 64:
        return f"{value[:64]!r}…"
    return f"{value:.6f} s" if name == "time" else str(value) if isinstance(value, str) else repr(value)
