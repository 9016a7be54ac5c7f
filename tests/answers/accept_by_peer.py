# === right: a comprehension
def accept_by_peer(listener, count):
    accepted = [listener.accept() for _ in range(count)]
    return {address[1]: connection for connection, address in accepted}


# === right: until there are enough, unpacked with a star
def accept_by_peer(listener, count):
    found = {}
    while len(found) < count:
        connection, (host, port, *more) = listener.accept()
        found[port] = connection
    return found


# === right: a generator and dict
def callers(listener, count):
    for _ in range(count):
        connection, address = listener.accept()
        yield address[1], connection


def accept_by_peer(listener, count):
    return dict(callers(listener, count))


# === right: closes what it has where it fails
import contextlib


def accept_by_peer(listener, count):
    with contextlib.ExitStack() as stack:
        found = {}
        for _ in range(count):
            connection, address = listener.accept()
            found[address[1]] = stack.enter_context(connection)
        stack.pop_all()
        return found


# === wrong: its own port as the key ==> your own port is the same for all connections
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, _ = listener.accept()
        found[connection.getsockname()[1]] = connection
    return found


# === wrong: as many as there are ports of its own ==> blocked in `accept` .* all had come
def accept_by_peer(listener, count):
    found = {}
    while len(found) < count:
        connection, _ = listener.accept()
        found[connection.getsockname()[1]] = connection
    return found


# === wrong: asks the connection for its peer ==> had reset its connection .* \(ENOTCONN\). `accept` gave you the address
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, _ = listener.accept()
        found[connection.getpeername()[1]] = connection
    return found


# === wrong: IPv4 alone ==> an IPv6 address has four parts
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, (host, port) = listener.accept()
        found[port] = connection
    return found


# === wrong: the last part of the address ==> your dict has 1 of them: the keys are the same
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, address = listener.accept()
        found[address[-1]] = connection
    return found


# === wrong: whole addresses as keys ==> are whole addresses; the peer's port alone
def accept_by_peer(listener, count):
    return {address: connection for connection, address in (listener.accept() for _ in range(count))}


# === wrong: text as keys ==> are text; the peer's port as a number
def accept_by_peer(listener, count):
    return {str(address[1]): connection for connection, address in (listener.accept() for _ in range(count))}


# === wrong: numbers its callers ==> not the ports of the clients
def accept_by_peer(listener, count):
    return {number: listener.accept()[0] for number in range(count)}


# === wrong: the pairs ==> You returned the pair that `accept` gives
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        pair = listener.accept()
        found[pair[1][1]] = pair
    return found


# === wrong: one more ==> blocked in `accept` when the 2 s were over: all had come
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count + 1):
        connection, address = listener.accept()
        found[address[1]] = connection
    return found


# === wrong: one at least ==> blocked in `accept` .* 0 connections were asked for
def accept_by_peer(listener, count):
    found = {}
    while True:
        connection, address = listener.accept()
        found[address[1]] = connection
        if len(found) >= count:
            return found


# === wrong: takes whoever waits ==> 2 were asked for; you took 3 out of the queue
import select


def accept_by_peer(listener, count):
    found = {}
    while len(found) < count or (count and select.select([listener], [], [], 0)[0]):
        connection, address = listener.accept()
        found[address[1]] = connection
    return found


# === wrong: closes each ==> You returned a closed socket
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, address = listener.accept()
        with connection:
            found[address[1]] = connection
    return found


# === wrong: closes the listener ==> closes the socket that it was given
def accept_by_peer(listener, count):
    with listener:
        return {address[1]: connection for connection, address in (listener.accept() for _ in range(count))}


# === wrong: too few are an answer ==> One of two came .* TimeoutError was to be raised; you returned those who had come
def accept_by_peer(listener, count):
    found = {}
    try:
        for _ in range(count):
            connection, address = listener.accept()
            found[address[1]] = connection
    except TimeoutError:
        pass
    return found


# === wrong: every error is the end ==> OSError .EINVAL. was to be raised
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        try:
            connection, address = listener.accept()
        except TimeoutError:
            raise
        except OSError:
            break
        found[address[1]] = connection
    return found


# === wrong: reads first ==> blocked in `recv` .* all had come
def accept_by_peer(listener, count):
    found = {}
    for _ in range(count):
        connection, address = listener.accept()
        if connection.recv(1024):
            found[address[1]] = connection
    return found
