"""At which addresses this machine can be reached, without asking anybody outside it."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import struct
import sys

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_SIOCGIFCONF = 0x8912  # Linux's number: netdevice(7)
_ENTRY = 40  # bytes of a struct ifreq on a machine of 64 bits
_INTERFACES = 64
# Nothing is sent to these: connect on a datagram socket only asks the kernel for a route. They are set aside
# for documentation (RFC 5737, RFC 3849), so they are nobody's.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def literal(host):
    """`host` itself, and for the name "localhost" 127.0.0.1: a server is given one address, and no name."""
    return "127.0.0.1" if host == "localhost" else host


def reachable(host, port):
    """ "HOST:PORT" texts at which a server on `host` and `port` is reached, loopback last."""
    if host not in ("0.0.0.0", "::"):
        return [written(host, port)]
    found = own_addresses(socket.AF_INET)
    if host == "::":
        found += own_addresses(socket.AF_INET6)
    found.sort(key=lambda address: ipaddress.ip_address(address).is_loopback)
    return [written(address, port) for address in found]


def written(host, port):
    """An address as one text, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def own_addresses(family):
    """This machine's addresses of `family`, without those of one link only; loopback is always among them."""
    found = []
    if family == socket.AF_INET:
        found += _of_interfaces()
    else:
        found += _from_proc()
    found += _toward(_ELSEWHERE[family])
    found.append("127.0.0.1" if family == socket.AF_INET else "::1")
    return list(dict.fromkeys(address for address in found if _is_ours(address)))


def _is_ours(address):
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)


def _of_interfaces():
    """SIOCGIFCONF: every interface with an IPv4 address. Linux only."""
    if fcntl is None or not sys.platform.startswith("linux") or struct.calcsize("P") != 8:
        return []
    buffer = bytearray(_ENTRY * _INTERFACES)
    view = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    request = struct.pack("iP", len(buffer), ctypes.addressof(view))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            length = struct.unpack("iP", fcntl.ioctl(asking, _SIOCGIFCONF, request))[0]
        except OSError:
            return []
    return [socket.inet_ntoa(buffer[at + 20 : at + 24]) for at in range(0, length, _ENTRY)]


def _from_proc():
    """/proc/net/if_inet6: every interface's IPv6 addresses. Linux only."""
    try:
        with open("/proc/net/if_inet6") as table:
            return [str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0]))) for line in table]
    except (OSError, ValueError, IndexError):
        return []


def _toward(elsewhere):
    """The address that the kernel would use on the way to `elsewhere`, if it has a way."""
    family = socket.AF_INET6 if ":" in elsewhere else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((elsewhere, 9))
            return [asking.getsockname()[0].partition("%")[0]]
    except OSError:
        return []
