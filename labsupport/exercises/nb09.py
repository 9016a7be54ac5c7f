"""The exercises of 09, a simple server."""

from __future__ import annotations

from labsupport.exercises.nb09_echo_until_end import ECHO_UNTIL_END
from labsupport.exercises.nb09_messages import READ_MESSAGE, WRITE_MESSAGE
from labsupport.exercises.nb09_serve import SERVE
from labsupport.exercises.nb09_shut_down import SHUT_DOWN

EXERCISES = (SERVE, READ_MESSAGE, WRITE_MESSAGE, SHUT_DOWN, ECHO_UNTIL_END)
