"""The exercises of 06, sending and receiving data: a module each."""

from __future__ import annotations

from labsupport.exercises.nb06_ask_udp import ASK_UDP
from labsupport.exercises.nb06_recv_all import RECV_ALL
from labsupport.exercises.nb06_recv_exactly import RECV_EXACTLY
from labsupport.exercises.nb06_recv_lines import RECV_LINES
from labsupport.exercises.nb06_recv_until import RECV_UNTIL
from labsupport.exercises.nb06_send_all import SEND_ALL

EXERCISES = (RECV_EXACTLY, SEND_ALL, RECV_LINES, RECV_UNTIL, ASK_UDP, RECV_ALL)
