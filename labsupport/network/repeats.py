"""Repeats of what a held wire has not carried yet.

A host that waits for an answer sends its segment again by its own clock. Nothing that a lesson shows step by
step should depend on that: while repeats are absorbed, one that equals a segment in flight is taken out of
sight.
"""

from __future__ import annotations

from labsupport.network import headers


class Repeats:
    """The segments in flight, by what they share with their repeats; nothing while it is off."""

    def __init__(self):
        self.on = False
        self._flying = {}

    def turn(self, on, flying):
        """Begin, with the records that are in flight now, or end."""
        self.on = bool(on)
        self._flying.clear()
        if on:
            for record in flying:
                self.repeats(record)

    def repeats(self, record):
        """Whether it repeats one in flight; if not, it is in flight itself from now on."""
        key = headers.repeat_key(record.raw)
        if key is None:
            return False
        key = record.receiver, key
        if key in self._flying:
            return True
        record.key = key
        self._flying[key] = record
        return False

    def landed(self, record):
        """It is in flight no more."""
        if record.key is not None and self._flying.get(record.key) is record:
            del self._flying[record.key]
