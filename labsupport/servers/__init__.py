"""Whom to talk to: helper servers in background threads, and visitors for the lessons in which the learner serves."""

from __future__ import annotations

from labsupport.servers.services import ChargenServer, DaytimeServer, DiscardServer, EchoServer
from labsupport.servers.visitors import Visitor

__all__ = ["ChargenServer", "DaytimeServer", "DiscardServer", "EchoServer", "Visitor"]
