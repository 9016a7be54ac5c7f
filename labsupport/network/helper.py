"""The private network's child: a small process that owns the hosts' namespaces, and serves requests.

Run as a script by its path (`python -I -S helper.py …`), never imported. It must be a fresh process: a user
namespace can only be entered with a single thread (unshare(2)), and a notebook kernel has many. It must be
quick, so it imports next to nothing, and speaks rtnetlink(7) by hand. It never touches a packet: it passes
each host's TUN descriptor to its parent, together with a socket to ask that host's sock_diag(7), then makes
sockets and starts programs where it is told to.

It ends when its parent does, however that ended. The end of the control socket says so, and a pidfd of the
parent, for a fork of the parent may hold the control socket's other end. PR_SET_PDEATHSIG would not do: it
fires when the creating *thread* ends. With it end the programs, whatever they made of themselves: they live
in a process namespace whose init is a child of this process.

Requests and answers are marshal'led tuples, one a message: (number, what, arguments …) and
(number, errno or 0, value), descriptors beside them (SCM_RIGHTS). Both ends are the same interpreter. An
answer's descriptors come ahead of it, beside (number, ON_THE_WAY, None): when it comes, no copy is left here.
"""

import _signal
import _socket
import errno
import fcntl
import marshal
import os
import select
import struct
import sys

CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000  # sched.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
ON_THE_WAY = -1  # in place of an error number
LONGEST_REQUEST = 1 << 16  # bytes; what may be longer comes in a memory file
DEVICE = "wire0"
# Packets that may wait in a TUN to be read. The wire's own queue is the one to be seen: this one, where
# a packet would be lost without a trace, must never be full.
WAITING = 5000

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

# What every host is set to, below /proc/sys/net. Those that this kernel does not know are left out.
SETTINGS = {
    "ipv4/ip_unprivileged_port_start": "0",  # port 80 is free, for programs too
    "ipv4/tcp_syn_linear_timeouts": "0",  # SYN repeats double from the first, as RFC 6298 has it
    # RFC 5681's, which every kernel has. A machine's own default may be one that paces its segments by a clock.
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


def main(control_fd, parent, hosts, ipv6, mtu):
    """Make the network, pass its descriptors, serve until the end."""
    os.set_inheritable(control_fd, False)
    control = _socket.socket(fileno=control_fd)
    try:
        ending = os.pidfd_open(parent)
        if os.getppid() != parent:
            return
    except OSError:
        ending = None  # a kernel before 5.3: the control socket's end has to do
    try:
        enter_user_namespace()
        separate_tables()
        made = [Host(number, ipv6, mtu) for number in range(1, hosts + 1)]
    except OSError as error:
        answer(control, (0, error.errno or errno.EIO, stage))
        return
    answer(control, (0, 0, None), [fd for host in made for fd in (host.tun, host.diag.fileno())])
    for host in made:
        host.passed_on()
    Service(control, ending, made).serve()


def answer(control, what, descriptors=()):
    """Send one message, and descriptors beside it."""
    rights = struct.pack(f"={len(descriptors)}i", *descriptors)
    beside = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if descriptors else []
    control.sendmsg([marshal.dumps(what)], beside)


# Namespaces


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
    """Set one of the settings of the network we are in, where there is such a one and it may be set."""
    try:
        write("/proc/sys/net/" + name, value)
    except OSError:
        pass  # an older kernel, or a container whose /proc/sys can only be read


def separate_tables():
    """A namespace that is no host: the tables of a new one are sized by the settings of that it is made in."""
    now("network namespace")
    unshare(CLONE_NEWNET)
    for name, value in SMALL_TABLES.items():
        setting(name, value)


class Host:
    """A network namespace of its own, with a TUN device that has an address, and its settings."""

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
            mode = attribute(IFLA_INET6_ADDR_GEN_MODE, "=B", ADDR_GEN_NONE)
            rtnetlink(change_link(self.link, 0, nested(IFLA_AF_SPEC, nested(_socket.AF_INET6, mode))))
        sizes = attribute(IFLA_MTU, "=I", mtu) + attribute(IFLA_TXQLEN, "=I", WAITING)
        rtnetlink(change_link(self.link, IFF_UP, sizes))
        rtnetlink(change_link(_socket.if_nametoindex("lo"), IFF_UP))
        now("IPv6 address" if ipv6 else "address")
        for family, address, _, length in self.addresses:
            rtnetlink(new_address(family, self.link, address, length))
        now("sock_diag")
        self.diag = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, 4)  # NETLINK_SOCK_DIAG

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
        """Set the metrics of the route to the other hosts; rto_min in milliseconds, ip-route(8).

        Without its lock bit the kernel takes no notice of rto_min.
        """
        self.enter()
        metrics = nested(
            RTA_METRICS,
            attribute(RTAX_LOCK, "=I", 1 << RTAX_RTO_MIN)
            + attribute(RTAX_RTO_MIN, "=I", rto_min)
            + (attribute(RTAX_QUICKACK, "=I", 1) if quickack else b""),
        )
        for family, address, network, length in self.addresses:
            rtnetlink(new_route(family, self.link, address, network, length, metrics))


# rtnetlink(7), as far as it is needed


def attribute(kind, layout, *values):
    """struct rtattr and what it holds."""
    return padded(kind, struct.pack(layout, *values))


def nested(kind, attributes):
    """An attribute that holds attributes."""
    return padded(kind, attributes)


