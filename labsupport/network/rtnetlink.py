"""rtnetlink(7) by hand, as far as the helper needs it: devices, addresses, routes.

A message is a struct and attributes behind it, each with its length and number; the kernel answers with an
errno. A package for it would take four times as long to import as all of the network takes to be up.
"""

import _socket
import os
import struct

RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 20, 24  # linux/rtnetlink.h
REQUEST_ACK, REPLACE_CREATE = 0x1 | 0x4, 0x100 | 0x400  # linux/netlink.h
IFF_UP, IFA_F_NODAD = 0x1, 0x02
IFLA_MTU, IFLA_TXQLEN, IFLA_AF_SPEC, IFLA_INET6_ADDR_GEN_MODE = 4, 13, 26, 8
ADDR_GEN_NONE = 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DST, RTA_OIF, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS = 1, 4, 6, 7, 8
RTAX_LOCK, RTAX_RTO_MIN, RTAX_QUICKACK = 1, 13, 15
TABLE_MAIN, BY_KERNEL, SCOPE_LINK, UNIVERSE, UNICAST = 254, 2, 253, 0, 1
KERNELS_METRIC_6 = 256  # IP6_RT_PRIO_ADDRCONF: with it, the kernel's own route is the one replaced


def attribute(kind, layout, *values):
    """struct rtattr and what it holds."""
    return padded(kind, struct.pack(layout, *values))


def padded(kind, data):
    """An attribute of these bytes, up to the next multiple of four."""
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + b"\0" * (-size % 4)


def link_up(index, mtu=None, waiting=None):
    """RTM_NEWLINK: put a device up; `mtu` in bytes, `waiting`: packets that may wait in it."""
    sizes = b"" if mtu is None else attribute(IFLA_MTU, "=I", mtu) + attribute(IFLA_TXQLEN, "=I", waiting)
    return _changed_link(index, IFF_UP, sizes)


def no_link_local(index):
    """RTM_NEWLINK: let the kernel give a device no IPv6 address of its own choice."""
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, "=B", ADDR_GEN_NONE)
    return _changed_link(index, 0, padded(IFLA_AF_SPEC, padded(_socket.AF_INET6, mode)))


def _changed_link(index, flags, attributes):
    """struct ifinfomsg; only the flags named are changed."""
    return RTM_NEWLINK, 0, struct.pack("=BxHiII", 0, 0, index, flags, flags) + attributes


def new_address(family, index, address, length):
    """RTM_NEWADDR with struct ifaddrmsg; without duplicate address detection: it is usable at once."""
    raw = _socket.inet_pton(family, address)
    head = struct.pack("=BBBBI", family, length, IFA_F_NODAD, UNIVERSE, index)
    return RTM_NEWADDR, REPLACE_CREATE, head + padded(IFA_LOCAL, raw) + padded(IFA_ADDRESS, raw)


def new_route(family, index, address, network, length, metrics):
    """RTM_NEWROUTE with struct rtmsg: the kernel's own route to this network, with metrics."""
    inet = family == _socket.AF_INET
    scope = SCOPE_LINK if inet else UNIVERSE
    body = struct.pack("=BBBBBBBBI", family, length, 0, 0, TABLE_MAIN, BY_KERNEL, scope, UNICAST, 0)
    body += padded(RTA_DST, _socket.inet_pton(family, network)) + attribute(RTA_OIF, "=I", index)
    if inet:
        body += padded(RTA_PREFSRC, _socket.inet_pton(family, address))
    else:
        body += attribute(RTA_PRIORITY, "=I", KERNELS_METRIC_6)
    return RTM_NEWROUTE, REPLACE_CREATE, body + metrics


def metrics(quickack, rto_min):
    """RTA_METRICS of a route, ip-route(8); `rto_min` in milliseconds.

    Of a metric without its lock bit the kernel takes no notice here.
    """
    values = attribute(RTAX_LOCK, "=I", 1 << RTAX_RTO_MIN) + attribute(RTAX_RTO_MIN, "=I", rto_min)
    if quickack:
        values += attribute(RTAX_QUICKACK, "=I", 1)
    return padded(RTA_METRICS, values)


def change(message):
    """Ask the network we are in for one change; OSError where it refuses."""
    kind, flags, body = message
    sock = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _socket.NETLINK_ROUTE)
    try:
        sock.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST_ACK | flags, 1, 0) + body)
        (code,) = struct.unpack_from("=i", sock.recv(4096), 16)
    finally:
        sock.close()
    if code:
        raise OSError(-code, os.strerror(-code))
