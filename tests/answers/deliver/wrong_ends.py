# === wrong: leaves its timeout on the socket ==> leaves the socket that it was given with another timeout
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    if True:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(head + piece)
                sent += 1
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: the timeout taken back only when all went well ==> when it raises it leaves the socket .* with another timeout
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    if True:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(head + piece)
                sent += 1
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    sock.settimeout(before)
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: closes the socket ==> closes the socket that it was given
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(head + piece)
                sent += 1
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    finally:
        sock.close()
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
        except TimeoutError:
            return False
    return False
