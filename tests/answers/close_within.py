# === right: select before each recv
import select
import socket
import struct
import time


def close_within(sock, seconds):
    began = time.monotonic()
    try:
        sock.setblocking(False)
        sock.shutdown(socket.SHUT_WR)
        while True:
            left = max(0, began + seconds - time.monotonic())
            if not select.select([sock], [], [], left)[0] or time.monotonic() - began > seconds + 1:
                break
            if not sock.recv(4096):
                return True
            if time.monotonic() - began >= seconds:
                break
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    finally:
        sock.close()


# === right: with a function of its own for the reset
import socket
import struct
import time


def hang_up(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def drained(sock, deadline):
    sock.shutdown(socket.SHUT_WR)
    piece = b"?"
    while piece:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        piece = sock.recv(65536)
        if piece and time.monotonic() > deadline:
            raise TimeoutError
    return True


def close_within(sock, seconds):
    with sock:
        try:
            return drained(sock, time.monotonic() + seconds)
        except TimeoutError:
            hang_up(sock)
            return False


# === right: a timer that ends the waiting
import socket
import struct
import threading


def close_within(sock, seconds):
    late = threading.Event()

    def over():
        late.set()
        sock.shutdown(socket.SHUT_RD)

    with sock:
        sock.settimeout(None)
        sock.shutdown(socket.SHUT_WR)
        timer = threading.Timer(seconds, over)
        timer.start()
        try:
            while sock.recv(65536) and not late.is_set():
                pass
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return not late.is_set()


# === wrong: each recv has the whole time ==> went on sending a byte now and then, and 0.4 s were allowed for all
import socket
import struct


def close_within(sock, seconds):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        if not seconds:
            return False
        sock.settimeout(seconds)
        try:
            while sock.recv(65536):
                pass
            return True
        except TimeoutError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False


# === wrong: no deadline ==> blocked in `recv`.*0.3 s were allowed
import socket


def close_within(sock, seconds):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    return True


# === wrong: the time that is over is an error ==> raised TimeoutError.*False was to be returned
import socket
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    with sock:
        sock.shutdown(socket.SHUT_WR)
        while True:
            sock.settimeout(deadline - time.monotonic())
            if not sock.recv(65536):
                return True


# === wrong: closes as if all were well ==> closed as if all were well
import socket
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                if not sock.recv(65536):
                    return True
        except TimeoutError:
            pass
    return False


# === wrong: close alone ==> did not wait for a peer that was about to end
def close_within(sock, seconds):
    sock.close()
    return True


# === wrong: shutdown and close ==> did not wait for a peer that was about to end
import socket


def close_within(sock, seconds):
    sock.shutdown(socket.SHUT_WR)
    sock.close()
    return True


# === wrong: hangs up at once ==> did not wait for a peer that was about to end
import socket
import struct


def close_within(sock, seconds):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    return False


# === wrong: never says that it is done ==> waited for the end of what you say, and it never came
import socket
import struct
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    with sock:
        try:
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                if not sock.recv(65536):
                    return True
        except TimeoutError:
            pass
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# === wrong: waits as long as the socket's own timeout ==> blocked in `recv`.*0.3 s were allowed
import socket
import struct


def close_within(sock, seconds):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while sock.recv(65536):
                pass
            return True
        except TimeoutError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# === wrong: one recv ==> lost data|you returned False, not True
import socket
import struct


def close_within(sock, seconds):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(seconds)
        try:
            if not sock.recv(65536):
                return True
        except TimeoutError:
            pass
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# === wrong: nothing left is a timeout too ==> raised (BlockingIOError|ValueError).*(when the time was over|with 0 s allowed)
import socket
import struct
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while True:
                sock.settimeout(deadline - time.monotonic())
                if not sock.recv(65536):
                    return True
        except TimeoutError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False


# === wrong: both directions shut ==> did not end in time; you returned True, not False
import socket


def close_within(sock, seconds):
    with sock:
        sock.settimeout(seconds)
        sock.shutdown(socket.SHUT_RDWR)
        while sock.recv(65536):
            pass
    return True


# === wrong: a reset counts as an end ==> reset the connection instead of ending it: ConnectionResetError was to be raised; you returned True
import socket
import struct
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    with sock:
        sock.shutdown(socket.SHUT_WR)
        try:
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                if not sock.recv(65536):
                    return True
        except TimeoutError:
            pass
        except ConnectionResetError:
            return True
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# === wrong: closes in two of its three ways out ==> raised the reset, and the socket was still open
import socket
import struct
import time


def close_within(sock, seconds):
    deadline = time.monotonic() + seconds
    sock.shutdown(socket.SHUT_WR)
    try:
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(65536):
                sock.close()
                return True
    except TimeoutError:
        pass
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    return False


# === equivalent: 65536: one more ==> how much one recv may bring does not matter
# === equivalent: 1: one more ==> any number but 0 turns the option on
# === equivalent: (left := (deadline - time.monotonic())) > 0: Gt swapped ==> the clock never shows exactly nothing left
