# === wrong: silences are not counted anew ==> only those in a row count
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except TimeoutError:
                silences += 1
                if silences == tries:
                    raise
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: the deadline does not begin anew ==> they begin anew with each new acknowledgment
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except TimeoutError:
                silences += 1
                if silences == tries:
                    raise
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    silences = 0
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: never gives up ==> No acknowledgment came, and `tries` was 3; you sent piece 2 once more
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except TimeoutError:
                silences += 1
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    silences = 0
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: gives up at the first silence ==> It raised TimeoutError.* at the first silence, and `tries` was 3
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except TimeoutError:
                silences += 1
                if silences:
                    raise
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    silences = 0
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: takes every error for a silence ==> nobody is there, and the machine had said so|ConnectionRefusedError was to be raised; you
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + window, len(pieces)):
                try:
                    sock.send(struct.pack("!I", following) + pieces[following])
                except OSError:
                    pass
                following += 1
                sent += 1
            again = False
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                said = struct.unpack("!I", sock.recv(100))[0]
            except OSError:
                silences += 1
                if silences == tries:
                    raise TimeoutError from None
                again = True
            else:
                if said > acked:
                    acked = said
                    equal = 0
                    silences = 0
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                try:
                    sock.send(struct.pack("!I", acked) + pieces[acked])
                except OSError:
                    pass
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent
