"""The Internet checksum, RFC 1071, made and verified.

The sum of 16-bit words in ones' complement is the whole read as one big number, modulo 65535. Python does that at
C's speed for any length, where a loop over words would take a hundred times as long.
"""

from __future__ import annotations

from struct import pack


def checksum(data: bytes) -> int:
    """The checksum to write into a header whose checksum field is 0: RFC 1071. An odd length is padded with a zero."""
    total = _sum(data)
    return 0xFFFF - total if total else 0xFFFF


def verified(data: bytes) -> bool:
    """Whether `data`, its checksum field included, is as its sender sent it, as far as a 16-bit sum can tell."""
    number = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big")
    return number != 0 and number % 0xFFFF == 0


def pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    """What TCP, UDP and ICMPv6 also sum: RFC 9293 section 3.1 (addresses of 4 bytes), RFC 8200 section 8.1 (of 16).

    `length`: bytes of the transport's header and payload.
    """
    if len(source) == 4:
        return source + destination + pack("!HH", protocol, length & 0xFFFF)
    return source + destination + pack("!II", length, protocol)


def _sum(data):
    """The ones' complement sum of 16-bit words, 0 to 65534: 65535 counts as 0."""
    return int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big") % 0xFFFF
