# === right: socket by socket, connect_ex
import socket


def room_in_queue(address, timeout):
    host, port = address
    clients = []
    try:
        for _ in range(64):
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[-1][0]
            client = socket.socket(family, socket.SOCK_STREAM)
            clients.append(client)
            client.settimeout(timeout)
            if client.connect_ex((host, port)) != 0:
                return len(clients) - 1
        return 64
    finally:
        for client in clients:
            client.close()


# === right: an ExitStack, and any connect that fails
import contextlib
import socket


def room_in_queue(address, timeout):
    with contextlib.ExitStack() as stack:
        for count in range(64):
            try:
                stack.enter_context(socket.create_connection(address, timeout))
            except socket.gaierror:
                raise
            except OSError:
                return count
    return 64


# === right: non-blocking, and a selector that waits
import selectors
import socket


def lets_in(client, target, timeout):
    client.setblocking(False)
    client.connect_ex(target)
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_WRITE)
        if not selector.select(timeout):
            return False
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def room_in_queue(address, timeout):
    clients, count = [], 0
    infos = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    try:
        while count < 64:
            for family, kind, protocol, _, target in infos:
                clients.append(socket.socket(family, kind, protocol))
                if lets_in(clients[-1], target, timeout):
                    break
            else:
                break
            count += 1
    finally:
        for client in clients:
            client.close()
    return count


# === right: each client leaves before the next comes: who has left still takes a place
import socket


def room_in_queue(address, timeout):
    count = 0
    while count < 64:
        try:
            with socket.create_connection(address, timeout):
                count += 1
        except (TimeoutError, ConnectionRefusedError):
            break
    return count


# === wrong: no deadline ==> blocked in `connect` .* the sixth had 0.15 s
import socket


def room_in_queue(address, timeout):
    clients = []
    while len(clients) < 64:
        client = socket.socket()
        try:
            client.connect(address)
        except OSError:
            break
        clients.append(client)
    for client in clients:
        client.close()
    return len(clients)


# === wrong: the one that did not get in is counted ==> You returned 6: you counted the connect that did not succeed
import socket


def room_in_queue(address, timeout):
    clients = []
    while len(clients) < 64:
        client = socket.socket()
        client.settimeout(timeout)
        clients.append(client)
        try:
            client.connect(address)
        except OSError:
            break
    for client in clients:
        client.close()
    return len(clients)


# === wrong: closes none ==> when the queue is full it never closes a socket: CPython happened to
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while len(clients) < 64:
            clients.append(socket.create_connection(address, timeout))
    except (TimeoutError, ConnectionRefusedError):
        pass
    return len(clients)


# === wrong: the one that did not get in is forgotten ==> when the queue is full it never closes a socket \(`client`\)
import socket


def room_in_queue(address, timeout):
    clients = []
    while len(clients) < 64:
        client = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        client.settimeout(timeout)
        try:
            client.connect(address)
        except (TimeoutError, ConnectionRefusedError):
            break
        clients.append(client)
    for client in clients:
        client.close()
    return len(clients)


# === wrong: a refused connect is raised ==> you let ConnectionRefusedError out
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while len(clients) < 64:
            clients.append(socket.create_connection(address, timeout))
    except TimeoutError:
        return len(clients)
    finally:
        for client in clients:
            client.close()
    return 64


# === wrong: the timeout is raised ==> You let TimeoutError out
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while len(clients) < 64:
            clients.append(socket.create_connection(address, timeout))
    finally:
        for client in clients:
            client.close()
    return len(clients)


# === wrong: no limit ==> You went on to \d+, where more are let in
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while True:
            clients.append(socket.create_connection(address, timeout))
    except (TimeoutError, ConnectionRefusedError):
        return len(clients)
    finally:
        for client in clients:
            client.close()


# === wrong: the limit is applied to the answer alone ==> You returned 64, and connected more often
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while True:
            clients.append(socket.create_connection(address, timeout))
    except (TimeoutError, ConnectionRefusedError):
        return min(64, len(clients))
    finally:
        for client in clients:
            client.close()


# === wrong: one more than the limit ==> You went on to 65, where more are let in
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while len(clients) <= 64:
            clients.append(socket.create_connection(address, timeout))
    except (TimeoutError, ConnectionRefusedError):
        pass
    finally:
        for client in clients:
            client.close()
    return len(clients)


# === wrong: IPv4 alone ==> ::1, an IPv6 address
import socket


def room_in_queue(address, timeout):
    count, clients = 0, []
    try:
        while count < 64:
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            clients.append(client)
            client.settimeout(timeout)
            client.connect(address)
            count += 1
    except (TimeoutError, ConnectionRefusedError):
        pass
    finally:
        for client in clients:
            client.close()
    return count


# === wrong: every error is the end of the queue ==> name is nobody's.*not swallowed
import socket


def room_in_queue(address, timeout):
    clients = []
    try:
        while len(clients) < 64:
            clients.append(socket.create_connection(address, timeout))
    except Exception:
        pass
    for client in clients:
        client.close()
    return len(clients)


# === wrong: does not wait for the one that is under way ==> you gave up before they were over
import errno
import socket


def room_in_queue(address, timeout):
    host, port = address
    clients, count = [], 0
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[-1][0]
    for _ in range(64):
        client = socket.socket(family)
        clients.append(client)
        client.settimeout(min(timeout, 0.1))
        if client.connect_ex((host, port)):
            break
        count += 1
    for client in clients:
        client.close()
    return count


# === wrong: forgets to say how many ==> You returned None, and a number was asked for
import socket


def room_in_queue(address, timeout):
    clients = []
    while len(clients) < 64:
        try:
            clients.append(socket.create_connection(address, timeout))
        except OSError:
            break
    for client in clients:
        client.close()
