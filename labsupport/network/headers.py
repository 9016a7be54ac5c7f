"""The few header fields that the wire itself must know: where a packet goes, and whether it repeats another.

Everything else about packets is read elsewhere, and only when somebody looks: this is done for each of them.
"""

from __future__ import annotations

import ipaddress
import struct

_TCP = 6
_FIN, _SYN, _ACK = 0x01, 0x02, 0x10


def packed(address):
    """The 4 or 16 bytes of an address given as text. Raises ValueError for what is none."""
    return ipaddress.ip_address(address).packed


def destination(raw):
    """The destination's 4 or 16 bytes (RFC 791 §3.1, RFC 8200 §3); b"" where the packet is neither."""
    version = raw[0] >> 4 if raw else 0
    if version == 4 and len(raw) >= 20:
        return raw[16:20]
    if version == 6 and len(raw) >= 40:
        return raw[24:40]
    return b""


def to_everyone(address):
    """Whether it is a multicast address (RFC 5771, RFC 4291 §2.7) or IPv4's limited broadcast (RFC 919)."""
    if len(address) == 4:
        return 224 <= address[0] < 240 or address == b"\xff\xff\xff\xff"
    return len(address) == 16 and address[0] == 0xFF


def repeat_key(raw):
    """What a TCP segment shares with its repeats; None for what is never a repeat.

    Only a segment that takes sequence numbers (SYN, FIN, data) is ever sent again; a bare ACK that looks like
    another has its own meaning (RFC 5681 §2, duplicate acknowledgments). The acknowledgment, the window, PSH
    and the timestamps may differ between a segment and its repeat.
    """
    segment = _segment(raw)
    if segment is None:
        return None
    addresses, start = segment
    ports, sequence, offset, flags = struct.unpack_from("!4sI4xBB", raw, start)
    payload = raw[start + (offset >> 4) * 4 :]
    if not payload and not flags & (_FIN | _SYN):
        return None
    # A SYN, ACK is no repeat of a SYN: in a simultaneous open one host sends both.
    shared = _FIN | _SYN | (_ACK if flags & _SYN else 0)
    return addresses, ports, sequence, flags & shared, payload


def acknowledged(raw):
    """Of a TCP segment: (addresses, ports) of the way back, and the number it acknowledges; None without one."""
    segment = _segment(raw)
    if segment is None:
        return None
    addresses, start = segment
    here, there, number, flags = struct.unpack_from("!2s2s4xIxB", raw, start)
    if not flags & _ACK:
        return None
    half = len(addresses) // 2
    return (addresses[half:] + addresses[:half], there + here), number


def end_of(key):
    """The sequence number after the last one that the segment with this repeat_key takes."""
    _, _, sequence, flags, payload = key
    return (sequence + len(payload) + (flags & (_FIN | _SYN)).bit_count()) % 2**32


def _segment(raw):
    """(addresses, where the TCP header starts); None for what holds no whole one."""
    version = raw[0] >> 4 if raw else 0
    if version == 4 and len(raw) >= 20 and raw[9] == _TCP:
        start, addresses = (raw[0] & 15) * 4, raw[12:20]
    elif version == 6 and len(raw) >= 40 and raw[6] == _TCP:
        start, addresses = 40, raw[8:40]
    else:
        return None
    return (addresses, start) if len(raw) >= start + 20 else None
