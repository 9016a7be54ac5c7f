"""Starts a program as it would run on a machine with less: `python launch.py OPTIONS -- PROGRAM …`.

Nothing of the machine itself is changed: what is taken away is taken from this process before it becomes
PROGRAM. Exits with 77 and a sentence where the kernel does not allow that.

--no-ipv6          its own network, whose loopback has IPv4 alone, as after
                   `sysctl net.ipv6.conf.all.disable_ipv6=1`
--no-ipv6-sockets  no socket of AF_INET6 can be made, as after booting with `ipv6.disable=1`
--no-namespaces    no user namespace can be made, as after `sysctl user.max_user_namespaces=0`
--no-networks      no network namespace can be made, as after `sysctl user.max_net_namespaces=0`
--no-unshare       a filter refuses unshare(2), as in most containers
--no-tun           there is no /dev/net/tun
--closed-tun       /dev/net/tun is there, and may not be opened
--other-tun        /dev/net/tun is something else
--fixed-settings   /proc/sys can only be read, as in most containers
--user             an ordinary user's number and no privilege, where root starts it
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

CANNOT = 77
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # sched.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # netdevice(7)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # prctl(2)
# AUDIT_ARCH_…, the number of the call
SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
UNSHARE_CALL = {"x86_64": (0xC000003E, 272), "aarch64": (0xC00000B7, 97)}
CLONE_NEWNS, MS_REMOUNT, MS_BIND, MS_NODEV, MS_REC, MS_PRIVATE = 0x20000, 0x20, 0x1000, 0x4, 0x4000, 0x40000
MS_RDONLY = 0x1
USER = 1000

libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def main(arguments: list[str]) -> None:
    """Take away what was asked for, then become the program."""
    at = arguments.index("--")
    options, program = arguments[:at], arguments[at + 1 :]
    try:
        if "--no-ipv6" in options:
            own_network_without_ipv6()
        if "--no-ipv6-sockets" in options:
            forbid_ipv6_sockets()
        if "--no-tun" in options or "--closed-tun" in options or "--other-tun" in options:
            another_tun(options)
        if "--fixed-settings" in options:
            fix_settings()
        for option, limit in (("--no-namespaces", "user"), ("--no-networks", "net")):
            if option in options:
                new_user_namespace(0, inside=os.geteuid())
                with open(f"/proc/sys/user/max_{limit}_namespaces", "w") as setting:
                    setting.write("0")
        if "--user" in options:
            become_ordinary()
        if "--no-unshare" in options:
            refuse(UNSHARE_CALL, errno.EPERM)
    except OSError as error:
        print(f"cannot run with {' '.join(options)} here: {error}", file=sys.stderr)
        sys.exit(CANNOT)
    os.execvp(program[0], program)


def checked(result: int) -> None:
    """Raise OSError with errno's name where a C call returned -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def own_network_without_ipv6() -> None:
    """A network namespace in which only 127.0.0.1 answers; for an ordinary user in a user namespace."""
    import fcntl  # where there is none, this file can still be imported

    if os.geteuid() == 0:
        checked(libc.unshare(CLONE_NEWNET))
    else:
        new_user_namespace(CLONE_NEWNET, inside=os.geteuid())
    for name in ("all", "default", "lo"):
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as setting:
            setting.write("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def become_ordinary() -> None:
    """Root gives up its privileges and its number. Its files stay its own: it can read its folders."""
    if os.geteuid() == 0:
        new_user_namespace(0, inside=USER)  # the exec that follows drops what privilege the namespace gave


def new_user_namespace(more: int, inside: int) -> None:
    """user_namespaces(7): one user and one group, called `inside` in there."""
    user, group = os.geteuid(), os.getegid()
    checked(libc.unshare(CLONE_NEWUSER | more))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {user} 1"),
        ("gid_map", f"{inside} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def another_tun(options: list[str]) -> None:
    """A /dev/net of its own, in a mount namespace of its own: mount_namespaces(7)."""
    new_user_namespace(CLONE_NEWNS, inside=os.geteuid())
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    real = os.open("/dev/net/tun", os.O_PATH)  # still to be had when its folder is covered
    mount(b"tmpfs", b"/dev/net", b"tmpfs", 0)
    if "--no-tun" not in options:
        os.close(os.open("/dev/net/tun", os.O_CREAT | os.O_WRONLY))
    if "--closed-tun" in options:
        mount(b"/proc/self/fd/%d" % real, b"/dev/net/tun", None, MS_BIND)
        mount(None, b"/dev/net/tun", None, MS_REMOUNT | MS_BIND | MS_NODEV)


def fix_settings() -> None:
    """/proc/sys, laid over itself so that nothing can be written there."""
    new_user_namespace(CLONE_NEWNS, inside=os.geteuid())
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    mount(b"/proc/sys", b"/proc/sys", None, MS_BIND)
    mount(None, b"/proc/sys", None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def mount(source, target, kind, flags) -> None:
    """mount(2)."""
    checked(libc.mount(source, target, kind, ctypes.c_ulong(flags), None))


def forbid_ipv6_sockets() -> None:
    """socket(AF_INET6, …) fails with EAFNOSUPPORT."""
    refuse(SOCKET_CALL, errno.EAFNOSUPPORT, only=socket.AF_INET6)


def refuse(call: dict[str, tuple[int, int]], code: int, only: int | None = None) -> None:
    """seccomp(2): the call fails with errno `code`, where its first argument is `only`; no other does."""
    if platform.machine() not in call:
        raise OSError(errno.ENOSYS, f"the number of the call on {platform.machine()} is not known here")
    arch, number = call[platform.machine()]
    load, equal, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    checks = [(0, number)] if only is None else [(0, number), (16, only)]  # offsets in struct seccomp_data
    lines = [(load, 0, 0, 4), (equal, 0, 2 * len(checks) + 1, arch)]
    for index, (offset, value) in enumerate(checks):
        lines += [(load, 0, 0, offset), (equal, 0, 2 * (len(checks) - index) - 1, value)]
    lines += [
        (give, 0, 0, 0x00050000 | code),  # SECCOMP_RET_ERRNO
        (give, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
