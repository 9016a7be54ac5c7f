"""Packets made by hand, header by header, for the tests of `labsupport.packets`: what it reads is not what
wrote them.

Checksums are summed word by word here, as RFC 1071 describes it, and not as `labsupport.packets` does it.
"""

from __future__ import annotations

import random
from socket import AF_INET, AF_INET6, inet_pton
from struct import pack, unpack

A, B = "10.0.0.1", "10.0.0.2"
A6, B6 = "fd00::1", "fd00::2"
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << n for n in range(8))

MSS, SCALE, PERMITTED, NOP, END = b"\x02\x04\x05\xb4", b"\x03\x03\x07", b"\x04\x02", b"\x01", b"\x00"
STAMPS = b"\x08\x0a" + pack("!II", 4_000_000_000, 7)
LINUX_SYN = MSS + PERMITTED + STAMPS + NOP + SCALE
LINUX_ACK = NOP + NOP + STAMPS


def sack(*blocks):
    """The SACK option: RFC 2018 section 3."""
    return pack("!BB", 5, 2 + 8 * len(blocks)) + b"".join(pack("!II", *block) for block in blocks)


def summed(data):
    """RFC 1071: the ones' complement of the ones' complement sum of 16-bit words."""
    total = sum(unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(data, at, pseudo=b""):
    """`data` with the checksum of both written at offset `at`."""
    return data[:at] + pack("!H", summed(pseudo + data)) + data[at + 2 :]


def ip(number, body, source=A, destination=B, **more):
    """An IPv4 or IPv6 packet, by the addresses, with `body` in it."""
    return (ipv6 if ":" in source else ipv4)(number, body, source, destination, **more)


def ipv4(number, body, source=A, destination=B, *, ttl=64, options=b"", flags=2, offset=0, total=None):
    """An IPv4 packet; `offset` of a fragment in bytes, `flags`: 2 don't fragment, 1 more fragments."""
    options += bytes(-len(options) % 4)
    head = pack(
        "!BBHHHBBH4s4s",
        0x45 + len(options) // 4,
        0,
        20 + len(options) + len(body) if total is None else total,
        4711,
        flags << 13 | offset // 8,
        ttl,
        number,
        0,
        inet_pton(AF_INET, source),
        inet_pton(AF_INET, destination),
    )
    return with_checksum(head + options, 10) + body


def ipv6(number, body, source=A6, destination=B6, *, ttl=64, length=None):
    """An IPv6 packet; `number` is the next header's."""
    length = len(body) if length is None else length
    ends = inet_pton(AF_INET6, source) + inet_pton(AF_INET6, destination)
    return pack("!IHBB", 6 << 28, length, number, ttl) + ends + body


def pseudo(number, length, source, destination):
    """The pseudo header of both versions."""
    family = AF_INET6 if ":" in source else AF_INET
    ends = inet_pton(family, source) + inet_pton(family, destination)
    return ends + (pack("!II", length, number) if family == AF_INET6 else pack("!HH", number, length))


def segment(flags, payload=b"", source=A, destination=B, *, options=b"", **more):
    """A TCP segment with its checksum; `more`: sport, dport, seq, ack, window, urgent, `words` of header."""
    options += bytes(-len(options) % 4)
    words = more.get("words", 5 + len(options) // 4)
    head = pack(
        "!HHIIBBHHH",
        more.get("sport", 40000),
        more.get("dport", 80),
        more.get("seq", 1000),
        more.get("ack", 2000),
        words << 4,
        flags,
        more.get("window", 64240),
        0,
        more.get("urgent", 0),
    )
    whole = head + options + payload
    return with_checksum(whole, 16, pseudo(6, len(whole), source, destination))


def tcp(flags, payload=b"", source=A, destination=B, **more):
    """A packet with a TCP segment."""
    return ip(6, segment(flags, payload, source, destination, **more), source, destination)


def datagram(payload=b"", source=A, destination=B, *, sport=5000, dport=7, length=None, checksum=None):
    """A UDP datagram; `length` and `checksum` for wrong ones."""
    length = 8 + len(payload) if length is None else length
    whole = pack("!HHHH", sport, dport, length, 0) + payload
    if checksum is not None:
        return whole[:6] + pack("!H", checksum) + whole[8:]
    whole = with_checksum(whole, 6, pseudo(17, length, source, destination))
    return whole if whole[6:8] != b"\0\0" else whole[:6] + b"\xff\xff" + whole[8:]


def udp(payload=b"", source=A, destination=B, **more):
    """A packet with a UDP datagram."""
    return ip(17, datagram(payload, source, destination, **more), source, destination)


def icmp(kind, code, rest=bytes(4), payload=b"", source=A, destination=B):
    """A packet with an ICMP message, of the version of the addresses."""
    head = pack("!BBH", kind, code, 0) + rest + payload
    if ":" in source:
        head = with_checksum(head, 2, pseudo(58, len(head), source, destination))
        return ipv6(58, head, source, destination)
    return ipv4(1, with_checksum(head, 2), source, destination)


def extension(following, body=b""):
    """A hop-by-hop, routing or destination options header, padded with PadN: RFC 8200 section 4."""
    room = -(len(body) + 2) % 8
    padding = bytes(room) if room < 2 else pack("!BB", 1, room - 2) + bytes(room - 2)
    return pack("!BB", following, (2 + len(body) + room) // 8 - 1) + body + padding


def fragment(following, offset, more, identification=4711):
    """An IPv6 fragment header: RFC 8200 section 4.5; `offset` in bytes."""
    return pack("!BBHI", following, 0, offset | more, identification)


def flipped(raw, at=-1, bit=1):
    """`raw` with one bit of the byte at `at` flipped."""
    changed = bytearray(raw)
    changed[at] ^= bit
    return bytes(changed)


def samples():
    """name → bytes, every kind of packet there is a word on, whole and right unless the name says so."""
    hello = b"hello"
    refused = udp(hello)
    refused6 = udp(hello, A6, B6)
    big = tcp(ACK, bytes(1460))
    held6 = segment(ACK, hello, A6, B6)
    return {
        "SYN": tcp(SYN, options=LINUX_SYN),
        "SYN, ACK": tcp(SYN | ACK, source=B, destination=A, options=LINUX_SYN, sport=80, dport=40000),
        "ACK": tcp(ACK, options=LINUX_ACK),
        "data": tcp(PSH | ACK, hello, options=LINUX_ACK),
        "odd data without options": tcp(PSH | ACK, b"odd"),
        "FIN": tcp(FIN | ACK),
        "data and FIN": tcp(FIN | PSH | ACK, hello),
        "RST": tcp(RST, window=0),
        "RST, ACK": tcp(RST | ACK, window=0),
        "urgent": tcp(PSH | ACK | URG, hello, urgent=5),
        "no flags": tcp(0),
        "all flags": tcp(0xFF),
        "ECN SYN": tcp(SYN | ECE | CWR, options=MSS),
        "window 0": tcp(ACK, window=0),
        "high numbers": tcp(ACK, hello, seq=2**32 - 1, ack=2**32 - 2, window=65535),
        "full": big,
        "SACK": tcp(ACK, options=NOP + NOP + sack((5000, 6000), (7000, 8000))),
        "three SACK blocks": tcp(ACK, options=LINUX_ACK + sack((1, 2), (3, 4), (5, 6))[:26]),
        "unknown options": tcp(ACK, options=b"\xfd\x06abcd" + b"\x13\x02"),
        "option of a wrong length": tcp(SYN, options=b"\x02\x03\x05" + NOP),
        "malformed option": tcp(ACK, options=NOP + b"\x08\x0aab"),
        "end of options": tcp(ACK, options=END + MSS[:3]),
        "TCP header too short": tcp(ACK, words=4),
        "TCP header too long": tcp(ACK, hello, words=15),
        "wrong TCP checksum": flipped(tcp(ACK, hello)),
        "wrong IPv4 checksum": flipped(tcp(ACK, hello), 8),
        "TCP over IPv6": tcp(SYN, source=A6, destination=B6, options=LINUX_SYN),
        "data over IPv6": tcp(PSH | ACK, hello, A6, B6, options=LINUX_ACK),
        "wrong TCP checksum over IPv6": flipped(tcp(ACK, hello, A6, B6)),
        "UDP": refused,
        "empty UDP": udp(),
        "UDP over IPv6": refused6,
        "UDP without checksum": udp(hello, checksum=0),
        "UDP over IPv6 without checksum": udp(hello, A6, B6, checksum=0),
        "wrong UDP checksum": flipped(udp(hello)),
        "UDP that sums to 0": udp(pack("!H", summed(pseudo(17, 10, A, B) + pack("!HHH", 5000, 7, 10)))),
        "UDP says too much": udp(hello, length=40),
        "UDP says too little": udp(hello, length=10),
        "UDP says less than a header": udp(hello, length=7),
        "echo request": icmp(8, 0, pack("!HH", 1, 2), hello),
        "echo reply": icmp(0, 0, pack("!HH", 1, 2), hello, B, A),
        "wrong ICMP checksum": flipped(icmp(8, 0, pack("!HH", 1, 2), hello)),
        "port unreachable": icmp(3, 3, bytes(4), refused, B, A),
        "port unreachable, 8 bytes quoted": icmp(3, 3, bytes(4), tcp(SYN)[:28], B, A),
        "fragmentation needed": icmp(3, 4, pack("!HH", 0, 1280), big[:548], B, A),
        "time exceeded": icmp(11, 0, bytes(4), tcp(SYN, options=LINUX_SYN), B, A),
        "unknown ICMP": icmp(42, 7, bytes(4), hello),
        "ICMPv6 echo request": icmp(128, 0, pack("!HH", 1, 2), hello, A6, B6),
        "wrong ICMPv6 checksum": flipped(icmp(128, 0, pack("!HH", 1, 2), hello, A6, B6)),
        "ICMPv6 port unreachable": icmp(1, 4, bytes(4), refused6, B6, A6),
        "packet too big": icmp(2, 0, pack("!I", 1280), tcp(ACK, bytes(1500), A6, B6)[:1232], B6, A6),
        "neighbor solicitation": icmp(135, 0, bytes(4), inet_pton(AF_INET6, B6), A6, "ff02::1:ff00:2"),
        "IPv4 options": ipv4(6, segment(ACK, hello), options=b"\x94\x04\0\0" + b"\x07\x07\x04\0\0\0\0"),
        "first fragment": ipv4(17, datagram(bytes(64))[:40], flags=1),
        "later fragment": ipv4(17, datagram(bytes(64))[40:], flags=0, offset=40),
        "middle fragment of TCP": ipv4(6, bytes(24), flags=1, offset=800),
        "hop-by-hop options": ipv6(0, extension(6, b"\x05\x02\0\0") + held6),
        "three extensions": ipv6(0, extension(60) + extension(43) + extension(6, bytes(6)) + held6),
        "unfinished route": ipv6(43, extension(6, b"\x00\x01" + bytes(4) + inet_pton(AF_INET6, B6)) + held6),
        "first fragment over IPv6": ipv6(44, fragment(17, 0, True) + datagram(bytes(64), A6, B6)[:40]),
        "later fragment over IPv6": ipv6(44, fragment(17, 40, False) + datagram(bytes(64), A6, B6)[40:]),
        "atomic fragment": ipv6(44, fragment(6, 0, False) + held6),
        "no next header": ipv6(59, b""),
        "OSPF": ipv4(89, b"\x02\x01" + bytes(42)),
        "trailing bytes": tcp(ACK) + b"\0\0\0\0\0\0",
    }


def random_packets(seed, count):
    """`count` packets with right checksums, all else drawn by `seed`: flags, numbers, options, lengths."""
    draw = random.Random(seed)
    far = ("192.0.2.255", "203.0.113.1"), (B6, "2001:db8::8:800:200c:417a")
    options = (b"", LINUX_SYN, LINUX_ACK, LINUX_ACK + sack((7, 9)), MSS, b"\xfe\x04\0\1")
    for _ in range(count):
        ends = draw.choice(((A, B), (B, A), (A6, B6), *far))
        payload = draw.randbytes(draw.choice((0, 0, 1, 2, draw.randrange(1461))))
        kind = draw.randrange(4)
        if kind == 0:
            yield udp(payload, *ends, sport=draw.randrange(1, 65536), dport=draw.randrange(1, 65536))
        else:
            yield tcp(
                draw.randrange(256),
                payload,
                *ends,
                options=draw.choice(options),
                seq=draw.getrandbits(32),
                ack=draw.getrandbits(32),
                window=draw.getrandbits(16),
                urgent=draw.getrandbits(16),
                sport=draw.randrange(1, 65536),
                dport=draw.randrange(1, 65536),
            )
