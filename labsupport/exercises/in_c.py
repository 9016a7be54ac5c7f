"""Exercises in C: a cell `%%c --exercise recv_all` holds the function, and its value is the verdict."""

from __future__ import annotations

import re
from pathlib import Path

from labsupport.c.compilers import NoCompiler
from labsupport.c.programs import CompileError
from labsupport.c.shared import compile_shared
from labsupport.exercises.checking import judge, noted
from labsupport.exercises.exercise import Exercise, named
from labsupport.exercises.native import CFunction
from labsupport.exercises.verdict import NOT_ATTEMPTED, NOT_YET, Verdict

_BESIDE = Path(__file__).with_name("beside.c")
# What a conflicting definition meets behind the learner's text.
_ASKED = '\n#line 1 "the prototype that was asked for"\n#include <sys/types.h>\n{}\n'
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_cells: dict[str, tuple[str, int]] = {}  # exercise → what its last cell held, and that text's first line
_NOTHING = re.compile(r"(\(void\)\s*\w+;|return\s+-?[01];|\s)*")


def check_c(name: str, source: str, first_line: int = 1) -> Verdict | None:
    """Judge `source`, C text with the function that the exercise `name` asks for, and count the try.

    What the compiler says is printed. Where there is no compiler that is said in a line, and None comes back.
    Raises ValueError for a name that no exercise in C has.
    """
    exercise = named(name)
    if not exercise.in_c:
        raise ValueError(f"{name} is asked for in Python: def {name}(…), then check({name})")
    _cells[name] = source, first_line
    try:
        verdict, diagnostics = judge_c(source, exercise, first_line=first_line)
    except NoCompiler as missing:
        print(f"not available here: a C compiler ({missing.reason}); {missing.remedy}")
        return None
    for diagnostic in diagnostics:
        print(diagnostic)
    return noted(verdict)


def check_again(name: str) -> Verdict:
    """Judge what the last cell of the exercise `name` held: for a cell that comes behind it, a grader's say.

    Where no such cell was run, the Verdict says "not attempted yet". Raises RuntimeError where there is no
    compiler: that is not the learner's fault, and no points are to be lost without a word.
    """
    if name not in _cells:
        return Verdict(name=name, notebook=named(name).notebook, status=NOT_ATTEMPTED, message=NOT_ATTEMPTED)
    verdict = check_c(name, *_cells[name])
    if verdict is None:
        raise RuntimeError(f"{name} cannot be judged here: there is no C compiler")
    return verdict


def judge_c(source, exercise: Exercise, *, first_line=1, compiler=None, werror=False):
    """(the Verdict on `source`, what the compiler said of it), without counting it as a try. Raises
    NoCompiler.
    """
    about = {"name": exercise.name, "notebook": exercise.notebook}
    if is_stub(source, exercise.name):
        return Verdict(status=NOT_ATTEMPTED, message=NOT_ATTEMPTED, **about), ()
    text = source + _ASKED.format(exercise.prototype)
    try:
        library = compile_shared(
            text, beside=(_BESIDE,), werror=werror, compiler=compiler, first_line=first_line
        )
    except CompileError as error:
        message = f"It does not compile, and nothing was run. {_first_error(error)}"
        return Verdict(status=NOT_YET, message=message.strip(), **about), error.diagnostics
    with library:
        if not _defines(source, exercise.name):
            message = f"There is no function `{exercise.name}` in it: {exercise.prototype}"
            return Verdict(status=NOT_YET, message=message, **about), library.diagnostics
        function = CFunction(exercise.name, str(library.path), exercise.types, exercise.through)
        return judge(function, exercise), library.diagnostics


def _first_error(error):
    """The first error in a sentence, with its line; "" where the compiler gave none."""
    found = next((one for one in error.diagnostics if one.kind == "error"), None)
    if found is None:
        return ""
    where = f"In {found.file}" if found.file else f"In line {found.line}" if found.line else "At linking"
    return f"{where}: {found.text}."


def is_stub(source, name):
    """Whether the function has nothing in its body yet but a `return`: nothing to compile, then."""
    begins = re.search(rf"\b{name}\s*\([^)]*\)\s*\{{", plain := _COMMENT.sub(" ", source))
    if begins is None:
        return False
    body, brace, _ = plain[begins.end() :].partition("}")
    return bool(brace) and _NOTHING.fullmatch(body) is not None


def _defines(source, name):
    return re.search(rf"\b{name}\s*\([^;{{]*\)\s*\{{", _COMMENT.sub(" ", source)) is not None
