"""Options: TCP's, read from the bytes between its header and the payload, and IPv4's, which have the same
form.

RFC 9293 section 3.1 for the form and the MSS, RFC 7323 for window scale and timestamps, RFC 2018 for SACK,
RFC 791 for IPv4's. Kernels ignore what they do not know, and so nothing here raises: an option of an unknown
kind keeps its number.
"""

from __future__ import annotations

from struct import Struct, unpack

END, NO_OPERATION = 0, 1

# Nearly every segment of Linux's carries exactly this: two NOPs and the timestamps (RFC 7323 appendix A).
_ALIGNED_TIMESTAMPS = b"\x01\x01\x08\x0a"
_IPV4_NAMES = {
    7: "record route",
    68: "timestamp",
    130: "security",
    131: "loose source route",
    137: "strict source route",
    148: "router alert",
}
_two_words = Struct("!II").unpack_from


def tcp_options(data: bytes) -> tuple:
    """The options in `data`, each (name, value) as `Packet.options` says; padding is left out.

    An unknown kind, and a known one of the wrong length, is (kind, bytes after its length). What comes after
    a length that cannot be is one last ("malformed", bytes).
    """
    if len(data) == 12 and data.startswith(_ALIGNED_TIMESTAMPS):
        return (("timestamps", _two_words(data, 4)),)
    return tuple(_named(kind, value) for kind, value in _options(data))


def ipv4_options(data: bytes) -> tuple:
    """IPv4's options in `data`, each (name, or number where it has none here, bytes after its length).

    What comes after a length that cannot be is one last ("malformed", bytes). RFC 791 section 3.1, RFC 2113.
    """
    return tuple((_IPV4_NAMES.get(kind, kind), value) for kind, value in _options(data))


def _options(data):
    """(kind, value) of each option, padding left out; the kind is "malformed" where it goes wrong."""
    at = 0
    while at < len(data) and data[at] != END:
        if data[at] == NO_OPERATION:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            yield "malformed", data[at:]
            break
        yield data[at], data[at + 2 : at + size]
        at += size


def _named(kind, value):
    """One option by its name, or by its number where it has none or does not have its length."""
    size = len(value)
    if kind == 2 and size == 2:
        return "MSS", int.from_bytes(value, "big")
    if kind == 3 and size == 1:
        return "window scale", value[0]
    if kind == 4 and size == 0:
        return "SACK permitted", None
    if kind == 5 and size and size % 8 == 0:
        edges = unpack(f"!{size // 4}I", value)
        return "SACK", tuple(zip(edges[::2], edges[1::2], strict=True))
    if kind == 8 and size == 8:
        return "timestamps", _two_words(value)
    return kind, value
