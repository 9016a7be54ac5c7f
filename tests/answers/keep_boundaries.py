# === right: a sender in a thread
import socket
import threading


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    failed = []

    def send():
        try:
            for message in messages:
                left.send(message)
        except OSError as error:
            failed.append(error)
            right.shutdown(socket.SHUT_RDWR)

    with left, right:
        sender = threading.Thread(target=send)
        sender.start()
        arrived = [right.recv(4096) for _ in messages]
        sender.join()
    if failed:
        raise failed[0]
    return arrived


# === right: sendmsg and recvmsg, closed by hand
import socket


def keep_boundaries(messages):
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        result = []
        for message in messages:
            pair[0].sendmsg([message])
            data, _, flags, _ = pair[1].recvmsg(65536)
            assert not flags & socket.MSG_TRUNC
            result.append(data)
        return result
    finally:
        for sock in pair:
            sock.close()


# === right: recv_into one buffer
import socket


def through(left, right, messages):
    buffer = bytearray(2000)
    for message in messages:
        left.sendall(message)
        yield bytes(buffer[: right.recv_into(buffer)])


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        return list(through(left, right, messages))


# === right: as many as the queue takes, then all that came
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.setblocking(False)
    right.setblocking(False)
    waiting, arrived = list(messages), []
    with left, right:
        while len(arrived) < len(messages):
            try:
                while waiting:
                    left.send(waiting[0])
                    del waiting[0]
            except BlockingIOError:
                pass
            try:
                while True:
                    arrived.append(right.recv(65536))
            except BlockingIOError:
                pass
    return arrived


# === equivalent: 2000: one more ==> more room than the longest datagram needs does no harm
# === wrong: a stream ==> (?s)With six messages, four of them empty, it was blocked in `recv`.*in a stream
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair()
    arrived = []
    with left, right:
        for message in messages:
            left.send(message)
            arrived.append(right.recv(2000))
    return arrived


# === wrong: a stream, all sent first ==> Of three messages you returned 1 with all their bytes: a stream keeps none apart
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair()
    with left, right:
        for message in messages:
            left.sendall(message)
        left.shutdown(socket.SHUT_WR)
        arrived = []
        while data := right.recv(65536):
            arrived.append(data)
    return arrived


# === wrong: all are sent first ==> With 500 messages, it was blocked in `send`.* more than the kernel keeps
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        for message in messages:
            left.send(message)
        return [right.recv(2000) for _ in messages]


# === wrong: an empty datagram is taken for the end ==> you returned the first 0 alone: an empty one is not the end
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    arrived = []
    with left, right:
        for message in messages:
            left.send(message)
            data = right.recv(2000)
            if not data:
                break
            arrived.append(data)
    return arrived


# === wrong: empty ones are left out ==> the empty ones are missing: an empty datagram is a message too
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    arrived = []
    with left, right:
        for message in messages:
            if message:
                left.send(message)
                arrived.append(right.recv(2000))
    return arrived


# === wrong: too little room ==> A datagram of 2000 bytes came back cut to 1024: what `recv` has no room for is thrown away
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        arrived = []
        for message in messages:
            left.send(message)
            arrived.append(right.recv(1024))
        return arrived


# === wrong: the rest of a long one is read by a second recv ==> it was blocked in `recv`
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        arrived = []
        for message in messages:
            left.send(message)
            data = b""
            while len(data) < len(message):
                data += right.recv(1024)
            arrived.append(data or right.recv(10))
        return arrived


# === wrong: reads until nothing comes ==> With three messages, it was blocked in `recv`.*no datagram was there
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        for message in messages:
            left.send(message)
        arrived = []
        while True:
            data = right.recv(2000)
            if data is None:
                return arrived
            arrived.append(data)


# === wrong: one string of bytes ==> You returned b"onetwothree", and a list of bytes was asked for
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        data = b""
        for message in messages:
            left.send(message)
            data += right.recv(2000)
        return data


# === wrong: not closed ==> never closes a socket \(`left`\)
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    arrived = []
    for message in messages:
        left.send(message)
        arrived.append(right.recv(2000))
    return arrived


# === wrong: closed only when all goes well ==> after a message too long for a datagram it leaves a socket \(`left`\) open
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    arrived = []
    for message in messages:
        left.send(message)
        arrived.append(right.recv(2000))
    left.close()
    right.close()
    return arrived


# === wrong: a message that does not go is left out ==> The second message is too long .*: OSError \(EMSGSIZE\) was to be raised; you returned \[b"one"\]
import socket


def keep_boundaries(messages):
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    arrived = []
    with left, right:
        for message in messages:
            try:
                left.send(message)
            except OSError:
                continue
            arrived.append(right.recv(2000))
    return arrived


# === wrong: a pair for each, and the first ones stay ==> never closes a socket|leaves a socket
import socket


def keep_boundaries(messages):
    arrived = []
    for message in messages:
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        left.send(message)
        arrived.append(right.recv(2000))
    return arrived


# === wrong: no socket at all ==> You returned without having made a socket
def keep_boundaries(messages):
    return list(messages)
