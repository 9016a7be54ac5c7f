"""What the wire does to chosen packets: drop, duplicate, reorder, corrupt, each by predicate and count."""

from __future__ import annotations

DROP, DUPLICATE, REORDER, CORRUPT = "drop", "duplicate", "reorder", "corrupt"


class Rule:
    """One standing order: `action`, on packets the predicate chooses, `left` more times (None: always).

    `done`: how often it was applied; `cancel()` ends it.
    """

    __slots__ = ("_predicate", "action", "done", "left")

    def __init__(self, action, predicate=None, count=1):
        if predicate is not None and not callable(predicate):
            raise TypeError(
                f"{action} chooses packets by a function of one Packet, or None for any; not {predicate!r}"
            )
        if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
            raise TypeError(f"count is a number of packets, or None for all of them; not {count!r}")
        if count is not None and count < 0:
            raise ValueError(f"count is a number of packets, not {count}")
        self.action = action
        self._predicate = predicate
        self.left = count
        self.done = 0

    def applies(self, record):
        """Whether it applies to this one, which is then counted. Raises what the predicate raises."""
        if self.left == 0:
            return False
        if self._predicate is not None and not self._predicate(record.packet):
            return False
        if self.left is not None:
            self.left -= 1
        self.done += 1
        return True

    def cancel(self):
        """No further packet. Idempotent."""
        self.left = 0

    def __repr__(self):
        more = "every further one" if self.left is None else f"{self.left} to go"
        return f"<{self.action}: {self.done} done, {more}>"


def corrupted(raw):
    """The bytes with one bit of the last byte flipped: part of the data, else of the header, both under TCP's
    and UDP's checksum (RFC 9293 §3.1), so that the receiving kernel sees it.
    """
    return raw[:-1] + bytes((raw[-1] ^ 0x01,))


class Orders:
    """The four verbs that give a standing order, for a wire and for one of its directions alike.

    Each takes `predicate`, a function of one Packet (None: any packet), and `count` (None: every one), and
    returns the Rule. Raises TypeError or ValueError for what is no predicate or no count.
    """

    __slots__ = ()

    def drop(self, predicate=None, count=1):
        """Lose the next `count` packets that `predicate(packet)` chooses. Returns the Rule."""
        return self._order(DROP, predicate, count)

    def duplicate(self, predicate=None, count=1):
        """Let a copy of the chosen packets arrive right after them. Returns the Rule."""
        return self._order(DUPLICATE, predicate, count)

    def reorder(self, predicate=None, count=1):
        """Let the next packet pass each chosen one, if it comes within 0.1 seconds. Returns the Rule."""
        return self._order(REORDER, predicate, count)

    def corrupt(self, predicate=None, count=1):
        """Flip one bit of the last byte of the chosen packets. Returns the Rule."""
        return self._order(CORRUPT, predicate, count)

    def _order(self, action, predicate, count):
        raise NotImplementedError
