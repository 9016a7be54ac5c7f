"""How one call of a learner's function ended, and the sentences for what every exercise has in common."""

from __future__ import annotations

import errno as numbers

from labsupport.exercises.channel import BROKEN, LOST, Foreign, Handed
from labsupport.shown import errno_name, shown


class Wrong(Exception):
    """The function did something that its contract does not allow; the message is the cause, for the learner.

    `timeline`: that of the run that failed, where there is one.
    """

    disturbed = False  # whether another user of this machine came between

    def __init__(self, cause, timeline=None):
        super().__init__(cause)
        self.timeline = timeline


class NotAttempted(Wrong):
    """The stub, as it stands in the notebook."""


class Hung(Wrong):
    """The function still ran when its time was over."""

    def __init__(self, deadline, where, during=None):
        super().__init__(_hanging(deadline, where, during), where["timeline"] if where else None)
        self.blocked = where["blocked"] if where else None  # the call that it waited in, or None
        line = where["lines"][0][1] if where and where["lines"] else ""
        self.place = f"in `{self.blocked}`" if self.blocked else f"at `{line}`" if line else ""  # in words


class Gone(Wrong):
    """The process ended, or its channel did, before the function returned."""

    def __init__(self, status, endings=None):
        super().__init__((endings or {}).get(status) or _ending(status))


def _hanging(deadline, where, during):
    over = f"when the {deadline:g} s were over"
    if where is None:
        return f"It was still busy {over}, and let nothing else run: no call that waits, and no end."
    place = where["lines"][0][1] if where["lines"] else ""
    at = f" at `{place}`" if place else ""
    if where["blocked"] is not None:
        said = f"It was blocked in `{where['blocked']}` {over}"
        if where["ends"] and where["blocked"].startswith("recv"):
            before = f"{during}, " if during else ""
            zero = where["zero"]
            return f"{said}: {before}`recv` had returned {zero}, the end of the stream, and you called it again."
        return f"{said}{': ' + during if during else ''}."
    if where["ends"] > 2:
        return (
            f"It was still going round {over}: `recv` returned {where['zero']}, the end of the stream, again "
            "and again, and the loop did not end."
        )
    return f"It was still running{at} {over}{': ' + during if during else ''}."


def _ending(status):
    if status in (None, f"exit {LOST}"):
        return "It closed descriptors that are not its own: the check's connection to it was among them."
    if status == f"exit {BROKEN}":
        return "It changed Python itself (something built in is gone or replaced), and nothing after it could run."
    if status == "exit 0":
        return "It ended the whole process (`os._exit`) instead of returning."
    return f"It ended the whole process ({status}) instead of returning."


