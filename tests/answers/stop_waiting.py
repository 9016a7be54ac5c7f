# === right: try and finally
from socket import SHUT_RDWR


def stop_waiting(sock, thread):
    try:
        sock.shutdown(SHUT_RDWR)
        thread.join(timeout=2)
    finally:
        sock.close()


# === right: only the direction in which it waits
import socket


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RD)
    thread.join(2.0)
    sock.close()
    return None


# === right: looks again and again, until the time is over
import socket
import time


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RDWR)
    until = time.monotonic() + 2
    while thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    sock.close()


# === wrong: close alone ==> closing does not wake it.*`shutdown` ends the connection
def stop_waiting(sock, thread):
    sock.close()


# === wrong: close, then join ==> closing does not wake it
def stop_waiting(sock, thread):
    sock.close()
    thread.join(2)


# === wrong: waits for the thread without waking it ==> still running at `thread.join\(\)`.*nothing had woken the thread
def stop_waiting(sock, thread):
    thread.join()
    sock.close()


# === wrong: ends its own direction only ==> ends your own direction, and `recv` waits on the other
import socket


def stop_waiting(sock, thread):
    with sock:
        sock.shutdown(socket.SHUT_WR)
        thread.join(2)


# === wrong: waits without a limit ==> still running at `thread.join\(\)`.*had been woken, and does not end
import socket


def stop_waiting(sock, thread):
    with sock:
        sock.shutdown(socket.SHUT_RDWR)
        thread.join()


# === wrong: does not wait ==> woken and had not ended yet: you did not wait
import socket


def stop_waiting(sock, thread):
    with sock:
        sock.shutdown(socket.SHUT_RDWR)


# === wrong: closes before the thread has ended ==> closed the socket while the thread still ran
import socket


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()
    thread.join(2)


# === wrong: never closes ==> had ended, and you returned, and the socket was still open
import socket


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RDWR)
    thread.join(2)


# === wrong: closes only when the thread has ended ==> did not end within 2 s, and you returned, and the socket was still open
import socket


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RDWR)
    thread.join(2)
    if not thread.is_alive():
        sock.close()


# === wrong: an error when the thread still runs ==> raised TimeoutError: it still runs.*because the thread had not ended after 2 s
import socket


def stop_waiting(sock, thread):
    with sock:
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(2)
        if thread.is_alive():
            raise TimeoutError("it still runs")


# === wrong: sleeps for the whole time ==> thread ended at once, and you waited on
import socket
import time


def stop_waiting(sock, thread):
    sock.shutdown(socket.SHUT_RDWR)
    time.sleep(2)
    sock.close()


# === wrong: waits too long ==> waited for it longer than 2 s
import socket


def stop_waiting(sock, thread):
    with sock:
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(3.2)


# === wrong: a timeout, set when recv waits already ==> nothing woke it|closing does not wake it
def stop_waiting(sock, thread):
    with sock:
        sock.settimeout(0)
        thread.join(2)


# === wrong: sends something to its own end ==> closing does not wake it
def stop_waiting(sock, thread):
    sock.sendall(b"stop")
    thread.join(2)
    sock.close()


# === wrong: neither wakes nor closes ==> still blocked in `recv`: nothing woke it
def stop_waiting(sock, thread):
    thread.join(2)


# === wrong: a thread cannot be ended from outside ==> It raised AttributeError
def stop_waiting(sock, thread):
    thread.stop()
    sock.close()
