"""TCP's options, read from the bytes between the header and the payload.

RFC 9293 section 3.2 for their form and the MSS, RFC 7323 for window scale and timestamps, RFC 2018 for SACK. Kernels
ignore what they do not know, and so nothing here raises: an option of an unknown kind keeps its number.
"""

from __future__ import annotations

from struct import Struct, unpack

END, NO_OPERATION = 0, 1

# Nearly every segment of Linux's carries exactly this: two NOPs and the timestamps (RFC 7323 appendix A).
_ALIGNED_TIMESTAMPS = b"\x01\x01\x08\x0a"
_two_words = Struct("!II").unpack_from


def tcp_options(data: bytes) -> tuple:
    """The options in `data`, each (name, value) as `Packet.options` says; padding is left out.

    An unknown kind, and a known one of the wrong length, is (kind, bytes after its length). What comes after a
    length that cannot be is one last ("malformed", bytes).
    """
    if len(data) == 12 and data.startswith(_ALIGNED_TIMESTAMPS):
        return (("timestamps", _two_words(data, 4)),)
    found = []
    at = 0
    while at < len(data):
        kind = data[at]
        if kind == END:
            break
        if kind == NO_OPERATION:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            found.append(("malformed", bytes(data[at:])))
            break
        found.append(_named(kind, bytes(data[at + 2 : at + size])))
        at += size
    return tuple(found)


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
