"""tshark's reading of a pcap file, to hold `parse` to, field by field."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from labsupport.packets import write_pcap

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

FLAG_BITS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
KINDS = {"MSS": 2, "window scale": 3, "SACK permitted": 4, "SACK": 5, "timestamps": 8}
BAD, GOOD, ILLEGAL = "0", "1", "4"  # tshark's words for checksums; 2 and 3: not checked, none there
PREFERENCES = (
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "tcp.relative_sequence_numbers:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
)


def option(name, value=lambda value: value):
    """A column that is there where a TCP option is."""
    return lambda packet: str(value(dict(packet.options)[name])) if name in dict(packet.options) else None


def version(number, value):
    """A column that is there for one version of IP."""
    return lambda packet: str(value(packet)) if packet.version == number else None


def transport(protocol, value):
    """A column of a transport whose header was read."""
    return lambda packet: (
        str(value(packet))
        if packet.protocol == protocol and (packet.source[1] is not None or packet.icmp)
        else None
    )


def bits(packet):
    """tshark's way to write flags."""
    return f"0x{sum(FLAG_BITS[name] for name in packet.flags.split(', ') if name):04x}"


def kinds(packet):
    """The numbers of the options, without padding."""
    return ",".join(str(KINDS.get(name, name)) for name, _ in packet.options if name != "malformed") or None


COLUMNS = {
    "ip.src": version(4, lambda packet: packet.source[0]),
    "ip.dst": version(4, lambda packet: packet.destination[0]),
    "ip.ttl": version(4, lambda packet: packet.ttl),
    "ip.frag_offset": version(4, lambda packet: packet.fragment[0] // 8 if packet.fragment else 0),
    "ip.flags.mf": version(4, lambda packet: int(bool(packet.fragment and packet.fragment[1]))),
    "ipv6.src": version(6, lambda packet: packet.source[0]),
    "ipv6.dst": version(6, lambda packet: packet.destination[0]),
    "ipv6.hlim": version(6, lambda packet: packet.ttl),
    "ipv6.fraghdr.offset": lambda packet: (
        str(packet.fragment[0] // 8) if packet.version == 6 and packet.fragment else None
    ),
    "ipv6.fraghdr.more": lambda packet: (
        str(int(packet.fragment[1])) if packet.version == 6 and packet.fragment else None
    ),
    "tcp.srcport": transport("TCP", lambda packet: packet.source[1]),
    "tcp.dstport": transport("TCP", lambda packet: packet.destination[1]),
    "tcp.seq": transport("TCP", lambda packet: packet.seq),
    "tcp.flags": transport("TCP", bits),
    "tcp.window_size_value": transport("TCP", lambda packet: packet.window),
    "tcp.len": transport("TCP", lambda packet: packet.length),
    "tcp.options.mss_val": option("MSS"),
    "tcp.options.wscale.shift": option("window scale"),
    "tcp.options.sack_le": option("SACK", lambda blocks: ",".join(str(left) for left, _ in blocks)),
    "tcp.options.sack_re": option("SACK", lambda blocks: ",".join(str(right) for _, right in blocks)),
    "tcp.options.timestamp.tsval": option("timestamps", lambda stamps: stamps[0]),
    "tcp.options.timestamp.tsecr": option("timestamps", lambda stamps: stamps[1]),
    "udp.srcport": transport("UDP", lambda packet: packet.source[1]),
    "udp.dstport": transport("UDP", lambda packet: packet.destination[1]),
    "udp.length": transport("UDP", lambda packet: packet.length + 8),
    "icmp.type": transport("ICMP", lambda packet: packet.icmp[0]),
    "icmp.code": transport("ICMP", lambda packet: packet.icmp[1]),
    "icmp.mtu": lambda packet: str(packet.mtu) if packet.version == 4 and packet.mtu else None,
    "icmpv6.type": transport("ICMPv6", lambda packet: packet.icmp[0]),
    "icmpv6.code": transport("ICMPv6", lambda packet: packet.icmp[1]),
    "icmpv6.mtu": lambda packet: str(packet.mtu) if packet.version == 6 and packet.mtu else None,
}
"""tshark's field → what our packet says there, as a string; None where it says nothing."""

EXTRA = (
    "frame.time_epoch",
    "tcp.ack_raw",
    "tcp.urgent_pointer",
    "tcp.option_kind",
    "tcp.payload",
    "udp.payload",
    "ip.opt.type",
    "ip.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
)


HEADERS = [name for name in COLUMNS if ".options." not in name and not name.endswith(("len", "length"))]
"""Those that stand where they stand, however much of the packet is there."""


def dissected(path):
    """What tshark reads in a file: for each packet field → values, those of a quoted packet after its own."""
    wanted = (*COLUMNS, *EXTRA)
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "separator=/t"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for field in wanted:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    rows = [line.split("\t") for line in done.stdout.split("\n")[:-1]]
    return [dict(zip(wanted, row, strict=True)) for row in rows]


def both(path, packets):
    """(packet, tshark's reading of it) for each of `packets`, by way of a file."""
    write_pcap(path, packets)
    readings = dissected(path)
    assert len(readings) == len(packets)
    return zip(packets, readings, strict=True)


def chain(packet):
    """The packet, and the one that it quotes."""
    return [packet] if packet.quoted is None else [packet, packet.quoted]


def compare(packet, reading):
    """Every column of both; where something does not fit, the two may stop at different places."""
    problem = any(one.problem for one in chain(packet))
    for field, value in COLUMNS.items():
        if field == "udp.length" and packet.fragment:  # there it tells the whole's
            continue
        read = [packet] if field == "tcp.len" else chain(packet)  # tshark does not measure what is quoted
        ours = ",".join(said for said in map(value, read) if said is not None)
        assert ours == reading[field] or problem, (packet.text(), field)
    assert float(reading["frame.time_epoch"]) == pytest.approx(packet.time, abs=1e-9)
    if not problem:
        compare_tcp(packet, reading)


def compare_tcp(packet, reading):
    """What tshark also shows where it means nothing: ack without its flag, padding among the options."""
    if packet.has_ack:
        assert reading["tcp.ack_raw"] == str(packet.ack)
    if packet.urg:
        assert reading["tcp.urgent_pointer"] == str(packet.urgent)
    theirs = [kind for kind in reading["tcp.option_kind"].split(",") if kind not in ("", "0", "1")]
    assert theirs == [kind for said in map(kinds, chain(packet)) if said for kind in said.split(",")]
    if packet.is_tcp and packet.seq is not None and not packet.rst:  # a RST may say why, in its data
        assert reading["tcp.payload"] == packet.payload.hex()
    if packet.is_udp and not packet.fragment:
        # tshark's has what is beyond the UDP length, too.
        assert reading["udp.payload"].startswith(packet.payload.hex())


def compare_checksums(packet, reading):
    """One verdict against two: the IPv4 header's and the transport's."""
    header = reading["ip.checksum.status"].partition(",")[0]
    own = reading.get(f"{packet.protocol.lower()}.checksum.status", "").partition(",")[0]
    if packet.checksum_ok:
        assert header in ("", GOOD) and own == GOOD
    elif packet.checksum_ok is False:
        assert BAD in (header, own) or own == ILLEGAL
    else:
        assert header in ("", GOOD) and own not in (GOOD, BAD)