def padded(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + b"\0" * (-size % 4)


def change_link(index, flags, attributes=b""):
    """RTM_NEWLINK with struct ifinfomsg: change a device that is there; IFF_UP puts it up."""
    return RTM_NEWLINK, 0, struct.pack("=BxHiII", 0, 0, index, flags, flags) + attributes


def new_address(family, index, address, length):
    """RTM_NEWADDR with struct ifaddrmsg; without duplicate address detection, so that it is usable at once."""
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


def rtnetlink(message):
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


# Requests


class Service:
    """Answers requests, one after another, until the parent ends or says so."""

    def __init__(self, control, ending, hosts):
        self.control, self.hosts = control, hosts
        self.init = None
        self.ended = {}  # pid → how it ended, of programs that nobody has asked about yet
        self.waiting = select.poll()
        self.waiting.register(control, select.POLLIN)
        if ending is not None:
            self.waiting.register(ending, select.POLLIN)

    def serve(self):
        """Until the end; then nothing is left of the programs."""
        try:
            while all(fd == self.control.fileno() for fd, _ in self.waiting.poll()):
                message, beside, _, _ = self.control.recvmsg(LONGEST_REQUEST, _socket.CMSG_SPACE(4 * 8), CLOEXEC)
                if not message:
                    break
                self._serve(message, beside)
        except OSError:
            pass  # the parent ended while it was answered
        finally:
            self._end()

    def _serve(self, message, beside):
        number, what, *arguments = marshal.loads(message)
        given = descriptors(beside)
        try:
            value, passed = getattr(self, "do_" + what)(*arguments, *given)
            code = 0
        except OSError as error:
            code, value, passed = error.errno or errno.EIO, None, ()
        except Exception:  # numbers that are none, a NUL in a name
            code, value, passed = errno.EINVAL, None, ()
        try:
            if passed:
                answer(self.control, (number, ON_THE_WAY, None), passed)
        finally:
            for fd in (*passed, *given):
                os.close(fd)
        # Only now: a socket closed by whoever asked is not closed as long as a copy of it is here.
        answer(self.control, (number, code, value))

    def do_socket(self, host, family, kind, protocol):
        """A socket that lives on `host`."""
        self.hosts[host].enter()
        return None, (_socket.socket(family, kind, protocol).detach(),)

    def do_setting(self, host, name, value):
        """Read one of the host's settings below /proc/sys, or write it."""
        self.hosts[host].enter()
        if value is not None:
            write("/proc/sys/" + name, value)
        with open("/proc/sys/" + name) as file:
            return file.read(), ()

    def do_route(self, quickack, rto_min):
        """Metrics of every host's route to the others."""
        for host in self.hosts:
            host.route(quickack, rto_min)
        return None, ()

    def do_run(self, host, order, *standard):
        """Start a program on `host`: (its process number, a pidfd)."""
        if self.init is None:
            self._make_init()
        self.hosts[host].enter()
        argv, environment, folder = marshal.loads(os.pread(order, os.fstat(order).st_size, 0))
        pid = started(argv, environment, folder, standard)
        return pid, (os.pidfd_open(pid),)

    def do_ended(self, pid):
        """How a program ended, as os.waitstatus_to_exitcode has it; None while it runs."""
        self._reap()
        return self.ended.pop(pid, None), ()

    def _make_init(self):
        """A process namespace, and its first process: when that ends, the kernel kills all the others."""
        import ctypes

        unshare(CLONE_NEWPID)
        pid = os.fork()
        if pid:
            self.init = pid
            return
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, _signal.SIGKILL)  # one thread: it is the process's end
            os.closerange(0, MOST_DESCRIPTORS)
            _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)  # orphans are adopted, and need no wait
            while True:
                _signal.pause()
        finally:
            os._exit(1)

    def _reap(self):
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.ended[pid] = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            pass

    def _end(self):
        self.control.close()
        if self.init is not None:
            os.kill(self.init, _signal.SIGKILL)
            try:
                while True:  # init's end waits for us to have taken note of the others'
                    os.waitpid(-1, 0)
            except ChildProcessError:
                pass
        for host in self.hosts:
            host.enter()
            for name, value in FAREWELL.items():
                setting(name, value)


CLOEXEC = 0x40000000  # MSG_CMSG_CLOEXEC
PR_SET_PDEATHSIG = 1  # prctl(2)
MOST_DESCRIPTORS = 1024


def descriptors(beside):
    """The descriptors that came with a message."""
    data = b"".join(data for level, kind, data in beside if kind == _socket.SCM_RIGHTS)
    return struct.unpack(f"={len(data) // 4}i", data)


def started(argv, environment, folder, standard):
    """Fork and become the program; its number. OSError where it could not be begun."""
    said, say = os.pipe()  # closed by a successful exec
    pid = os.fork()
    if not pid:
        code = errno.EIO
        try:
            os.setsid()
            for number, fd in enumerate(standard):
                os.dup2(fd, number)
            _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)  # Python ignores it, programs do not expect that
            os.chdir(folder)
            os.execvpe(argv[0], argv, environment)
        except OSError as error:
            code = error.errno
        finally:
            os.write(say, struct.pack("=i", code))
            os._exit(127)
    os.close(say)
    try:
        failed = os.read(said, 4)
    finally:
        os.close(said)
    if failed:
        os.waitpid(pid, 0)
        (code,) = struct.unpack("=i", failed)
        raise OSError(code, os.strerror(code))
    return pid


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
