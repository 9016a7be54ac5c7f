"""The exercises of 05, connecting to a server."""

from __future__ import annotations

from labsupport.exercises.nb05_connect_any import CONNECT_ANY
from labsupport.exercises.nb05_connect_to import CONNECT_TO
from labsupport.exercises.nb05_first_to_answer import FIRST_TO_ANSWER
from labsupport.exercises.nb05_why_not import WHY_NOT

EXERCISES = (WHY_NOT, CONNECT_ANY, FIRST_TO_ANSWER, CONNECT_TO)
