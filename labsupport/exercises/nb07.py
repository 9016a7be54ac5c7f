"""The exercises of 07, closing a socket."""

from __future__ import annotations

from labsupport.exercises.nb07_ask_and_read import ASK_AND_READ
from labsupport.exercises.nb07_close_in_order import CLOSE_IN_ORDER
from labsupport.exercises.nb07_close_within import CLOSE_WITHIN
from labsupport.exercises.nb07_finish import FINISH
from labsupport.exercises.nb07_hang_up import HANG_UP
from labsupport.exercises.nb07_stop_waiting import STOP_WAITING

EXERCISES = (FINISH, STOP_WAITING, ASK_AND_READ, HANG_UP, CLOSE_WITHIN, CLOSE_IN_ORDER)
