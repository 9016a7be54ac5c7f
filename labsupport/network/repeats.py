"""Repeats that only the waiting on a held wire brings about.

A host that waits for an answer sends its segment again by its own clock. Nothing that a lesson shows step by
step should depend on that: while repeats are absorbed, a segment is taken out of sight that equals one in
flight, or one that arrived and whose acknowledgment is in flight.
"""

from __future__ import annotations

from labsupport.network import headers


class Repeats:
    """The segments in flight, by what they share with their repeats; nothing while it is off."""

    def __init__(self):
        self.on = False
        self._flying = {}
        self._arrived = set()
        self._answers = {}  # of each record in flight: which way it acknowledges, and up to where

    def turn(self, on, flying):
        """Begin, with the records that are in flight now, or end."""
        self.on = bool(on)
        for kept in (self._flying, self._arrived, self._answers):
            kept.clear()
        if on:
            for record in flying:
                self.repeats(record)

    def repeats(self, record):
        """Whether it is a repeat to be absorbed; if not, it is in flight itself from now on."""
        key = headers.repeat_key(record.raw)
        if key is not None:
            key = record.receiver, key
            if key in self._flying or (key in self._arrived and self._answered(key[1])):
                return True
            record.key = key
            self._flying[key] = record
        answer = headers.acknowledged(record.raw)
        if answer is not None:
            self._answers[record] = answer
        return False

    def _answered(self, key):
        """Whether an acknowledgment of all of it is in flight."""
        way, end = key[:2], headers.end_of(key)
        return any(
            other == way and (number - end) % 2**32 < 2**31 for other, number in self._answers.values()
        )

    def landed(self, record, arrived=False):
        """It is in flight no more."""
        self._answers.pop(record, None)
        if record.key is not None and self._flying.get(record.key) is record:
            del self._flying[record.key]
            if arrived:
                self._arrived.add(record.key)
