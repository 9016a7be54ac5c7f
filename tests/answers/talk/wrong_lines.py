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
