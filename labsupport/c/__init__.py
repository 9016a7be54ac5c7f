"""The other half of the reference: its C prototypes called from Python, its C programs compiled and run.

Names arrive when they are first used: what needs cffi, or a compiler, is imported by those who ask for it.
"""

from __future__ import annotations

import importlib

_HOME = {
    "libc": "library",
    "ConflictingTypes": "prototypes",
    "compile_c": "programs",
    "run_c": "programs",
    "CompileError": "programs",
    "NoCompiler": "compilers",
    "CannotTrace": "trace",
    "c_int": "values",
    "socklen_t": "values",
    "sockaddr_in": "sockaddr",
    "sockaddr_in6": "sockaddr",
    "sockaddr_un": "sockaddr",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    """Import the module that is home to `name`, and keep the name for the next time."""
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"labsupport.c has no {name!r}; it has {', '.join(__all__)}") from None
    value = getattr(importlib.import_module(f"labsupport.c.{home}"), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
