# === right: if and elif
import socket


def open_socket(kind):
    if kind == "tcp":
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    elif kind == "udp":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elif kind == "tcp6":
        return socket.socket(socket.AF_INET6)
    elif kind == "unix":
        return socket.socket(socket.AF_UNIX)
    raise ValueError("no such kind")


# === right: match, with protocols
from socket import *


def open_socket(kind):
    match kind:
        case "tcp":
            return socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
        case "udp":
            return socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)
        case "tcp6":
            return socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP)
        case "unix":
            return socket(AF_UNIX, SOCK_STREAM)
        case _:
            raise ValueError(kind)


# === right: the dict's own KeyError turned into ValueError
import socket


def open_socket(kind):
    makers = {
        "tcp": lambda: socket.socket(),
        "udp": lambda: socket.socket(type=socket.SOCK_DGRAM),
        "tcp6": lambda: socket.socket(socket.AF_INET6),
        "unix": lambda: socket.socket(socket.AF_UNIX),
    }
    try:
        make = makers[kind]
    except KeyError:
        raise ValueError(f"unknown: {kind}") from None
    return make()


# === right: made first, and closed where the kind is unknown
import socket


class Kinds:
    known = ["tcp", "udp", "tcp6", "unix"]

    def family(self, kind):
        return {"tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}.get(kind, socket.AF_INET)


def open_socket(kind):
    sock = socket.socket(Kinds().family(kind), socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    if kind not in Kinds.known:
        sock.close()
        raise ValueError
    return sock


# === wrong: a protocol that does not exist, as the reference has it ==> It raised AttributeError: .*UNSPEC
import socket


def open_socket(kind):
    families = {"tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    if kind not in ("tcp", "udp", "tcp6", "unix"):
        raise ValueError(kind)
    form = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    return socket.socket(families.get(kind, socket.AF_INET), form, socket.UNSPEC)


# === wrong: no return ==> You returned None for 'tcp', and a socket was asked for: is there a `return`
import socket


def open_socket(kind):
    if kind == "tcp":
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    else:
        raise ValueError(kind)


# === wrong: closed by its with ==> You returned a closed socket for 'tcp'.*`with`
import socket


def open_socket(kind):
    kinds = {"tcp": (socket.AF_INET, socket.SOCK_STREAM)}
    if kind not in kinds:
        raise ValueError(kind)
    with socket.socket(*kinds[kind]) as sock:
        return sock


# === wrong: the descriptor's number ==> You returned a number for 'tcp', and a socket was asked for
import socket


def open_socket(kind):
    return socket.socket().fileno()


# === wrong: a stream for everything ==> For "udp" you made a socket of SOCK_STREAM; it takes SOCK_DGRAM
import socket


def open_socket(kind):
    families = {"tcp": socket.AF_INET, "udp": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    if kind not in families:
        raise ValueError(kind)
    return socket.socket(families[kind], socket.SOCK_STREAM)


# === wrong: datagrams over Unix ==> For "unix" you made a socket of SOCK_DGRAM; it takes SOCK_STREAM
import socket


def open_socket(kind):
    if kind == "tcp":
        return socket.socket()
    if kind == "udp":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if kind == "tcp6":
        return socket.socket(socket.AF_INET6)
    if kind == "unix":
        return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    raise ValueError(kind)


# === wrong: the 6 is forgotten ==> For "tcp6" you made a socket of AF_INET; it takes AF_INET6
import socket


def open_socket(kind):
    if kind in ("tcp", "tcp6"):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if kind == "udp":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if kind == "unix":
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raise ValueError(kind)


# === wrong: all four are made ==> never closes a socket|leaves a socket open at each call
import socket


def open_socket(kind):
    kinds = {
        "tcp": socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "tcp6": socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
        "unix": socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    }
    if kind not in kinds:
        raise ValueError(kind)
    return kinds[kind]


# === wrong: made, and left where the kind is unknown ==> asked for "tcp4" it leaves a socket open
import socket


def open_socket(kind):
    families = {"tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    form = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    sock = socket.socket(families.get(kind, socket.AF_INET), form)
    if kind not in ("tcp", "udp", "tcp6", "unix"):
        raise ValueError(kind)
    return sock


# === wrong: another error for an unknown kind ==> "tcp4" is none of the four kinds: ValueError was to be raised; you raised KeyError
import socket

KINDS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
}


def open_socket(kind):
    family, form = KINDS[kind]
    return socket.socket(family, form)


# === wrong: whatever is unknown is TCP ==> "tcp4" is none of the four kinds: ValueError was to be raised; you returned a socket
import socket


def open_socket(kind):
    if kind == "udp":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if kind == "tcp6":
        return socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    if kind == "unix":
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


# === wrong: None for an unknown kind ==> "tcp4" is none of the four kinds: ValueError was to be raised; you returned None
import socket


def open_socket(kind):
    families = {"tcp": socket.AF_INET, "udp": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    if kind in families:
        return socket.socket(families[kind], socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)


# === wrong: letters and blanks do not matter ==> "TCP" is none of the four kinds: ValueError was to be raised; you returned a socket
import socket


def open_socket(kind):
    families = {"tcp": socket.AF_INET, "udp": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    kind = str(kind).lower().strip()
    if kind not in families:
        raise ValueError(kind)
    return socket.socket(families[kind], socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)


# === wrong: None has no method ==> None is none of the four kinds: ValueError was to be raised; you raised AttributeError
import socket


def open_socket(kind):
    if kind.startswith("udp") and len(kind) == 3:
        return socket.socket(type=socket.SOCK_DGRAM)
    families = {"tcp": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    if kind not in families:
        raise ValueError(kind)
    return socket.socket(families[kind])


# === wrong: with a timeout ==> For "tcp" you returned a socket that does not block
import socket


def open_socket(kind):
    if kind != "tcp":
        raise ValueError(kind)
    sock = socket.socket()
    sock.settimeout(5)
    return sock


# === wrong: bound ==> For "tcp" you returned a socket that has an address
import socket


def open_socket(kind):
    if kind != "tcp":
        raise ValueError(kind)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


# === wrong: a server ==> For "tcp" you returned a socket that listens
import socket


def open_socket(kind):
    if kind != "tcp":
        raise ValueError(kind)
    return socket.create_server(("127.0.0.1", 0))


# === wrong: one end of a pair ==> For "unix" you returned a socket that is connected
import socket


def open_socket(kind):
    if kind == "unix":
        left, right = socket.socketpair()
        right.close()
        return left
    kinds = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    }
    if kind not in kinds:
        raise ValueError(kind)
    return socket.socket(*kinds[kind])


# === wrong: kept for the next time ==> Asked again for the same kind, you returned the socket that you had made before
import socket


def open_socket(kind, made={}):
    families = {"tcp": socket.AF_INET, "udp": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
    if kind not in families:
        raise ValueError(kind)
    if kind not in made:
        made[kind] = socket.socket(families[kind], socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    return made[kind]


# === wrong: sockets of an earlier cell ==> It uses `SOCKETS`.* which cannot travel
import socket

SOCKETS = {"tcp": socket.socket()}
SOCKETS["tcp"].close()


def open_socket(kind):
    return SOCKETS[kind]
