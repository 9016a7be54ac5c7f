"""How much anybody may take of the class's server, and why so much.

The room is full of beginners, with one joker among them, and the two look alike: both leave connections open,
send half a line and wait, or print an endless loop. So no limit here punishes. Each bounds what one of them
can take from the others:

- **Who is counted?** A learner, by name, as soon as there is one; before that, the address. On a shared hub
  all learners come from this machine, or from the one address of the hub. A share for each address would hit
  thirty good learners at once and the joker only with them. So such a *crowded* address has no share of its
  own: nothing but the total bounds it. Every other address is one person's machine and gets a tight share.
  This machine is recognized: there both ends of a connection have the same address. An address that the
  teacher knows to be crowded (a hub, a router with NAT) is named in `Limits.crowded`. In IPv6 one machine has
  a whole /64 of addresses: that counts as one.
- **Who goes when places are short?** Never the one who has shown to be a learner, for one who has not. A
  connection's standing is what was seen of it: nonsense (no text, too long a line), silence, a line, a name,
  a goal reached. Whoever stands lowest goes first, from the address that has most of those; among equals the
  one that was quiet for longest. A good client names itself in its first line, milliseconds after it came. A
  name costs a joker nothing, either, so a name has a number of connections too: the thirty-third of one name
  ends the same name's quietest.
- **How fast?** A token bucket for each learner, and one for all that have no name yet at one address. Reading
  from whoever has spent his tokens *pauses*, and the kernel's window does the rest: nothing is dropped, and
  the sender's `send` blocks as TCP means it. A pause stays below the second of silence that 08's client
  bears. A first piece of each connection is free, so that the name gets through, however many spend the
  strangers' tokens. A line costs `LINE_COST` tokens beside its bytes: empty lines are small and not cheap.
- **How long?** Silence ends a connection after `idle` seconds, or `stranger_idle` without a name. But a
  slow-loris is never silent: it sends a byte now and then and no newline. So the time that one *line* takes
  is limited as well, from its first byte on, whatever comes in between.
- **What is remembered?** Rows, names, addresses, log and what waits to be sent all have a number. When the
  roll is full, a row without a connection makes room, if no more is in it than a line and an end may earn by
  accident; if there is none, a newcomer is told so, and the teacher can dismiss somebody.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, fields

from labsupport.servers.arguments import checked_number

LINE_COST = 16  # bytes that a line counts beside its own
FREE = 16 * 1024  # bytes of a connection that cost nothing
BURST = 4  # seconds' worth of tokens that can be saved up
KNOWN = 1024  # addresses that are remembered at once


@dataclass(frozen=True)
class Limits:
    """What one may take. Counts, bytes, and seconds, as the names say; all must be positive.

    Raises TypeError or ValueError for a limit that is none.
    """

    connections: int = 512  # open at once, in all
    connections_per_address: int = 32  # … from one address that is not crowded
    connections_per_name: int = 32  # … of one learner
    line_bytes: int = 16 * 1024  # of one line, its newline apart
    line_seconds: float = 60  # from a line's first byte to its newline
    bytes_per_second: float = 1_000_000  # of one learner; of all at one address who gave no name
    idle: float = 1800  # seconds without a byte in either direction
    stranger_idle: float = 300  # … on a connection without a name
    parting: float = 5  # seconds to read the last answer, and end
    names_per_address: int = 6  # of an address that is not crowded
    rows: int = 200  # learners in all
    visits_per_minute: int = 12  # of one learner
    crowded: tuple[str, ...] = ()  # addresses behind which many sit; this machine is known

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "crowded":
                object.__setattr__(self, "crowded", _checked_addresses(value))
            elif field.type == "int":
                checked_number(field.name, value, 1, "or more of them", whole=True)
            elif checked_number(field.name, value, 0, "seconds or bytes") == 0:
                raise ValueError(f"{field.name} must be more than 0")


def _checked_addresses(addresses):
    if isinstance(addresses, str) or not all(isinstance(address, str) for address in addresses):
        raise TypeError(f"crowded must be addresses such as ('10.0.0.7',), not {addresses!r}")
    try:
        return tuple(str(ipaddress.ip_address(address)) for address in addresses)
    except ValueError as error:
        raise ValueError(f"crowded must be addresses such as ('10.0.0.7',): {error}") from None


class Bucket:
    """Tokens that come at `rate` a second, `burst` of them saved at most; `spend` may go into debt."""

    __slots__ = ("rate", "burst", "_tokens", "_then")

    def __init__(self, rate, burst):
        self.rate, self.burst = rate, burst
        self._tokens, self._then = burst, None

    def spend(self, cost, now):
        """Take `cost` tokens at the time `now` (seconds); the seconds until none is owed, or 0."""
        if self._then is not None:
            self._tokens = min(self.burst, self._tokens + max(0.0, now - self._then) * self.rate)
        self._then = now
        self._tokens -= cost
        return max(0.0, -self._tokens / self.rate)

    def can_spend(self, cost, now):
        """Take `cost` tokens if they are there; whether they were."""
        if self.spend(cost, now) > 0:
            self._tokens += cost
            return False
        return True


class Account:
    """What one address takes now.

    `places` is for whoever keeps its connections, `names` counts those given from it, `bucket` is of the
    nameless.
    """

    __slots__ = ("key", "address", "crowded", "places", "names", "bucket")

    def __init__(self, key, address, crowded, rate):
        self.key, self.address, self.crowded = key, address, crowded
        self.places, self.names = None, 0
        self.bucket = Bucket(rate, BURST * rate)


class Accounts:
    """The accounts by address; at most `KNOWN`, those that are in use are kept beyond that."""

    def __init__(self, limits):
        self._limits = limits
        self._known = OrderedDict()

    def __len__(self):
        return len(self._known)

    def of(self, peer, local, user=None):
        """The account of a connection whose ends are `peer` and `local`, addresses without ports.

        `user` is the user of this machine who opened it, where that is known: each is somebody else.
        """
        address, own = plain_address(peer), plain_address(local)
        here = address == own  # whichever of its addresses a machine uses to reach itself
        key = "this machine" if here else _key(address), user
        account = self._known.get(key)
        if account is None:
            crowded = here or address in self._limits.crowded
            account = self._known[key] = Account(key, address, crowded, self._limits.bytes_per_second)
            self._forget_some()
        self._known.move_to_end(key)
        return account

    def _forget_some(self):
        """Those in use are bounded by connections and rows."""
        for key in list(self._known)[: max(0, len(self._known) - KNOWN)]:
            if not self._known[key].places and not self._known[key].names:
                del self._known[key]


def plain_address(host):
    """`host` as it is written most plainly: no scope, and IPv4 as itself when it came over IPv6."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


def _key(address):
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if not parsed.is_loopback else address
