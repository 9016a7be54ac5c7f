# === wrong: whatever comes is the acknowledgment ==> took an empty datagram for the acknowledgment of piece 0
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            sock.recv(2048)
            return True
        except TimeoutError:
            return False
    return False


# === wrong: any number is the acknowledgment ==> came twice, and you took the second one for piece 1's
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if len(sock.recv(2048)) == 4:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: the empty datagram ends it ==> It raised EOFError, at `raise EOFError` where a datagram came that is no acknowledgment
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            said = sock.recv(2048)
            if not said:
                raise EOFError
            if said == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: unpacks whatever comes ==> It raised error: unpack requires
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if struct.unpack("!I", sock.recv(2048)) == struct.unpack("!I", head):
                return True
        except TimeoutError:
            return False
    return False


# === wrong: asks for four bytes ==> took one byte too many for the acknowledgment
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(4) == head:
                return True
        except TimeoutError:
            return False
    return False


# === wrong: sends again at an old acknowledgment ==> ot an empty datagram, which is no acknowledgment, and sent piece 0 again at once
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if sock.recv(2048) == head:
                return True
            return False
        except TimeoutError:
            return False
    return False


# === wrong: sends again at an old number ==> the second made you send piece 1 again at once
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
    return sent


def answered(sock, head, wait):
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            said = sock.recv(2048)
            if said == head:
                return True
            if len(said) == 4:
                return False
        except TimeoutError:
            return False
    return False
