"""What reading a packet costs: `parse`, beside bare `struct` on the two headers, and beside tshark on a file.

Absolute figures belong to an idle machine; the ratios hold on a busy one too.
"""

from __future__ import annotations

import os
import shutil
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from socket import inet_aton

from labsupport.packets import parse, write_pcap
from labsupport.packets.checksums import checksum, pseudo_header

GOAL = 10.0  # µs for a TCP segment without options and without payload, on an idle machine
STAMPS = b"\x01\x01\x08\x0a" + bytes(8)
KINDS = {
    "ACK": (16, b"", b""),
    "ACK, timestamps": (16, STAMPS, b""),
    "SYN, four options": (2, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07", b""),
    "1448 bytes, timestamps": (24, STAMPS, bytes(range(181)) * 8),
}


def main(quick=False):
    """Measure, print, and say whether a bare ACK was read within the goal."""
    rounds, reads = (20, 500) if quick else (100, 2000)
    packets = {name: _segment(*parts) for name, parts in KINDS.items()}
    print(f"{'':30}{'parse':>10}{'struct':>10}{'ratio':>8}   µs, medians of {rounds} rounds of {reads}")
    found = {}
    for name, raw in packets.items():
        pairs = [(_each(reads, parse, raw), _each(reads, _bare, raw)) for _ in range(rounds)]
        found[name], bare = (statistics.median(times) for times in zip(*pairs, strict=True))
        goal = f"   (goal {GOAL:g})" if name == "ACK" else ""
        print(f"{name:30}{found[name]:10.2f}{bare:10.2f}{found[name] / bare:8.1f}{goal}")
    if shutil.which("tshark"):
        _beside_tshark(list(packets.values()) * (2_000 if quick else 20_000))
    return found["ACK"] <= GOAL


def _beside_tshark(raws):
    """Both read all of a file; tshark's processor time includes its start, of half a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "some.pcap")
        write_pcap(path, map(parse, raws))
        before = os.times()
        subprocess.run(["tshark", "-n", "-r", str(path)], capture_output=True, check=True)
        after = os.times()
    theirs = after.children_user - before.children_user + after.children_system - before.children_system
    ours = sum(_each(1, parse, raw) for raw in raws)
    each = ours / len(raws), theirs * 1e6 / len(raws)
    print(f"{'all of a file':30}{each[0]:10.2f}{each[1]:10.2f}{each[0] / each[1]:8.1f}   (tshark instead of struct)")


def _segment(flags, options, payload):
    """An IPv4 packet with a TCP segment, its checksums right."""
    ends = inet_aton("10.0.0.1") + inet_aton("10.0.0.2")
    size = 20 + len(options)
    body = struct.pack("!HHIIBBHHH", 40000, 80, 1, 1, size // 4 << 4, flags, 64240, 0, 0) + options + payload
    body = body[:16] + struct.pack("!H", checksum(pseudo_header(ends, 6, len(body)) + body)) + body[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0x4000, 64, 6, 0) + ends
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def _bare(raw):
    return struct.unpack_from("!BBHHHBBH4s4s", raw), struct.unpack_from("!HHIIBBHHH", raw, 20)


def _each(count, function, argument):
    """Microseconds a call, of this thread's own time: what else the machine does is left out."""
    began = time.thread_time_ns()
    for _ in range(count):
        function(argument)
    return (time.thread_time_ns() - began) / count / 1e3
