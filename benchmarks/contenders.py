"""What EchoServer is measured beside: the servers a Python user would write instead, each as quick as it
plainly gets.

Run as a program it is one of them, in a background thread of its own process, as a notebook has it: the port
goes to standard output, and the process ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import socket
import socketserver
import sys
import threading

CHUNK = 64 * 1024  # more is slower at small messages: above 128 KiB malloc asks the kernel for every buffer


class _Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


class _EchoHandler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while data := self.request.recv(CHUNK):
                self.request.sendall(data)
        except ConnectionError:
            pass


def threaded():
    """socketserver: a thread for each connection, which blocks in recv and in sendall."""
    server = _Threaded(("127.0.0.1", 0), _EchoHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class _EchoProtocol(asyncio.Protocol):
    """With flow control, as an echo must have it; asyncio sets TCP_NODELAY by itself."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


def asynchronous():
    """asyncio: one thread, a Protocol (streams are slower)."""
    port = []
    ready = threading.Event()

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_EchoProtocol, "127.0.0.1", 0, backlog=1024)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await server.serve_forever()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    ready.wait()
    return port[0]


def ours():
    """labsupport's EchoServer."""
    from labsupport.servers import EchoServer

    return EchoServer().port


CONTENDERS = {"EchoServer": ours, "ThreadingTCPServer": threaded, "asyncio": asynchronous}


if __name__ == "__main__":
    print(CONTENDERS[sys.argv[1]](), flush=True)
    sys.stdin.read()
