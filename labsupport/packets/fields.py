"""What a packet consists of, field by field, while it is being read.

A frozen dataclass of so many fields takes six times as long to make as a plain object with slots, and a bulk
transfer is hundreds of thousands of packets. So `parsing` fills in a `Draft`, and `Packet`, which has the
same slots and adds no data, is what the finished draft becomes.
"""

from __future__ import annotations

NOWHERE = ("", None)


class Draft:
    """The fields of a packet, all with the value that says "not there". `Packet` says what each one means."""

    __slots__ = (
        "time",
        "source",
        "destination",
        "version",
        "protocol",
        "flags",
        "seq",
        "ack",
        "window",
        "options",
        "payload",
        "length",
        "ttl",
        "checksum_ok",
        "icmp",
        "quoted",
        "raw",
        "fate",
        "urgent",
        "mtu",
        "fragment",
        "headers",
        "problem",
    )

    def __init__(self, raw=b"", time=0.0, fate=""):
        self.raw = raw
        self.time = time
        self.fate = fate
        self.source = self.destination = NOWHERE
        self.protocol = "unknown"
        self.flags = self.problem = ""
        self.version = self.seq = self.ack = self.window = self.ttl = self.urgent = self.mtu = None
        self.checksum_ok = self.icmp = self.quoted = self.fragment = None
        self.options = self.headers = ()
        self.payload = b""
        self.length = 0
