"""The first thing a child process runs: it gives up what it must, then becomes the program it was given.

Run by its path, never imported by the package; standard library alone, so that the child is a plain Python
with nothing open but its three standard descriptors. An uncaught exception is told in two lines, the source
line that failed and what it was: short, and the same on every machine.
"""

import sys


def main():
    """Read the order from standard input, and carry it out."""
    import json
    import linecache
    import os
    import threading
    import types

    order = json.loads(sys.stdin.buffer.read())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    source = order["source"]
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
    sys.excepthook = lambda kind, error, where: tell(error)
    threading.excepthook = lambda raised: tell(raised.exc_value)
    if order["user"]:
        reason = give_up_privileges()
        if reason:
            print("not available here:", reason)
            return
    if order["files"] is not None:
        lower_limit(order["files"])
    sys.argv[:] = ["cell", *order["args"]]
    program = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(source, "<cell>", "exec"), program.__dict__)


def tell(error):
    """The line of the program that failed, and the exception's own last line."""
    import linecache
    import traceback

    number = error.lineno if isinstance(error, SyntaxError) else None
    where = error.__traceback__
    while where is not None:
        if where.tb_frame.f_code.co_filename == "<cell>":
            number = where.tb_lineno
        where = where.tb_next
    line = linecache.getline("<cell>", number).strip() if number else ""
    if line:
        print("    " + line, file=sys.stderr)
    print(traceback.format_exception_only(error)[-1].strip(), file=sys.stderr)


def lower_limit(files):
    """At most `files` descriptors; the hard limit stays, so that the program may put it back."""
    try:
        import resource
    except ImportError:
        print("not available here: this system has no limit on descriptors to lower")
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


# --- privileges -----------------------------------------------------------------------------------

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def give_up_privileges():
    """Become what an ordinary user's process is. Returns None, or why that cannot be had."""
    import os

    if not sys.platform.startswith("linux"):
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            import pwd

            os.setgroups([])
            os.setuid(pwd.getpwnam("nobody").pw_uid)
        return None
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
        first = int(file.read())
    if first < 1024:  # as in many containers: every program may take port 80
        reason = enter_private_network()
        if reason:
            return f"every program may bind to the ports from {first} up, and {reason}"
    return drop_capabilities()


def drop_capabilities():
    """No capability, now or after an exec; see capabilities(7). The user stays: its files stay readable."""
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to whoever has nothing to give up
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        return f"the capabilities cannot be given up ({os.strerror(ctypes.get_errno())})"
    return None


def enter_private_network():
    """A network of our own, loopback up, where ports below 1024 are guarded again; see namespaces(7)."""
    import ctypes
    import os

    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return f"a network of its own is refused ({os.strerror(ctypes.get_errno())})"
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        raise_loopback()
    except OSError as error:
        return f"a network of its own cannot be set up ({error.strerror})"
    return None


def raise_loopback():
    """`ip link set lo up`: a new network namespace has its loopback down."""
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        (flags,) = struct.unpack("16xh14x", asked)
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


main()
