"""`python -m labsupport classroom`: the class's server and its board, from a terminal, until Ctrl-C.

The main thread waits for one thing at a time: a line of the teacher's, or a signal. Whoever types nothing
(systemd, a pipe that ended) has a class all the same: the end of input is not the end of the class. What the
board said last is printed at the end, for that is the result of two hours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import ipaddress
import os
import queue
import signal
import sys
import threading
import time

from labsupport.classroom.limits import Limits

LONGEST = 4096  # bytes of a command
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
HELP = """answers whole|pieces|late   how lines are answered from now on
visit NAME BEHAVIOR         a visitor calls on that learner's server
visit all BEHAVIOR          … on everybody's who serves
dismiss NAME                forget that learner and end the connections
board                       the board as text
help                        this, and the behaviors there are
quit                        end the class, as Ctrl-C does"""


def add(commands):
    """Add the command to the subparsers `commands`."""
    says = "serve a class: a server for the learners' clients, visitors for their servers, a board"
    command = commands.add_parser("classroom", help=says, description=says)
    command.add_argument("--host", default="127.0.0.1", help="where learners connect; 0.0.0.0 is everywhere")
    command.add_argument("--port", type=int, default=0, help="0, the default: a free one is picked")
    command.add_argument(
        "--board-host", default="127.0.0.1", help="where the board is served; 0.0.0.0 is everywhere"
    )
    command.add_argument("--board-port", type=int, default=0)
    command.add_argument("--answers", choices=("whole", "pieces", "late"), default="whole")
    limits = command.add_argument_group(
        "limits", "what one may take; labsupport/classroom/limits.py says why"
    )
    for field in dataclasses.fields(Limits):
        _add_limit(limits, field)
    command.set_defaults(run=run)


def _add_limit(group, field):
    option = "--" + field.name.replace("_", "-")
    if field.name == "crowded":
        says = "an address behind which many learners sit; may be given again"
        group.add_argument(option, action="append", default=[], metavar="ADDRESS", help=says)
        return
    kind, unit = (int, "N") if field.type == "int" else (float, "SECONDS")
    unit = "BYTES" if "bytes" in field.name else unit
    group.add_argument(option, type=kind, default=field.default, metavar=unit, help=f"{field.default:,}")


def run(chosen):
    """Run the class that the command line `chosen` describes, until it is ended. Returns the exit status."""
    notes = queue.SimpleQueue()  # a signal's handler may put into it: that never waits for itself
    with _signals(notes), contextlib.ExitStack() as opened:
        try:
            room, page = _opened(chosen, opened)
        except (OSError, TypeError, ValueError) as error:
            print(f"The class cannot begin: {_why(error, chosen)}", file=sys.stderr)
            return 1
        desk = Desk(room, notes)
        _say(welcome(room, page))
        desk.work()
        _say("\n" + desk.board(over=True))
    return 0


def _opened(chosen, opened):
    """(Classroom, Page), which `opened` will close."""
    from labsupport.classroom.addresses import literal
    from labsupport.classroom.page import Page
    from labsupport.classroom.room import Classroom

    given = {field.name: getattr(chosen, field.name) for field in dataclasses.fields(Limits)}
    limits = Limits(**{**given, "crowded": tuple(given["crowded"])})
    room = Classroom(literal(chosen.host), chosen.port, answers=chosen.answers, limits=limits)
    opened.enter_context(room)
    return room, opened.enter_context(Page(room, literal(chosen.board_host), chosen.board_port))


def _why(error, chosen):
    """What was wrong, and what to do about it."""
    if not isinstance(error, OSError):
        return str(error)
    asked = f"{chosen.host}, port {chosen.port}, board on {chosen.board_host}, port {chosen.board_port}"
    known = {
        errno.EADDRINUSE: "another program has that port: give another one, or 0 for a free one",
        errno.EADDRNOTAVAIL: "that is no address of this machine: 0.0.0.0 is every address that it has",
        errno.EACCES: "ports below 1024 are the administrator's: give another one",
    }
    return f"{known.get(error.errno, error.strerror or error)} ({asked})"


@contextlib.contextmanager
def _signals(notes):
    """Until the end of the block, the signals that end a program put a None into `notes`. Who sends another
    one a second later does not want to wait: KeyboardInterrupt. (Sooner, it is the same one: a terminal's and
    that of the program that started this one.)
    """
    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    came = []

    def end(*_):
        came.append(time.monotonic())
        if came[-1] - came[0] > 1:
            raise KeyboardInterrupt
        notes.put(None)

    for number in numbers:
        signal.signal(number, end)
    # In the background of a shell, reading from its terminal would stop the class: an error is better.
    if hasattr(signal, "SIGTTIN"):
        before[signal.SIGTTIN] = signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def welcome(room, page):
    """Where learners connect, who else can, and where the board is."""
    host, port = room.address
    lines = [f"The class's server listens on {_everywhere(host)}, port {port}."]
    if ipaddress.ip_address(host).is_loopback:
        lines += ["Only programs on this machine can connect. With --host 0.0.0.0 other machines can, too."]
    else:
        lines += ["Everybody who reaches one of these addresses can connect, learner or not:"]
        lines += [f"    {address}" for address in room.addresses]
    lines += [f"The board for the projector: {' or '.join(page.urls)}"]
    if ipaddress.ip_address(page.address[0]).is_loopback:
        lines += ["Only a browser on this machine finds it. With --board-host 0.0.0.0 others do, too."]
    else:
        lines += [
            "Everybody who reaches this machine can look at the board. Nobody can change anything there."
        ]
    return "\n".join([*lines, "Type help for what you can do; Ctrl-C ends the class."])


def _everywhere(host):
    return f"{host} (every address of this machine)" if ipaddress.ip_address(host).is_unspecified else host


class Desk:
    """The teacher's: reads commands from standard input and does them, one at a time."""

    def __init__(self, room, notes):
        self.room, self._notes = room, notes

    def work(self):
        """Do what is typed until "quit" or a signal comes."""
        threading.Thread(target=self._read, name="labsupport-commands", daemon=True).start()
        while (line := self._notes.get()) is not None:
            if said := self.do(line):
                _say(said)

    def do(self, line):
        """Do one command; returns what to say about it."""
        words = line.split()
        if not words:
            return ""
        known = {
            "answers": self._answers,
            "visit": self._visit,
            "dismiss": self._dismiss,
            "board": self._board,
            "help": self._help,
        }
        if words[0] == "quit":
            self._notes.put(None)
            return ""
        if words[0] not in known:
            return f"{words[0]!r} is no command. There are:\n{HELP}"
        try:
            return known[words[0]](words[1:])
        except ValueError as error:
            return str(error)
        except Exception as error:  # none of these may end the class
            return f"{type(error).__name__}: {error}"

    def board(self, over=False):
        """The board as text; `over`: as the class's result, which tells nobody how to come in."""
        from labsupport.classroom.shown import board_of
        from labsupport.draw.board import board_text

        model = board_of(self.room)
        return board_text(dataclasses.replace(model, over=True) if over else model)

    def _board(self, _words):
        return self.board()

    def _help(self, _words):
        from labsupport.classroom.visits import BEHAVIORS

        return f"{HELP}\nbehaviors: {', '.join(BEHAVIORS)}"

    def _answers(self, words):
        from labsupport.draw.board import ANSWERS

        if len(words) != 1:
            return f"Answers come {ANSWERS[self.room.answers]}. To change it: answers whole, pieces or late."
        self.room.answers = words[0]
        return f"From now on answers come {ANSWERS[self.room.answers]}."

    def _visit(self, words):
        if len(words) < 2:
            return "Say whom and how, such as: visit Ada good, or visit all reset."
        name, behavior = " ".join(words[:-1]), words[-1]
        if name == "all":
            names = ", ".join(self.room.visit_all(behavior))
            return f"Visitors ({behavior}) are on their way to {names or 'nobody: nobody serves yet'}."
        self.room.visit(name, behavior)
        return f"A visitor ({behavior}) is on its way to {name}."

    def _dismiss(self, words):
        if not words:
            return "Say whom, such as: dismiss Ada. The name and what was got right under it are forgotten."
        self.room.dismiss(" ".join(words))
        return f"{' '.join(words)} is forgotten, and may come again."

    def _read(self):
        """In a thread: lines from standard input, until they end.

        Read from the descriptor and not through `sys.stdin`, whose lock a thread that waits would hold while
        the interpreter ends.
        """
        pending = b""
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or another's terminal
            descriptor = sys.stdin.fileno()
            while data := os.read(descriptor, LONGEST):
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._notes.put(line[:LONGEST].decode("utf-8", "replace"))
                pending = pending[:LONGEST]
            if pending:
                self._notes.put(pending.decode("utf-8", "replace"))


def _say(text):
    """Print at once; a terminal that lacks a letter gets another, and one that is gone ends nothing."""
    with contextlib.suppress(BrokenPipeError):
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
