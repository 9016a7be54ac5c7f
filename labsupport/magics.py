"""`%%child`, a cell in a child process, `%%c`, a cell in C, and `%%needs`, one that not every machine can
run.

Loaded with `%load_ext labsupport`.
"""

from __future__ import annotations

import shlex

from IPython.core.magic import needs_local_scope
from IPython.core.magic_arguments import argument, magic_arguments

from labsupport import needs
from labsupport.c.magic import CMagic
from labsupport.child import run_child


@needs_local_scope  # gives a cell magic the notebook's variables
@magic_arguments("%%child")
@argument("--user", action="store_true", help="give up every privilege first: what an ordinary user may")
@argument("--deadline", type=float, default=10, metavar="S", help="seconds after which it is killed (10)")
@argument("--files", type=int, metavar="N", help="the limit on open descriptors")
@argument("--into", metavar="NAME", help="keep what came, an Outcome, in this variable")
@argument("args", nargs="*", help="the program's arguments, sys.argv[1:]")
def child(line, cell, local_ns=None):
    """Run the cell in a fresh Python process; print what it printed, and how it ended if that was not well.

    The cell imports what it needs; nothing of the notebook's is there, and nothing it does stays.
    """
    wanted = child.parser.parse_args(shlex.split(line))
    outcome = run_child(cell, *wanted.args, deadline=wanted.deadline, user=wanted.user, files=wanted.files)
    print(outcome.output, end="" if outcome.output.endswith("\n") or not outcome.output else "\n")
    if outcome.status != "exit 0":
        print(outcome.status)
    if wanted.into:
        local_ns[wanted.into] = outcome


def register(shell):
    """Add the magics to an IPython shell; once, however often it is loaded."""
    shell.register_magic_function(child, "cell", "child")
    shell.register_magics(CMagic)
    if needs.transform not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(needs.transform)

    def forget(*_):
        # A notebook is run twice in one kernel: its first cell must not say that the extension is loaded
        # already.
        shell.extension_manager.loaded.discard("labsupport")
        shell.events.unregister("post_run_cell", forget)

    shell.events.register("post_run_cell", forget)
