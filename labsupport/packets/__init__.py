"""Bytes off a wire → frozen `Packet`; pcap in and out.

The network hands over whole IP packets, as the kernel wrote them. To show what crossed the wire they have to
be read, and read without trust: what a rule corrupted, what a record cut short, what a learner made by hand.
So `parse` takes any bytes and never raises; what it could not read it says in `problem`. The standard library
alone, and no input or output but the two pcap functions.
"""

from labsupport.packets.packet import Packet
from labsupport.packets.parsing import parse
from labsupport.packets.pcap import read_pcap, write_pcap

__all__ = ["Packet", "parse", "read_pcap", "write_pcap"]
