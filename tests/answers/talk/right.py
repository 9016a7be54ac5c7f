# === right: one thread, send and read by turns with selectors
import selectors
import socket


def talk(address, lines):
    unsent = memoryview("".join(line + "\n" for line in lines).encode())
    received, ended = [], False
    with socket.create_connection(address) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        if not unsent:
            sock.shutdown(socket.SHUT_WR)
            selector.modify(sock, selectors.EVENT_READ)
        while not ended:
            for _, events in selector.select():
                if events & selectors.EVENT_WRITE and unsent:
                    unsent = unsent[sock.send(unsent) :]
                    if not unsent:
                        sock.shutdown(socket.SHUT_WR)
                        selector.modify(sock, selectors.EVENT_READ)
                if events & selectors.EVENT_READ:
                    data = sock.recv(65536)
                    received.append(data)
                    ended = not data
    answers = b"".join(received).split(b"\n")
    if len(answers) != len(lines) + 1 or answers[-1]:
        raise EOFError("the server ended early")
    return [answer.decode() for answer in answers[:-1]]


# === right: makefile with newline="\n", a thread that sends, and count the answers
import socket
import threading


class Talk:
    def __init__(self, address):
        self.sock = socket.create_connection(address)
        self.error = None

    def send(self, lines):
        try:
            for line in lines:
                self.sock.sendall(line.encode("utf-8") + b"\n")
        except OSError as error:
            self.error = error

    def lines(self, count):
        with self.sock.makefile("r", encoding="utf-8", newline="\n") as file:
            for _ in range(count):
                line = file.readline()
                if not line.endswith("\n"):
                    raise EOFError("the server ended early")
                yield line[:-1]


def talk(address, lines):
    conversation = Talk(address)
    sender = threading.Thread(target=conversation.send, args=(lines,))
    sender.start()
    try:
        answers = list(conversation.lines(len(lines)))
    finally:
        try:
            conversation.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sender.join()
        conversation.sock.close()
    if conversation.error:
        raise conversation.error
    return answers


# === right: asyncio streams
import asyncio


def talk(address, lines):
    return asyncio.run(conversation(*address[:2], lines))


async def conversation(host, port, lines):
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 24)
    try:
        sending = asyncio.create_task(send(writer, lines))
        answers = []
        for _ in lines:
            answer = await reader.readuntil(b"\n")
            answers.append(answer[:-1].decode())
        await sending
        return answers
    finally:
        sending.cancel()
        writer.transport.abort()
        await asyncio.gather(sending, return_exceptions=True)


async def send(writer, lines):
    for line in lines:
        writer.write(line.encode() + b"\n")
        await writer.drain()


# === right: the notebook's client, made a list
import contextlib
import socket
import threading
from types import SimpleNamespace


def read_lines(sock, owed):
    pending = b""
    while True:
        try:
            data = sock.recv(65536)
        except TimeoutError:
            if owed():
                raise
            continue
        if not data:
            break
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            yield line.decode()
    if pending:
        raise EOFError("the server ended in the middle of a line")


def send_lines(sock, lines, progress):
    try:
        for line in lines:
            progress.asked += 1
            sock.sendall(line.encode() + b"\n")
    except (OSError, UnicodeError) as error:
        progress.error = error
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    progress.ended = True


def stop(sock, sender):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sender.join(timeout=1)


def converse(address, lines, timeout=1):
    answered, progress = 0, SimpleNamespace(asked=0, ended=False, error=None)
    with socket.create_connection(address, timeout=timeout) as sock:
        sender = threading.Thread(target=send_lines, args=(sock, lines, progress), daemon=True)
        sender.start()
        try:
            for line in read_lines(sock, owed=lambda: progress.ended or progress.asked > answered):
                answered += 1
                yield line
        finally:
            stop(sock, sender)
        if progress.error:
            raise progress.error
        if answered < progress.asked:
            raise EOFError(f"the server ended after {answered} of {progress.asked} lines")


def talk(address, lines):
    return list(converse(address, lines))
