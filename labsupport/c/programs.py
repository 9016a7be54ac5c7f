"""C programs compiled and run: `compile_c`, `run_c`.

Compiled as ISO C17 with every usual warning, and with POSIX.1-2008 beside it: `-std=c17` alone hides all that
is not ISO C, sockets' helpers among it, and GNU's additions would let a program pass that other systems
refuse. A source that names a feature macro of its own decides for itself (feature_test_macros(7)).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

from labsupport.background import seconds
from labsupport.c import compilers, outputs, sanitizers
from labsupport.c.calls import Calls, told
from labsupport.c.diagnostics import parse
from labsupport.c.running import Running
from labsupport.c.trace import Trace
from labsupport.closing import Closing
from labsupport.recorder import at_work

STANDARD = ("-std=c17", "-Wall", "-Wextra")
POSIX = "-D_POSIX_C_SOURCE=200809L"
_OWN_MACRO = re.compile(r"^\s*#\s*define\s+_(POSIX_C|XOPEN|GNU|DEFAULT|DARWIN_C)_SOURCE\b", re.MULTILINE)
# Errors in the newest compilers (a call of what was not declared, a pointer of another type), so here too.
_ERRORS = ("implicit-function-declaration", "implicit-int", "int-conversion", "incompatible-pointer-types")
COMPILING = 120  # seconds; ziglang builds parts of its C library when it first compiles
NOT_COMPILED = "it was not compiled, so nothing was run"


class CompileError(ValueError):
    """A program that did not compile. `diagnostics`: what the compiler said; `run`: that as a Run."""

    def __init__(self, diagnostics, said=""):
        lines = [*map(str, diagnostics)] or [said.strip() or "the compiler gave no reason"]
        super().__init__("\n".join(lines))
        self.diagnostics = diagnostics
        self.run = Run("" if diagnostics else lines[0], NOT_COMPILED, diagnostics)


@dataclass(frozen=True)
class Run:
    """How a program ran: what it printed, how it ended, what compiler and sanitizers said.

    `output`: stdout and stderr in one, in order; `status`: "exit 0", "killed by SIGPIPE" or the deadline;
    `diagnostics`, `report`: of the compiler, of the sanitizers; `timeline`: its calls, where asked for;
    `recorded`: "" or the reason why this is the recording that ships with the course.
    """

    output: str
    status: str
    diagnostics: tuple = ()
    report: tuple[str, ...] = ()
    timeline: object = None
    recorded: str = ""

    @property
    def ok(self):
        """Whether it ended by itself with exit status 0."""
        return self.status == "exit 0"

    def __repr__(self):
        marked = [f"recorded earlier: {self.recorded}"] if self.recorded else []
        said = [*map(str, self.diagnostics), *([self.output.removesuffix("\n")] if self.output else ())]
        return "\n".join([*marked, *said, *self.after()])

    def after(self):
        """What is said after its output, as lines: the sanitizers' reports, and how it ended.

        "exit 0" only where nothing else is said of it at all.
        """
        well = self.ok and (self.diagnostics or self.output or self.report)
        return [*self.report] if well else [*self.report, self.status]


def compile_c(source, *, sanitize=False, werror=False, compiler=None, first_line=1):
    """The CProgram of `source`: C text, or the path of a file (a Path, or text that ends in ".c").

    `sanitize`: with AddressSanitizer and UndefinedBehaviorSanitizer; `werror`: a warning is an error;
    `compiler`: "gcc", "clang" or "zig", else the system's; `first_line`: the number of the text's first line.
    Raises CompileError, NoCompiler (what is missing, and how to get it), OSError for a file that cannot be
    read, TypeError or ValueError for other arguments.
    """
    return CProgram(Source(source, first_line), bool(sanitize), bool(werror), compilers.find(compiler))


def run_c(source, *args, sanitize=False, werror=False, compiler=None, **running):
    """Compile `source` and run it with the arguments `args`; its Run. See `compile_c` and `CProgram.run`.

    Where there is no compiler, the Run that was recorded for this source with these arguments, marked as
    such; NoCompiler is raised where none was.
    """
    wanted = outputs.wanted(Source(source, 1).text, args, sanitize=sanitize, **running)
    try:
        program = compile_c(source, sanitize=sanitize, werror=werror, compiler=compiler)
    except CompileError as error:
        outputs.offer(wanted, error.run)
        raise
    except compilers.NoCompiler as missing:
        run = outputs.instead(wanted, missing)
        if run.status == NOT_COMPILED:
            raise CompileError(run.diagnostics, run.output) from None
        return run
    with program:
        run = program.run(*args, **running)
    outputs.offer(wanted, run)
    return run


class Source:
    """A program's text and the name by which a compiler's remarks know it."""

    def __init__(self, source, first_line):
        if isinstance(source, os.PathLike) or (
            isinstance(source, str) and source.endswith(".c") and "\n" not in source
        ):
            path = Path(source)
            self.text, self.name, self.folder, self.first = path.read_text("utf-8"), path.name, path.parent, 1
        elif isinstance(source, str):
            self.text, self.name, self.folder, self.first = source, "cell.c", Path.cwd(), first_line
        else:
            raise TypeError(f"source must be C text or a file's path, not {type(source).__name__}")


class CProgram(Closing):
    """A compiled program: `run()` it, or `start()` it; `diagnostics` has what the compiler warned of.

    Besides: `name`; `source`, its Source; `sanitize`; `compiler`; `folder`, where it lies.

    It lies in a temporary folder, which goes with `close()`, the end of a `with` block, or the last
    reference.
    """

    def __init__(self, source, sanitize, werror, compiler):
        self.source, self.sanitize, self.compiler = source, sanitize, compiler
        self.name = source.name
        if sanitize and compiler.kind == "zig":
            raise compilers.NoCompiler(
                "ziglang has no AddressSanitizer", "`sudo apt install gcc libc6-dev`, whose gcc has it"
            )
        self.folder = Path(tempfile.mkdtemp(prefix="labsupport-c-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.diagnostics = self._compile(werror)
        except BaseException:
            self.close()
            raise

    def _compile(self, werror):
        source, folder = self.source, self.folder
        text = source.text if source.text.endswith("\n") else source.text + "\n"
        (folder / source.name).write_text(f'#line {source.first} "{source.name}"\n{text}', "utf-8")
        try:
            done = subprocess.run(
                self._command(werror),
                cwd=folder,
                env=self.compiler.environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMPILING,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CompileError((), f"the compiler was not done after {COMPILING} s") from None
        found = parse(done.stderr, source.name, source.text, source.first)
        if done.returncode:
            raise CompileError(found, done.stderr)
        return found

    def _command(self, werror):
        source, extra = self.source, []
        if not _OWN_MACRO.search(source.text):
            extra.append(POSIX)
        if werror:
            extra.append("-Werror")
        if self.sanitize:
            extra += sanitizers.FLAGS
        elif self.compiler.kind == "zig":
            extra.append("-fno-sanitize=all")  # it would end a program without a word
        extra += [f"-Werror={name}" for name in _ERRORS]
        plain = ["-g", "-O0", "-fdiagnostics-color=never", "-pthread", "-I", str(source.folder.resolve())]
        return [*self.compiler.command, *STANDARD, *extra, *plain, "-o", "program", source.name]

    def run(self, *args, stdin=b"", deadline=10, host=None, record=False, inject=(), heard=None):
        """Run it to its end with the arguments `args`; its Run.

        `stdin`: bytes or text for its standard input; `deadline`: seconds, then it is killed, with its
        children; `host`: of a private network, where it then lives; `record`: with a timeline of its calls on
        sockets, which go into the timeline of a `record()` block around it too; `inject`: what is done to its
        calls, such as "send 2 short 3, recv 1 EINTR, recv every short 1, send 4 reset"; `heard`: called with
        each piece of text as it is printed. Raises TypeError or ValueError for other arguments, CannotTrace
        where calls cannot be noted.
        """
        running = self.start(*args, stdin=stdin, deadline=deadline, host=host, record=record, inject=inject)
        said = []

        def more(text):
            said.append(text)
            if heard is not None:
                heard(text)

        with running:
            running.follow(more)
        return Run("".join(said), running.status, self.diagnostics, running.report, running.timeline)

    def start(self, *args, stdin=b"", deadline=60, host=None, record=False, inject=()):
        """Start it and come back at once: a Running; arguments as for `run`."""
        trace = Trace(self.folder, inject) if record or inject else None
        for recorder in at_work() if record else ():
            recorder.beside(lambda known: Calls(*trace.notes(), beside=known))
        return _Started(self, args, stdin, seconds(deadline), host, trace)

    def close(self):
        """Remove it. Again: nothing."""
        self._remove()

    def __repr__(self):
        return "\n".join([f"{self.name}, compiled", *map(str, self.diagnostics)])


class _Started(Running):
    """A CProgram that runs; `report`: what its sanitizers found; `timeline`: its calls, where asked for."""

    def __init__(self, program, args, stdin, deadline, host, trace):
        self._program, self._trace = program, trace  # the program keeps its folder
        self._reports = Path(tempfile.mkdtemp(prefix="run-", dir=program.folder))
        super().__init__(
            [str(program.folder / "program"), *map(str, args)],
            name=program.name,
            stdin=_bytes(stdin),
            deadline=deadline,
            host=host,
            environment={
                **sanitizers.environment(self._reports, program.compiler.symbolizer),
                **(trace.environment if trace is not None else {}),
            },
            ended=trace.finish if trace is not None else None,
        )

    @property
    def timeline(self):
        """The Timeline of its calls on sockets so far; None where it was not to be recorded."""
        return None if self._trace is None else told(self._trace)

    @property
    def output(self):
        """What it has printed so far, stdout and stderr in one, without what its sanitizers said."""
        said = []
        sieve = sanitizers.Sieve(said.append)
        sieve.more(super().output)
        sieve.end()
        return "".join(said)

    def follow(self, emit):
        """Wait for its end, and give `emit` what it prints as text, as it comes."""
        sieve = sanitizers.Sieve(emit)
        super().follow(sieve.more if self._program.sanitize else emit)
        sieve.end()

    @property
    def report(self):
        """What its sanitizers found so far: sentences, each with the source line that it is about."""
        if not self._program.sanitize:
            return ()
        sieve, source = sanitizers.Sieve(lambda text: None), self._program.source
        sieve.more(super().output)
        said = [*sanitizers.written(self._reports), *sieve.held]
        return sanitizers.reports(said, source.name, source.text, source.first)


def _bytes(stdin):
    if isinstance(stdin, str):
        return stdin.encode()
    if not isinstance(stdin, (bytes, bytearray)):
        raise TypeError(f"stdin must be bytes or text, not {type(stdin).__name__}")
    return bytes(stdin)
