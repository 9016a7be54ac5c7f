"""The exercises of 04, accepting a connection; each has a module of its own."""

from __future__ import annotations

from labsupport.exercises.nb04_accept_by_peer import ACCEPT_BY_PEER
from labsupport.exercises.nb04_accept_from_any import ACCEPT_FROM_ANY
from labsupport.exercises.nb04_accept_within import ACCEPT_WITHIN

EXERCISES = (ACCEPT_WITHIN, ACCEPT_BY_PEER, ACCEPT_FROM_ANY)
