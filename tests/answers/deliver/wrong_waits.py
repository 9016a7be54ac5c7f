# === wrong: no timeout ==> blocked in `recv` when the 2 s were over: piece 1 was lost
import struct


def deliver(sock, pieces, timeout, tries):
    for number, piece in enumerate(pieces):
        head = struct.pack("!I", number)
        sock.send(head + piece)
        while sock.recv(2048) != head:
            pass
    return len(pieces)


# === wrong: the same patience each time ==> each wait in vain is to be twice as long|each wait is twice as long as the one before
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
            else:
                raise TimeoutError(f"piece {number}")
    finally:
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


# === wrong: the wait begins anew with whatever comes ==> each made the wait for piece 1 longer
import struct


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            for attempt in range(tries):
                sock.send(head + piece)
                sent += 1
                sock.settimeout(timeout * 2**attempt)
                try:
                    while sock.recv(2048) != head:
                        pass
                    break
                except TimeoutError:
                    continue
            else:
                raise TimeoutError
    finally:
        sock.settimeout(before)
    return sent


# === wrong: takes every error for a loss ==> ConnectionRefusedError was to be raised; you raised TimeoutError
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                try:
                    sock.send(head + piece)
                except OSError:
                    pass
                sent += 1
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    finally:
        sock.settimeout(before)
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
        except OSError:
            return False
    return False


# === wrong: goes on when the tries are used up ==> No acknowledgment came, and `tries` was 4: TimeoutError was to be raised; you returned
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
                continue
    finally:
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


# === wrong: does not wait after the last try ==> gave up too early: each of the 4 tries has its wait
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for attempt in range(tries):
                sock.send(head + piece)
                sent += 1
                if attempt and attempt == tries - 1:
                    raise TimeoutError
                if answered(sock, head, wait):
                    break
                wait *= 2
            else:
                raise TimeoutError(f"piece {number}")
    finally:
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
