"""A C file to be read in the notebook: its text, and live in the page's colors for programs."""

from __future__ import annotations


class Shown:
    """A file's text as a value that draws itself; `path` is where it lies."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text("utf-8")

    def __repr__(self):
        return self.text.rstrip("\n")

    def _repr_mimebundle_(self, include=None, exclude=None):
        try:
            from labsupport.widgets import program_bundle
        except ImportError:
            return {"text/plain": repr(self)}
        return program_bundle(self)
