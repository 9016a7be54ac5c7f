"""From Python's values to what a C parameter takes, refused with a reason where C would read or write
elsewhere.

In C nobody looks whether a buffer is as long as the length beside it says. Here that would end the notebook,
so for the functions of the system's table it is looked at: a pointer followed by a length may not be told to
be longer than it is.
"""

from __future__ import annotations

import socket

from labsupport.c.declarations import SYSTEM
from labsupport.c.sockaddr import STORAGE, Structure
from labsupport.c.values import Memory, socklen_t


class Arguments:
    """What one call is given: `with Arguments(…) as values:`, for cffi, with the memory that they point into.

    `ffi`: the cffi.FFI of the function; `ctype`: its type; `given`: Python's values. On entering raises
    TypeError or ValueError that names the function, the parameter and what it takes.
    """

    def __init__(self, ffi, prototype, ctype, given):
        self._ffi, self._prototype, self._type, self._given = ffi, prototype, ctype, given
        self._held = []

    def __enter__(self):
        try:
            return self._values(self._prototype, self._given)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *raised):
        # Not left to the collector: it may take a memoryview apart before the buffer that cffi has of it.
        while self._held:
            self._ffi.release(self._held.pop())

    def _values(self, prototype, given):
        ffi, ctype, values = self._ffi, self._type, []
        _check_count(prototype, given)
        if prototype.name in SYSTEM:
            _check_lengths(ffi, prototype, given)
        for number, (parameter, kind) in enumerate(zip(prototype.parameters, ctype.args, strict=True)):
            try:
                values.append(self._value(parameter, kind, given[number]))
            except (TypeError, ValueError) as error:
                name = f"{parameter.type} {parameter.name}".strip().replace("* ", "*")
                said = f"{prototype.name}'s argument {number + 1}, {name}: {error}"
                raise type(error)(said) from None
        return values + [self._further(prototype.name, value) for value in given[len(prototype.parameters) :]]

    def _value(self, parameter, kind, value):
        if isinstance(value, self._ffi.CData):
            return value
        return (self._pointer if kind.kind == "pointer" else self._integer)(parameter, kind, value)

    def _integer(self, parameter, kind, value):
        """A number; a socket stands for its descriptor."""
        if hasattr(value, "fileno"):
            value = value.fileno()
        if not hasattr(value, "__index__"):
            raise TypeError(f"a whole number, not {_what(value)}")
        if int(self._ffi.cast(kind, value)) != int(value):
            raise ValueError(f"{int(value)} does not fit, {_range(self._ffi, kind)} does")
        return int(value)

    def _pointer(self, parameter, kind, value):
        if value is None:
            return self._ffi.NULL
        if isinstance(value, str):
            raise TypeError("bytes, not text; .encode(), or a b before the quotes, makes them")
        _check_kind(parameter, value)
        if isinstance(value, bytes):
            if not parameter.const:
                raise TypeError("C writes there, and bytes never change; give it a bytearray")
            value += b"\0"  # as a literal in C: text up to a NUL is asked for in some places
        try:
            data = value.memory if isinstance(value, Memory) else value
            held = self._ffi.from_buffer("char[]", data, require_writable=not parameter.const)
        except (TypeError, BufferError, ValueError):
            raise TypeError(
                f"something in memory that C may {'read' if parameter.const else 'write'}, such as "
                f"a bytearray, not {_what(value)}"
            ) from None
        self._held.append(held)
        return self._ffi.cast(kind, held)

    def _further(self, name, value):
        """One after the "...": C takes it for what it is, and Python's numbers have no size of C's."""
        if isinstance(value, self._ffi.CData):
            return value
        if hasattr(value, "__index__"):
            if int(self._ffi.cast("int", value)) != int(value):
                raise ValueError(
                    f'{name}: {value} is no int; lib.ffi.cast("long", {value}) says what else it is'
                )
            return self._ffi.cast("int", value)
        if isinstance(value, (bytes, bytearray, Memory)):
            held = self._ffi.from_buffer("char[]", value.memory if isinstance(value, Memory) else value)
            self._held.append(held)
            return self._ffi.cast("void *", held)
        raise TypeError(f"{name}: a whole number or something in memory, not {_what(value)}")


def _check_count(prototype, given):
    wanted = len(prototype.parameters)
    if len(given) < wanted or (len(given) > wanted and not prototype.more):
        more = " and more" if prototype.more else ""
        raise TypeError(
            f"{prototype.name} takes {wanted} argument{'' if wanted == 1 else 's'}{more}, "
            f"{len(given)} given: {prototype.text}"
        )


def _check_kind(parameter, value):
    """A pointer to a length or an address takes that, where Python's value says what it is."""
    if isinstance(value, socket.socket) or hasattr(value, "__index__"):
        hint = ": socklen_t(…), made before the call" if "socklen_t" in parameter.type else ""
        raise TypeError(f"something in memory, not {_what(value)}{hint}")
    wanted = parameter.type.replace("const ", "").rstrip("*").strip()
    if isinstance(value, Structure):
        fits = wanted in ("struct sockaddr", "struct sockaddr_storage", value.c_type, "void", "char")
    else:
        fits = (
            not isinstance(value, Memory)
            or wanted in (value.c_type, "void", "char")
            or (value.c_type == "socklen_t" and wanted == "unsigned int")
        )
    if not fits:
        raise TypeError(f"not {_what(value)}")


def _check_lengths(ffi, prototype, given):
    """Raise ValueError where a buffer is shorter than the length beside it says."""
    if prototype.name == "inet_pton":
        _check_room(prototype, given[2], 16 if given[0] == socket.AF_INET6 else 4, "writes")
    if prototype.name == "socketpair":
        _check_room(prototype, given[3], ffi.sizeof("int[2]"), "writes")
    for number, parameter in enumerate(prototype.parameters[:-1]):
        length = given[number + 1]
        if isinstance(length, socklen_t):
            length = length.value
        if "*" in parameter.type and isinstance(length, int):
            _check_room(prototype, given[number], length, "reads" if parameter.const else "writes")


def _check_room(prototype, value, length, does):
    room = _room(value)
    if room is not None and length > room:
        raise ValueError(
            f"{prototype.name} {does} up to {length} bytes, and there are {room}: in a C program nothing "
            "stops it; here it is not called"
        )


def _room(value):
    """How many bytes are there; None for what is not known, or not there at all."""
    if isinstance(value, Structure):
        return max(STORAGE, 1 << 31)  # the kernel looks at no more than a sockaddr_storage
    if isinstance(value, Memory):
        return len(value)
    try:
        return memoryview(value).nbytes
    except TypeError:
        return None


def _range(ffi, kind):
    bits = 8 * ffi.sizeof(kind)
    if int(ffi.cast(kind, -1)) < 0:
        return f"from -2**{bits - 1} to 2**{bits - 1} - 1"
    return f"from 0 to 2**{bits} - 1"


def _what(value):
    """A value in an error: what it is, not all that it holds."""
    if isinstance(value, Structure):
        return f"a {value.c_type}"
    said = repr(value)
    return said if len(said) <= 40 else f"a {type(value).__name__}"
