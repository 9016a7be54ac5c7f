"""From bytes to `Packet`, whatever the bytes are.

Two rules. Never raise: a wire that corrupts and cuts hands over anything. And be quick: a bulk transfer is recorded raw
and read later, packet by packet, so one takes microseconds. Hence plain unpacking at known offsets. IPv4 is
RFC 791, IPv6 RFC 8200, TCP RFC 9293, UDP RFC 768, ICMP RFC 792 and 4443.
"""

from __future__ import annotations

from socket import AF_INET6, inet_ntoa, inet_ntop
from struct import Struct

from labsupport.packets.checksums import pseudo_header, verified
from labsupport.packets.icmp import quotes
from labsupport.packets.options import tcp_options
from labsupport.packets.packet import FLAGS, Packet

PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}

_ipv4 = Struct("!BBHHHBBH4s4s").unpack_from
_tcp = Struct("!HHIIBBHHH").unpack_from
_udp = Struct("!HHHH").unpack_from
_BITS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
_FLAG_NAMES = tuple(", ".join(name for name in FLAGS if bits & _BITS[name]) for bits in range(256))


def parse(raw: bytes, time: float = 0.0, fate: str = "") -> Packet:
    """The packet in `raw`, which begins with an IP header. Never raises on any bytes; TypeError for no bytes.

    `time`: seconds since the network began; `fate`: what became of it. Bytes after the packet's end are dropped,
    as a kernel does; what does not fit is told in `problem`.
    """
    if not isinstance(raw, bytes):
        if not isinstance(raw, bytearray | memoryview):
            raise TypeError(f"raw must be bytes, not {type(raw).__name__}")
        raw = bytes(raw)
    return Packet(time=time, fate=fate, raw=raw, **_read_ip(raw))


def _read_ip(raw, quoted=False):
    """The fields of the packet in `raw`; `quoted` when it is itself quoted, and quotes no further."""
    version = raw[0] >> 4 if raw else None
    if version == 4:
        return _read_ipv4(raw, quoted)
    return {"payload": raw, "length": len(raw), "problem": "no IP packet" if raw else "no bytes"}


def _read_ipv4(raw, quoted):
    """An IPv4 packet: RFC 791 section 3.1."""
    if len(raw) < 20:
        return {"version": 4, "payload": raw[:0], "length": 0, "problem": "cut short in the IPv4 header"}
    first, _, total, _, fragment, ttl, number, _, source, destination = _ipv4(raw)
    size = (first & 15) * 4
    source_text, destination_text = inet_ntoa(source), inet_ntoa(destination)
    data = raw[size:total]
    pseudo = pseudo_header(source, destination, number, total - size)
    found = _read_transport(number, data, total - size, pseudo, 4, quoted)
    ports = found.pop("ports", (None, None))
    if not verified(raw[:size]):
        found["checksum_ok"] = False
    return {
        "version": 4,
        "protocol": PROTOCOLS.get(number) or f"protocol {number}",
        "source": (source_text, ports[0]),
        "destination": (destination_text, ports[1]),
        "ttl": ttl,
        **found,
    }


def _read_transport(number, data, length, pseudo, version, quoted):
    """The fields of what IP carries: `data` of it recorded, `length` bytes on the wire."""
    if number == 6:
        return _read_tcp(data, length, pseudo)
    if number == 17:
        return _read_udp(data, length, pseudo)
    if number == 1 and version == 4:
        return _read_icmp(data, length, b"", version, quoted)
    return {"payload": data, "length": length}


def _read_tcp(data, length, pseudo):
    """A TCP segment: RFC 9293 section 3.1."""
    if len(data) < 20:
        return {"problem": "cut short in the TCP header"}
    sport, dport, seq, ack, offset, bits, window, _, urgent = _tcp(data)
    size = (offset >> 4) * 4
    return {
        "ports": (sport, dport),
        "flags": _FLAG_NAMES[bits],
        "seq": seq,
        "ack": ack if bits & 16 else None,
        "window": window,
        "urgent": urgent if bits & 32 else None,
        "options": tcp_options(data[20:size]) if size > 20 else (),
        "payload": data[size:],
        "length": max(length - size, 0),
        "checksum_ok": verified(pseudo + data) if len(data) == length else None,
    }


def _read_udp(data, length, pseudo):
    """A UDP datagram: RFC 768."""
    if len(data) < 8:
        return {"problem": "cut short in the UDP header"}
    sport, dport, _, check = _udp(data)
    ok = verified(pseudo + data) if check and len(data) == length else None
    return {"ports": (sport, dport), "payload": data[8:], "length": length - 8, "checksum_ok": ok}


def _read_icmp(data, length, pseudo, version, quoted):
    """An ICMP message, RFC 792; ICMPv6, RFC 4443."""
    if len(data) < 8:
        return {"problem": "cut short in the ICMP header"}
    found = {
        "icmp": (data[0], data[1]),
        "payload": data[8:],
        "length": length - 8,
        "checksum_ok": verified(pseudo + data) if len(data) == length else None,
    }
    if quotes(version, data[0]) and not quoted:
        found["quoted"] = Packet(raw=data[8:], **_read_ip(data[8:], quoted=True))
    return found
