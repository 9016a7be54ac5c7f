"""TCP, UDP and ICMP: what an IP packet carries.

Each reader fills in a draft from as much of the header as was recorded: an ICMP error may quote no more than
8 bytes of a segment, and its ports and sequence number are in those.
"""

from __future__ import annotations

from struct import Struct

from labsupport.packets.checksums import pseudo_header, verified
from labsupport.packets.options import tcp_options
from labsupport.packets.packet import FLAGS

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58

_NAMES = {
    (TCP, 4): "TCP",
    (TCP, 6): "TCP",
    (UDP, 4): "UDP",
    (UDP, 6): "UDP",
    (ICMP, 4): "ICMP",
    (ICMPV6, 6): "ICMPv6",
}

_BITS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
_ACK, _URG = _BITS["ACK"], _BITS["URG"]
_FLAG_NAMES = tuple(", ".join(name for name in FLAGS if bits & _BITS[name]) for bits in range(256))

_tcp_header = Struct("!HHIIBBHHH").unpack_from
_udp_header = Struct("!HHHH").unpack_from
_ports = Struct("!HH").unpack_from

# Which messages carry the packet that caused them, and where they give its length, RFC 4884 sections 4 and 5:
# the byte with it, and the size of its unit. 0 there: up to the end. RFC 792; RFC 4443 section 2.1.
_QUOTING = {
    4: {3: (5, 4), 4: None, 5: None, 11: (5, 4), 12: (5, 4)},
    6: {1: (4, 8), 2: None, 3: (4, 8), 4: None},
}
_TOO_BIG = {4: (3, 4), 6: (2, 0)}


def protocol_name(number: int, version: int) -> str:
    """What `Packet.protocol` calls IANA's protocol `number` under IP `version`: "TCP", "protocol 89"."""
    return _NAMES.get((number, version)) or f"protocol {number}"


def read_tcp(draft, data, length, addresses):
    """Fill in `draft` from a TCP segment, RFC 9293 section 3.1.

    `data`: what was recorded of it, bytes; `length`: bytes it had on the wire; `addresses`: both, packed, one
    after the other, or None where the checksum cannot be verified. The same for the other readers.
    """
    if len(data) < 20:
        _read_cut_tcp(draft, data)
        return
    source, destination, draft.seq, ack, offset, bits, draft.window, _, urgent = _tcp_header(data)
    draft.source = (draft.source[0], source)
    draft.destination = (draft.destination[0], destination)
    draft.flags = _FLAG_NAMES[bits]
    if bits & _ACK:
        draft.ack = ack
    if bits & _URG:
        draft.urgent = urgent
    if addresses and len(data) == length:
        draft.checksum_ok = verified(pseudo_header(addresses, TCP, length) + data)
    size = offset >> 4 << 2
    if size < 20 or size > length:
        draft.problem = f"TCP header of {size} bytes, {length} there"
        return
    if size > 20:
        draft.options = tcp_options(data[20:size])
        if size > len(data):
            draft.problem = "cut short in the TCP options"
    draft.payload = data[size:]
    draft.length = length - size


def _read_cut_tcp(draft, data):
    """What the first bytes of a TCP header tell: ports at 4, sequence numbers at 8 and 12, flags at 14."""
    draft.problem = "cut short in the TCP header"
    _read_ports(draft, data)
    if len(data) >= 8:
        draft.seq = int.from_bytes(data[4:8])
    if len(data) >= 14:
        draft.flags = _FLAG_NAMES[data[13]]
        if data[13] & _ACK:
            draft.ack = int.from_bytes(data[8:12])
    if len(data) >= 16:
        draft.window = int.from_bytes(data[14:16])


def read_udp(draft, data, length, addresses):
    """Fill in `draft` from a UDP datagram, RFC 768."""
    _read_ports(draft, data)
    if len(data) < 8:
        draft.problem = "cut short in the UDP header"
        return
    said, checksum = _udp_header(data)[2:]
    more = draft.fragment and draft.fragment[1]  # the rest is in other packets
    fits = 8 <= said <= length
    if not fits and not more:
        draft.problem = f"UDP length {said}, {length} bytes there"
    size = said if fits else length
    draft.payload = data[8:size]
    draft.length = size - 8
    if not checksum:
        if draft.version == 6:  # RFC 8200 section 8.1: never without
            draft.checksum_ok = False
            draft.problem = draft.problem or "UDP over IPv6 without a checksum"
    elif addresses and fits and len(data) >= size:
        draft.checksum_ok = verified(pseudo_header(addresses, UDP, size) + data[:size])


def read_icmp(draft, data, length, addresses):
    """Fill in `draft` from an ICMP message: RFC 792, and RFC 4443 for IPv6, which sums the addresses too."""
    if len(data) >= 2:
        draft.icmp = (data[0], data[1])
    if len(data) < 8:
        draft.problem = f"cut short in the {draft.protocol} header"
        return
    draft.payload = data[8:]
    draft.length = length - 8
    if addresses and len(data) == length:
        pseudo = pseudo_header(addresses, ICMPV6, length) if draft.version == 6 else b""
        draft.checksum_ok = verified(pseudo + data)
    if draft.icmp == _TOO_BIG[draft.version]:
        draft.mtu = int.from_bytes(data[4:8] if draft.version == 6 else data[6:8])


READERS = {
    (TCP, 4): read_tcp,
    (TCP, 6): read_tcp,
    (UDP, 4): read_udp,
    (UDP, 6): read_udp,
    (ICMP, 4): read_icmp,
    (ICMPV6, 6): read_icmp,
}
"""(IANA's protocol number, IP version) → what reads it."""


def quotation(version: int, data: bytes) -> bytes:
    """The bytes of the packet that the ICMP message `data` quotes; b"" where its type quotes none."""
    kinds = _QUOTING[version]
    if len(data) <= 8 or data[0] not in kinds:
        return b""
    where, unit = kinds[data[0]] or (None, 0)
    size = data[where] * unit if where else 0
    return data[8 : 8 + size] if size else data[8:]


def _read_ports(draft, data):
    """Both ports, if they are there: TCP and UDP begin with them."""
    if len(data) >= 4:
        source, destination = _ports(data)
        draft.source = (draft.source[0], source)
        draft.destination = (draft.destination[0], destination)
