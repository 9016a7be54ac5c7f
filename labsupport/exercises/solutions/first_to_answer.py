import os
import select
import socket
import time


def first_to_answer(addresses, timeout):
    """A blocking socket, connected to whichever of `addresses` answers first."""
    deadline = time.monotonic() + timeout  # one for all of them, on a clock that never jumps
    sockets, waiting = [], []
    chosen = last = None
    try:
        for host, port in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            sockets.append(sock)
            sock.setblocking(False)
            try:
                sock.connect((host, port))
            except BlockingIOError:  # EINPROGRESS: the SYN is out, and that is all that was wanted here
                waiting.append(sock)
            except OSError as error:  # no way there: known at once
                last = error
        while waiting and chosen is None:
            left = deadline - time.monotonic()
            ready = select.select([], waiting, [], left)[1] if left > 0 else []
            if not ready:
                raise TimeoutError(f"no answer in {timeout} s")
            for sock in ready:  # ready to write means decided, well or ill; SO_ERROR says which
                waiting.remove(sock)
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number:
                    last = OSError(number, os.strerror(number))  # Python makes the class of the number
                else:
                    chosen = sock
        if chosen is None:
            raise last
        chosen.setblocking(True)
        return chosen
    finally:
        for sock in sockets:
            if sock is not chosen:  # the failed, and those that were called and are not needed
                sock.close()
