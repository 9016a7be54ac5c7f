"""Marks for tests that need a C compiler, and the compilers to try."""

from __future__ import annotations

import sys

import pytest

from labsupport.c.compilers import NoCompiler, find


def _reason(name=None):
    try:
        find(name)
    except NoCompiler as missing:
        return missing.reason
    return ""


needs_compiler = pytest.mark.skipif(bool(_reason()), reason=f"needs a C compiler: {_reason()}")
each_compiler = pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(name, marks=pytest.mark.skipif(bool(_reason(name)), reason=_reason(name) or name))
        for name in ("gcc", "clang", "zig")
    ],
)
# ziglang has no AddressSanitizer
each_sanitizer = pytest.mark.parametrize(*each_compiler.args[:1], each_compiler.args[1][:2])
needs_tracing = [
    needs_compiler,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LD_PRELOAD and SO_COOKIE are Linux's"),
]
