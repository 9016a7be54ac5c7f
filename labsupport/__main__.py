"""`python -m labsupport`: what this machine can show, how the exercises stand, and what a class needs."""

from __future__ import annotations

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line `arguments` (those of this process if None). Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m labsupport", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="command")
    _add_doctor(commands)
    _add_progress(commands)
    _add_solutions(commands)
    _add_classroom(commands)
    _add_ready(commands)
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    return chosen.run(chosen)


def _add_doctor(commands):
    says = "say what this machine can show, each with its remedy"
    command = commands.add_parser("doctor", help=says, description=says)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for a program to read")
    form.add_argument(
        "--compare",
        nargs="+",
        metavar="FILE",
        help="several machines side by side, from what --json wrote there",
    )
    command.set_defaults(run=_doctor)


def _add_progress(commands):
    says = "say which exercises are solved, and after how many tries"
    command = commands.add_parser("progress", help=says, description=says)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for a program to read")
    form.add_argument(
        "--csv", action="store_true", help="one line an exercise, for a teacher who collects them"
    )
    form.add_argument(
        "--summary", action="store_true", help="with --homes: learners by exercises (the usual form there)"
    )
    command.add_argument(
        "--homes",
        nargs="+",
        metavar="FOLDER",
        help="collect from all homes below FOLDER (such as /home), or from the files handed in there",
    )
    command.set_defaults(run=_progress, refuse=command.error)


def _add_solutions(commands):
    says = "withhold the worked solutions from all who use this environment, or give them again"
    command = commands.add_parser("solutions", help=says, description=says)
    command.add_argument("what", choices=("withhold", "give"))
    command.set_defaults(run=_solutions)


def _add_ready(commands):
    says = "say whether a class can start on this machine, and what is in the way"
    command = commands.add_parser("ready", help=says, description=says)
    command.add_argument("--learners", type=int, default=30, metavar="N", help="how many there will be (30)")
    command.add_argument(
        "--host", default="127.0.0.1", help="where the class's server will listen (127.0.0.1)"
    )
    command.add_argument("--homes", metavar="FOLDER", help="where the learners' homes are (/home)")
    command.add_argument(
        "--hub", action="store_true", help="check for a hub even if JupyterHub is not installed"
    )
    command.add_argument(
        "--without", action="append", metavar="CHECK", help="leave a check out; may be repeated"
    )
    command.add_argument("--json", action="store_true", help="for a program to read")
    command.set_defaults(run=_ready, refuse=command.error)


def _add_classroom(commands):
    from labsupport.classroom import command

    command.add(commands)


def _doctor(chosen):
    from labsupport.machine import doctor

    if chosen.compare:
        return _compared(chosen.compare)
    report = doctor()
    print(report.json() if chosen.json else report.text())
    return 0


def _compared(files):
    from labsupport.comparing import NotComparable, compared

    try:
        print(compared(*files))
    except NotComparable as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _progress(chosen):
    from labsupport.exercises import progress

    if chosen.homes:
        return _collected(chosen)
    if chosen.summary:
        chosen.refuse("--summary needs --homes FOLDER")
    course = progress()
    if chosen.csv:
        print(course.csv(), end="")
        print(course.trouble, end="\n" * bool(course.trouble), file=sys.stderr)
    else:
        print(course.json() if chosen.json else course.text())
    return 0


def _collected(chosen):
    from labsupport.classroom import tables
    from labsupport.classroom.collecting import NothingThere, collect

    try:
        learners = collect(*chosen.homes)
    except NothingThere as error:
        print(f"Nothing was collected: {error.strerror or error}.", file=sys.stderr)
        return 1
    if chosen.csv:
        print(tables.as_csv(learners), end="")
        for learner in filter(lambda learner: learner.trouble, learners):
            print(f"{learner.user}: {learner.trouble}", file=sys.stderr)
    else:
        print(tables.as_json(learners) if chosen.json else tables.summary(learners))
    return 0


def _ready(chosen):
    from labsupport.classroom import ready

    return ready.run(chosen)


def _solutions(chosen):
    from labsupport.exercises import worked

    withhold = chosen.what == "withhold"
    try:
        path = worked.withhold(withhold)
    except OSError as error:
        print(
            f"The setting stands in the environment, in {worked.setting()}, and cannot be written: "
            f"{error.strerror}.\nOnly one who may write there can change it, such as its maker.",
            file=sys.stderr,
        )
        return 1
    does = "says that you have withheld it" if withhold else "shows it"
    print(f"solution() now {does}; this is set in {path}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
