"""The exercises of 02, binding a socket."""

from __future__ import annotations

from labsupport.exercises.nb02_bind_first_free import BIND_FIRST_FREE
from labsupport.exercises.nb02_bind_path import BIND_PATH
from labsupport.exercises.nb02_same_port import SAME_PORT_BOTH_FAMILIES

EXERCISES = (BIND_FIRST_FREE, SAME_PORT_BOTH_FAMILIES, BIND_PATH)
