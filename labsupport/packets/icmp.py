"""The names of ICMP's messages, as their RFCs have them.

A UDP program sees "connection refused", or nothing; the message behind it has a name, and that is what the
ladder says. RFC 792, 1122 section 3.2.2.1 and 1812 section 5.2.7.1 for IPv4; RFC 4443 and 4861 for IPv6.
"""

from __future__ import annotations

_TYPES = {
    4: {
        0: "echo reply",
        3: "destination unreachable",
        4: "source quench",
        5: "redirect",
        8: "echo request",
        9: "router advertisement",
        10: "router solicitation",
        11: "time exceeded",
        12: "parameter problem",
        13: "timestamp request",
        14: "timestamp reply",
    },
    6: {
        1: "destination unreachable",
        2: "packet too big",
        3: "time exceeded",
        4: "parameter problem",
        128: "echo request",
        129: "echo reply",
        130: "multicast listener query",
        131: "multicast listener report",
        132: "multicast listener done",
        133: "router solicitation",
        134: "router advertisement",
        135: "neighbor solicitation",
        136: "neighbor advertisement",
        137: "redirect",
        143: "multicast listener report",
    },
}

_CODES = {
    (4, 3): (
        "network unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "network unknown",
        "host unknown",
        "source host isolated",
        "network prohibited",
        "host prohibited",
        "network unreachable for this service",
        "host unreachable for this service",
        "communication prohibited",
        "host precedence violation",
        "precedence cutoff",
    ),
    (4, 5): ("for the network", "for the host", "for the service and network", "for the service and host"),
    (4, 11): ("in transit", "in reassembly"),
    (4, 12): ("pointer indicates the error", "missing option", "bad length"),
    (6, 1): (
        "no route",
        "communication prohibited",
        "beyond scope of source address",
        "address unreachable",
        "port unreachable",
        "source address failed policy",
        "route rejected",
    ),
    (6, 3): ("in transit", "in reassembly"),
    (6, 4): ("erroneous header", "unknown next header", "unknown option"),
}


def icmp_name(version: int, kind: int, code: int) -> str:
    """What an ICMP message of IP `version` (4 or 6) says: "destination unreachable, port unreachable".

    A type without a name here is "type 42"; a code without one, other than 0, "code 7".
    """
    name = _TYPES[version].get(kind, f"type {kind}")
    codes = _CODES.get((version, kind), ())
    if code < len(codes):
        return f"{name}, {codes[code]}"
    return f"{name}, code {code}" if code else name

