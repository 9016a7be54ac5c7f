import socket
import struct
import time


def close_within(sock, seconds):
    """End the conversation on `sock` in order, within `seconds`; whether the peer ended in time."""
    deadline = time.monotonic() + seconds  # one moment for all: a peer that trickles must not renew it
    with sock:  # closes on every way out
        sock.shutdown(socket.SHUT_WR)
        try:
            while (left := deadline - time.monotonic()) > 0:  # settimeout(0) would mean non-blocking
                sock.settimeout(left)  # what is left, not `seconds` again
                if not sock.recv(65536):
                    return True  # b"": the peer has ended too
        except TimeoutError:
            pass  # the peer did not end in time: no error here, but a result
        # close sends RST now: the peer learns that the conversation was broken off
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
