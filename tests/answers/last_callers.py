# === right: select asks whether somebody waits
import select


def last_callers(listener):
    connections = []
    with listener:
        while select.select([listener], [], [], 0)[0]:
            connections.append(listener.accept()[0])
    return connections


# === right: a timeout of nearly nothing, a generator
def waiting(listener):
    listener.settimeout(0.001)
    try:
        while True:
            yield listener.accept()[0]
    except TimeoutError:
        pass


def last_callers(listener):
    try:
        return list(waiting(listener))
    finally:
        listener.close()


# === right: a selector
import selectors


def last_callers(listener):
    connections = []
    with listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while selector.select(timeout=0):
            connection, address = listener.accept()
            connection.setblocking(True)
            connections += [connection]
    return connections


# === wrong: accepts until nobody comes, which never happens ==> blocked in `accept` .* all who waited had been accepted
def last_callers(listener):
    connections = []
    with listener:
        while True:
            try:
                connections.append(listener.accept()[0])
            except OSError:
                return connections


# === wrong: closes first ==> You used the listener after you had closed it
def last_callers(listener):
    listener.close()
    connections = []
    listener.setblocking(False)
    while True:
        try:
            connections.append(listener.accept()[0])
        except BlockingIOError:
            return connections


# === wrong: only closes ==> 3 waited in the queue; you returned 0 of them: closing the listener resets
def last_callers(listener):
    listener.close()
    return []


# === wrong: takes one ==> 3 waited in the queue; you returned 1 of them
def last_callers(listener):
    with listener:
        listener.setblocking(False)
        try:
            return [listener.accept()[0]]
        except BlockingIOError:
            return []


# === wrong: leaves the listener open ==> You left the listener open
def last_callers(listener):
    connections = []
    listener.setblocking(False)
    while True:
        try:
            connections.append(listener.accept()[0])
        except BlockingIOError:
            return connections


# === wrong: takes as many as a usual backlog ==> 21 waited in the queue; you returned 16
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        for _ in range(16):
            try:
                connections.append(listener.accept()[0])
            except BlockingIOError:
                break
    return connections


# === wrong: the error gets out ==> You let BlockingIOError out
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            connections.append(listener.accept()[0])
    return connections


# === wrong: the pairs as accept gives them ==> You returned the pair that `accept` gives
def last_callers(listener):
    pairs = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                pairs.append(listener.accept())
            except BlockingIOError:
                return pairs


# === wrong: connections that do not wait ==> is non-blocking; one that blocks
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                connection, _ = listener.accept()
                connection.setblocking(False)
                connections.append(connection)
            except BlockingIOError:
                return connections


# === wrong: closes what it returns ==> You returned a closed socket
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                with listener.accept()[0] as connection:
                    connections.append(connection)
            except BlockingIOError:
                return connections


# === wrong: leaves out who is gone ==> two of them were gone .* you returned 1 of 3
import socket


def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return connections
            try:
                connection.setblocking(False)
                alive = connection.recv(1, socket.MSG_PEEK)
                connection.close()
            except BlockingIOError:
                connection.setblocking(True)
                connections.append(connection)
            except OSError:
                connection.close()


# === wrong: reads what is there already ==> you read them
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return connections
            connections.append(connection)
            connection.setblocking(False)
            try:
                connection.recv(1024)
            except OSError:
                pass
            connection.setblocking(True)


# === wrong: every error is the end ==> does not listen, so accept fails
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        try:
            while True:
                connections.append(listener.accept()[0])
        except OSError:
            return connections


# === wrong: closed only where all goes well ==> When accept fails with another error, you leave the listener open
def last_callers(listener):
    connections = []
    listener.setblocking(False)
    while True:
        try:
            connections.append(listener.accept()[0])
        except BlockingIOError:
            listener.close()
            return connections


# === wrong: the last first ==> not in the order in which the clients came
def last_callers(listener):
    connections = []
    with listener:
        listener.setblocking(False)
        while True:
            try:
                connections.insert(0, listener.accept()[0])
            except BlockingIOError:
                return connections
