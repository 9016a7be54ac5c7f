"""What AddressSanitizer and UndefinedBehaviorSanitizer found, in one sentence and the line that it is about.

A report of theirs has addresses, process numbers and the insides of the C library, all different from run to
run. What a learner needs of it is the kind, what was read or written, and where. The sanitizers write to
files beside the program, so that its own output stays its own.
"""

from __future__ import annotations

import re
from pathlib import Path

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer")
LARGEST = 16  # bytes that a program itself reads or writes at once
_KIND = re.compile(r"ERROR: AddressSanitizer:? (?:attempting )?([\w-]+)")
_ACCESS = re.compile(r"^(READ|WRITE) of size (\d+)", re.MULTILINE)
_SIGNAL = {"SEGV": "an access to memory that is not there", "stack-overflow": "the stack is used up"}
_UNDEFINED = re.compile(r"(?P<file>[^\s:]+):(?P<line>\d+):\d+: runtime error: (?P<text>.+)")
_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")


def environment(folder, symbolizer=""):
    """What makes the sanitizers of a program write their reports into `folder`, and stop at the first."""
    # verify_asan_link_order: a library of ours may be preloaded before theirs. Leaks are looked for by
    # tracing, which many containers forbid.
    common = f"log_path={folder}/report:color=never:detect_leaks=0:abort_on_error=0"
    said = {
        "ASAN_OPTIONS": f"{common}:verify_asan_link_order=0:detect_stack_use_after_return=0",
        "UBSAN_OPTIONS": f"log_path={folder}/report:color=never:print_stacktrace=0",
    }
    return {**said, "ASAN_SYMBOLIZER_PATH": symbolizer} if symbolizer else said


class Sieve:
    """Passes a program's text on, but for the sanitizers' lines: gcc's UBSan writes to stderr whatever it is
    told.

    `emit`: called with what is the program's own, whole lines at a time; `held`: the others.
    """

    def __init__(self, emit):
        self._emit, self._rest, self.held = emit, "", []

    def more(self, text):
        """Another piece."""
        *lines, self._rest = (self._rest + text).split("\n")
        own = [line for line in lines if not _UNDEFINED.search(line)]
        self.held += [line for line in lines if _UNDEFINED.search(line)]
        if own:
            self._emit("\n".join(own) + "\n")

    def end(self):
        """That was all."""
        if self._rest:
            self._emit(self._rest)
            self._rest = ""


def reports(said, name, source, first=1):
    """Texts in which sanitizers speak of the program `name`, each as a sentence with its source line."""
    lines = source.splitlines()
    found = []
    for text in said:
        told = _told(text, name)
        if told is not None:
            sentence, number = told
            line = lines[number - first].strip() if number and 0 <= number - first < len(lines) else ""
            where = f", line {number}" if number else ""
            found.append(f"{sentence}{where}" + (f"\n    {line}" if line else ""))
    return tuple(dict.fromkeys(found))


def written(folder):
    """The reports that the sanitizers of a program wrote into `folder`."""
    return [path.read_text("utf-8", "replace") for path in sorted(Path(folder).glob("report.*"))]


def _told(text, name):
    """(the sentence, its line's number or None) of one report; None where there is none in it."""
    undefined = _UNDEFINED.search(text)
    if undefined is not None:
        said = _ADDRESS.sub("an address", undefined["text"])
        return f"UndefinedBehaviorSanitizer: {said}", int(undefined["line"])
    kind, access = _KIND.search(text), _ACCESS.search(text)
    if kind is None:
        return None
    did = f", a {access[1].lower()} {_size(int(access[2]))}" if access else ""
    # The first frame that is the program's own; above it are those of the sanitizer and the C library.
    frame = re.search(rf"^\s*#\d+ .*?\b{re.escape(name)}:(\d+)", text, re.MULTILINE)
    what = _SIGNAL.get(kind[1], kind[1])
    return f"AddressSanitizer: {what}{did}", int(frame[1]) if frame else None


def _size(count):
    """How much was read or written: what a function of the C library went through varies with what lies
    behind."""
    if count > LARGEST:
        return "by a function of the C library"
    return f"of {count} byte{'' if count == 1 else 's'}"
