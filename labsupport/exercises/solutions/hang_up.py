import socket
import struct


def hang_up(sock):
    """End the connection of `sock` at once, with RST."""
    with sock:  # closes
        linger = struct.pack("ii", 1, 0)  # a C struct of two ints: on, 0 seconds
        # With it, close throws away what is unsent and sends RST instead of FIN: socket(7)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
