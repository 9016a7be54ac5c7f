"""A function on its way to another process: by value, as it was written in the notebook.

cloudpickle takes along what the function uses: closures, functions and classes of earlier cells. What cannot
travel, an open socket or a lock, is named, so that a verdict can say which name it is.
"""

from __future__ import annotations

import dis
import functools
import inspect
import linecache
import types

import cloudpickle

from labsupport.exercises.channel import told

_NOTHING = {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}  # the instructions of `pass`


class CannotTravel(Exception):
    """The function uses something that only exists in the notebook's process; the message names it."""


def packed(function):
    """The function as bytes. Raises CannotTravel."""
    try:
        return cloudpickle.dumps(function)
    except Exception as error:
        culprit = next(_culprits(function), None)
        if culprit is None:
            said = f"it uses something that cannot travel to a process of its own ({error})"
        else:
            name, value = culprit
            said = f"it uses `{name}`, {told(value).text} of the notebook, which cannot travel to a process of its own"
        raise CannotTravel(said) from None


def sources(function):
    """{file name: text} of the code that travels: for names in the timeline, and lines in a message."""
    files = {code.co_filename for code in _codes(function)}
    return {name: "".join(lines) for name in sorted(files) if (lines := linecache.getlines(name))}


def is_stub(function):
    """Whether there is nothing in it yet: `pass`, `...`, or a docstring alone."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    return all(step.opname in _NOTHING and step.argval is None for step in steps)


def _culprits(function):
    """(name, value) of each thing that the function uses and that cannot be packed alone."""
    seen = set()
    for name, value in _used(function):
        if id(value) in seen:
            continue
        seen.add(id(value))
        try:
            cloudpickle.dumps(value)
        except Exception:
            inner = next(_culprits(value), None) if isinstance(value, types.FunctionType) else None
            yield inner or (name, value)


def _used(function):
    """(name, value) of the globals, closed-over variables and defaults of a function."""
    function = inspect.unwrap(function.func if isinstance(function, functools.partial) else function)
    if not isinstance(function, types.FunctionType):
        return
    used = inspect.getclosurevars(function)
    yield from {**used.globals, **used.nonlocals}.items()
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not parameter.empty:
            yield name, parameter.default


def _codes(function, depth=0):
    """The code objects of the function and of the notebook's functions and classes that it uses."""
    function = inspect.unwrap(function)
    if not isinstance(function, types.FunctionType) or depth > 5:
        return
    yield function.__code__
    for _, value in _used(function):
        if isinstance(value, types.FunctionType) and value.__module__ == function.__module__:
            if value is not function:
                yield from _codes(value, depth + 1)
        elif isinstance(value, type) and value.__module__ == function.__module__:
            for method in vars(value).values():
                yield from _codes(method, depth + 1) if isinstance(method, types.FunctionType) else ()
