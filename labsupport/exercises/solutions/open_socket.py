import socket

# Pairs, not sockets: a dict of sockets would make all four, whichever is asked for.
KINDS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
}


def open_socket(kind):
    """Return a new socket of the kind "tcp", "udp", "tcp6" or "unix". Raise ValueError for any other."""
    if kind not in KINDS:  # before anything is made, so that nothing is left when this raises
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    return socket.socket(*KINDS[kind])  # no protocol: 0 asks for the usual one; no `with`: it stays open
