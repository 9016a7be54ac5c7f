# === right: try and finally, the struct as its bytes
import socket
import sys


def hang_up(sock):
    on, seconds = (1).to_bytes(4, sys.byteorder), bytes(4)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on + seconds)
    finally:
        sock.close()


# === right: an array of two ints
import array
import socket


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, array.array("i", [1, 0]))
    sock.close()


# === wrong: close alone ==> `close` alone sends a FIN
def hang_up(sock):
    sock.close()


# === wrong: shutdown and close ==> `shutdown` sends a FIN, before anything else
import socket


def hang_up(sock):
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


# === wrong: shutdown before the option ==> `shutdown` sends a FIN, before anything else
import socket
import struct


def hang_up(sock):
    sock.shutdown(socket.SHUT_RDWR)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# === wrong: the option is off ==> only where SO_LINGER is on
import socket
import struct


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    sock.close()


# === wrong: the two the other way round ==> only where SO_LINGER is on .* in this order
import socket
import struct


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 1))
    sock.close()


# === wrong: a time of one second ==> with a time of 0
import socket
import struct


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1))
    sock.close()


# === wrong: one int ==> It raised OSError \(EINVAL\), at `sock.setsockopt
import socket


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 0)
    sock.close()


# === wrong: another level ==> It raised|ordinary|SO_LINGER is on
import socket
import struct


def hang_up(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# === wrong: the option after close ==> It raised OSError \(EBADF\), at `sock.setsockopt
import socket
import struct


def hang_up(sock):
    sock.close()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# === wrong: the option alone ==> the socket was still open
import socket
import struct


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# === wrong: raises the error itself ==> It raised ConnectionResetError
def hang_up(sock):
    sock.close()
    raise ConnectionResetError("hung up")


# === wrong: a goodbye first ==> It raised|were over
import socket
import struct


def hang_up(sock):
    sock.sendall(b"goodbye")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# === wrong: looks first whether the peer is there ==> because the peer had reset the connection first
import socket
import struct


def hang_up(sock):
    with sock:
        sock.getpeername()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# === equivalent: 1: one more ==> any number but 0 is on
