"""What each operating system's kernel tells about a socket, behind one small interface.

`observe` asks `kernel`, the module for the system it runs on. Each of them has

    identify(sock)       the socket's cookie, or None where the kernel gives none
    home(sock)           the SockDiag of the private network in which it lives; None for the system's own
    look(sock, fd, memory)
                         a Look at an open TCP socket, given what is remembered of it
    queues(sock, fd)     (recv_queue, send_queue, recv_buffer, send_buffer) of any other open socket
    find(memory)         a Look at a TCP socket that no descriptor of ours shows any more; None: it is no more

and raises OSError where the descriptor is not an open socket, or where `find` cannot ask.
"""

from __future__ import annotations

import sys

if sys.platform.startswith("linux"):
    from labsupport.kernels import linux as kernel
elif sys.platform == "darwin":
    from labsupport.kernels import macos as kernel
else:
    from labsupport.kernels import other as kernel

__all__ = ["kernel"]
