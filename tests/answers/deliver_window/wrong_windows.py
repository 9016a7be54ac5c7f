# === wrong: one after another ==> You sent 1 piece and waited: 4 may be on their way
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < min(acked + 1, len(pieces)):
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
    return sent


# === wrong: all at once ==> Four pieces may be on their way, and you sent a fifth: piece 4
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            while following < len(pieces):
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
    return sent


# === wrong: a window at a time ==> Piece 0 was acknowledged, so piece 4 may go; you did not send it
import struct
import time


def deliver_window(sock, pieces, window, timeout, tries):
    before = sock.gettimeout()
    sent = acked = following = equal = silences = 0
    deadline = time.monotonic() + timeout
    try:
        while acked < len(pieces):
            if acked == following:
                end = min(acked + window, len(pieces))
            while following < end:
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
    return sent


# === wrong: an acknowledgment for each piece ==> One acknowledgment, 4, says that pieces 0 to 3 have all come
import struct


def deliver_window(sock, pieces, window, timeout, tries):
    before, following, acked = sock.gettimeout(), 0, set()
    sock.settimeout(timeout)
    try:
        while len(acked) < len(pieces):
            while following < min(len(acked) + window, len(pieces)):
                sock.send(struct.pack("!I", following) + pieces[following])
                following += 1
            acked.add(struct.unpack("!I", sock.recv(4))[0] - 1)
    finally:
        sock.settimeout(before)
    return following


# === wrong: an old acknowledgment moves the window back ==> moved your window back: you sent again: piece 1
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
                if said != acked:
                    following = min(following, said) if said < acked else following
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
