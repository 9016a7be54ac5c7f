"""An error as a value: a cell that provokes one can end on it, instead of on a traceback that stops the notebook."""

from __future__ import annotations

from labsupport.shown import errno_name


class Caught:
    """What a `with caught() as error:` block raised: `.error` (the exception, or None), `.name` (errno's name, or None)."""

    def __init__(self):
        self.error = None

    @property
    def name(self):
        """errno's name, such as "ECONNREFUSED"; None for an error that carries no errno, and where nothing was raised."""
        return errno_name(self.error)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        # What asks the program to end (KeyboardInterrupt, SystemExit) is the learner's wish and not the lesson.
        if error is not None and not isinstance(error, Exception):
            return False
        # Without its traceback, which would keep the frame's sockets open.
        self.error = error.with_traceback(None) if error is not None else None
        return True

    def __repr__(self):
        if self.error is None:
            return "nothing was raised"
        kind = type(self.error).__name__
        text = getattr(self.error, "strerror", None) or str(self.error)
        return f"{kind}: {text}" + (f"  (errno {self.error.errno}, {self.name})" if self.name else "")


def caught():
    """Run a `with` block and keep the error that ends it: `with caught() as error: …`, then look at `error`.

    Returns a `Caught`. An error leaves the block early, as everywhere in Python; the cell then goes on after it.
    """
    return Caught()
