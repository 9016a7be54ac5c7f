"""The other end, and the eyes: helper servers to talk to, and instruments to look at real sockets with.

The socket API itself is never wrapped. Names arrive when they are first used, so that `import labsupport` stays quick and
only the parts that draw ever import ipywidgets. `observe` and `background` are bound at once: a function and its module
share the name there, and importing the module later would put the module in the function's place.
"""

from __future__ import annotations

import importlib

from labsupport.background import background, until
from labsupport.observe import observe

_HOME = {
    "BackgroundCall": "background",
    "Snapshot": "observe",
    "caught": "errors",
    **dict.fromkeys(("check", "hint", "progress", "solution"), "exercises"),
    "doctor": "machine",
    **dict.fromkeys(("compile_c", "run_c"), "c"),
    **dict.fromkeys(("libc", "c_int", "socklen_t", "sockaddr_in", "sockaddr_in6", "sockaddr_un"), "c"),
    "ipv6_missing": "machine",
    "tidy": "tidying",
    "Network": "network",
    "NetworkUnavailable": "network",
    "Classroom": "classroom.room",
    "record": "timeline",
    "race": "congestion",
    "finding": "congestion",
    "connected": "scenes",
    "scene": "scenes",
    "Timeline": "timeline",
    "watch": "widgets",
    "predict": "widgets",
    **dict.fromkeys(
        (
            "EchoServer",
            "DiscardServer",
            "ChargenServer",
            "DaytimeServer",
            "OneByteServer",
            "JoiningServer",
            "LateServer",
            "SlowReader",
            "NeverReads",
            "ClosesHalfway",
            "ResetsHalfway",
            "GarbageServer",
            "SilentServer",
            "Visitor",
        ),
        "servers",
    ),
}

__all__ = sorted({"background", "observe", "until", "load_ipython_extension", *_HOME})


def __getattr__(name):
    """Import the module that is home to `name`, and keep the name for the next time."""
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"labsupport has no {name!r}; it has {', '.join(__all__)}") from None
    value = getattr(importlib.import_module(f"labsupport.{home}"), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__


def load_ipython_extension(shell):
    """`%load_ext labsupport` adds the cell magics `%%child`, `%%c` and `%%needs`."""
    from labsupport import magics

    magics.register(shell)
