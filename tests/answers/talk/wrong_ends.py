# === wrong: reads to the end and does not say that no more comes ==> Every line had been answered, and you neither ended nor returned
import socket


def talk(address, lines):
    received = b""
    with socket.create_connection(address) as sock:
        sock.sendall("".join(line + "\n" for line in lines).encode())
        while data := sock.recv(65536):
            received += data
    return received.decode().split("\n")[:-1]


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
