"""One host of a private network: sockets and programs that live there, and what its kernel tells of them."""

from __future__ import annotations

import _socket
import re
import socket
import weakref

from labsupport.kernels.linux import enroll
from labsupport.kernels.sockdiag import SockDiag
from labsupport.network.listing import host_sockets
from labsupport.network.program import Program
from labsupport.observe import remember

_SETTING = re.compile(r"net(\.[A-Za-z0-9_-]+)+")
_EVERY = (socket.AF_INET, socket.AF_INET6)


class Host:
    """A host of a `Network`, `net.a` say; to be had from there alone.

    Attributes: `name` ("a"), `address` ("10.0.0.1"), `address6` ("fd00::1"; None without IPv6), `diag` (its
    SockDiag).
    """

    def __init__(self, control, index, ipv6, diag):
        diag = _socket.socket(fileno=diag)
        self._control, self._index = control, index
        self.name = "abcdefgh"[index]
        self.address = f"10.0.0.{index + 1}"
        self.address6 = f"fd00::{index + 1:x}" if ipv6 else None
        self.diag = SockDiag(diag)
        enroll(self.diag, diag)  # what accept and dup give is found to live here too
        # IPv6 is asked about once somebody may have used it: each question is a walk through a long table.
        self._families = _EVERY if ipv6 else (socket.AF_INET,)
        self._programs = weakref.WeakSet()

    def __repr__(self):
        return f"host {self.name}, {self.address}"

    def socket(self, family=socket.AF_INET, type=socket.SOCK_STREAM, proto=0):
        """An ordinary `socket.socket` that lives on this host; arguments and OSErrors are socket(2)'s."""
        for name, value in (("family", family), ("type", type), ("proto", proto)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be one of the socket module's constants, not {value!r}")
        if family == socket.AF_INET6:
            self._families = _EVERY
        _, (fd,) = self._control.ask("socket", self._index, int(family), int(type), int(proto))
        sock = socket.socket(family, type, proto, fd)
        remember(sock, diag=self.diag)
        return sock

    def run(self, argv, *, stdin=None, stdout=None, stderr=None, env=None, cwd=None):
        """Start the program `argv`, a list of words, on this host; a Program.

        `stdin`, `stdout`, `stderr`: a file, a descriptor, PIPE, DEVNULL or (stderr) STDOUT of `subprocess`;
        by default nothing can be read and what is printed is caught. `env`: its whole environment; `cwd`: its
        folder. Raises OSError where it cannot be started, as FileNotFoundError, TypeError or ValueError for
        bad arguments. In there this user is called root, and may do on the host what root may.
        """
        self._families = _EVERY
        program = Program(self._control, self._index, argv, env, cwd, (stdin, stdout, stderr))
        self._programs.add(program)
        return program

    def note_ended(self):
        """Note how programs ended that nobody asked about; they keep no descriptor."""
        for program in list(self._programs):
            program.poll()

    @property
    def sockets(self):
        """What `ss` would list on this host now, those that no descriptor shows any more included."""
        return host_sockets(self.diag, self._families)

    def same_network(self, sock):
        """Whether `sock`, a socket.socket, lives on this host; False for one closed before anybody looked.

        Raises TypeError for what is no socket.
        """
        try:
            return remember(sock).diag is self.diag
        except ValueError:
            return False

    def sysctl(self, name, value=None):
        """The host's setting `name`, such as "net.ipv4.tcp_sack", as text; set to `value` where given.

        Raises FileNotFoundError where the kernel has none of that name for a host, OSError where it takes no
        such value, TypeError or ValueError for other arguments. See tcp(7), ip(7).
        """
        if not isinstance(name, str):
            raise TypeError(f"name must be text such as 'net.ipv4.tcp_sack', not {name!r}")
        if not _SETTING.fullmatch(name):
            raise ValueError(f"name must be one such as 'net.ipv4.tcp_sack', not {name!r}")
        if isinstance(value, bool) or not isinstance(value, (int, str, type(None))):
            raise TypeError(f"value must be a number or text, not {value!r}")
        path = name.replace(".", "/")
        text, _ = self._control.ask("setting", self._index, path, None if value is None else str(value))
        return " ".join(text.split())
