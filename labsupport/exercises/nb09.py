"""The exercises of 09, a simple server."""

from __future__ import annotations

from labsupport.exercises.nb09_messages import READ_MESSAGE, WRITE_MESSAGE

EXERCISES = (READ_MESSAGE, WRITE_MESSAGE)
