"""C functions compiled into a library, for another process to load: `compile_shared`."""

from __future__ import annotations

from labsupport.c import compilers
from labsupport.c.programs import CProgram, Source


class CLibrary(CProgram):
    """A compiled library, at `path`; otherwise as CProgram. `beside`: paths of further C files that are in
    it."""

    def __init__(self, source, compiler, beside=(), werror=False):
        self._beside = [str(path) for path in beside]
        super().__init__(source, False, werror, compiler)

    @property
    def path(self):
        """The library's file."""
        return self.folder / "program"

    def _command(self, werror):
        # The protector: an array of the function's own that is written beyond is found when it returns.
        shared = ("-shared", "-fPIC", "-fstack-protector-all")
        return [*super()._command(werror), *shared, *self._beside, "-ldl"]


def compile_shared(source, *, beside=(), werror=False, compiler=None, first_line=1):
    """The CLibrary of `source`; arguments and errors as for `compile_c`."""
    return CLibrary(Source(source, first_line), compilers.find(compiler), beside, werror)
