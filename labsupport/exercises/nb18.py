"""The exercises of 18, loss and congestion."""

from __future__ import annotations

from labsupport.exercises.nb18_deliver import DELIVER
from labsupport.exercises.nb18_deliver_window import DELIVER_WINDOW

EXERCISES = (DELIVER, DELIVER_WINDOW)
