# === right: select before each call
import select
import socket
import time


def wait(sock, deadline, reading):
    left = max(0, deadline - time.monotonic())
    ready = select.select([sock] if reading else [], [] if reading else [sock], [], left)
    if not any(ready) or left == 0:
        raise TimeoutError


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    sock = socket.create_connection(address, max(timeout, 0.001))
    try:
        sock.setblocking(False)
        while request:
            wait(sock, deadline, reading=False)
            request = request[sock.send(request) :]
        sock.shutdown(socket.SHUT_WR)
        pieces = []
        while not pieces or pieces[-1]:
            wait(sock, deadline, reading=True)
            pieces.append(sock.recv(4096))
        return b"".join(pieces)
    finally:
        sock.close()


# === right: asyncio with one timeout around it
import asyncio


def fetch(address, request, timeout):
    return asyncio.run(conversation(*address[:2], request, timeout))


async def conversation(host, port, request, timeout):
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(request)
            await writer.drain()
            writer.write_eof()
            return await reader.read()
        finally:
            writer.transport.abort()


# === right: a thread that shuts the connection down when the time is over
import socket
import threading
import time


class Fetch:
    def __init__(self, address, timeout):
        if timeout <= 0:
            raise TimeoutError
        self.late = False
        began = time.monotonic()
        self.sock = socket.create_connection(address, timeout)
        self.sock.settimeout(None)
        self.timer = threading.Timer(timeout - (time.monotonic() - began), self.stop)

    def stop(self):
        self.late = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self, request):
        with self.sock:
            self.timer.start()
            try:
                self.sock.sendall(request)
                self.sock.shutdown(socket.SHUT_WR)
                with self.sock.makefile("rb") as file:
                    answer = file.read()
            except OSError:
                if not self.late:
                    raise
            finally:
                self.timer.cancel()
                self.timer.join()
        if self.late:
            raise TimeoutError
        return answer


def fetch(address, request, timeout):
    return Fetch(address, timeout).run(request)


# === wrong: the reference's calls: one send, one recv ==> did not say that no more comes
import socket


def fetch(address, request, timeout):
    clientsock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    clientsock.settimeout(timeout)
    clientsock.connect(address)
    clientsock.send(request)
    data = clientsock.recv(1024)
    clientsock.close()
    return data


# === wrong: one recv ==> answered in three pieces; you returned the first 6 of 28 bytes: read until it ends
import socket


def fetch(address, request, timeout):
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(65536)


# === wrong: a timeout for each call ==> a socket's timeout is for one call and begins anew at the next
import socket


def fetch(address, request, timeout):
    answer = b""
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            answer += data
    return answer


# === wrong: no timeout at all ==> The server never answered, and you still waited long after the deadline
import socket


def fetch(address, request, timeout):
    answer = b""
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            answer += data
    return answer


# === wrong: the connect has no deadline ==> Nothing answered the connect, and you still waited
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = b""
    with socket.create_connection(address) as sock:
        while True:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            if request:
                sock.sendall(request)
                sock.shutdown(socket.SHUT_WR)
                request = b""
                continue
            if not answer:
                try:
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            data = sock.recv(65536)
            if not data:
                return answer
            answer += data


# === wrong: looks at the clock only when recv waited in vain ==> began anew at the next|begins anew at the next
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = b""
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.1)
        while True:
            try:
                data = sock.recv(65536)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
                continue
            if not data:
                return answer
            answer += data


# === wrong: a negative timeout ==> `settimeout` was given a negative number|There were 0 s. A timeout of 0 makes a socket non-blocking
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = bytearray()
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        while True:
            sock.settimeout(deadline - time.monotonic())
            data = sock.recv(65536)
            if not data:
                return bytes(answer)
            answer += data


# === wrong: what is left, at least 0 ==> A timeout of 0 makes a socket non-blocking
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = bytearray()
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        try:
            while data := sock.recv(65536):
                answer += data
                left = deadline - time.monotonic()
                sock.settimeout(left if left > 0.05 else 0)
        except TimeoutError:
            raise
        return bytes(answer)


# === wrong: returns what came when the time is over ==> when the time was over you returned .*, as if that were the whole answer
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = bytearray()
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                data = sock.recv(65536)
            except TimeoutError:
                break
            if not data:
                break
            answer += data
    return bytes(answer)


# === wrong: returns None when the time is over ==> TimeoutError
import socket


def fetch(address, request, timeout):
    answer = b""
    try:
        with socket.create_connection(address, timeout) as sock:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            while data := sock.recv(65536):
                answer += data
    except TimeoutError:
        return None
    return answer


# === wrong: a send loop whose timeout begins anew ==> each `send` had a timeout of its own|There were 0 s
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = bytearray()
    with socket.create_connection(address, timeout) as sock:
        sent = 0
        while sent < len(request):
            sent += sock.send(request[sent:])
        sock.shutdown(socket.SHUT_WR)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            data = sock.recv(65536)
            if not data:
                return bytes(answer)
            answer += data


# === wrong: not closed after the deadline ==> after the deadline it (leaves|never closes) a socket
import socket
import time


def fetch(address, request, timeout):
    deadline = time.monotonic() + timeout
    answer = bytearray()
    sock = socket.create_connection(address, timeout)
    try:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            data = sock.recv(65536)
            if not data:
                sock.close()
                return bytes(answer)
            answer += data
    except ConnectionError:
        sock.close()
        raise


# === wrong: a reset taken for an end ==> reset the connection in the middle of its answer: ConnectionResetError was to be raised; you returned b"it is"
import socket


def fetch(address, request, timeout):
    answer = b""
    with socket.create_connection(address, timeout) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        try:
            while data := sock.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
    return answer


# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
# === equivalent: dropped: sock.settimeout(left(deadline)) ==> the timeout that create_connection set is longer by the time that connecting took, next to nothing on loopback
# === equivalent: seconds <= 0: LtE swapped ==> it differs only at the very moment when 0.0 s are left
