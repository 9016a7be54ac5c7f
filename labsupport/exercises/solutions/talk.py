import contextlib
import socket
import threading


def talk(address, lines):
    """The lines that the echo server at `address` sends back for `lines`."""
    data = "".join(line + "\n" for line in lines).encode()
    with socket.create_connection(address) as sock:  # either family; closed on every way out
        # A thread sends while this one reads. Whoever sends all first fills the buffers on the way back; then
        # the server cannot send, so it does not read, so nothing more can be sent.
        sender = threading.Thread(target=send, args=(sock, data))
        sender.start()
        try:
            received = read_to_end(sock)
        finally:
            with contextlib.suppress(OSError):  # the server may have broken off already
                sock.shutdown(socket.SHUT_RDWR)  # wakes a sender that waits, where the server ended early
            sender.join()  # before the socket is closed, which the thread uses
    if received != data:  # a server that ended early must not look like one that answered
        raise EOFError(f"the server ended after {len(received)} of {len(data)} bytes")
    return received.decode().split("\n")[:-1]  # not splitlines: only \n ends a line


def send(sock, data):
    """Send everything and say so. Where that fails, the reader meets the same broken connection."""
    with contextlib.suppress(OSError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)  # no more comes: so the server ends too, and the reader has all


def read_to_end(sock):
    """What comes until the peer ends."""
    received = bytearray()
    while data := sock.recv(65536):
        received += data
    return bytes(received)
