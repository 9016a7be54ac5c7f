"""Memory that C reads and writes, and Python sees: what `&length` and `&on` point to in a C program."""

from __future__ import annotations

import struct


class Memory:
    """Bytes at an address of their own. `memory`: a memoryview of them; `c_type`: what C calls them."""

    c_type = "char"

    def __init__(self, data):
        self.memory = memoryview(data).cast("B")

    def __len__(self):
        return self.memory.nbytes

    def __bytes__(self):
        return bytes(self.memory)


class _Number(Memory):
    """A whole number of C's; `value` reads and sets it."""

    form = "@i"

    def __init__(self, value=0):
        super().__init__(bytearray(struct.calcsize(self.form)))
        self.value = value

    @property
    def value(self):
        """The number that is there now, an int."""
        return struct.unpack_from(self.form, self.memory)[0]

    @value.setter
    def value(self, value):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{self.c_type} holds a whole number, not {value!r}")
        try:
            struct.pack_into(self.form, self.memory, 0, value)
        except struct.error:
            raise ValueError(f"{value} does not fit into {self.c_type}, {len(self)} bytes") from None

    def __repr__(self):
        return f"{type(self).__name__}({self.value})"


class c_int(_Number):
    """An `int` to point at: `on = c_int(1)` for setsockopt, whose `const void *` C writes as `&on`."""

    c_type = "int"


class socklen_t(_Number):
    """A length to point at: accept reads in it how much room there is, and writes how much it used.

    `length = socklen_t(len(address))`; after the call `length.value`. See sys_socket.h(0p).
    """

    c_type, form = "socklen_t", "@I"
