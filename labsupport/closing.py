"""What servers, visitors, rooms, networks and C programs share: an end, as a call and as a `with` block's.

A thread cannot raise where the learner looks. So it keeps its errors, and `close()` raises the first.
"""

from __future__ import annotations


class Closing:
    """A context manager whose end is its `close()`, written by the subclass.

    An exception that ends the block stays the one that is raised; what `close()` raises then is a note on it
    (PEP 678). A subclass that keeps `errors` raises the first of them with `_raise_first`.
    """

    __slots__ = ()  # a Network declares its names

    _raised = False

    def _raise_first(self):
        """Raise the first of `errors`; once, however often it is called."""
        if self.errors and not self._raised:
            self._raised = True
            raise self.errors[0]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            self.close()
        except Exception as own:
            if error is None:
                raise
            if own is not error:  # a visitor's wait() may have raised it already
                error.add_note(f"{type(self).__name__}.close() raised, too: {type(own).__name__}: {own}")
