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


# === wrong: the reference's own client, str to send ==> It raised TypeError.*, at `s.send\(line\)`
import socket


def talk(address, lines):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.connect(address)
    for line in lines:
        s.send(line)
    s.close()


# === wrong: the reference's own client, encoded: it never reads ==> you returned None, and a list of str was asked for
import socket


def talk(address, lines):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.connect(address)
    for line in lines:
        s.send((line + "\n").encode())
    s.close()


# === wrong: one recv for each line ==> sent its answer one byte at a time; you decoded a piece that ended within a letter
import socket


def talk(address, lines):
    with socket.create_connection(address) as sock:
        answers = []
        for line in lines:
            sock.sendall(line.encode() + b"\n")
            answers.append(sock.recv(65536).decode().rstrip("\n"))
        return answers


# === wrong: decodes what recv gave ==> you decoded a piece that ended within a letter
import socket


def talk(address, lines):
    text = ""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            text += data.decode()
    return text.split("\n")[:-1]


# === wrong: no newline ==> without a newline at its end: for it the line is not over
import socket


def talk(address, lines):
    answers = []
    with socket.create_connection(address) as sock:
        for line in lines:
            sock.sendall(line.encode())
            answers.append(sock.recv(65536).decode())
    return answers


# === wrong: reads to the end and does not say that no more comes ==> Every line had been answered, and you neither ended nor returned
import socket


def talk(address, lines):
    received = b""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        while data := sock.recv(65536):
            received += data
    return received.decode().split("\n")[:-1]


# === wrong: splitlines ==> you cut them elsewhere: .* A line ends at `\\n`, and nowhere else
import socket


def talk(address, lines):
    received = b""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            received += data
    return received.decode().splitlines()


# === wrong: an empty line taken for the end ==> you returned 0 of 5 lines. You took an empty line for the end
import socket


def talk(address, lines):
    answers = []
    with socket.create_connection(address) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        sock.shutdown(socket.SHUT_WR)
        while line := file.readline().rstrip("\n"):
            answers.append(line)
    return answers


# === wrong: strip ==> `strip` takes more than the newline
import socket


def talk(address, lines):
    with socket.create_connection(address) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        return [file.readline().strip() for _ in lines]


# === wrong: a text file's own line ends ==> `\\r` and U\+2028; you cut them elsewhere
import socket


def talk(address, lines):
    with socket.create_connection(address) as sock, sock.makefile("rw", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        return [file.readline().removesuffix("\n") for _ in lines]


# === wrong: lines with their newline ==> your lines still have their newline
import socket


def talk(address, lines):
    with socket.create_connection(address) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        return [file.readline() for _ in lines]


# === wrong: an early end taken for the end ==> ended after 1 of 3 lines; you returned \["hello"\], as if that were all
import socket


def talk(address, lines):
    received = b""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            received += data
    return received.decode().split("\n")[:-1]


# === wrong: an early end gives empty lines ==> ended after 1 of 3 lines; you returned \["hello", "", ""\], as if that were all
import socket


def talk(address, lines):
    with socket.create_connection(address) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        return [file.readline().removesuffix("\n") for _ in lines]


# === wrong: sends everything, then reads ==> you read nothing meanwhile, .*: each waited for the other
import socket


def talk(address, lines):
    received = b""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(65536):
            received += data
    answers = received.decode().split("\n")[:-1]
    if len(answers) < len(lines):
        raise EOFError("the server ended early")
    return answers


# === wrong: line by line, each sent whole before it reads ==> one line of two megabytes.* you read nothing meanwhile
import socket


def talk(address, lines):
    answers, pending = [], b""
    with socket.create_connection(address) as sock:
        for line in lines:
            sock.sendall(line.encode() + b"\n")
            while b"\n" not in pending:
                data = sock.recv(65536)
                if not data:
                    raise EOFError("the server ended early")
                pending += data
            answer, pending = pending.split(b"\n", 1)
            answers.append(answer.decode())
    return answers


# === wrong: IPv4 alone ==> It raised gaierror.* when a server at ::1
import socket
import threading


def talk(address, lines):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    data = "".join(line + "\n" for line in lines).encode()
    with sock:
        sock.connect(address)
        received = b""
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while piece := sock.recv(65536):
            received += piece
    if received != data:
        raise EOFError
    return received.decode().split("\n")[:-1]


# === wrong: closes at the end only ==> after the server had ended early it never closes|leaves a socket .* open
import socket


def talk(address, lines):
    sock = socket.create_connection(address)
    data = "".join(line + "\n" for line in lines).encode()
    received = b""
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    while piece := sock.recv(65536):
        received += piece
    if received != data:
        raise EOFError("the server ended early")
    sock.close()
    return received.decode().split("\n")[:-1]


# === wrong: closes nothing ==> It works, and never closes a socket \(`sock`\)
import socket


def talk(address, lines):
    sock = socket.create_connection(address)
    data = "".join(line + "\n" for line in lines).encode()
    received = b""
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    while piece := sock.recv(65536):
        received += piece
    return received.decode().split("\n")[:-1]


# === wrong: swallows a refused connection ==> obody listened at the address: ConnectionRefusedError was to be raised; you returned \[\]
import socket


def talk(address, lines):
    received = b""
    data = "".join(line + "\n" for line in lines).encode()
    try:
        sock = socket.create_connection(address)
    except OSError:
        return []
    with sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while piece := sock.recv(65536):
            received += piece
    if received != data:
        raise EOFError("the server ended early")
    return received.decode().split("\n")[:-1]


# === wrong: a reset taken for an end ==> reset the connection after 1 of 3 lines; you returned \["hello"\], as if
import socket


def talk(address, lines):
    received = b""
    data = "".join(line + "\n" for line in lines).encode()
    with socket.create_connection(address) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                received += piece
            if received != data:
                raise EOFError("the server ended early")
        except OSError:
            pass
    return received.decode().split("\n")[:-1]


# === wrong: does not connect where there is nothing to say ==> here were no lines, and so you did not connect
import socket


def talk(address, lines):
    received = b""
    data = "".join(line + "\n" for line in lines).encode()
    if not lines:
        return []
    with socket.create_connection(address) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while piece := sock.recv(65536):
            received += piece
    if received != data:
        raise EOFError("the server ended early")
    return received.decode().split("\n")[:-1]


# === wrong: a sender that nobody wakes ==> while it was sending, and read no more, it leaves a thread running
import socket
import threading


def send(sock, data):
    try:
        sock.sendall(data)
    except OSError:
        pass


def talk(address, lines):
    received = b""
    data = "".join(line + "\n" for line in lines).encode()
    with socket.create_connection(address) as sock:
        threading.Thread(target=send, args=(sock, data), daemon=True).start()
        while len(received) < len(data):
            piece = sock.recv(65536)
            if not piece:
                raise EOFError("the server ended early")
            received += piece
    return received.decode().split("\n")[:-1]


# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
# === equivalent: dropped: sender.join() ==> the shutdown before it has woken the thread, which ends by itself a moment later
# === equivalent: with contextlib.suppress(OSError): left out ==> the thread's error is printed, and nothing else differs: the reader meets the same error
