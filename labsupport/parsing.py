"""Python text as a syntax tree, by one thread at a time.

CPython 3.11 counts the depth of the tree it builds in one place for all threads: two that parse at once may
meet "SystemError: AST constructor recursion depth mismatch" (gh-106905).
"""

from __future__ import annotations

import ast
import threading

_one_at_a_time = threading.Lock()


def parse(source, mode="exec"):
    """The tree of `source`, text or bytes; `mode` as for `compile`. Raises SyntaxError, ValueError."""
    with _one_at_a_time:
        return ast.parse(source, mode=mode)