class Outcome:
    """`value` or `error`, and what was left: ask with `returned`, `raised` and `clean`, which raise Wrong."""

    def __init__(self, report):
        self.value, self.error = report["value"], report["error"]
        self.elapsed = report["elapsed"]  # seconds
        self.processor = report["processor"]  # seconds of processor time
        self.called = report["called"]  # {method: how often}
        self.ends = report["ends"]  # how often recv gave b"" at the end of a stream
        self.left = report["left"]  # kinds of descriptors still open: "socket", "pipe", "eventpoll", "file"
        self.unclosed = report["unclosed"]  # (name, from accept) of sockets that the code did not close
        self.threads = report["threads"]  # names of threads that still run
        self.given = report["given"]  # for each socket in the arguments: (closed, its timeout)
        self.inheritable = report["inheritable"]  # for each socket returned
        self.probe = report.get("probe")
        self.timeline = report["timeline"]

    def wrong(self, cause):
        """A Wrong with this run's timeline, to raise: `raise outcome.wrong("…")`."""
        return Wrong(cause, self.timeline)

    @property
    def error_name(self):
        """errno's name of what was raised, such as "ECONNRESET", or None."""
        number = self.error and self.error["errno"]
        return errno_name(OSError(number, "")) if number in numbers.errorcode else None

    @property
    def said(self):
        """What was raised, in words: "ConnectionResetError (ECONNRESET)", "TypeError: …"."""
        kind = self.error["kinds"][0]
        if self.error_name:
            return f"{kind} ({self.error_name})"
        return f"{kind}: {self.error['text']}" if self.error["text"] else kind

    @property
    def failed(self):
        """Whether an OSError was raised: the system said no, and the code itself is not at fault."""
        return self.error is not None and "OSError" in self.error["kinds"]

    @property
    def line(self):
        """The learner's own line that the exception came through last, or ""."""
        lines = [line for _, line in self.error["lines"] if line]
        return lines[-1] if lines else ""

    def returned(self, after=""):
        """The value. Raises Wrong where the function raised; `after`: a clause: "after the peer had reset"."""
        if self.error is None:
            return self.value
        if "NotImplementedError" in self.error["kinds"]:
            raise NotAttempted("not attempted yet")
        if "SystemExit" in self.error["kinds"]:
            raise self.wrong("It called `sys.exit`: a function that others call returns or raises instead.")
        at = f", at `{self.line}`" if self.line else ""
        raise self.wrong(f"It raised {self.said}{at}{' ' + after if after else ''}.")

    def raised(self, *kinds, instead="", errno=None):
        """The error, one of `kinds` (class names) and of `errno` (a name). Raises Wrong otherwise.

        `instead`: the clause that says when it had to raise: "the peer ended after 3 of 16 bytes".
        """
        wanted = " or ".join(kinds) + (f" ({errno})" if errno else "")
        when = f"{instead[0].upper()}{instead[1:]}: " if instead else ""
        if self.error is None:
            raise self.wrong(f"{when}{wanted} was to be raised; you returned {describe(self.value)}.")
        if "NotImplementedError" in self.error["kinds"]:
            raise NotAttempted("not attempted yet")
        if not set(kinds) & set(self.error["kinds"]) or (errno and self.error_name != errno):
            at = f", at `{self.line}`" if self.line else ""
            raise self.wrong(f"{when}{wanted} was to be raised; you raised {self.said}{at}.")
        return self.error

    def socket(self, *value, when=""):
        """The socket that was returned, or `value`, an item of it. Raises Wrong for all else.

        `when`: a clause for the verdict: "for 'tcp'".
        """
        value = value[0] if value else self.returned()
        if isinstance(value, Handed):
            return value
        number = type(value) is int  # a descriptor or a port: another one in the next run
        said = f"You returned {'a number' if number else describe(value)}{' ' + when if when else ''}"
        if isinstance(value, Foreign) and value.kind == "socket":
            raise self.wrong(f"{said}: what the caller gets is of no use. Is it made in a `with` that ends here?")
        if value is None:
            raise self.wrong(f"{said}, and a socket was asked for: is there a `return`?")
        raise self.wrong(f"{said}, and a socket was asked for.")

    def untouched(self, timeout=None, when=""):
        """Raises Wrong where a socket that the function was given is closed, shut down, or has another timeout.

        `timeout`: the one that it was given with, in seconds; None: it blocks. `when`: as for `clean`.
        """
        works = f"It works, and{' ' + when + ' it' if when else ''}"
        for closed, now in self.given:
            if closed:
                raise self.wrong(f"{works} closes the socket that it was given: its caller goes on with it.")
            if now != timeout:
                was = "none" if timeout is None else f"{timeout:g} s"
                raise self.wrong(
                    f"{works} leaves the socket that it was given with another timeout: "
                    f"it had {was} before, and its caller counts on that."
                )
        if self.called.get("shutdown"):
            raise self.wrong(f"{works} shuts down the socket that it was given: its caller goes on with it.")

    def clean(self, when="", allow_threads=False):
        """Raises Wrong where sockets, descriptors or threads were left; `when`: "after the peer had reset"."""
        works = f"It works, and{' ' + when + ' it' if when else ''}"
        for name, accepted in self.unclosed:
            what = "the connection that accept gave" if accepted else "a socket"
            named = f" (`{name}`)" if name else ""
            if "socket" in self.left:
                raise self.wrong(f"{works} leaves {what}{named} open at each call: one descriptor less each time.")
            raise self.wrong(
                f"{works} never closes {what}{named}: CPython happened to do it when the last name for it was gone. "
                "Close it, or use `with`."
            )
        if self.left:
            kinds = {"socket": "a socket", "eventpoll": "a selector", "pipe": "a pipe", "file": "a file"}
            raise self.wrong(f"{works} leaves {kinds.get(self.left[0], 'a descriptor')} open at each call.")
        if self.threads and not allow_threads:
            raise self.wrong(f"{works} leaves a thread running.")


def describe(value):
    """A learner's result in a few words, the same from run to run."""
    if isinstance(value, Foreign):
        return value.text
    if isinstance(value, Handed):
        return "a socket"
    if isinstance(value, (list, tuple, dict)) and len(value) > 4:
        return f"a {type(value).__name__} of {len(value)}"
    if _is_address(value):
        return f"({shown(value[0])}, port)"  # the number is another one in each run
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(describe, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{describe(key)}: {describe(item)}" for key, item in value.items()) + "}"
    return shown(value)


def _is_address(value):
    """Whether it is an address as accept and getsockname give it, of this machine."""
    return type(value) is tuple and len(value) in (2, 4) and value[0] in ("127.0.0.1", "0.0.0.0", "::1", "::")
