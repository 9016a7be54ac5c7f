# === right: selectors, the notebook's server with an end without patience
import contextlib
import selectors
from types import SimpleNamespace

ENOUGH = 65536


def carry_on(selector, sock, talk):
    try:
        if not talk.ended and len(talk.unsent) < ENOUGH:
            with contextlib.suppress(BlockingIOError):
                data = sock.recv(ENOUGH)
                talk.unsent += data
                talk.ended = not data
        if talk.unsent:
            with contextlib.suppress(BlockingIOError):
                del talk.unsent[: sock.send(talk.unsent)]
    except OSError:
        return drop(selector, sock)
    if talk.ended and not talk.unsent:
        return drop(selector, sock)
    reads = not talk.ended and len(talk.unsent) < ENOUGH
    wanted = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if talk.unsent else 0)
    selector.modify(sock, wanted, talk)


def drop(selector, sock):
    selector.unregister(sock)
    sock.close()


def welcome(selector, listener, stop):
    try:
        sock, _ = listener.accept()
    except BlockingIOError:
        return
    except OSError:
        stop.wait(0.05)
        return
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_READ, SimpleNamespace(unsent=bytearray(), ended=False))


def serve(listener, stop):
    listener.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while not stop.is_set():
            for key, _ in selector.select(timeout=0.2):
                if key.fileobj is listener:
                    welcome(selector, listener, stop)
                else:
                    carry_on(selector, key.fileobj, key.data)
        selector.unregister(listener)
        for key in list(selector.get_map().values()):
            key.fileobj.close()


# === right: poll-like select and unbounded buffers, in a class
import select


class Echo:
    def __init__(self, listener):
        self.listener, self.unsent, self.ended = listener, {}, set()

    def step(self, timeout):
        reading = [sock for sock in self.unsent if sock not in self.ended]
        writing = [sock for sock, data in self.unsent.items() if data]
        readable, writable, _ = select.select([self.listener, *reading], writing, [], timeout)
        for sock in readable:
            if sock is self.listener:
                self.accept()
            else:
                self.guarded(self.read, sock)
        for sock in writable:
            self.guarded(self.write, sock)

    def guarded(self, act, sock):
        if sock not in self.unsent:
            return
        try:
            act(sock)
            over = sock in self.ended and not self.unsent[sock]
        except BlockingIOError:
            return
        except OSError:
            over = True
        if over:
            self.close(sock)

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        self.unsent[sock] = b""

    def read(self, sock):
        data = sock.recv(100_000)
        self.unsent[sock] += data
        if not data:
            self.ended.add(sock)

    def write(self, sock):
        self.unsent[sock] = self.unsent[sock][sock.send(self.unsent[sock]) :]

    def close(self, sock):
        sock.close()
        del self.unsent[sock]
        self.ended.discard(sock)


def serve(listener, stop):
    listener.setblocking(False)
    echo = Echo(listener)
    while not stop.is_set():
        echo.step(0.25)
    for sock in list(echo.unsent):
        echo.close(sock)


# === right: asyncio on that listener
import asyncio


