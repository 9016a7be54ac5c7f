"""The exercises of 08, a simple client."""

from __future__ import annotations

from labsupport.exercises.nb08_ask_line import ASK_LINE
from labsupport.exercises.nb08_fetch import FETCH
from labsupport.exercises.nb08_run_client import RUN_CLIENT
from labsupport.exercises.nb08_talk import TALK

EXERCISES = (FETCH, TALK, RUN_CLIENT, ASK_LINE)
