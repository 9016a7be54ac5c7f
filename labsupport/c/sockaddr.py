"""`struct sockaddr_in`, `sockaddr_in6`, `sockaddr_un`: the bytes that `bind` and `connect` are given, field
by field.

A field has C's name and C's value: `sin_port` is what `htons(80)` gives, `sin_addr.s_addr` what `inet_pton`
wrote. Beside them stand `port` and `addr`, as one reads them. The bytes lie in a `struct sockaddr_storage`,
so a call that is told a greater length than the structure's reads nothing that is not there. Sources:
netinet_in.h(0p), sys_un.h(0p).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import NamedTuple

from labsupport.c.declarations import _PATH, MACOS
from labsupport.c.values import Memory

STORAGE = 128  # bytes of struct sockaddr_storage


class Field(NamedTuple):
    """One field: its name, where it begins, how many bytes it has."""

    name: str
    offset: int
    size: int


def _fields(prefix, *sized):
    """The fields of a structure one after another; macOS has its length before the family, each one byte."""
    head = [(f"{prefix}_len", 1), (f"{prefix}_family", 1)] if MACOS else [(f"{prefix}_family", 2)]
    fields, offset = [], 0
    for name, size in (*head, *((f"{prefix}_{name}", size) for name, size in sized)):
        fields.append(Field(name, offset, size))
        offset += size
    return tuple(fields)


class in_addr(Memory):
    """An IPv4 address in a structure, four bytes in network order; `s_addr` is the number that C sees in
    them."""

    c_type = "struct in_addr"

    @property
    def s_addr(self):
        """The four bytes as an in_addr_t of this machine: `htonl(INADDR_LOOPBACK)`, say."""
        return int.from_bytes(self.memory, sys.byteorder)

    @s_addr.setter
    def s_addr(self, value):
        self.memory[:] = _number("s_addr", value, 4)

    def __repr__(self):
        return socket.inet_ntoa(self.memory)


class in6_addr(Memory):
    """An IPv6 address in a structure, sixteen bytes; `s6_addr` is them."""

    c_type = "struct in6_addr"

    @property
    def s6_addr(self):
        """The sixteen bytes."""
        return bytes(self.memory)

    @s6_addr.setter
    def s6_addr(self, value):
        if len(bytes(value)) != 16:
            raise ValueError(f"s6_addr is 16 bytes, not {len(bytes(value))}")
        self.memory[:] = value

    def __repr__(self):
        return socket.inet_ntop(socket.AF_INET6, self.memory)


_ADDRESSES = {4: in_addr, 16: in6_addr}


def _number(name, value, size):
    """A whole number in this machine's order of bytes."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    try:
        return int(value).to_bytes(size, sys.byteorder)
    except OverflowError:
        raise ValueError(f"{name} has {size} bytes: {value} does not fit") from None


class Structure(Memory):
    """What the three have in common; `size`: the structure's own bytes, `len()` of it, `sizeof` in C."""

    fields: tuple[Field, ...] = ()
    family = 0
    size = 0

    def __init__(self, **values):
        super().__init__(bytearray(STORAGE))
        names = [*self._plain, *(field.name for field in self.fields)]
        unknown = [name for name in values if name not in names]
        if unknown:
            raise TypeError(f"{self.c_type} has no {unknown[0]}; it has {', '.join(names)}")
        self._set(self.fields[MACOS].name, int(self.family))
        if MACOS:
            self._set(self.fields[0].name, self.size)
        for name, value in values.items():
            setattr(self, name, value)

    def __len__(self):
        return self.size

    def __bytes__(self):
        return bytes(self.memory[: self.size])

    def __eq__(self, other):
        return bytes(self) == bytes(other) if isinstance(other, type(self)) else NotImplemented

    __hash__ = None

    def _field(self, name):
        return next(field for field in self.fields if field.name == name)

    def _part(self, name):
        field = self._field(name)
        return self.memory[field.offset : field.offset + field.size]

    def _get(self, name):
        return int.from_bytes(self._part(name), sys.byteorder)

    def _set(self, name, value):
        part = self._part(name)
        part[:] = _number(name, value, part.nbytes)

    def rows(self):
        """Each field as (offset, name, its bytes, what they mean)."""
        return [
            (field.offset, field.name, bytes(self._part(field.name)), self._meaning(field.name))
            for field in self.fields
        ]

    def _meaning(self, name):
        """A field's value in words; "" for what only fills up."""
        if name.endswith("_family"):
            number = self._get(name)
            return next((family.name for family in socket.AddressFamily if family == number), str(number))
        return str(self._get(name)) if name.endswith(("_len", "_flowinfo", "_scope_id")) else ""

    def __repr__(self):
        rows = [(str(at), name, _hex(data), said) for at, name, data, said in self.rows()]
        wide = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{at:>{wide[0] + 2}}  {name:{wide[1]}}  {data:{wide[2]}}  {said}".rstrip()
            for at, name, data, said in rows
        ]
        return "\n".join([f"{self.c_type}, {self.size} bytes", *lines])

    def _repr_mimebundle_(self, include=None, exclude=None):
        from labsupport import draw

        return {"text/plain": repr(self), "image/svg+xml": draw.structure_svg(self)}


def _hex(data, most=16):
    """Bytes as two digits each; a long run of zeros at the end is told, not shown."""
    kept = data.rstrip(b"\0")[: most - 1] + b"\0" if len(data) > most else data
    said = kept.hex(" ")
    left = len(data) - len(kept)
    if not left:
        return said
    return f"{said} … {left} more" + (", all 00" if not any(data[len(kept) :]) else "")


