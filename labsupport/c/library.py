"""`libc`: functions of the running C library, called by the prototype that a learner reads.

What happens in between is little: Python's values become C's, the function is called without the
interpreter's lock, so that other threads go on while it blocks, and -1 becomes an OSError with errno's name.
Nothing else is added; `close` closes, `send` may send less than it was given.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from labsupport import descriptors
from labsupport.c import noting
from labsupport.c.arguments import Arguments
from labsupport.c.declarations import NO_ERRNO, SYSTEM, TYPES
from labsupport.c.prototypes import compare, read
from labsupport.shown import errno_name, shown

_base = None
_making = threading.Lock()


def libc(*prototypes, raw=False):
    """The functions of these prototypes, text as in a manual page, as methods: `lib.listen(fd, 5)`.

    A call that returns -1 raises OSError with errno; with `raw` it returns -1, and `lib.errno` has the
    number. Arguments: whole numbers (a socket for its descriptor), bytes, bytearrays, memoryviews,
    `sockaddr_in` and its like, `socklen_t(…)` and `c_int(…)` where C wants a pointer to one, None for NULL.
    Raises ConflictingTypes, a ValueError, for a prototype that the system declares otherwise; ValueError for
    what is no prototype or no function here; TypeError for what is no text; RuntimeError where there is no
    cffi.
    """
    declared = [prototype for text in prototypes for prototype in read(text)]
    if not declared:
        raise TypeError('libc takes prototypes, such as "int listen(int socket, int backlog);"')
    return Library(declared, bool(raw))


def _new_ffi():
    """A cffi.FFI that knows the system's types."""
    global _base
    try:
        from cffi import FFI
    except ImportError:
        raise RuntimeError(
            "libc needs the package cffi, which is not installed here; `python3 lab.py setup` installs it"
        ) from None
    with _making:
        if _base is None:
            base = FFI()
            base.cdef(TYPES)
            _base = base
    ffi = FFI()
    ffi.include(_base)
    return ffi


class Errno(int):
    """errno as a number that says its name."""

    def __repr__(self):
        name = errno_name(OSError(int(self), ""))
        return f"{int(self)} ({name})" if name else str(int(self))


class Library:
    """What `libc` returns: a method for each prototype; `errno`; `ffi`, cffi's own, for what needs more."""

    def __init__(self, declared, raw):
        self.ffi, self.raw = _new_ffi(), raw
        self._errno = threading.local()
        for prototype in declared:
            compare(self.ffi, prototype)
        self.ffi.cdef("\n".join(prototype.text for prototype in declared), override=True)
        try:
            found = self.ffi.dlopen(None)
        except OSError as error:
            raise RuntimeError(
                f"the C library of this process cannot be called by name here: {error}"
            ) from None
        self._functions = {
            prototype.name: Function(self, prototype, _found(found, prototype)) for prototype in declared
        }

    @property
    def errno(self):
        """The errno of this thread's last call that failed; a call that succeeds leaves it, as in C
        (errno(3))."""
        return Errno(getattr(self._errno, "last", 0))

    def note_errno(self, number):
        """This thread's last call failed with it."""
        self._errno.last = number

    def __getattr__(self, name):
        try:
            return self.__dict__["_functions"][name]
        except KeyError:
            known = ", ".join(self.__dict__.get("_functions", ()))
            raise AttributeError(f"no prototype of {name!r} was given to libc; there is {known}") from None

    def __dir__(self):
        return [*self._functions, "errno", "ffi", "raw"]

    def __repr__(self):
        return "\n".join(map(repr, self._functions.values()))


def _found(library, prototype):
    try:
        return getattr(library, prototype.name)
    except AttributeError:
        raise ValueError(f"the C library has no function {prototype.name!r}") from None


class Function:
    """One function of the library, called like any other."""

    def __init__(self, library, prototype, function):
        self._library, self._function = library, function
        self.prototype, self.__name__ = prototype, prototype.name
        self._type = library.ffi.typeof(function)
        result = self._type.result
        signed = result.kind == "primitive" and "unsigned" not in result.cname and result.cname[0] != "u"
        self._fails = signed and result.cname != "size_t" and prototype.name not in NO_ERRNO

    def __repr__(self):
        header = SYSTEM.get(self.prototype.name, ("",))[0]
        return f"{self.prototype.text}  {header}".rstrip()

    def __call__(self, *given):
        if self.__name__ == "close" and given and isinstance(given[0], socket.socket):
            raise TypeError(
                "close of a Python socket: Python would not know; "
                "close(sock.detach()) or sock.close() is meant"
            )
        with Arguments(self._library.ffi, self.prototype, self._type, given) as values:
            frame = sys._getframe(1)
            result, number = noting.noted(self.__name__, given, lambda: self._called(values), frame)
        if number:
            self._library.note_errno(number)
        if number and not self._library.raw:
            name = errno_name(OSError(number, ""))
            raise OSError(number, f"{self.__name__}: {os.strerror(number)}" + (f" ({name})" if name else ""))
        return result

    def waits_on(self, given):
        """The socket that a call with the arguments `given` may wait for, by which it is freed; or None."""
        if not given or self.prototype.name not in SYSTEM:
            return None
        if isinstance(given[0], socket.socket):
            return given[0]
        return descriptors.socket_of(given[0]) if descriptors.is_descriptor(given[0]) else None

    def told(self, given):
        """The call as text, the same in every run: a descriptor by its parameter's name."""
        said = [shown(value) for value in given]
        if said and descriptors.is_descriptor(given[0]) and self.prototype.parameters:
            said[0] = self.prototype.parameters[0].name or "fd"
        return f"{self.__name__}({', '.join(said)})"

    def _called(self, values):
        """(what it returned, errno if that says that it failed, else 0)."""
        ffi = self._library.ffi
        ffi.errno = 0
        result = self._function(*values)
        number = ffi.errno
        failed = result == -1 if self._fails else self._is_null(result) and bool(number)
        if self.__name__ == "close" and not failed:
            descriptors.closed(values[0])
        return self._plain(result), number if failed else 0

    def _is_null(self, result):
        return self._type.result.kind == "pointer" and result == self._library.ffi.NULL

    def _plain(self, result):
        """Text as bytes, other pointers as cffi has them."""
        if self._type.result.cname in ("char *", "char const *") and not self._is_null(result):
            return self._library.ffi.string(result)
        return result
