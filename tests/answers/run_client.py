# === right: a class, and recv instead of makefile
import socket


class Client:
    def __init__(self, address, timeout):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.sock.close()

    def ask(self, line):
        self.sock.sendall((line + "\n").encode())
        while b"\n" not in self.pending:
            data = self.sock.recv(1024)
            if not data:
                raise ConnectionError("the server ended early")
            self.pending += data
        answer, _, self.pending = self.pending.partition(b"\n")
        return answer.decode()


def run_client(arguments, lines, timeout):
    try:
        host, port = arguments
        if not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
            raise ValueError
    except ValueError:
        return (2, [], "Usage: client HOST PORT")
    answers = []
    try:
        with Client((host, int(port)), timeout) as client:
            for line in lines:
                answers.append(client.ask(line))
    except Exception as error:
        reason = getattr(error, "strerror", None) or error
        return (1, answers, f"{host}, port {port}: {reason}")
    return (0, answers, "")


# === right: everything sent, then read, a regular expression for the port
import re
import socket


def answers_of(address, lines, timeout):
    with socket.create_connection(address, timeout=timeout) as sock:
        sock.sendall("".join(f"{line}\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as file:
            for _ in lines:
                line = file.readline()
                if line[-1:] != b"\n":
                    raise EOFError("the server ended early")
                yield line[:-1].decode()


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not re.fullmatch("[0-9]{1,5}", arguments[1]) or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: run_client HOST PORT"
    host, port = arguments
    answers = []
    try:
        for answer in answers_of((host, int(port)), lines, timeout):
            answers.append(answer)
    except socket.gaierror as error:
        return 1, answers, f"{host}: {error.strerror}"
    except OSError as error:
        return 1, answers, f"{host} {port}: {error.strerror or error}"
    except (EOFError, UnicodeError) as error:
        return 1, answers, f"{host} {port}: {error}"
    return 0, answers, ""


# === wrong: the reference's own client: no look at the arguments ==> It raised IndexError: .*, at `s.connect
import socket


def run_client(arguments, lines, timeout):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.connect((arguments[0], int(arguments[1])))
    answers = []
    for line in lines:
        s.send((line + "\n").encode())
        answers.append(s.makefile("r", encoding="utf-8").readline()[:-1])
    s.close()
    return 0, answers, ""


# === wrong: int alone decides ==> The arguments were \["localhost", "1_0"\], which is not a host and a port
import socket


def run_client(arguments, lines, timeout):
    try:
        host, port = arguments[0], int(arguments[1])
    except (IndexError, ValueError):
        return 2, [], "usage: client.py HOST PORT"
    if len(arguments) > 2 or not 0 < port < 65536:
        return 2, [], "usage: client.py HOST PORT"
    try:
        with socket.create_connection((host, port), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            answers = []
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, [], f"{host} {port}: {error.strerror}"


# === wrong: isdigit, and then int ==> It raised ValueError: invalid literal for int.* when the arguments were \["localhost", "²"\]
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdigit() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            answers = []
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, [], f"{host} {port}: {error.strerror}"


# === wrong: the port is not looked at ==> The arguments were \["localhost", "http"\], which is not a host and a port
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    try:
        with socket.create_connection((host, port), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            answers = []
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, [], f"{host} {port}: {error.strerror}"


# === wrong: sys.exit ==> It called `sys.exit`
import sys


def run_client(arguments, lines, timeout):
    if len(arguments) != 2:
        sys.exit("usage: client.py HOST PORT")
    return converse(*arguments, lines, timeout)


import socket


def converse(host, port, lines, timeout):
    with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
        answers = []
        for line in lines:
            print(line, file=file, flush=True)
            answers.append(file.readline()[:-1])
        return 0, answers, ""


# === wrong: the kernel's text as it is ==> Nobody listened at host and port; your complaint holds `Errno`
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            answers = []
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, [], str(error)


# === wrong: a complaint that does not name the port ==> your complaint, “.*”, does not name the port: one cannot see what to mend
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            answers = []
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, [], f"{host}: {error.strerror}"


# === wrong: a UnicodeError that nobody catches ==> It raised UnicodeError: .* when there is no host called `two..dots`
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except OSError as error:
        return 1, answers, f"{host} {port}: {error.strerror}"


# === wrong: status 0 after an error ==> Nobody listened at host and port, and your status is 0: the program that started this one takes it for success
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers, complaint = [], ""
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
    except (OSError, UnicodeError) as error:
        complaint = f"{host} {port}: cannot be reached"
    return 0, answers, complaint


# === wrong: an early end is not noticed ==> The server answered 1 of 3 lines, and ended, and your status is 0
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answers.append(file.readline()[:-1])
            return 0, answers, ""
    except (OSError, UnicodeError) as error:
        return 1, answers, f"{host} {port}: cannot be reached"


# === wrong: an error loses the answers ==> the answers that came were \["hello"\], and yours are \[\]
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    try:
        answers = []
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answer = file.readline()
                if not answer:
                    raise EOFError("the server ended early")
                answers.append(answer[:-1])
            return 0, answers, ""
    except (OSError, EOFError, UnicodeError):
        return 1, [], f"{host} {port}: cannot be reached"


# === wrong: half a line taken for a line ==> The server sent `hel`, no newline, and ended
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answer = file.readline()
                if not answer:
                    raise EOFError("the server ended early")
                answers.append(answer.strip("\n"))
            return 0, answers, ""
    except (OSError, EOFError, UnicodeError) as error:
        return 1, answers, f"{host} {port}: cannot be reached"


# === wrong: no deadline for silence ==> It was .*blocked in `recv.*and was silent for more than 0.3 s|still running.*and was silent for more than 0.3 s
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        with socket.create_connection((host, int(port))) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answer = file.readline()
                if not answer.endswith("\n"):
                    raise EOFError("the server ended early")
                answers.append(answer[:-1])
            return 0, answers, ""
    except (OSError, EOFError, UnicodeError) as error:
        return 1, answers, f"{host} {port}: cannot be reached"


# === wrong: closed only where all goes well ==> after the server had ended early it (leaves|never closes) a socket
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        sock = socket.create_connection((host, int(port)), timeout)
        file = sock.makefile("rw", encoding="utf-8", newline="\n")
        for line in lines:
            print(line, file=file, flush=True)
            answer = file.readline()
            if not answer.endswith("\n"):
                raise EOFError("the server ended early")
            answers.append(answer[:-1])
        file.close()
        sock.close()
        return 0, answers, ""
    except (OSError, EOFError, UnicodeError) as error:
        return 1, answers, f"{host} {port}: cannot be reached"


# === wrong: every error has a strerror ==> fell silent; your complaint says “None”
import socket


def run_client(arguments, lines, timeout):
    if len(arguments) != 2 or not arguments[1].isdecimal() or not 0 < int(arguments[1]) < 65536:
        return 2, [], "usage: client.py HOST PORT"
    host, port = arguments
    answers = []
    try:
        with socket.create_connection((host, int(port)), timeout) as sock, sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            for line in lines:
                print(line, file=file, flush=True)
                answer = file.readline()
                if not answer.endswith("\n"):
                    raise ConnectionError(0, "the server ended early")
                answers.append(answer[:-1])
            return 0, answers, ""
    except UnicodeError:
        return 1, answers, f"{host} {port}: not to be had"
    except OSError as error:
        return 1, answers, f"{host} {port}: {error.strerror}"


# === equivalent: dropped: return f'nothing listens at {host} port {port}: is the server running?' ==> the last sentence serves instead: it names host and port too, with the kernel's words