def _plain_number(name, size):
    """A field that is a number as it stands."""

    def get(self):
        return self._get(name)

    def put(self, value):
        self._set(name, value)

    return property(
        get, put, doc=f"The field's {size} bytes as C sees them, a number in this machine's order."
    )


class _Inet(Structure):
    """What sockaddr_in and sockaddr_in6 have in common: a port and an address."""

    _plain = ("port", "addr")
    _port_field = _addr_field = ""

    @property
    def port(self):
        """The port as one reads it, 0 to 65535: `ntohs(sin_port)`."""
        return int.from_bytes(self._part(self._port_field), "big")

    @port.setter
    def port(self, value):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"port is a whole number, not {value!r}")
        if not 0 <= value <= 65535:
            raise ValueError(f"a port is 16 bits, 0 to 65535: {value} does not fit")
        self._part(self._port_field)[:] = int(value).to_bytes(2, "big")

    @property
    def addr(self):
        """The address as one reads it, a str: `inet_ntop` of the field."""
        return socket.inet_ntop(self.family, self._part(self._addr_field))

    @addr.setter
    def addr(self, value):
        if not isinstance(value, str):
            raise TypeError(f"addr is text such as {self._example!r}, not {value!r}")
        try:
            data = socket.inet_pton(self.family, value)
        except OSError:
            other = _other_family(value)
            raise ValueError(
                f"{value!r} is no address of {self.family.name}, such as {self._example!r}"
                + (f"; it is one of {other}" if other else "; a name is looked up with getaddrinfo")
            ) from None
        self._part(self._addr_field)[:] = data

    def _view(self):
        part = self._part(self._addr_field)
        return _ADDRESSES[part.nbytes](part)

    def _meaning(self, name):
        plain = {self._port_field: str(self.port), self._addr_field: self.addr}
        return plain.get(name, super()._meaning(name))


def _other_family(text):
    try:
        return f"AF_INET{'6' if ipaddress.ip_address(text).version == 6 else ''}"
    except ValueError:
        return ""


class sockaddr_in(_Inet):
    """`struct sockaddr_in`: `sockaddr_in(port=80, addr="127.0.0.1")`, or by C's names, `sin_port=htons(80)`.

    Raises TypeError or ValueError for what no field can hold. `len()` is C's sizeof, `.address` Python's
    tuple.
    """

    c_type, family, size = "struct sockaddr_in", socket.AF_INET, 16
    fields = _fields("sin", ("port", 2), ("addr", 4), ("zero", 8))
    _port_field, _addr_field, _example = "sin_port", "sin_addr", "127.0.0.1"
    sin_family = _plain_number("sin_family", 2)
    sin_port = _plain_number("sin_port", 2)

    @property
    def sin_addr(self):
        """The address's four bytes, an in_addr: to be read, given to inet_pton, or set by its `s_addr`."""
        return self._view()

    @property
    def address(self):
        """(host, port), as Python's sockets take it."""
        return self.addr, self.port


class sockaddr_in6(_Inet):
    """`struct sockaddr_in6`: `sockaddr_in6(port=80, addr="::1")`, or by C's names; otherwise as
    sockaddr_in."""

    c_type, family, size = "struct sockaddr_in6", socket.AF_INET6, 28
    fields = _fields("sin6", ("port", 2), ("flowinfo", 4), ("addr", 16), ("scope_id", 4))
    _port_field, _addr_field, _example = "sin6_port", "sin6_addr", "::1"
    sin6_family = _plain_number("sin6_family", 2)
    sin6_port = _plain_number("sin6_port", 2)
    sin6_flowinfo = _plain_number("sin6_flowinfo", 4)
    sin6_scope_id = _plain_number("sin6_scope_id", 4)

    @property
    def sin6_addr(self):
        """The address's sixteen bytes, an in6_addr."""
        return self._view()

    @property
    def address(self):
        """(host, port, flowinfo, scope), as Python's sockets take it."""
        return self.addr, self.port, socket.ntohl(self.sin6_flowinfo), self.sin6_scope_id


class sockaddr_un(Structure):
    """`struct sockaddr_un`: `sockaddr_un(path="/tmp/s")`; a path in Linux's abstract names begins with NUL.

    ValueError for a path that does not fit into `sun_path` with its NUL.
    """

    _plain = ("path",)
    c_type, family, size = "struct sockaddr_un", getattr(socket, "AF_UNIX", 1), 2 + _PATH
    fields = _fields("sun", ("path", _PATH))
    sun_family = _plain_number("sun_family", 2)

    @property
    def sun_path(self):
        """All bytes of the field."""
        return bytes(self._part("sun_path"))

    @sun_path.setter
    def sun_path(self, value):
        data = os.fsencode(value)
        if len(data) >= _PATH and not (data.endswith(b"\0") and len(data) == _PATH):
            raise ValueError(
                f"sun_path has {_PATH} bytes, a NUL at the end included: this path has {len(data)}"
            )
        self._part("sun_path")[:] = data.ljust(_PATH, b"\0")

    @property
    def path(self):
        """The path as text, up to its first NUL; an abstract name with the NUL before it."""
        data = self.sun_path
        if data[:1] == b"\0":
            return os.fsdecode(data.rstrip(b"\0")) if any(data) else ""
        return os.fsdecode(data.partition(b"\0")[0])

    @path.setter
    def path(self, value):
        self.sun_path = value

    @property
    def address(self):
        """The path, as Python's sockets take it."""
        return self.path

    def _meaning(self, name):
        return (self.path.replace("\0", "@") or "(no path)") if name == "sun_path" else super()._meaning(name)
