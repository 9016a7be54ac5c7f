# === right: a file that reads to the end
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as stream:
            return stream.read()


# === right: getaddrinfo by hand, send in a loop
import socket


def dial(host, port):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def ask_and_read(address, request):
    sock = dial(address[0], address[1])
    try:
        while request:
            request = request[sock.send(request) :]
        sock.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := sock.recv(1000):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        sock.close()


# === right: a class, and single bytes
import socket


class Question:
    def __init__(self, address):
        self.sock = socket.create_connection(address, timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.sock.close()

    def put(self, request):
        self.sock.sendall(request)
        self.sock.shutdown(socket.SHUT_WR)

    def __iter__(self):
        return iter(lambda: self.sock.recv(1), b"")


def ask_and_read(address, request):
    with Question(address) as question:
        question.put(request)
        return b"".join(question)


# === right: a thread that sends
import socket
import threading


def ask_and_read(address, request):
    def ask():
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)

    with socket.create_connection(address) as sock:
        asking = threading.Thread(target=ask)
        asking.start()
        answer = bytearray()
        try:
            while piece := sock.recv(65536):
                answer += piece
        finally:
            asking.join()
        return bytes(answer)


# === wrong: the question never ends ==> blocked in `recv`.*server waits for the end of your question
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: one recv ==> in three pieces and closed; you returned after the first
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(65536)


# === wrong: a line ==> in three pieces and closed; you returned after the first
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as stream:
            return stream.readline()


# === wrong: closes to end the question ==> It raised OSError \(EBADF\), at `answer = sock.recv\(65536\)`
import socket


def ask_and_read(address, request):
    sock = socket.create_connection(address)
    sock.sendall(request)
    sock.close()
    answer = sock.recv(65536)
    return answer


# === wrong: both directions shut ==> you had stopped reading before: you returned b""
import socket


def ask_and_read(address, request):
    answer = b""
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_RDWR)
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: never closes ==> never closes a socket \(`sock`\)
import socket


def ask_and_read(address, request):
    sock = socket.create_connection(address)
    sock.sendall(request)
    sock.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := sock.recv(65536):
        answer += piece
    return answer


# === wrong: closes only when all went well ==> after a reset it leaves a socket
import socket


def ask_and_read(address, request):
    sock = socket.create_connection(address)
    sock.sendall(request)
    sock.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := sock.recv(65536):
        answer += piece
    sock.close()
    return answer


# === wrong: a socket that could not connect is forgotten ==> when it is refused it leaves a socket
import socket


def ask_and_read(address, request):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family)
    sock.connect(address)
    with sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: half an answer for a whole one ==> in the middle of its answer: ConnectionResetError was to be raised; you returned
import socket


def ask_and_read(address, request):
    answer = b""
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        try:
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer


# === wrong: refused is no answer ==> Nobody listens at the address: ConnectionRefusedError was to be raised; you returned b""
import socket


def ask_and_read(address, request):
    try:
        sock = socket.create_connection(address)
    except OSError:
        return b""
    with sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: one family ==> It raised (gaierror|OSError)
import socket


def ask_and_read(address, request):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.connect(address)
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: an empty question is not asked ==> An empty question was not asked
import socket


def ask_and_read(address, request):
    if not request:
        return b""
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: an empty answer is an error ==> raised EOFError.*when the server closed without an answer
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    if not answer:
        raise EOFError("no answer")
    return answer


# === wrong: an end that it sends as a byte ==> blocked in `recv`.*waits for the end of your question
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request + b"\0")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


# === wrong: text ==> It raised (TypeError|AttributeError)
import socket


def ask_and_read(address, request):
    with socket.create_connection(address) as sock:
        sock.sendall(request.encode())
        sock.shutdown(socket.SHUT_WR)
        return sock.makefile().read()


# === equivalent: 65536: one more ==> how much one recv may bring does not matter
