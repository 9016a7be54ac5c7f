# === right: the listener's timeout, put back
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.settimeout(seconds)
    try:
        return listener.accept()
    except (TimeoutError, BlockingIOError):
        return None
    finally:
        listener.settimeout(before)


# === right: a selector
import selectors


def accept_within(listener, seconds):
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        if selector.select(seconds):
            connection, address = listener.accept()
            connection.setblocking(True)
            return connection, address


# === right: poll
import select


def accept_within(listener, seconds):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return listener.accept() if poll.poll(seconds * 1000) else None


# === right: a class that changes the timeout for a while
class Patience:
    def __init__(self, sock, seconds):
        self.sock, self.seconds = sock, seconds

    def __enter__(self):
        self.before = self.sock.gettimeout()
        self.sock.settimeout(self.seconds)

    def __exit__(self, kind, error, traceback):
        self.sock.settimeout(self.before)
        return kind is not None and issubclass(kind, (TimeoutError, BlockingIOError))


def accept_within(listener, seconds):
    with Patience(listener, seconds):
        return listener.accept()
    return None


# === right: asks again and again, with pauses
import time


def accept_within(listener, seconds):
    before, end = listener.gettimeout(), time.monotonic() + seconds
    listener.setblocking(False)
    try:
        while True:
            try:
                return listener.accept()
            except BlockingIOError:
                if time.monotonic() >= end:
                    return None
                time.sleep(0.01)
    finally:
        listener.settimeout(before)


# === wrong: no deadline ==> blocked in `accept` .* nobody had come
def accept_within(listener, seconds):
    return listener.accept()


# === wrong: the reference's two names ==> It raised NameError
def accept_within(listener, seconds):
    listener.settimeout(seconds)
    clientsock, addr = serversock.accept()
    return clientsock, addr


# === wrong: lets the timeout out ==> None was to be returned; you let TimeoutError out\.
def accept_within(listener, seconds):
    listener.settimeout(seconds)
    connection, address = listener.accept()
    listener.settimeout(None)
    return connection, address


# === wrong: the timeout stays ==> when a client waited it leaves the socket .* another timeout: it had none
def accept_within(listener, seconds):
    listener.settimeout(seconds)
    try:
        return listener.accept()
    except TimeoutError:
        return None


# === wrong: the timeout stays where nobody comes ==> when nobody came it leaves the socket .* another timeout
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.settimeout(seconds)
    try:
        connection, address = listener.accept()
    except (TimeoutError, BlockingIOError):
        return None
    listener.settimeout(before)
    return connection, address


# === wrong: always blocking afterwards ==> another timeout: it had 5 s before
def accept_within(listener, seconds):
    listener.settimeout(seconds)
    try:
        return listener.accept()
    except (TimeoutError, BlockingIOError):
        return None
    finally:
        listener.setblocking(True)


# === wrong: the timeout stays after an error ==> when `accept` failed it leaves the socket
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.settimeout(seconds)
    try:
        pair = listener.accept()
    except (TimeoutError, BlockingIOError):
        pair = None
    listener.settimeout(before)
    return pair


# === wrong: a timeout of 0 ==> `seconds` was 0: None was to be returned; you let BlockingIOError out .a timeout of 0
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.settimeout(seconds)
    try:
        return listener.accept()
    except TimeoutError:
        return None
    finally:
        listener.settimeout(before)


# === wrong: 0 is taken for no deadline ==> blocked in `accept` .* `seconds` was 0
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.settimeout(seconds or None)
    try:
        return listener.accept()
    except TimeoutError:
        return None
    finally:
        listener.settimeout(before)


# === wrong: the connection gets the timeout, too ==> The connection that you returned has a timeout
import select


def accept_within(listener, seconds):
    ready, _, _ = select.select([listener], [], [], seconds)
    if ready:
        connection, address = listener.accept()
        connection.settimeout(seconds)
        return connection, address


# === wrong: the connection does not wait ==> The connection that you returned is non-blocking
import select


def accept_within(listener, seconds):
    ready, _, _ = select.select([listener], [], [], seconds)
    if ready:
        connection, address = listener.accept()
        connection.setblocking(False)
        return connection, address


# === wrong: every new socket gets the timeout ==> The connection that you returned has a timeout
import socket


def accept_within(listener, seconds):
    socket.setdefaulttimeout(seconds)
    before = listener.gettimeout()
    listener.settimeout(seconds)
    try:
        return listener.accept()
    except (TimeoutError, BlockingIOError):
        return None
    finally:
        listener.settimeout(before)


# === wrong: every error is nobody ==> does not listen, so `accept` fails: OSError .EINVAL. was to be raised; you returned None
def accept_within(listener, seconds):
    before = listener.gettimeout()
    try:
        listener.settimeout(seconds)
        return listener.accept()
    except OSError:
        return None
    finally:
        listener.settimeout(before)


# === wrong: sleeps, then looks ==> still running at `time.sleep\(seconds\)` .* a client had connected
import time


def accept_within(listener, seconds):
    time.sleep(seconds)
    before = listener.gettimeout()
    listener.setblocking(False)
    try:
        return listener.accept()
    except BlockingIOError:
        return None
    finally:
        listener.settimeout(before)


# === wrong: looks once ==> You returned None before the 0.2 s were over
def accept_within(listener, seconds):
    before = listener.gettimeout()
    listener.setblocking(False)
    try:
        return listener.accept()
    except BlockingIOError:
        return None
    finally:
        listener.settimeout(before)


# === wrong: the connection alone ==> you returned a socket, and \(connection, address\) was asked for
import select


def accept_within(listener, seconds):
    if select.select([listener], [], [], seconds)[0]:
        return listener.accept()[0]


# === wrong: a thread that goes on waiting ==> leaves a thread running
import threading


def accept_within(listener, seconds):
    got = []
    thread = threading.Thread(target=lambda: got.append(listener.accept()), daemon=True)
    thread.start()
    thread.join(seconds)
    return got[0] if got else None


# === wrong: its own address ==> your own end's
import select


def accept_within(listener, seconds):
    if select.select([listener], [], [], seconds)[0]:
        connection, _ = listener.accept()
        return connection, connection.getsockname()


# === wrong: closes the listener ==> closes the socket that it was given
import select


def accept_within(listener, seconds):
    with listener:
        if select.select([listener], [], [], seconds)[0]:
            return listener.accept()


# === wrong: asks the connection who it is ==> It raised OSError .ENOTCONN.* when a client had come, and reset
import select


def accept_within(listener, seconds):
    if select.select([listener], [], [], seconds)[0]:
        connection, _ = listener.accept()
        return connection, connection.getpeername()


# === wrong: a selector that is not closed ==> leaves a selector open
import selectors


def accept_within(listener, seconds):
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    return listener.accept() if selector.select(seconds) else None


# === wrong: every new socket gets the timeout, the connection excepted ==> `setdefaulttimeout` gives every socket
import socket


def accept_within(listener, seconds):
    before = listener.gettimeout()
    socket.setdefaulttimeout(seconds)
    listener.settimeout(socket.getdefaulttimeout())
    try:
        connection, address = listener.accept()
        connection.setblocking(True)
        return connection, address
    except (TimeoutError, BlockingIOError):
        return None
    finally:
        listener.settimeout(before)
