"""From bytes to `Packet`, whatever the bytes are: the IP header, and what is between it and the transport.

Two rules. Never raise: a wire that corrupts and cuts hands over anything. And be quick: a bulk transfer is
recorded raw and read later, packet by packet. Hence plain unpacking at known offsets.
"""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop
from struct import Struct

from labsupport.packets.checksums import verified
from labsupport.packets.fields import Draft
from labsupport.packets.options import ipv4_options
from labsupport.packets.packet import Packet
from labsupport.packets.transports import READERS, protocol_name, quotation

_ipv4 = Struct("!BBHHHBBH4s4s").unpack_from
_ipv6 = Struct("!IHBB16s16s").unpack_from

# The same few addresses come again and again, and making text of one takes longer than finding it.
_address4 = lru_cache(1024)(lambda packed: (inet_ntop(AF_INET, packed), None))
_address6 = lru_cache(1024)(lambda packed: (inet_ntop(AF_INET6, packed), None))

# RFC 8200 section 4, RFC 4302. Hop-by-hop, routing and destination options give their length in units of 8
# bytes.
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60
EXTENSIONS = {
    HOP_BY_HOP: "hop-by-hop options",
    ROUTING: "routing",
    FRAGMENT: "fragment",
    AUTHENTICATION: "authentication",
    DESTINATION: "destination options",
}


def parse(raw: bytes, time: float = 0.0, fate: str = "") -> Packet:
    """The packet in `raw`, which begins with an IP header. Never raises on any bytes; TypeError for what is
    none.

    `time`: seconds since the network began; `fate`: what became of it. Bytes after the packet's end are left
    out, as a kernel does; what does not fit is told in `problem`. RFC 791, RFC 8200.
    """
    if not isinstance(raw, bytes):
        if not isinstance(raw, bytearray | memoryview):
            raise TypeError(f"raw must be bytes, not {type(raw).__name__}")
        raw = bytes(raw)
    draft = Draft(raw, time, fate)
    _read_ip(draft, raw, False)
    draft.__class__ = Packet
    return draft


def _quote(raw):
    """The packet that an ICMP error quotes. It quotes no further, or a forged one would nest without end."""
    draft = Draft(raw)
    _read_ip(draft, raw, True)
    draft.__class__ = Packet
    return draft


def _read_ip(draft, raw, quoted):
    """Fill in `draft` from the packet in `raw`."""
    version = raw[0] >> 4 if raw else None
    if version == 4:
        _read_ipv4(draft, raw, quoted)
    elif version == 6:
        _read_ipv6(draft, raw, quoted)
    else:
        draft.payload = raw
        draft.length = len(raw)
        draft.problem = "no IP packet" if raw else "no bytes"


def _read_ipv4(draft, raw, quoted):
    """The header of RFC 791 section 3.1, and what follows."""
    draft.version = 4
    if len(raw) < 20:
        draft.problem = "cut short in the IPv4 header"
        return
    first, _, total, _, pieces, draft.ttl, number, _, source, destination = _ipv4(raw)
    draft.source = _address4(source)
    draft.destination = _address4(destination)
    size = (first & 15) * 4
    total = total or len(raw)  # 0: left to the hardware that cuts it into segments
    if size < 20 or total < size:
        draft.protocol = protocol_name(number, 4)
        draft.problem = f"IPv4 header of {size} bytes, packet of {total}"
        return
    routed = size > 20 and _read_ipv4_options(draft, raw[20:size])
    pieces &= 0x3FFF
    if pieces:
        draft.fragment = ((pieces & 0x1FFF) * 8, pieces >= 0x2000)
    sums = source + destination if not routed else None
    _carry(draft, number, raw[size:total], total - size, sums, quoted)
    if len(raw) >= size and not verified(raw[:size]):
        draft.checksum_ok = False


def _read_ipv4_options(draft, data):
    """Note the options; whether it is still on a source route, so that its destination is not the last."""
    draft.headers = ipv4_options(data)
    return any(
        name in ("loose source route", "strict source route") and value and value[0] <= len(value)
        for name, value in draft.headers
    )


def _read_ipv6(draft, raw, quoted):
    """The header of RFC 8200 section 3, the extension headers of section 4, and what follows."""
    draft.version = 6
    if len(raw) < 40:
        draft.problem = "cut short in the IPv6 header"
        return
    _, length, number, draft.ttl, source, destination = _ipv6(raw)
    draft.source = _address6(source)
    draft.destination = _address6(destination)
    total = length + 40 if length else len(raw)  # 0: longer than the field can tell
    at, routed = 40, False
    if number in EXTENSIONS:
        number, at, routed = _read_extensions(draft, raw[:total], number)
    if number is None:
        return
    sums = source + destination if not routed else None
    _carry(draft, number, raw[at:total], max(total - at, 0), sums, quoted)


def _read_extensions(draft, raw, number):
    """What follows the chain: number (None where it was cut) and offset; whether a route is unfinished."""
    at, routed, found = 40, False, []
    while number in EXTENSIONS and not (draft.fragment and draft.fragment[0]):
        units = raw[at + 1] if at + 2 <= len(raw) else 0
        size = 8 if number == FRAGMENT else units * 4 + 8 if number == AUTHENTICATION else units * 8 + 8
        header = raw[at : at + size]
        if len(header) < size:
            draft.protocol = protocol_name(number, 6)
            draft.problem = f"cut short in an IPv6 {EXTENSIONS[number]} header"
            number = None
            break
        found.append((EXTENSIONS[number], header))
        if number == FRAGMENT:
            pieces = int.from_bytes(header[2:4], "big")
            draft.fragment = (pieces & 0xFFF8, bool(pieces & 1))
        routed = routed or (number == ROUTING and header[3] > 0)
        number = header[0]
        at += size
    draft.headers = tuple(found)
    return number, at, routed


def _carry(draft, number, data, length, sums, quoted):
    """Read what IP carries: `data` of it recorded, `length` bytes on the wire; `sums`: addresses or None."""
    version = draft.version
    draft.protocol = protocol_name(number, version)
    offset, more = draft.fragment or (0, False)
    read = READERS.get((number, version))
    if read is None or offset:
        draft.payload = data
        draft.length = length
        return
    read(draft, data, length, None if more else sums)
    if draft.icmp and not quoted:
        held = quotation(version, data)
        draft.quoted = _quote(held) if held else None
