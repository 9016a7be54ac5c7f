# === right: a selector
import selectors


def accept_from_any(listeners, seconds):
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener, selectors.EVENT_READ)
        for key, _ in selector.select(seconds):
            return key.fileobj.accept()
    return None


# === right: poll
import select


def accept_from_any(listeners, seconds):
    poll, known = select.poll(), {}
    for listener in listeners:
        known[listener.fileno()] = listener
        poll.register(listener, select.POLLIN)
    ready = poll.poll(int(seconds * 1000))
    return known[ready[0][0]].accept() if ready else None


# === right: one after another without waiting, with pauses
import time


def looked_at(listener):
    before = listener.gettimeout()
    listener.setblocking(False)
    try:
        return listener.accept()
    except BlockingIOError:
        return None
    finally:
        listener.settimeout(before)


def accept_from_any(listeners, seconds):
    end = time.monotonic() + seconds
    while True:
        for listener in listeners:
            if pair := looked_at(listener):
                return pair
        if time.monotonic() >= end:
            return None
        time.sleep(0.02)


# === wrong: at the first alone ==> blocked in `accept` .* at the second of three
import select


def accept_from_any(listeners, seconds):
    listener = listeners[0]
    return listener.accept()


# === wrong: one after another ==> blocked in `accept` when the 2 s were over: a client waited at the second of three listeners
def accept_from_any(listeners, seconds):
    for listener in listeners:
        before = listener.gettimeout()
        listener.settimeout(seconds)
        try:
            return listener.accept()
        except (TimeoutError, BlockingIOError):
            pass
        finally:
            listener.settimeout(before)


# === wrong: no deadline ==> still running at `.*select.select\(listeners, \[\], \[\]\).* nobody had come
import select


def accept_from_any(listeners, seconds):
    ready, _, _ = select.select(listeners, [], [])
    return ready[0].accept()


# === wrong: nobody is not looked for ==> It raised IndexError
import select


def accept_from_any(listeners, seconds):
    return select.select(listeners, [], [], seconds)[0][0].accept()


# === wrong: accepts from all that are ready ==> you accepted both and returned one: the other
import select


def accept_from_any(listeners, seconds):
    pair = None
    for listener in select.select(listeners, [], [], seconds)[0]:
        pair = listener.accept()
    return pair


# === wrong: asks without a pause ==> kept the processor busy
import time


def accept_from_any(listeners, seconds):
    end = time.monotonic() + seconds
    befores = [listener.gettimeout() for listener in listeners]
    try:
        while True:
            for listener in listeners:
                listener.setblocking(False)
                try:
                    return listener.accept()
                except BlockingIOError:
                    pass
            if time.monotonic() > end:
                return None
    finally:
        for listener, before in zip(listeners, befores):
            listener.settimeout(before)


# === wrong: leaves them non-blocking ==> leaves the socket that it was given with another timeout
import select


def accept_from_any(listeners, seconds):
    for listener in listeners:
        listener.setblocking(False)
    ready = select.select(listeners, [], [], seconds)[0]
    return ready[0].accept() if ready else None


# === wrong: the listener instead of the connection ==> You returned the listening socket
import select


def accept_from_any(listeners, seconds):
    ready = select.select(listeners, [], [], seconds)[0]
    if ready:
        connection, address = ready[0].accept()
        connection.close()
        return ready[0], address


# === wrong: the connection alone ==> you returned a socket, and \(connection, address\)
import select


def accept_from_any(listeners, seconds):
    ready = select.select(listeners, [], [], seconds)[0]
    if ready:
        connection, address = ready[0].accept()
        return connection


# === wrong: a list of all ==> you returned \[\(a socket, \("127.0.0.1", port\)\)\], and
import select


def accept_from_any(listeners, seconds):
    return [listener.accept() for listener in select.select(listeners, [], [], seconds)[0]] or None


# === wrong: a thread for each ==> leaves a thread running
import queue
import threading


def accept_from_any(listeners, seconds):
    came = queue.Queue()
    for listener in listeners:
        threading.Thread(target=lambda one=listener: came.put(one.accept()), daemon=True).start()
    try:
        return came.get(timeout=seconds)
    except queue.Empty:
        return None


# === wrong: closes those where nobody came ==> closes the socket that it was given
import select


def accept_from_any(listeners, seconds):
    ready = select.select(listeners, [], [], seconds)[0]
    pair = ready[0].accept() if ready else None
    for listener in listeners:
        if listener not in ready:
            listener.close()
    return pair


# === wrong: 0 is taken for no deadline ==> still running at .* `seconds` was 0
import select


def accept_from_any(listeners, seconds):
    ready = select.select(listeners, [], [], seconds or None)[0]
    return ready[0].accept() if ready else None


# === wrong: a selector that is not closed ==> leaves a selector open
import selectors


def accept_from_any(listeners, seconds):
    selector = selectors.DefaultSelector()
    for listener in listeners:
        selector.register(listener, selectors.EVENT_READ)
    ready = selector.select(seconds)
    return ready[0][0].fileobj.accept() if ready else None


# === wrong: every error is nobody ==> OSError .EINVAL. was to be raised; you returned None
import select


def accept_from_any(listeners, seconds):
    try:
        return select.select(listeners, [], [], seconds)[0][0].accept()
    except (IndexError, OSError):
        return None
