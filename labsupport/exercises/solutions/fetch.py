import socket
import time


def fetch(address, request, timeout):
    """The server's whole answer to `request`; TimeoutError when it is not there within `timeout` seconds."""
    deadline = time.monotonic() + timeout  # one moment for everything; a clock that nobody sets
    answer = bytearray()
    with socket.create_connection(address, left(deadline)) as sock:  # closed on every way out
        sock.settimeout(left(deadline))  # connecting has taken its part
        sock.sendall(request)  # its timeout is for all of it; that of send would begin anew each time
        sock.shutdown(socket.SHUT_WR)  # no more comes: now the server knows that it has the whole request
        while True:
            sock.settimeout(left(deadline))  # each recv gets what is left, not the whole again
            data = sock.recv(65536)
            if not data:  # the server ended: this was the answer
                return bytes(answer)
            answer += data


def left(deadline):
    """Seconds until `deadline`. None left: TimeoutError, also where no call would have had to wait."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:  # settimeout(0) would make the socket non-blocking; less is a ValueError
        raise TimeoutError("the time for the whole conversation is over")
    return seconds
