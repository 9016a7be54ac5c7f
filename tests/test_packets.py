"""`parse` and `Packet` against packets made by hand, header by header."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from struct import pack

import pytest
from packet_bytes import A6, ACK, B6, PSH, SYN, A, B, datagram, flipped, icmp, ip, ipv4, ipv6
from packet_bytes import random_packets, samples, segment, summed, tcp, udp

from labsupport.packets import Packet, parse
from labsupport.packets.checksums import checksum, verified

SAMPLES = samples()

SAID = {
    "SYN": "SYN",
    "SYN, ACK": "SYN, ACK",
    "ACK": "ACK",
    "data": "5 bytes",
    "FIN": "FIN",
    "data and FIN": "5 bytes, FIN",
    "RST": "RST",
    "RST, ACK": "RST",
    "urgent": "5 bytes, URG",
    "no flags": "no flags",
    "ECN SYN": "SYN",
    "window 0": "ACK, window 0",
    "UDP": "datagram, 5 bytes",
    "empty UDP": "datagram, 0 bytes",
    "echo request": "ICMP: echo request",
    "port unreachable": "ICMP: port unreachable",
    "fragmentation needed": "ICMP: fragmentation needed",
    "time exceeded": "ICMP: time exceeded",
    "unknown ICMP": "ICMP: type 42",
    "ICMPv6 port unreachable": "ICMPv6: port unreachable",
    "packet too big": "ICMPv6: packet too big",
    "neighbor solicitation": "ICMPv6: neighbor solicitation",
    "first fragment": "fragment, 32 bytes",
    "later fragment over IPv6": "fragment, 32 bytes",
    "atomic fragment": "5 bytes",
    "OSPF": "protocol 89, 44 bytes",
}

SPELLED = {
    "SYN": "10.0.0.1 → 10.0.0.2  TCP SYN",
    "SYN, ACK": "10.0.0.2 → 10.0.0.1  TCP SYN, ACK",
    "data": "10.0.0.1 → 10.0.0.2  TCP ACK, 5 bytes b'hello'",
    "data and FIN": "10.0.0.1 → 10.0.0.2  TCP FIN, ACK, 5 bytes b'hello'",
    "full": f"10.0.0.1 → 10.0.0.2  TCP ACK, 1460 bytes {bytes(16)!r}…",
    "UDP over IPv6": "fd00::1 → fd00::2  UDP 5 bytes b'hello'",
    "empty UDP": "10.0.0.1 → 10.0.0.2  UDP 0 bytes",
    "port unreachable": "10.0.0.2 → 10.0.0.1  ICMP destination unreachable, port unreachable",
    "no next header": "fd00::1 → fd00::2  protocol 59 0 bytes",
}

# Where a checksum is wrong, and where there is none to check; all the others are right.
WRONG = {name for name in SAMPLES if name.startswith("wrong")} | {
    "UDP over IPv6 without checksum",
    "UDP says too little",  # the sum is right for the whole, and what is said is a part
}
UNKNOWN = {
    "UDP without checksum",
    "UDP says too much",
    "UDP says less than a header",
    "first fragment",
    "later fragment",
    "middle fragment of TCP",
    "first fragment over IPv6",
    "later fragment over IPv6",
    "unfinished route",
    "no next header",
    "OSPF",
}


@pytest.mark.parametrize("name", SAID)
def test_a_few_words_for_the_ladder(name):
    assert parse(SAMPLES[name]).said == SAID[name]


@pytest.mark.parametrize("name", SPELLED)
def test_repr_is_settled(name):
    assert repr(parse(SAMPLES[name], time=1.25)) == SPELLED[name]


def test_repr_tells_a_bad_fate_alone():
    said = [repr(parse(SAMPLES["SYN"], fate=fate)) for fate in ("", "in flight", "delivered", "queue full")]
    assert said == [SPELLED["SYN"]] * 3 + [SPELLED["SYN"] + "  (queue full)"]


@pytest.mark.parametrize("name", SAMPLES)
def test_checksums(name):
    expected = False if name in WRONG else None if name in UNKNOWN else True
    assert parse(SAMPLES[name]).checksum_ok is expected


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - WRONG - UNKNOWN - {"trailing bytes"}))
def test_any_flipped_bit_that_a_checksum_covers_is_found(name):
    raw = SAMPLES[name]
    header = parse(raw).version == 6  # IPv6's own has no checksum; the transport's covers the addresses
    covered = range(len(raw) - 20 if header else 0, len(raw))
    assert not [at for at in covered if parse(flipped(raw, at, 1 << at % 8)).checksum_ok]


def test_all_fields_of_a_segment():
    packet = parse(SAMPLES["SYN"], time=0.5, fate="delivered")
    assert packet == Packet(
        time=0.5,
        source=(A, 40000),
        destination=(B, 80),
        version=4,
        protocol="TCP",
        flags="SYN",
        seq=1000,
        window=64240,
        options=(
            ("MSS", 1460),
            ("SACK permitted", None),
            ("timestamps", (4_000_000_000, 7)),
            ("window scale", 7),
        ),
        ttl=64,
        checksum_ok=True,
        raw=SAMPLES["SYN"],
        fate="delivered",
    )
    assert packet.syn and packet.is_tcp
    assert not (packet.has_ack or packet.fin or packet.rst or packet.psh or packet.urg or packet.acks_only)


def test_flags_are_named_in_one_order():
    assert parse(SAMPLES["all flags"]).flags == "SYN, FIN, RST, PSH, ACK, URG, ECE, CWR"
    assert [name for name in ("ACK", "data", "FIN", "UDP") if parse(SAMPLES[name]).acks_only] == ["ACK"]
    assert parse(SAMPLES["urgent"]).urgent == 5 and parse(SAMPLES["data"]).urgent is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SACK", (("SACK", ((5000, 6000), (7000, 8000))),)),
        ("three SACK blocks", (("timestamps", (4_000_000_000, 7)), ("SACK", ((1, 2), (3, 4), (5, 6))))),
        ("unknown options", ((253, b"abcd"), (19, b""))),
        ("option of a wrong length", ((2, b"\x05"),)),
        ("malformed option", (("malformed", b"\x08\x0aab\0\0\0"),)),
        ("end of options", ()),
        ("odd data without options", ()),
    ],
)
def test_tcp_options(name, options):
    assert parse(SAMPLES[name]).options == options


def test_udp_length_that_does_not_fit():
    more, less, none = (
        parse(SAMPLES[f"UDP says {what}"]) for what in ("too much", "too little", "less than a header")
    )
    assert (more.problem, more.payload, more.length) == ("UDP length 40, 13 bytes there", b"hello", 5)
    assert (less.problem, less.payload, less.length) == ("", b"he", 2)  # the rest is nobody's: RFC 9868
    assert (none.problem, none.payload) == ("UDP length 7, 13 bytes there", b"hello")


def test_an_icmp_error_quotes_the_packet_that_caused_it():
    packet = parse(SAMPLES["port unreachable"])
    assert (packet.icmp, packet.icmp_name) == ((3, 3), "destination unreachable, port unreachable")
    assert packet.quoted == parse(SAMPLES["UDP"])
    assert (packet.source, packet.destination) == ((B, None), (A, None))
    assert parse(SAMPLES["ICMPv6 port unreachable"]).quoted == parse(SAMPLES["UDP over IPv6"])
    assert parse(SAMPLES["echo request"]).quoted is None


def test_eight_quoted_bytes_have_the_ports_and_the_sequence_number():
    quoted = parse(SAMPLES["port unreachable, 8 bytes quoted"]).quoted
    assert (quoted.source, quoted.destination, quoted.seq) == ((A, 40000), (B, 80), 1000)
    assert (quoted.ack, quoted.flags, quoted.window, quoted.said) == (None, "", None, "cut short")
    assert quoted.problem == "cut short in the TCP header"


def test_a_message_that_a_packet_is_too_big_tells_the_mtu():
    needed, too_big = parse(SAMPLES["fragmentation needed"]), parse(SAMPLES["packet too big"])
    assert (needed.mtu, too_big.mtu) == (1280, 1280)
    assert (needed.quoted.length, len(needed.quoted.payload)) == (1460, 508)
    assert needed.quoted.checksum_ok is None
    assert parse(SAMPLES["port unreachable"]).mtu is None


def test_what_follows_the_quotation_is_left_out():
    """RFC 4884: the message may say how much of it is quoted, and go on with something else."""
    held = tcp(SYN)[:32]
    packet = parse(icmp(11, 0, bytes((0, len(held) // 4, 0, 0)), held + b"extension", B, A))
    assert packet.quoted.raw == held


def test_messages_quoted_in_messages_do_not_nest_without_end():
    raw = tcp(SYN)
    for _ in range(1000):
        raw = icmp(3, 3, bytes(4), raw, B, A)
    assert parse(raw).quoted.icmp == (3, 3)
    assert parse(raw).quoted.quoted is None


def test_fragments():
    first, later = parse(SAMPLES["first fragment"]), parse(SAMPLES["later fragment"])
    assert (first.fragment, first.destination, first.length, first.problem) == ((0, True), (B, 7), 32, "")
    assert (later.fragment, later.destination, later.protocol) == ((40, False), (B, None), "UDP")
    assert later.payload == datagram(bytes(64))[40:]
    first, later = (parse(SAMPLES[f"{which} fragment over IPv6"]) for which in ("first", "later"))
    assert (first.fragment, first.destination) == ((0, True), (B6, 7))
    assert (later.fragment, later.destination) == ((40, False), (B6, None))


def test_what_stands_between_ip_and_the_transport():
    assert parse(SAMPLES["IPv4 options"]).headers == (
        ("router alert", b"\0\0"),
        ("record route", b"\x04" + bytes(4)),
    )
    packet = parse(SAMPLES["three extensions"])
    assert [name for name, _ in packet.headers] == ["hop-by-hop options", "destination options", "routing"]
    assert (packet.protocol, packet.payload, packet.problem) == ("TCP", b"hello", "")


def test_a_source_route_leaves_the_checksum_open():
    """The destination that was summed is the last one, and the header names the next."""
    for pointer, expected in ((4, None), (8, True)):
        route = bytes((131, 7, pointer)) + bytes(4)
        assert parse(ipv4(6, segment(ACK), options=route)).checksum_ok is expected


def test_lengths_that_cannot_be():
    assert parse(b"").problem == "no bytes"
    assert parse(b"\x12\x34").problem == "no IP packet"
    assert repr(parse(b"\x12")) == "unknown, 1 byte"
    assert parse(b"\x41" + SAMPLES["FIN"][1:]).problem == "IPv4 header of 4 bytes, packet of 40"
    assert parse(ipv4(6, b"", total=12)).problem == "IPv4 header of 20 bytes, packet of 12"
    assert parse(SAMPLES["TCP header too short"]).problem == "TCP header of 16 bytes, 20 there"
    assert parse(SAMPLES["TCP header too long"]).problem == "TCP header of 60 bytes, 25 there"


def test_a_length_of_zero_is_left_to_the_hardware():
    """With segmentation offload a packet may be longer than its field can tell."""
    raw = ipv4(6, segment(ACK, b"hello"), total=0)
    assert parse(raw).payload == parse(ipv6(6, segment(ACK, b"hello", A6, B6), length=0)).payload == b"hello"


@pytest.mark.parametrize("name", SAMPLES)
def test_cut_short_anywhere(name):
    """What is read from a part is what is read from the whole, or is not there."""
    raw = SAMPLES[name]
    whole = parse(raw)
    for size in range(len(raw) if len(raw) < 300 else 300):
        part = parse(raw[:size])
        assert part.version in (None, whole.version)
        assert part.protocol in ("unknown", whole.protocol) or part.version == 6
        for field in ("seq", "ack", "window", "ttl", "icmp", "mtu", "fragment"):
            assert getattr(part, field) in (None, getattr(whole, field)), (size, field)
        assert part.flags in ("", whole.flags)
        assert part.source in (("", None), (whole.source[0], None), whole.source)
        assert whole.payload.startswith(part.payload) or part.problem or part.version is None
        assert part.checksum_ok is not True or name == "trailing bytes"


def test_a_record_cut_in_the_payload_keeps_the_length_of_the_wire():
    for raw in (SAMPLES["full"], udp(bytes(1000)), udp(bytes(1000), A6, B6), icmp(8, 0, payload=bytes(1000))):
        part = parse(raw[:128])
        assert (part.length, part.problem, part.checksum_ok) == (parse(raw).length, "", None)
        assert len(part.payload) < 128


def test_bytes_after_the_packet_are_left_out():
    assert parse(SAMPLES["trailing bytes"]).length == 0
    assert parse(udp(b"hello") + b"more").payload == b"hello"


def test_unknown_protocols_go_by_their_number():
    assert parse(ipv4(89, b"abc")).protocol == "protocol 89"
    assert parse(ipv6(1, b"abc")).protocol == "protocol 1"  # ICMP belongs to IPv4
    assert parse(ipv4(58, b"abc")).protocol == "protocol 58"
    assert parse(ipv4(89, b"abc")).payload == b"abc"


@pytest.mark.parametrize("raw", [bytearray(SAMPLES["data"]), memoryview(SAMPLES["data"])])
def test_takes_whatever_holds_bytes(raw):
    assert parse(raw) == parse(bytes(raw))


@pytest.mark.parametrize("raw", ["text", None, 5, [1, 2]])
def test_takes_nothing_else(raw):
    with pytest.raises(TypeError, match="raw must be bytes"):
        parse(raw)


def test_a_packet_does_not_change():
    packet = parse(SAMPLES["data"])
    with pytest.raises(FrozenInstanceError, match="replace"):
        packet.fate = "lost"
    with pytest.raises(FrozenInstanceError):
        del packet.fate
    with pytest.raises(AttributeError):
        packet.unheard = 1
    lost = packet.replace(fate="lost")
    assert (lost.fate, packet.fate) == ("lost", "")
    assert lost != packet and lost.replace(fate="") == packet and hash(lost.replace(fate="")) == hash(packet)
    assert packet != "data"
    with pytest.raises(TypeError, match="no field 'size'; it has time"):
        packet.replace(size=5)


def test_packets_can_be_copied_and_kept():
    every = [parse(raw, time=n / 7) for n, raw in enumerate(SAMPLES.values())]
    assert copy.deepcopy(every) == pickle.loads(pickle.dumps(every)) == every
    assert len(set(every)) == len(every)


def test_text_has_all_fields_that_are_there():
    text = parse(SAMPLES["data"], time=0.25, fate="delivered").text()
    assert text.splitlines()[0] == SPELLED["data"]
    for part in ("time         0.250000", "seq          1000", "('10.0.0.2', 80)", "fate         delivered"):
        assert part in text
    assert "icmp" not in text and "raw" not in text
    assert "icmp_name    time exceeded, in transit" in parse(SAMPLES["time exceeded"]).text()


def test_checksums_as_rfc_1071_describes_them():
    """The sum of words, one by one, against the sum by one division."""
    for raw in (b"", b"\0\0", b"\0\1", b"\xff\xff", b"\xff" * 4, b"odd", bytes(range(256)) * 5 + b"\7"):
        assert checksum(raw) == summed(raw)
    for raw in random_packets("checksums", 50):
        assert checksum(raw) == summed(raw)
        padded = raw + bytes(len(raw) % 2)
        assert verified(padded + pack("!H", summed(raw)))
    assert not verified(bytes(20))  # all zeros add up to 0; a sender's sum never does


def test_random_packets_are_right():
    for raw in random_packets("right", 500):
        packet = parse(raw)
        assert (packet.checksum_ok, packet.problem) == (True, "")


def test_ip_within_ip_is_not_taken_apart():
    packet = parse(ip(4, tcp(PSH | ACK, b"inner")))
    assert (packet.protocol, packet.seq, packet.length) == ("protocol 4", None, 45)
