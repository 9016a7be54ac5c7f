"""The hosts' network namespaces, as the helper makes them: network_namespaces(7), without any privilege.

Not for the notebook's process: what is done here changes the process that does it.
"""

import _socket
import errno
import fcntl
import os
import struct

from labsupport.network import rtnetlink

CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000  # sched.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
NETLINK_SOCK_DIAG = 4
DEVICE = "wire0"
# Packets that may wait in a TUN to be read. The wire's own queue is the one to be seen: this one, where
# a packet would be lost without a trace, must never be full.
WAITING = 5000

# What every host is set to, below /proc/sys/net. Those that this kernel does not know are left out.
SETTINGS = {
    "ipv4/ip_unprivileged_port_start": "0",  # port 80 is free, for programs too
    "ipv4/tcp_syn_linear_timeouts": "0",  # SYN repeats double from the first, as RFC 6298 has it
    # RFC 5681's, which every kernel has. A machine's own default may be one that paces segments by a clock.
    "ipv4/tcp_congestion_control": "reno",
}
# A host has hash tables of its own (Linux 6.1), and small ones: each question to sock_diag walks through all
# of them, and the machine's are hundreds of times as long.
SMALL_TABLES = {"ipv4/tcp_child_ehash_entries": "256", "ipv4/udp_child_hash_entries": "128"}
# No packet that nobody asked for may stray onto the wire.
WITHOUT_IPV6 = {"ipv6/conf/all/disable_ipv6": "1", "ipv6/conf/default/disable_ipv6": "1"}
WITH_IPV6 = {
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/router_solicitations": "0",
    "ipv6/conf/default/accept_ra": "0",
}
# At the end: connections that nobody owns any more must not keep their namespace for minutes.
FAREWELL = {"ipv4/tcp_orphan_retries": "1", "ipv4/tcp_fin_timeout": "1"}

stage = "start"  # what is being done, for the parent to say what failed


def system_calls():
    """unshare(2) and setns(2): in `os` from Python 3.12 on."""
    if hasattr(os, "unshare"):
        return os.unshare, os.setns
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def checked(function):
        def call(*arguments):
            if function(*arguments):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))

        return call

    return checked(libc.unshare), checked(libc.setns)


unshare, setns = system_calls()


def now(what):
    """Say what is being done, in a word that reasons.py knows."""
    global stage
    stage = what


def enter_user_namespace():
    """user_namespaces(7): own a namespace, in which this user is called root."""
    user, group = os.getuid(), os.getgid()
    now("user namespace")
    unshare(CLONE_NEWUSER)
    now("user map")
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {user} 1")
    write("/proc/self/gid_map", f"0 {group} 1")


def write(path, text):
    """Write a file of /proc in one call, as the kernel wants it."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def setting(name, value):
    """Set one of the settings of the network we are in, where there is such a one.

    Raises OSError where none can be set, as in a container whose /proc/sys can only be read: hosts would send
    packets there that nobody asked for, and go by the machine's own congestion control.
    """
    try:
        write("/proc/sys/net/" + name, value)
    except OSError as error:
        if error.errno == errno.EROFS:
            now("settings")
            raise
        # an older kernel, which does not know this one


def separate_tables():
    """A namespace that is no host: a new one's tables are sized by the settings of that it is made in."""
    now("network namespace")
    unshare(CLONE_NEWNET)
    for name, value in SMALL_TABLES.items():
        setting(name, value)


class Namespace:
    """One host: a network namespace, with a TUN device that has its address, and its settings.

    `tun`: the TUN's descriptor, `diag`: a NETLINK_SOCK_DIAG socket; both are the parent's after `passed_on`.
    """

    def __init__(self, number, ipv6, mtu):
        now("network namespace")
        unshare(CLONE_NEWNET)
        self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.addresses = [(_socket.AF_INET, f"10.0.0.{number}", "10.0.0.0", 24)]
        if ipv6:
            self.addresses.append((_socket.AF_INET6, f"fd00::{number:x}", "fd00::", 64))
        for name, value in {**SETTINGS, **SMALL_TABLES, **(WITH_IPV6 if ipv6 else WITHOUT_IPV6)}.items():
            setting(name, value)
        self._open_tun()
        now("device")
        self.link = _socket.if_nametoindex(DEVICE)
        if ipv6:  # before it is up: then the kernel would give it a link-local address, and ask for routers
            rtnetlink.change(rtnetlink.no_link_local(self.link))
        rtnetlink.change(rtnetlink.link_up(self.link, mtu, WAITING))
        rtnetlink.change(rtnetlink.link_up(_socket.if_nametoindex("lo")))
        now("IPv6 address" if ipv6 else "address")
        for family, address, _, length in self.addresses:
            rtnetlink.change(rtnetlink.new_address(family, self.link, address, length))
        now("sock_diag")
        self.diag = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, NETLINK_SOCK_DIAG)

    def _open_tun(self):
        now("open TUN")
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        now("make TUN")
        request = struct.pack("=16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(self.tun, TUNSETIFF, request)

    def passed_on(self):
        """The parent has them: with a copy here, the device would outlive the parent's."""
        os.close(self.tun)
        self.diag.close()

    def enter(self):
        """Be on this host: what is opened next is its own."""
        setns(self.namespace, CLONE_NEWNET)

    def route(self, quickack, rto_min):
        """Set the metrics of the route to the other hosts; `rto_min` in milliseconds."""
        self.enter()
        metrics = rtnetlink.metrics(quickack, rto_min)
        for family, address, network, length in self.addresses:
            rtnetlink.change(rtnetlink.new_route(family, self.link, address, network, length, metrics))
