"""What a C compiler has to say about a program, each remark at the line that it is about.

gcc and clang have words of their own for the same thing, and change them from version to version. For what
this course meets the words here are ours, so that a lesson shows the same on every machine; anything else is
said as the compiler says it. Columns and notes are left out: they differ most, and the line is shown.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_REMARK = re.compile(
    r"(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? (?P<kind>fatal error|error|warning): (?P<text>.*?)"
    r"(?: \[(?P<flags>-W[^\]]*)\])?"
)
_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:?)\s*[`']?(\w+)")

# What the remark's flag or text says → our words; "{}" is the first name that the compiler quotes.
_BY_FLAG = {
    "-Wparentheses": "an assignment is used as a condition",
    "-Wpointer-sign": "a pointer to a signed integer is given for one to an unsigned, or the other way round",
    "-Wsign-compare": "a signed integer is compared with an unsigned one",
    "-Wimplicit-function-declaration": "{} is called and was not declared",
    "-Wincompatible-pointer-types": "a pointer to one type is given for a pointer to another",
    "-Wint-conversion": "a number is given for a pointer, or a pointer for a number",
    "-Wuninitialized": "{} is used before it has a value",
    "-Wmaybe-uninitialized": "{} may be used before it has a value",
    "-Wsometimes-uninitialized": "{} may be used before it has a value",
    "-Wreturn-type": "a function that should return a value ends without one",
    "-Wformat": "the format and its argument do not fit",
    "-Wunused-variable": "unused variable {}",
    "-Wunused-parameter": "unused parameter {}",
    "-Wunused-function": "{} is defined and not used",
}
_BY_TEXT = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        ("suggest parentheses|using the result of an assignment", _BY_FLAG["-Wparentheses"]),
        (r"(?P<type>'struct \w+').* has no member named (?P<name>'\w+')", "{type} has no member {name}"),
        (r"no member named (?P<name>'\w+') in (?P<type>'struct \w+')", "{type} has no member {name}"),
        (r"conflicting types for (?P<name>'\w+')", "conflicting types for {name}"),
        (r"'\w+' undeclared|use of undeclared identifier", "{} is not declared"),
        ("call to undeclared (library )?function", _BY_FLAG["-Wimplicit-function-declaration"]),
        (r"'?(?P<name>[\w/.]+\.h)'?(: No such file| file not found)", "{name} cannot be found"),
        ("expected (?P<name>'[^']+')", "expected {name}"),
    )
)
_QUOTED = re.compile(r"'([A-Za-z_]\w*)'")


class Diagnostic(NamedTuple):
    """One remark. `kind`: "error" or "warning"; `line`: its number, None for the linker's; `flag`: "-Wall" …

    `source`: the line itself; `file`: "" for the program's own file, else the header's name.
    """

    kind: str
    text: str
    line: int | None = None
    flag: str = ""
    source: str = ""
    file: str = ""

    def __str__(self):
        where = (
            f"{self.file}, line {self.line}" if self.file else f"line {self.line}" if self.line else "linking"
        )
        said = f"{where}: {self.kind}: {self.text}" + (f" [{self.flag}]" if self.flag else "")
        return f"{said}\n    {self.source.strip()}" if self.source.strip() else said


def parse(said, name, source, first=1):
    """The Diagnostics in `said`, what a compiler and linker printed about the file `name`, in order of lines.

    `source`: the program's text, whose first line has the number `first`.
    """
    lines = source.splitlines()
    found = []
    for line in said.replace("‘", "'").replace("’", "'").splitlines():
        remark = _REMARK.fullmatch(line.strip())
        if remark is not None:
            found.append(_diagnostic(remark, name, lines, first))
        elif undefined := _UNDEFINED.search(line):
            found.append(Diagnostic("error", f"'{undefined[1]}' is called and defined nowhere"))
    found.sort(key=lambda one: (one.line is None, one.file, one.line or 0))
    return tuple(dict.fromkeys(found))


def _diagnostic(remark, name, lines, first):
    number, own = int(remark["line"]), remark["file"].rpartition("/")[2] == name
    at = number - first
    flag = _flag(remark["flags"] or "")
    return Diagnostic(
        "error" if "error" in remark["kind"] else "warning",
        _settled(remark["text"], flag),
        number,
        flag,
        lines[at] if own and 0 <= at < len(lines) else "",
        "" if own else remark["file"].rpartition("/")[2],
    )


def _flag(flags):
    """`-Wparentheses` of `-Werror=parentheses` and of `-Werror,-Wparentheses`."""
    last = flags.rpartition(",")[2].replace("-Werror=", "-W").rstrip("=")
    return "" if last == "-Werror" else last


def _settled(text, flag):
    """The remark in our words where we have them."""
    quoted = _QUOTED.search(text)
    name = quoted[0] if quoted else "it"
    for pattern, words in _BY_TEXT:
        found = pattern.search(text)
        if found and "{" in words:
            return words.format(name, **{key: value for key, value in found.groupdict().items() if value})
        if found:
            return words.format(name)
    return _BY_FLAG[flag].format(name) if flag in _BY_FLAG else text
