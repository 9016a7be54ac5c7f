# === wrong: the pieces without their numbers ==> began with b"firs": no piece has that number
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries):
                sock.send(piece)
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
        except TimeoutError:
            return False
    return False


# === wrong: the number in this machine's order ==> its lowest byte first
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("I", number)
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


# === wrong: numbered from 1 ==> Piece 0 came with the number 1: the first is 0
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces, 1):
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


# === wrong: no wait for the acknowledgment ==> sent piece 1 while piece 0 had not been acknowledged
import struct


def deliver(sock, pieces, timeout, tries):
    for number, piece in enumerate(pieces):
        sock.send(struct.pack("!I", number) + piece)
    for _ in pieces:
        sock.recv(4)
    return len(pieces)


# === wrong: returns the number of pieces ==> You returned the number of pieces, where an acknowledgment came twice
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
        sock.settimeout(before)
    return len(pieces)


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


# === wrong: returns nothing ==> You returned None, and the number of datagrams sent was asked for
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
        sock.settimeout(before)


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


# === wrong: one try more ==> `tries` was 4; you sent piece 0 once more
import struct
import time


def deliver(sock, pieces, timeout, tries):
    sent, before = 0, sock.gettimeout()
    try:
        for number, piece in enumerate(pieces):
            head = struct.pack("!I", number)
            wait = timeout
            for _ in range(tries + 1):
                sock.send(head + piece)
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
        except TimeoutError:
            return False
    return False
