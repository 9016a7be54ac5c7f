"""The address structures: C's fields and Python's values of the same bytes, and what no field can hold."""

from __future__ import annotations

import socket
import struct
import sys

import pytest

from labsupport import libc, sockaddr_in, sockaddr_in6, sockaddr_un
from labsupport.c.declarations import SYSTEM
from labsupport.c.library import _new_ffi

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux lays them out")


def test_a_port_has_two_readings():
    address = sockaddr_in(port=80, addr="127.0.0.1")
    assert address.port == 80 and address.sin_port == socket.htons(80)
    address.sin_port = socket.htons(8080)
    assert address.port == 8080
    assert sockaddr_in(sin_port=socket.htons(80), addr="127.0.0.1") == address or address.port != 80


def test_an_address_has_two_readings():
    address = sockaddr_in(addr="10.0.0.1")
    assert bytes(address.sin_addr) == socket.inet_aton("10.0.0.1") and repr(address.sin_addr) == "10.0.0.1"
    address.sin_addr.s_addr = socket.htonl(0x7F000001)  # htonl(INADDR_LOOPBACK)
    assert address.addr == "127.0.0.1"
    assert address.sin_addr.s_addr == struct.unpack("=I", bytes([127, 0, 0, 1]))[0]


@linux
def test_the_bytes_are_those_that_the_kernel_takes():
    assert bytes(sockaddr_in(port=80, addr="127.0.0.1")) == struct.pack(
        "=H", socket.AF_INET
    ) + b"\0\x50\x7f\0\0\1" + bytes(8)
    six = sockaddr_in6(port=443, addr="::1", sin6_scope_id=3)
    assert bytes(six) == struct.pack("=H", socket.AF_INET6) + b"\1\xbb" + bytes(4) + bytes(15) + b"\1" + (
        struct.pack("=I", 3)
    )
    assert six.address == ("::1", 443, 0, 3)
    assert bytes(sockaddr_un(path="/a"))[:6] == struct.pack("=H", socket.AF_UNIX) + b"/a\0\0"


@pytest.mark.parametrize("kind", [sockaddr_in, sockaddr_in6, sockaddr_un])
def test_sizes_and_offsets_are_cs(kind):
    ffi, address = _new_ffi(), kind()
    assert len(address) == len(bytes(address)) == ffi.sizeof(address.c_type)
    for field in address.fields:
        assert ffi.offsetof(address.c_type, field.name) == field.offset
        assert ffi.sizeof(dict(ffi.typeof(address.c_type).fields)[field.name].type) == field.size


def test_the_family_is_there_from_the_start_and_can_be_wrong():
    address = sockaddr_in()
    assert address.sin_family == socket.AF_INET and address.address == ("0.0.0.0", 0)
    address.sin_family = 0
    assert "AF_UNSPEC" in repr(address)
    lib = libc(SYSTEM["bind"][1])
    with socket.socket() as sock, pytest.raises(OSError, match="EAFNOSUPPORT"):
        address.addr = "127.0.0.1"
        lib.bind(sock, address, len(address))


def test_inet_pton_writes_into_the_field():
    lib = libc(SYSTEM["inet_pton"][1], SYSTEM["inet_ntop"][1])
    address = sockaddr_in(port=80)
    assert lib.inet_pton(socket.AF_INET, b"192.0.2.7", address.sin_addr) == 1
    assert address.addr == "192.0.2.7" and address.port == 80
    assert lib.inet_ntop(socket.AF_INET, address.sin_addr, bytearray(16), 16) == b"192.0.2.7"
    six = sockaddr_in6()
    assert lib.inet_pton(socket.AF_INET6, b"2001:db8::7", six.sin6_addr) == 1
    assert six.addr == "2001:db8::7" and six.sin6_addr.s6_addr[:2] == b"\x20\x01"
    with pytest.raises(ValueError, match="writes up to 16 bytes, and there are 4"):
        lib.inet_pton(socket.AF_INET6, b"::1", address.sin_addr)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_unix_path_binds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lib, address = libc(SYSTEM["bind"][1]), sockaddr_un(path="a.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        assert lib.bind(sock, address, len(address)) == 0
        assert sock.getsockname() == address.address == "a.sock"


@linux
def test_an_abstract_name():
    address = sockaddr_un(path="\0name")
    assert address.path == "\0name" and "@name" in repr(address)


def test_shown_field_by_field():
    if not sys.platform.startswith("linux"):
        pytest.skip("as Linux lays them out")
    assert repr(sockaddr_in(port=80, addr="127.0.0.1")) == (
        "struct sockaddr_in, 16 bytes\n"
        "  0  sin_family  02 00                    AF_INET\n"
        "  2  sin_port    00 50                    80\n"
        "  4  sin_addr    7f 00 00 01              127.0.0.1\n"
        "  8  sin_zero    00 00 00 00 00 00 00 00"
    )
    assert "2f 61 00 … 105 more, all 00  /a" in repr(sockaddr_un(path="/a"))


def test_drawn_field_by_field():
    bundle = sockaddr_in(port=80, addr="127.0.0.1")._repr_mimebundle_()
    svg = bundle["image/svg+xml"]
    assert bundle["text/plain"].startswith("struct sockaddr_in, 16 bytes")
    assert all(f">{said}<" in svg for said in ("sin_port", "50", "127.0.0.1", "AF_INET", "16 bytes"))
    assert "more" in sockaddr_un(path="/a")._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: sockaddr_in(port=65536), ValueError, "0 to 65535: 65536 does not fit"),
        (lambda: sockaddr_in(port=-1), ValueError, "does not fit"),
        (lambda: sockaddr_in(port="80"), TypeError, "port is a whole number, not '80'"),
        (lambda: sockaddr_in(port=True), TypeError, "whole number"),
        (lambda: sockaddr_in(addr="localhost"), ValueError, "a name is looked up with getaddrinfo"),
        (lambda: sockaddr_in(addr="::1"), ValueError, "no address of AF_INET, .* one of AF_INET6"),
        (lambda: sockaddr_in6(addr="127.0.0.1"), ValueError, "one of AF_INET$"),
        (lambda: sockaddr_in(addr=b"127.0.0.1"), TypeError, "addr is text"),
        (
            lambda: sockaddr_in(host="127.0.0.1"),
            TypeError,
            "struct sockaddr_in has no host; it has port, addr",
        ),
        (lambda: sockaddr_in(sin_port=70000), ValueError, "sin_port has 2 bytes: 70000 does not fit"),
        (lambda: sockaddr_in(sin_port=None), TypeError, "sin_port is a whole number"),
        (lambda: sockaddr_un(path="x" * 108), ValueError, "a NUL at the end included: this path has 108"),
        (lambda: sockaddr_un(path=3), TypeError, "int"),
        (lambda: sockaddr_in("127.0.0.1", 80), TypeError, "positional"),
        (lambda: setattr(sockaddr_in6().sin6_addr, "s6_addr", b"1"), ValueError, "16 bytes, not 1"),
    ],
)
def test_what_no_field_can_hold(make, error, said):
    with pytest.raises(error, match=said):
        make()