async def converse(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.transport.abort() if writer.transport.is_closing() else writer.close()


async def until_stopped(listener, stop):
    tasks = {}

    async def talk(reader, writer):
        tasks[asyncio.current_task()] = writer
        await converse(reader, writer)
        del tasks[asyncio.current_task()]

    server = await asyncio.start_server(talk, sock=listener.dup())
    while not stop.is_set():
        await asyncio.sleep(0.1)
    server.close()
    for task, writer in list(tasks.items()):
        writer.transport.abort()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def serve(listener, stop):
    asyncio.run(until_stopped(listener, stop))


# === right: socketserver on that listener
import socket
import socketserver
import threading


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(8192):
                self.request.sendall(data)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    def __init__(self, listener):
        super().__init__(listener.getsockname(), Handler)
        self.socket, self.requests = listener, set()

    def fileno(self):
        return self.socket.fileno()

    def get_request(self):
        request = self.socket.accept()
        self.requests.add(request[0])
        return request

    def shutdown_request(self, request):
        self.requests.discard(request)
        request.close()

    close_request = shutdown_request

    def handle_error(self, request, address):
        pass


def serve(listener, stop):
    listener.settimeout(0.05)
    with Server(listener) as server:
        loop = threading.Thread(target=server.serve_forever, args=(0.1,))
        loop.start()
        stop.wait()
        server.shutdown()
        loop.join()
        for request in list(server.requests):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


# === right: threads that look at stop themselves
import threading


def converse(connection, stop):
    unsent, ended = b"", False
    with connection:
        connection.settimeout(0.2)
        while not stop.is_set() and not (ended and not unsent):
            try:
                if unsent:
                    unsent = unsent[connection.send(unsent) :]
                else:
                    unsent = connection.recv(65536)
                    ended = not unsent
            except TimeoutError:
                pass
            except OSError:
                return


def serve(listener, stop):
    listener.settimeout(0.2)
    threads = []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        thread = threading.Thread(target=converse, args=(connection, stop))
        thread.start()
        threads = [old for old in threads if old.is_alive()] + [thread]
    for thread in threads:
        thread.join()


# === wrong: the reference's own server: it prints ==> The first client sent a few bytes, and they did not come back
def serve(listener, stop):
    while True:
        clientsock, addr = listener.accept()
        while True:
            data = clientsock.recv(1024)
            if not data:
                break
            print(data)
        clientsock.close()


# === wrong: the reference's loop, with an echo ==> a second one got no answer: your server serves one client at a time
def serve(listener, stop):
    while True:
        clientsock, addr = listener.accept()
        while True:
            data = clientsock.recv(1024)
            if not data:
                break
            clientsock.sendall(data)
        clientsock.close()


# === wrong: one answer for each client ==> A client's second message did not come back
import threading


def converse(connection):
    with connection:
        connection.sendall(connection.recv(1024))


def serve(listener, stop):
    listener.settimeout(0.1)
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=converse, args=(connection,)).start()


# === wrong: text, cut at the zero ==> they did not come back. What came back was another thing|did not come back
import threading


def converse(connection):
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data.split(b"\0")[0])


def serve(listener, stop):
    while not stop.is_set():
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,)).start()


# === wrong: accept waits for ever ==> `stop` was set while one silent client was connected, and 1.5 s later your server had not returned: it still was in `accept`
import threading


def converse(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    while not stop.is_set():
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


# === wrong: daemon threads are left to themselves ==> leaves (a thread running|the connection that accept gave)
import contextlib
import threading


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()


# === wrong: waits for every client at the end ==> `stop` was set while one silent client was connected, and 1.5 s later your server had not returned
import threading


def converse(connection):
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass


def serve(listener, stop):
    listener.settimeout(0.1)
    threads = []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


# === wrong: a pool with a limit ==> clients connected, one more got no answer: is there a limit to your threads
from concurrent.futures import ThreadPoolExecutor


def converse(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    with ThreadPoolExecutor() as pool:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            pool.submit(converse, connection)


# === wrong: the thread does not close ==> It got every byte back, and then waited for your end
import socket
import threading


def converse(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass


def serve(listener, stop):
    listener.settimeout(0.1)
    connections, threads = [], []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connections.append(connection)
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for connection in connections:
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    for thread in threads:
        thread.join()


# === wrong: says that no more comes, and does not close ==> your server holds their connections open: a descriptor less for each
import contextlib
import socket
import threading


def converse(connection):
    with contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def serve(listener, stop):
    listener.settimeout(0.1)
    connections, threads = [], []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connections.append(connection)
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    for thread in threads:
        thread.join()


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


# === wrong: closes the listener ==> You closed the listener, which is not yours
import contextlib
import socket
import threading


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    with listener:
        listener.settimeout(0.1)
        talks = []
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                thread = threading.Thread(target=converse, args=(connection,))
                thread.start()
                talks.append((connection, thread))
        for connection, thread in talks:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


# === wrong: close does not wake the threads ==> 1.5 s later your server had not returned|leaves a thread running|was not closed
import contextlib
import threading


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
        connection.close()
        thread.join()


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


# === equivalent: dropped: for thread in conversations: ==> each thread has been woken by then, and ends by itself a moment later
# === equivalent: dropped: thread.join() ==> the same: the threads that were woken end by themselves
# === equivalent: dropped: conversations = {old: sock for old, sock in conversations.items() if old.is_alive()} ==> threads that have ended stay in a dictionary: memory, which no client sees
# === equivalent: 0.1: one more ==> it returns 1.1 s after `stop` at the latest, and the check, for busy machines, allows 1.5
# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
