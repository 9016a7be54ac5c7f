"""pcap files: what crossed the wire, for Wireshark, and back again.

The format of 1987 is enough, in its nanosecond variant: one header, and for each packet a time, two lengths
and the bytes. The link type is 101, LINKTYPE_RAW: each record begins with an IP header, of either version, as
on a TUN device. draft-ietf-opsawg-pcap describes it; tcpdump.org/linktypes.html has the numbers.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from itertools import count
from math import isfinite
from struct import Struct

from labsupport.packets.packet import Packet
from labsupport.packets.parsing import parse

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6 = 101, 228, 229
SNAP_LENGTH = 262144  # libpcap's own limit for a record, bytes

_PCAPNG = 0x0A0D0D0A
_OTHERS = {0: "BSD loopback", 1: "Ethernet", 113: "Linux cooked", 276: "Linux cooked"}
_header = Struct("<IHHiIII")
_record = Struct("<IIII")
_attempts = count()


def write_pcap(file, packets, start: float = 0.0) -> None:
    """Write `packets` to `file`, a path or a binary file open for writing, so that Wireshark can open it.

    A path gets all of it or, if anything is raised, stays as it was. `start`: seconds since 1970 when the
    network began; without it Wireshark shows times since 1970 began. TypeError for what is no Packet;
    ValueError for a time before 1970 or after 2106, which the format cannot hold; OSError from the file.
    """
    whole = b"".join(_written(packets, start))
    if hasattr(file, "write"):
        file.write(whole)
        return
    with _replacing(os.fspath(file)) as new:
        new.write(whole)


def read_pcap(file) -> list[Packet]:
    """The packets in `file`, a path or a binary file open for reading: as `parse` reads them, `time` as it
    stands there.

    Both byte orders, microseconds and nanoseconds. ValueError says why it is no such file: another format,
    another link type than raw IP, a record that ends too early. OSError from the file.
    """
    if hasattr(file, "read"):
        return list(_packets(file))
    with open(file, "rb") as opened:
        return list(_packets(opened))


def _written(packets, start):
    """The file's pieces, in order."""
    yield _header.pack(NANOSECONDS, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW)
    if not isfinite(start):
        raise ValueError(f"start must be seconds since 1970, not {start!r}")
    began = round(start * 1e9)
    for packet in packets:
        if not isinstance(packet, Packet):
            raise TypeError(f"a pcap file holds packets, not {type(packet).__name__}")
        moment = began + round(packet.time * 1e9) if isfinite(packet.time) else -1
        seconds, nanoseconds = divmod(moment, 1_000_000_000)
        if not 0 <= seconds < 2**32:
            raise ValueError(f"no time for a pcap file, 1970 to 2106: {start + packet.time!r} s")
        raw = packet.raw[:SNAP_LENGTH]
        yield _record.pack(seconds, nanoseconds, len(raw), max(_length(packet.raw), len(raw)))
        yield raw


def _length(raw):
    """How many bytes the packet had on the wire, as its header says: the record may hold fewer."""
    if len(raw) >= 20 and raw[0] >> 4 == 4:
        return int.from_bytes(raw[2:4])
    if len(raw) >= 40 and raw[0] >> 4 == 6:
        return 40 + int.from_bytes(raw[4:6])
    return len(raw)


@contextmanager
def _replacing(path):
    """A file beside `path` that takes its place when all is written; what is no plain file there, itself."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):  # /dev/stdout, a pipe to Wireshark
            with open(path, "wb") as opened:
                yield opened
            return
    path = os.path.realpath(path)
    beside = f"{path}.{os.getpid()}-{next(_attempts)}.part"
    try:
        with open(beside, "xb") as opened:
            yield opened
        os.replace(beside, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def _packets(file):
    """Each packet of an open file."""
    head = file.read(_header.size)
    order, per_second = _form(head)
    link = Struct(f"{order}IHHiIII").unpack(head)[-1] & 0xFFFF  # the rest is for Ethernet
    if link not in (LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6):
        name = f" ({_OTHERS[link]})" if link in _OTHERS else ""
        raise ValueError(f"its packets are of link type {link}{name}; only raw IP is read, {LINKTYPE_RAW}")
    record = Struct(f"{order}IIII")
    for number in count(1):
        head = file.read(record.size)
        if not head:
            return
        if len(head) < record.size:
            raise ValueError(f"the file ends within the header of packet {number}")
        seconds, fraction, held, _ = record.unpack(head)
        if held > SNAP_LENGTH:
            raise ValueError(f"packet {number} claims {held} bytes; a record has {SNAP_LENGTH} at most")
        raw = file.read(held)
        if len(raw) < held:
            raise ValueError(f"the file ends within packet {number}: {len(raw)} of {held} bytes")
        yield parse(raw, time=(seconds * per_second + fraction) / per_second)  # one rounding, not two


def _form(head):
    """Byte order as `struct` spells it, and fractions in a second, by the header's first four bytes."""
    for order, name in (("<", "little"), (">", "big")):
        magic = int.from_bytes(head[:4], name)
        if magic in (MICROSECONDS, NANOSECONDS):
            if len(head) < _header.size:
                raise ValueError(f"the file ends within its header: {len(head)} of {_header.size} bytes")
            return order, 1_000_000 if magic == MICROSECONDS else 1_000_000_000
    if int.from_bytes(head[:4]) == _PCAPNG:
        raise ValueError("this is a pcapng file; only pcap is read (editcap -F pcap makes one of it)")
    raise ValueError(f"no pcap file: it begins with {head[:4]!r}" if head else "no pcap file: it is empty")
