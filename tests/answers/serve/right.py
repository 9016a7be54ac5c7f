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
