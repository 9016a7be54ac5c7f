"""A prototype as a learner reads it: taken apart, and set beside the system's own.

C compares declarations by type, not by spelling: `unsigned int` for `socklen_t` passes, `int` does not. cffi
says which type a spelling means; it forgets `const` on the way, so that is read off the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from labsupport.c.declarations import SYSTEM, TYPES

_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVES = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_PROTOTYPE = re.compile(r"(?P<result>.*?)\b(?P<name>[A-Za-z_]\w*)\s*\((?P<parameters>.*)\)", re.DOTALL)
_RESTRICT = re.compile(r"\b(__restrict(__)?|restrict|extern)\b")
_WORDS = {
    "int",
    "char",
    "short",
    "long",
    "void",
    "unsigned",
    "signed",
    "const",
    "float",
    "double",
    "volatile",
}
_LOOKS = "it looks like int listen(int socket, int backlog);"


class Parameter(NamedTuple):
    """One parameter: its type as written, its name ("" where it has none), and whether what it points to is
    const."""

    type: str
    name: str
    const: bool


class Prototype(NamedTuple):
    """One function as declared: the text, its name, what it returns, its parameters; `more`: "..." at the
    end."""

    text: str
    name: str
    result: str
    parameters: tuple[Parameter, ...]
    more: bool

    @property
    def pointer(self):
        """The declaration as a type, for cffi."""
        said = [parameter.type for parameter in self.parameters] + ["..."] * self.more
        return f"{self.result} (*)({', '.join(said) or 'void'})"


class ConflictingTypes(ValueError):
    """A prototype that is not the system's; its text says where they differ, as a C compiler would refuse
    it."""


def read(text):
    """The Prototypes in `text`: one or more, comments and #include lines between them allowed.

    Raises TypeError for what is no text, ValueError for what is no prototype.
    """
    if not isinstance(text, str):
        raise TypeError(f'a prototype is text, such as "int listen(int socket, int backlog);", not {text!r}')
    plain = _DIRECTIVES.sub("", _COMMENTS.sub(" ", text))
    *declared, rest = plain.split(";")
    if rest.strip():
        raise ValueError(f"a prototype ends with a semicolon: {_one_line(rest)}")
    if not declared:
        raise ValueError(f"no prototype in {text!r}; {_LOOKS}")
    return [_read(_one_line(_RESTRICT.sub(" ", one))) for one in declared]


def _one_line(text):
    return re.sub(r"\s*\*\s*", " *", " ".join(text.split())).replace("* *", "**").replace("( ", "(")


def _read(text):
    found = _PROTOTYPE.fullmatch(text.strip())
    if found is None or not found["result"].strip():
        raise ValueError(f"this is no function's prototype: {text.strip()!r}; {_LOOKS}")
    said = [] if found["parameters"].strip() in ("", "void") else _split(found["parameters"])
    more = said[-1:] == ["..."]
    parameters = tuple(map(_parameter, said[:-1] if more else said))
    return Prototype(f"{text.strip()};", found["name"], found["result"].strip(), parameters, more)


def _split(parameters):
    """At the commas that stand in no parentheses: a pointer to a function has commas of its own."""
    parts, depth = [""], 0
    for letter in parameters:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _parameter(text):
    if "(" in text:
        return Parameter(text, "", False)
    base, bracket, size = text.partition("[")
    words = base.replace("*", " * ").split()
    name = ""
    if len(words) > 1 and words[-1] not in _WORDS | {"*"} and words[-2] not in ("struct", "union", "enum"):
        name = words.pop()
    const = "const" in words and ("*" in words or bool(bracket)) and words.index("const") < _star(words)
    said = " ".join(words).replace("* *", "**").replace("* *", "**")
    return Parameter(said + bracket + size, name, const)


def _star(words):
    return words.index("*") if "*" in words else len(words)


def compare(ffi, prototype):
    """Raise ConflictingTypes where `prototype` is not the system's; nothing for a name that the table lacks.

    `ffi`: a cffi.FFI that knows TYPES. Raises ValueError for a type that is not known.
    """
    try:
        mine = ffi.typeof(prototype.pointer)
    except Exception as error:  # cffi has several for this: CDefError, ffi.error, TypeError, pycparser's own
        raise ValueError(f"{prototype.text} cannot be read: {_reason(error, prototype)}; {_LOOKS}") from None
    if prototype.name not in SYSTEM:
        return
    header, text = SYSTEM[prototype.name]
    (system,) = read(text)
    said = _differences(ffi, prototype, mine, system, ffi.typeof(system.pointer))
    if said:
        lines = "\n".join(f"  {line}" for line in said)
        raise ConflictingTypes(
            f"conflicting types for '{prototype.name}', which {header} declares:\n{lines}\n"
            f"the system's: {system.text}"
        )


def _reason(error, prototype):
    """What cffi stumbled over, without its own places in a text that nobody typed."""
    for parameter in (prototype.result, *(parameter.type for parameter in prototype.parameters)):
        words = re.findall(r"[A-Za-z_]\w*", parameter.partition("[")[0])
        unknown = [word for word in words if f"struct {word}" not in parameter and not _known(word)]
        if unknown:
            hint = f"; struct {unknown[0]} is" if f"struct {unknown[0]} " in TYPES else ""
            return f"{unknown[0]} is no type here{hint}"
    return str(error).splitlines()[0]


def _known(word):
    declared = re.search(rf"[ *]{word}(\[|;)", TYPES)
    return word in _WORDS | {"struct", "union", "enum"} or declared or _NAMED.fullmatch(word)


def _differences(ffi, mine, my_type, system, its_type):
    """What differs, in words: the number of parameters, or each type that is another."""
    if len(mine.parameters) != len(system.parameters) or mine.more != system.more:
        return [f"yours takes {_count(mine)}, the system's {_count(system)}"]
    said = []
    if _canonical(ffi, my_type.result) != _canonical(ffi, its_type.result) or (
        ("const" in mine.result) != ("const" in system.result)
    ):
        said.append(f"the result: yours is {mine.result}, the system's {system.result}")
    for number, (own, other) in enumerate(zip(mine.parameters, system.parameters, strict=True)):
        same = _canonical(ffi, my_type.args[number]) == _canonical(ffi, its_type.args[number])
        if not same or own.const != other.const:
            name = f", {own.name}" if own.name else ""
            said.append(f"parameter {number + 1}{name}: yours is {own.type}, the system's {other.type}")
    return said


def _count(prototype):
    count = len(prototype.parameters)
    more = " and more" if prototype.more else ""
    return f"{count} parameter{'' if count == 1 else 's'}{more}"


_BASIC = ("unsigned char", "unsigned short", "unsigned int", "unsigned long", "unsigned long long")
_NAMED = re.compile(r"\b(size_t|ssize_t|u?int(8|16|32|64|ptr)_t|u?intmax_t|ptrdiff_t)\b")


def _canonical(ffi, ctype):
    """A type's name with each integer's typedef resolved: on one system size_t is unsigned long, on another
    not."""

    def basic(found):
        name = found[0]
        size = ffi.sizeof(name)
        unsigned = next(word for word in _BASIC if ffi.sizeof(word) == size)
        return unsigned if int(ffi.cast(name, -1)) > 0 else unsigned.removeprefix("unsigned ")

    return _NAMED.sub(basic, ctype.cname)
