"""The Internet checksum, RFC 1071, made and verified.

The sum of 16-bit words in ones' complement is the whole read as one big number, modulo 65535. Python does
that at C's speed for any length, where a loop over words would take a hundred times as long.
"""

from __future__ import annotations

from struct import Struct

_words4 = Struct("!HH").pack
_words6 = Struct("!II").pack


def checksum(data: bytes) -> int:
    """The checksum for a header whose field for it is 0 yet, RFC 1071. An odd length is padded."""
    number = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0")
    total = number % 0xFFFF or (0xFFFF if number else 0)  # 0 is the sum of nothing but zeros
    return 0xFFFF - total


def verified(data: bytes) -> bool:
    """Whether `data`, its checksum field included, is as it was sent, as far as a 16-bit sum can tell."""
    number = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0")
    return number % 0xFFFF == 0 and number != 0  # a sum of nothing but zeros is 0, and should be 0xFFFF


def pseudo_header(addresses: bytes, protocol: int, length: int) -> bytes:
    """What TCP, UDP and ICMPv6 also sum: RFC 9293 section 3.1 for IPv4, RFC 8200 section 8.1 for IPv6.

    `addresses`: source and destination together, 8 or 32 bytes; `length`: bytes of the transport's header and
    payload.
    """
    if len(addresses) == 8:
        return addresses + _words4(protocol, length & 0xFFFF)
    return addresses + _words6(length, protocol)

