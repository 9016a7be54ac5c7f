"""Starts a program as it would run on a machine with less: `python launch.py OPTIONS -- PROGRAM …`.

Nothing of the machine itself is changed: what is taken away is taken from this process before it becomes
PROGRAM. Exits with 77 and a sentence where the kernel does not allow that.

--no-ipv6          its own network, whose loopback has IPv4 alone, as after
                   `sysctl net.ipv6.conf.all.disable_ipv6=1`
--no-ipv6-sockets  no socket of AF_INET6 can be made, as after booting with `ipv6.disable=1`
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
SOCKET_CALL = {
    "x86_64": (0xC000003E, 41),
    "aarch64": (0xC00000B7, 198),
}  # AUDIT_ARCH_…, the number of socket(2)
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
        if "--user" in options:
            become_ordinary()
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


def forbid_ipv6_sockets() -> None:
    """seccomp(2): socket(AF_INET6, …) fails with EAFNOSUPPORT; every other call is let through."""
    if platform.machine() not in SOCKET_CALL:
        raise OSError(errno.ENOSYS, f"the number of socket(2) on {platform.machine()} is not known here")
    arch, number = SOCKET_CALL[platform.machine()]
    load, equal, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    lines = [
        (load, 0, 0, 4),  # seccomp_data.arch
        (equal, 0, 5, arch),
        (load, 0, 0, 0),  # seccomp_data.nr
        (equal, 0, 3, number),
        (load, 0, 0, 16),  # seccomp_data.args[0], its low half
        (equal, 0, 1, socket.AF_INET6),
        (give, 0, 0, 0x00050000 | errno.EAFNOSUPPORT),  # SECCOMP_RET_ERRNO
        (give, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
