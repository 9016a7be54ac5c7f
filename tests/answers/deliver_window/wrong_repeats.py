# === wrong: sends again at the first equal one ==> not a loss. You sent again: piece 0
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
                    again = True
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: knows the timer alone ==> said that piece 0 is missing, and you went on waiting for the timer
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
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: sends again at the third and each after it ==> piece 0 had been sent again already. You sent: piece 0
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
                    again = equal >= 3
            if again:
                sock.send(struct.pack("!I", acked) + pieces[acked])
                sent += 1
                deadline = time.monotonic() + timeout
    finally:
        sock.settimeout(before)
    return sent


# === wrong: equal ones are not counted anew ==> equal ones are to be counted anew. You sent again: piece 2
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


# === wrong: after a silence everything again ==> piece 0 is the first that is missing. You sent not only that one again: piece 1
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
                following = acked
                deadline = time.monotonic() + timeout
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
