# === wrong: returns nothing ==> You returned None, and the number of datagrams sent was asked for
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


# === wrong: counts each piece once ==> You returned the number of pieces, where piece 0 was lost
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
    return len(pieces)


# === wrong: leaves its timeout on the socket ==> leaves the socket that it was given with another timeout
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
                    deadline = time.monotonic() + timeout
                elif said == acked:
                    equal += 1
                    again = equal == 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        pass
    return sent
