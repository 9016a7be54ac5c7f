# === wrong: select, and an error of one client ends all ==> Your server stopped serving when one client reset its connection.* It ended with ConnectionResetError \(ECONNRESET\), at `data = sock.recv\(65536\)`, and nobody caught it
import select


def serve(listener, stop):
    clients = []
    while not stop.is_set():
        readable, _, _ = select.select([listener, *clients], [], [], 0.1)
        for sock in readable:
            if sock is listener:
                clients.append(listener.accept()[0])
                continue
            data = sock.recv(65536)
            if data:
                sock.setblocking(True)
                sock.sendall(data)
            else:
                sock.close()
                clients.remove(sock)
    for sock in clients:
        sock.close()


# === wrong: select, and sendall waits for one client ==> One client sent and sent and read nothing, and the others got no answer: your server waits for it in a send
import select


def serve(listener, stop):
    clients = []
    while not stop.is_set():
        readable, _, _ = select.select([listener, *clients], [], [], 0.1)
        for sock in readable:
            if sock is listener:
                clients.append(listener.accept()[0])
                continue
            try:
                data = sock.recv(65536)
                sock.sendall(data)
            except OSError:
                data = b""
            if not data:
                sock.close()
                clients.remove(sock)
    for sock in clients:
        sock.close()


# === wrong: non-blocking send, what it did not take is lost ==> bytes in the middle were lost|not all came back|a part came back
import select


def serve(listener, stop):
    clients = []
    while not stop.is_set():
        readable, _, _ = select.select([listener, *clients], [], [], 0.1)
        for sock in readable:
            if sock is listener:
                clients.append(listener.accept()[0])
                clients[-1].setblocking(False)
                continue
            try:
                data = sock.recv(65536)
                sock.send(data)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                sock.close()
                clients.remove(sock)
    for sock in clients:
        sock.close()


# === wrong: closed at the client's end, whatever is unsent ==> not all came back: your server (closed|reset the connection) with bytes that it had not sent yet
import selectors


def serve(listener, stop):
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while not stop.is_set():
        for key, events in selector.select(0.1):
            sock = key.fileobj
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ, bytearray())
                continue
            try:
                if events & selectors.EVENT_READ:
                    data = sock.recv(65536)
                    key.data.extend(data)
                    if not data:
                        raise EOFError
                if events & selectors.EVENT_WRITE:
                    del key.data[: sock.send(key.data)]
            except BlockingIOError:
                pass
            except (OSError, EOFError):
                selector.unregister(sock)
                sock.close()
                continue
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if key.data else 0)
            selector.modify(sock, wanted, key.data)
    selector.unregister(listener)
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    selector.close()


# === wrong: goes round without waiting ==> With one silent client connected your server used more than 1 % of a processor
def serve(listener, stop):
    listener.setblocking(False)
    clients = {}
    while not stop.is_set():
        try:
            sock, _ = listener.accept()
            sock.setblocking(False)
            clients[sock] = b"", False
        except OSError:
            pass
        for sock, (unsent, ended) in list(clients.items()):
            try:
                if not ended:
                    try:
                        data = sock.recv(65536)
                        unsent, ended = unsent + data, not data
                    except BlockingIOError:
                        pass
                if unsent:
                    try:
                        unsent = unsent[sock.send(unsent) :]
                    except BlockingIOError:
                        pass
                clients[sock] = unsent, ended
            except OSError:
                ended, unsent = True, b""
            if ended and not unsent:
                sock.close()
                del clients[sock]
    for sock in clients:
        sock.close()


# === wrong: always asks for writing ==> With one silent client connected your server used more than 1 % of a processor
import select


def serve(listener, stop):
    clients = {}
    while not stop.is_set():
        readable, writable, _ = select.select([listener, *clients], list(clients), [], 0.1)
        for sock in readable:
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                clients[sock] = [b"", False]
                continue
            try:
                data = sock.recv(65536)
                clients[sock][0] += data
                clients[sock][1] = clients[sock][1] or not data
            except OSError:
                clients[sock] = [b"", True]
        for sock in list(clients):
            unsent, ended = clients[sock]
            try:
                if unsent and sock in writable:
                    clients[sock][0] = unsent[sock.send(unsent) :]
            except BlockingIOError:
                pass
            except OSError:
                clients[sock] = ["", True]
            if clients[sock][1] and not clients[sock][0]:
                sock.close()
                del clients[sock]
    for sock in clients:
        sock.close()


# === wrong: asks for reading after the end ==> One client had ended its sending and did not read: your server used more than 1 % of a processor
import select


def serve(listener, stop):
    clients = {}
    while not stop.is_set():
        writing = [sock for sock, (unsent, _) in clients.items() if unsent]
        readable, writable, _ = select.select([listener, *clients], writing, [], 0.1)
        for sock in readable:
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                clients[sock] = [b"", False]
                continue
            try:
                data = sock.recv(65536)
                clients[sock][0] += data
                clients[sock][1] = not data
            except OSError:
                clients[sock] = [b"", True]
        for sock in list(clients):
            unsent, ended = clients[sock]
            try:
                if unsent and sock in writable:
                    clients[sock][0] = unsent[sock.send(unsent) :]
            except BlockingIOError:
                pass
            except OSError:
                clients[sock] = ["", True]
            if clients[sock][1] and not clients[sock][0]:
                sock.close()
                del clients[sock]
    for sock in clients:
        sock.close()


# === wrong: the notebook's patient end ==> `stop` was set while one silent client was connected, and 1.5 s later your server had not returned
import contextlib
import socket
import threading
import time


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    talks = []
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            thread = threading.Thread(target=converse, args=(connection,), daemon=True)
            thread.start()
            talks.append((connection, thread))
    for connection, thread in talks:
        thread.join(timeout=2)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


# === wrong: waits for reading while it takes nothing ==> One client sent and sent and did not read: your server used more than 1 % of a processor
import select


def serve(listener, stop):
    clients = {}
    while not stop.is_set():
        reading = [sock for sock, (_, ended) in clients.items() if not ended]
        writing = [sock for sock, (unsent, _) in clients.items() if unsent]
        readable, writable, _ = select.select([listener, *reading], writing, [], 0.1)
        for sock in readable:
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                clients[sock] = [b"", False]
                continue
            try:
                if len(clients[sock][0]) < 100_000:
                    data = sock.recv(65536)
                    clients[sock][0] += data
                    clients[sock][1] = not data
            except OSError:
                clients[sock] = [b"", True]
        for sock in list(clients):
            unsent, ended = clients[sock]
            try:
                if unsent and sock in writable:
                    clients[sock][0] = unsent[sock.send(unsent) :]
            except BlockingIOError:
                pass
            except OSError:
                clients[sock] = [b"", True]
            if clients[sock][1] and not clients[sock][0]:
                sock.close()
                del clients[sock]
    for sock in clients:
        sock.close()
