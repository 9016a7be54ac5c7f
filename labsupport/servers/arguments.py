"""What a helper may be told: each argument judged at once, with a sentence that says what was expected."""

from __future__ import annotations

import ipaddress
import os
import socket

LONGEST_PATH = 107  # bytes: sun_path without its final NUL, unix(7)
LONGEST_WORD = 100  # bytes
PORTS = range(65536)


def family_of(address):
    """AF_INET or AF_INET6, by the literal. A name raises ValueError: resolving one is another lesson."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise ValueError(
            f"host must be an IPv4 or IPv6 address such as '127.0.0.1' or '::1', not {address!r}"
        ) from None
    return socket.AF_INET if version == 4 else socket.AF_INET6


def checked_host(host):
    """`host` as (address, maker of sockets): an address string, or a private network's host."""
    if isinstance(host, str):
        family_of(host)
        return host, socket.socket
    if callable(getattr(host, "socket", None)) and isinstance(getattr(host, "address", None), str):
        family_of(host.address)
        return host.address, host.socket
    raise TypeError(f"host must be an address such as '127.0.0.1' or a host of a network, not {host!r}")


def checked_port(port):
    """`port` itself, 0 (the kernel picks one) to 65535."""
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"port must be an int from 0 to 65535, not {port!r}")
    if port not in PORTS:
        raise ValueError(f"port must be from 0 (the kernel picks one) to 65535, not {port}")
    return port


def checked_type(kind, allowed, who):
    """SOCK_STREAM or SOCK_DGRAM, whichever of them `who` can do."""
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise TypeError(f"type must be socket.SOCK_STREAM or socket.SOCK_DGRAM, not {kind!r}")
    if kind not in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        raise ValueError(f"type must be socket.SOCK_STREAM or socket.SOCK_DGRAM, not {kind!r}")
    if kind not in allowed:
        raise ValueError(f"{who} speaks over streams only: type must be socket.SOCK_STREAM, not {kind!r}")
    return socket.SocketKind(kind)


def checked_path(path):
    """A Unix socket's path as str; ValueError where it is too long, or the system has no such sockets."""
    try:
        path = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"path must be a file name for a Unix socket, not {path!r}") from None
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("this system has no Unix sockets in Python: leave path out and use an address")
    if not path or "\0" in path:
        raise ValueError(f"path must be a file name for a Unix socket, not {path!r}")
    length = len(os.fsencode(path))
    if length > LONGEST_PATH:
        raise ValueError(f"path must be at most {LONGEST_PATH} bytes long (unix(7)), not {length}")
    return path


def checked_choice(name, value, choices):
    """`value` itself, a text among the `choices`."""
    said = f"{name} must be one of {', '.join(choices)}, not {value!r}"
    if not isinstance(value, str):
        raise TypeError(said)
    if value not in choices:
        raise ValueError(said)
    return value


def checked_number(name, value, least, unit, whole=False):
    """A finite number of `unit`, `least` or more; whole ones only where `whole`."""
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise TypeError(f"{name} must be a{' whole' if whole else ''} number of {unit}, not {value!r}")
    if not least <= value < float("inf"):
        raise ValueError(f"{name} must be {least} {unit} or more, not {value}")
    return value


def checked_word(word, kind):
    """The word that a server asks for, as bytes of UTF-8, or None."""
    if word is None:
        return None
    if not isinstance(word, str):
        raise TypeError(f"word must be text, such as 'sesame', not {word!r}")
    coded = word.encode()
    if not 0 < len(coded) <= LONGEST_WORD or not word.isprintable():
        raise ValueError(f"word must be one line of 1 to {LONGEST_WORD} bytes, not {word!r}")
    if kind != socket.SOCK_STREAM:
        raise ValueError("a word is the first line of a connection, and datagrams have none: leave it out")
    return coded
