# === right: a file that reads to the end
import socket


def finish(sock):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as stream:
            return stream.read()


# === right: recv_into and finally
import socket


def finish(sock):
    buffer, rest = bytearray(1000), b""
    try:
        sock.shutdown(socket.SHUT_WR)
        while (count := sock.recv_into(buffer)) > 0:
            rest += buffer[:count]
    finally:
        sock.close()
    return rest


# === right: a generator of single bytes, and a shutdown that may find no connection
import contextlib
import socket


def pieces(sock):
    while piece := sock.recv(1):
        yield piece


def finish(sock):
    with contextlib.closing(sock):
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return b"".join(pieces(sock))


# === right: the way of the course, with a deadline of its own
import socket


def finish(sock, seconds=5):
    rest = []
    with sock:
        sock.settimeout(seconds)
        sock.shutdown(socket.SHUT_WR)
        while True:
            piece = sock.recv(65536)
            if piece == b"":
                break
            rest.append(piece)
    return b"".join(rest)


# === right: with a selector
import selectors
import socket


def finish(sock):
    limit, rest = sock.gettimeout(), bytearray()
    with sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        sock.shutdown(socket.SHUT_WR)
        selector.register(sock, selectors.EVENT_READ)
        while True:
            if not selector.select(limit):
                raise TimeoutError("the peer did not end")
            piece = sock.recv(65536)
            if not piece:
                return bytes(rest)
            rest += piece


# === wrong: the reference's way, close alone ==> closed while something was still unread.* sends a reset: the peer lost
def finish(sock):
    sock.close()


# === wrong: shutdown and close, nothing read ==> closed while something was still unread.* sends a reset
import socket


def finish(sock):
    sock.shutdown(socket.SHUT_WR)
    sock.close()
    return b""


# === wrong: reads first, and never says that it is done ==> blocked in `recv`.*you had not said that you are done
def finish(sock):
    rest = b""
    with sock:
        while piece := sock.recv(65536):
            rest += piece
    return rest


# === wrong: one recv ==> came back after the first piece
import socket


def finish(sock):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(65536)


# === wrong: both directions shut ==> you had not waited for that
import socket


def finish(sock):
    rest = b""
    with sock:
        sock.shutdown(socket.SHUT_RDWR)
        while piece := sock.recv(65536):
            rest += piece
    return rest


# === wrong: never closes ==> the socket was still open
import socket


def finish(sock):
    sock.shutdown(socket.SHUT_WR)
    rest = b""
    while piece := sock.recv(65536):
        rest += piece
    return rest


# === wrong: closes only when all went well ==> You raised the reset, and the socket was still open
import socket


def finish(sock):
    sock.shutdown(socket.SHUT_WR)
    rest = b""
    while piece := sock.recv(65536):
        rest += piece
    sock.close()
    return rest


# === wrong: the shutdown is outside of the block that closes ==> before you began|had reset the connection: an error was raised, and the socket was still open
import socket


def finish(sock):
    sock.shutdown(socket.SHUT_WR)
    rest = b""
    with sock:
        while piece := sock.recv(65536):
            rest += piece
    return rest


# === wrong: swallows the reset ==> peer reset the connection instead of ending it: ConnectionResetError was to be raised; you returned b"good"
import socket


def finish(sock):
    rest = b""
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while piece := sock.recv(65536):
                rest += piece
        except OSError:
            pass
    return rest


# === wrong: throws away what was still to read ==> second question was still to be read; you returned None
import socket


def finish(sock):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass


# === wrong: takes a timeout for the end ==> did not end within the socket's timeout of 0.2 s: TimeoutError was to be raised
import socket


def finish(sock):
    rest = b""
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while piece := sock.recv(65536):
                rest += piece
        except TimeoutError:
            pass
    return rest


# === wrong: text ==> returned "second question\\n": what was still to read is asked for, as bytes
import socket


def finish(sock):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("r") as stream:
            return stream.read()


# === wrong: reads what is there at the moment ==> you had not waited for that
import socket


def finish(sock):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        sock.setblocking(False)
        rest = b""
        try:
            while piece := sock.recv(65536):
                rest += piece
        except BlockingIOError:
            pass
        return rest


# === wrong: goes on at the end of the stream ==> again and again, and the loop did not end
import socket


def finish(sock):
    rest = b""
    with sock:
        sock.shutdown(socket.SHUT_WR)
        while True:
            rest += sock.recv(65536)
    return rest


# === wrong: closes before it reads ==> It raised OSError \(EBADF\), at `while piece := sock.recv
import socket


def finish(sock):
    sock.shutdown(socket.SHUT_WR)
    sock.close()
    rest = b""
    while piece := sock.recv(65536):
        rest += piece
    return rest


# === equivalent: 65536: one more ==> how much one recv may bring does not matter
