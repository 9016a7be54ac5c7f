"""The exercises of 03, listening on a socket; each has a module of its own."""

from __future__ import annotations

from labsupport.exercises.nb03_last_callers import LAST_CALLERS
from labsupport.exercises.nb03_restartable_listener import RESTARTABLE_LISTENER
from labsupport.exercises.nb03_room_in_queue import ROOM_IN_QUEUE

EXERCISES = (ROOM_IN_QUEUE, RESTARTABLE_LISTENER, LAST_CALLERS)
