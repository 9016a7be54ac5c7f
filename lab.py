#!/usr/bin/env python3
"""Sets up the course and opens it: `python3 lab.py --help` lists what it can do.

It and the folder labsetup/ beside it use the standard library only, because they run before anything is
installed. They write into the course's folder or, where that is read-only, into one folder of the user's. The
environment counts as made only when its stamp, the last thing written, says so: whatever was interrupted
before that is noticed and made again.

The syntax of this file stays within Python 3.6, and it imports labsetup late, so that an older Python can
read as far as the sentence naming the remedy.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"This course needs Python 3.11 or later; this is {sys.version_info[0]}.{sys.version_info[1]} "
        f"({sys.executable}).\nInstall a newer one, from your system's packages or python.org, and start "
        "with it, for example: python3.12 lab.py"
    )

import pathlib
import signal

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # `python3 -I lab.py` does not look beside it
# Nothing compiled stays in labsetup: one course serves many users, and root's files would be in their way.
sys.dont_write_bytecode = True
try:
    from labsetup import commands
    from labsetup.steps import ROOM
    from labsetup.trouble import DISK_FULL, Trouble, say
except ImportError as error:
    sys.exit(
        f"The folder labsetup beside {__file__} is not all there ({error}).\n"
        "Copy the course anew, with all its folders, then try again."
    )


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a running step is ended with us
    if arguments[:1] in (["--help"], ["-h"]):
        return say(commands.HELP)
    named = arguments and not arguments[0].startswith("-")
    name, rest = (arguments[0], arguments[1:]) if named else ("start", arguments)
    try:
        if name not in commands.COMMANDS:
            raise Trouble(f"Not understood: {' '.join(arguments)}\n\n{commands.HELP}")
        commands.COMMANDS[name](ROOT, rest)
    except Trouble as trouble:
        sys.exit(f"\n{trouble}")
    except KeyboardInterrupt:
        say("\nStopped. What is half made will be made anew at the next start.")
        sys.exit(130)
    except OSError as error:
        if error.errno in DISK_FULL:
            sys.exit(f"\nThe disk is full ({error}). Make room ({ROOM} MB are needed), then try again.")
        denied = isinstance(error, PermissionError)
        sys.exit(f"\n{error}" + "\nIf another user made it, remove it or make it yours." * denied)


if __name__ == "__main__":
    main(sys.argv[1:])
