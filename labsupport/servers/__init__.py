"""Whom to talk to: helper servers in background threads, and visitors where the learner serves."""

from __future__ import annotations

from labsupport.servers.peers import (
    ClosesHalfway,
    GarbageServer,
    JoiningServer,
    LateServer,
    NeverReads,
    OneByteServer,
    ResetsHalfway,
    SilentServer,
    SlowReader,
)
from labsupport.servers.services import ChargenServer, DaytimeServer, DiscardServer, EchoServer
from labsupport.servers.visitors import Visitor

__all__ = [
    "ChargenServer",
    "ClosesHalfway",
    "DaytimeServer",
    "DiscardServer",
    "EchoServer",
    "GarbageServer",
    "JoiningServer",
    "LateServer",
    "NeverReads",
    "OneByteServer",
    "ResetsHalfway",
    "SilentServer",
    "SlowReader",
    "Visitor",
]
