"""`%%c`: a cell that is a C program."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments

from labsupport.c import outputs
from labsupport.c.compilers import NAMES, NoCompiler
from labsupport.c.programs import CompileError, compile_c
from labsupport.c.showing import Shown
from labsupport.c.trace import CannotTrace

FIRST = 2  # the line of the cell on which the program begins: above it stands %%c


@magics_class
class CMagic(Magics):
    """`%%c` in a cell, `%c --file` in a line."""

    @line_cell_magic
    @magic_arguments("%%c")
    @argument("--args", default="", metavar="WORDS", help="the program's arguments, quoted as in a shell")
    @argument("--stdin", default="", metavar="TEXT", help=r"its standard input; \n and other escapes as in C")
    @argument("--deadline", type=float, default=10, metavar="S", help="seconds after which it is killed (10)")
    @argument("--sanitize", action="store_true", help="with AddressSanitizer and UndefinedBehaviorSanitizer")
    @argument("--werror", action="store_true", help="a warning is an error")
    @argument("--record", action="store_true", help="show its calls on sockets as a timeline")
    @argument(
        "--inject", default="", metavar="TEXT", help="do this to its calls: 'send 2 short 3, recv 1 EINTR'"
    )
    @argument("--host", metavar="HOST", help="a host of a private network, such as net.a, where it lives")
    @argument("--file", metavar="PATH", help="run this file; the cell is empty then")
    @argument("--into", metavar="NAME", help="keep what came, a Run, in this variable")
    @argument("--show", action="store_true", help="show the file, and run nothing")
    @argument("--name", metavar="NAME", help="compile it only, and keep the program in this variable")
    @argument("--compiler", choices=(*NAMES, "zig"), help="this one and no other")
    @argument("--exercise", metavar="NAME", help="the cell holds that exercise's function: judge it")
    def c(self, line, cell=""):
        """Compile the cell as a C program (-std=c17 -Wall -Wextra, POSIX.1-2008) and run it.

        What the compiler says stands at the line that it is about; then what the program prints, as it comes;
        what the sanitizers found; and how it ended, if that was not with exit status 0.
        """
        wanted = self.c.parser.parse_args(shlex.split(line))
        if bool(wanted.file) == bool(cell.strip()):
            raise UsageError("%%c takes a program in the cell below it, or %c --file PATH one in a file")
        if wanted.show:
            if not wanted.file:
                raise UsageError("--show takes a file: %c --file PATH --show")
            return Shown(file_of(wanted.file))
        if wanted.exercise:
            from labsupport.exercises.in_c import check_c

            return check_c(wanted.exercise, cell, FIRST)
        return _Asked(self.shell, wanted, cell).done()


class _Asked:
    """One cell's program and what to do with it."""

    def __init__(self, shell, wanted, cell):
        self._wanted, self._shell = wanted, shell
        self._source = file_of(wanted.file) if wanted.file else cell
        self._args = shlex.split(wanted.args)
        self._stdin = wanted.stdin.encode("latin-1", "backslashreplace").decode("unicode_escape").encode()

    def done(self):
        """Do it; what the compiler refuses is printed, and what a machine lacks is said.

        Returns the timeline where that was asked for: the cell's value.
        """
        wanted = self._wanted
        text = self._source.read_text("utf-8") if wanted.file else self._source
        more = {"sanitize": wanted.sanitize, "record": wanted.record, "inject": wanted.inject}
        mark = outputs.wanted(text, self._args, stdin=self._stdin, **more)
        try:
            run = self._kept() if wanted.name else self._run()
        except CompileError as error:
            run = error.run
            print(run)
        except NoCompiler as missing:
            return self._noted(_said_instead(mark, missing))
        except CannotTrace as error:
            print(f"not available here: {error}")
            return self._noted(None)
        if run is not None:
            outputs.offer(mark, run)
        return self._noted(run)

    def _noted(self, run):
        """Keep the Run where that was asked for; its timeline."""
        if self._wanted.into:
            self._shell.user_ns[self._wanted.into] = run
        return run and run.timeline

    def _compiled(self):
        wanted = self._wanted
        program = compile_c(
            self._source,
            sanitize=wanted.sanitize,
            werror=wanted.werror,
            compiler=wanted.compiler,
            first_line=FIRST,
        )
        for diagnostic in program.diagnostics:
            print(diagnostic)
        return program

    def _kept(self):
        self._shell.user_ns[self._wanted.name] = self._compiled()

    def _run(self):
        wanted, printed = self._wanted, _Printed()
        host = self._shell.ev(wanted.host) if wanted.host else None
        with self._compiled() as program:
            run = program.run(
                *self._args,
                stdin=self._stdin,
                deadline=wanted.deadline,
                host=host,
                record=wanted.record,
                inject=wanted.inject,
                heard=printed.more,
            )
        printed.end()
        for part in run.after():
            print(part)
        return run


class _Printed:
    """A program's output where the cell's own goes, as it comes; the last line is ended."""

    def __init__(self):
        self._last = "\n"

    def more(self, text):
        """Another piece."""
        sys.stdout.write(text)
        sys.stdout.flush()
        self._last = text[-1]

    def end(self):
        """That was all."""
        if self._last != "\n":
            print()


def _said_instead(mark, missing):
    """The recorded Run, printed; None, and one line, where there is none."""
    try:
        run = outputs.instead(mark, missing)
    except NoCompiler as error:
        print(f"not available here: a C compiler ({error.reason}); {error.remedy}")
        return None
    print(run)
    return run


def file_of(name):
    """The Path that `name` means: in the notebook's folder, or as it is called in the course,
    `notebooks/c/…`.

    Raises FileNotFoundError where there is none.
    """
    for path in (Path(name), Path(name.removeprefix("notebooks/"))):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no file {name} in {Path.cwd()}")
