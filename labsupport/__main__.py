"""`python -m labsupport doctor`: what this machine can show, and how to get the rest."""

from __future__ import annotations

import argparse

from labsupport.machine import doctor


def main(arguments: list[str] | None = None) -> int:
    """Run the command line `arguments` (those of this process if None); the exit status is 0."""
    parser = argparse.ArgumentParser(prog="python -m labsupport", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="command")
    says = "say what this machine can show, each with its remedy"
    command = commands.add_parser("doctor", help=says, description=says)
    command.add_argument("--json", action="store_true", help="for a program to read")
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    report = doctor()
    print(report.json() if chosen.json else report.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
