"""Who has a place in the room, who stands how, and who goes when places are short. Pure: no sockets.

The reasons are in limits.py.
"""

from __future__ import annotations

NONSENSE, SILENT, SPOKE, NAMED, PROVEN = range(5)


class Place:
    """One connection's place: whose `account`, how it stands, `last` (when something happened), `number`."""

    __slots__ = ("number", "account", "standing", "last")

    def __init__(self, number, account, now):
        self.number, self.account, self.last = number, account, now
        self.standing = SILENT


class Places:
    """The places of all connections. For each account its own, by standing, those quiet for longest first."""

    def __init__(self, limits, room):
        self._limits, self._room = limits, room
        self._accounts = {}  # those with a connection, by themselves
        self.taken = 0

    def take(self, number, account, now):
        """A Place for a new connection."""
        place = Place(number, account, now)
        if not account.places:
            account.places = tuple({} for _ in range(PROVEN + 1))
            self._accounts[account] = True
        account.places[place.standing][number] = place
        self.taken += 1
        return place

    def leave(self, place):
        """The connection is over."""
        account = place.account
        if account.places and account.places[place.standing].pop(place.number, None):
            self.taken -= 1
            if not any(account.places):
                account.places = None
                self._accounts.pop(account)

    def active(self, place, now, standing=None):
        """Something happened on it; from now on it stands so, or as it did."""
        account, place.last = place.account, now
        if account.places and account.places[place.standing].pop(place.number, None):
            place.standing = place.standing if standing is None else standing
            account.places[place.standing][place.number] = place

    def too_many(self, place):
        """(the Place that must go, why) after `place` was taken; None while there is room."""
        account, limits = place.account, self._limits
        if not account.crowded and sum(map(len, account.places)) > limits.connections_per_address:
            return _lowest([account], place), "too many from one address"
        if self.taken > self._room:
            return _lowest(self._accounts, place), "the room was full"
        return None


def _lowest(accounts, newcomer):
    """The Place that stands lowest, from the account that has most of those; of these the quietest.

    The newcomer has not had time to say anything. So it goes only if all others have a name.
    """
    for standing in range(NAMED):
        found = [
            [place for place in account.places[standing].values() if place is not newcomer]
            for account in accounts
        ]
        if most := max(found, key=len):
            return most[0]
    return newcomer
