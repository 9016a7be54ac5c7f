# === right: create_server
import socket


def restartable_listener(port):
    return socket.create_server(("127.0.0.1", port))


# === right: a backlog, and what fails is closed by an ExitStack
import contextlib
import socket


def restartable_listener(port):
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        sock.bind(("localhost", port))
        sock.listen(5)
        stack.pop_all()
    return sock


# === right: a flag and finally
import socket


def restartable_listener(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    done = False
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(128)
        done = True
        return server
    finally:
        if not done:
            server.close()


# === wrong: the reference's way, without the option ==> TIME-WAIT .* You do not set SO_REUSEADDR
import socket


def restartable_listener(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(5)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: the reference's two names ==> It raised NameError
import socket


def restartable_listener(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    serversock.bind(("127.0.0.1", port))
    serversock.listen(5)
    return serversock


# === wrong: the option after bind ==> You set SO_REUSEADDR after `bind`
import socket


def restartable_listener(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(("127.0.0.1", port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.listen(5)
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: the option switched off ==> TIME-WAIT .* The option that you set is not SO_REUSEADDR, or you set it to 0
import socket


def restartable_listener(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: SO_REUSEPORT instead ==> SO_REUSEADDR is not set.*lets two servers listen at once
import socket


def restartable_listener(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


# === wrong: both options ==> you listen there as well, .* with SO_REUSEPORT both
import socket


def restartable_listener(port):
    return socket.create_server(("127.0.0.1", port), reuse_port=True)


# === wrong: no listen ==> is bound and does not listen
import socket


def restartable_listener(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


# === wrong: every address ==> You bound 0.0.0.0, every address of the machine
import socket


def restartable_listener(port):
    return socket.create_server(("", port))


# === wrong: the socket is not closed where the port is taken ==> where another program listened on the port it (leaves|never closes) a socket
import socket


def restartable_listener(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen()
    return sock


# === wrong: closed by with on its way out ==> You returned a closed socket: .* Is it made in a `with`
import socket


def restartable_listener(port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        return sock


# === wrong: another port where this one is taken ==> you took another port
import socket


def restartable_listener(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock


# === wrong: swallows the error ==> EADDRINUSE\) was to be raised; you returned None
import socket


def restartable_listener(port):
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        return sock
    except OSError as error:
        print(error)
        sock.close()


# === wrong: tries until the port is free ==> still running .* when the 2 s were over: the server before
import socket
import time


def restartable_listener(port):
    while True:
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen()
            return sock
        except OSError:
            sock.close()
            time.sleep(0.05)


# === wrong: resets instead of TIME-WAIT ==> end with a reset, .* SO_LINGER
import socket
import struct


def restartable_listener(port):
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


# === equivalent: 1: one more ==> the option is on with whatever is not 0
