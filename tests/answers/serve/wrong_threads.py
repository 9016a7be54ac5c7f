# === wrong: accept waits for ever ==> `stop` was set while one silent client was connected, and 1.5 s later your server had not returned: it still was in `accept`
import threading


def converse(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    while not stop.is_set():
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


# === wrong: daemon threads are left to themselves ==> leaves (a thread running|the connection that accept gave)
import contextlib
import threading


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()


# === wrong: waits for every client at the end ==> `stop` was set while one silent client was connected, and 1.5 s later your server had not returned
import threading


def converse(connection):
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass


def serve(listener, stop):
    listener.settimeout(0.1)
    threads = []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


# === wrong: a pool with a limit ==> clients connected, one more got no answer: is there a limit to your threads
from concurrent.futures import ThreadPoolExecutor


def converse(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    with ThreadPoolExecutor() as pool:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            pool.submit(converse, connection)


# === wrong: the thread does not close ==> It got every byte back, and then waited for your end
import socket
import threading


def converse(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass


def serve(listener, stop):
    listener.settimeout(0.1)
    connections, threads = [], []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connections.append(connection)
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for connection in connections:
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    for thread in threads:
        thread.join()


# === wrong: says that no more comes, and does not close ==> your server holds their connections open: a descriptor less for each
import contextlib
import socket
import threading


def converse(connection):
    with contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def serve(listener, stop):
    listener.settimeout(0.1)
    connections, threads = [], []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connections.append(connection)
        threads.append(threading.Thread(target=converse, args=(connection,)))
        threads[-1].start()
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    for thread in threads:
        thread.join()


# === wrong: closes the listener ==> You closed the listener, which is not yours
import contextlib
import socket
import threading


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    with listener:
        listener.settimeout(0.1)
        talks = []
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                thread = threading.Thread(target=converse, args=(connection,))
                thread.start()
                talks.append((connection, thread))
        for connection, thread in talks:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


# === wrong: close does not wake the threads ==> 1.5 s later your server had not returned|leaves a thread running|was not closed
import contextlib
import threading


def converse(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener, stop):
    listener.settimeout(0.1)
    talks = []
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            thread = threading.Thread(target=converse, args=(connection,), daemon=True)
            thread.start()
            talks.append((connection, thread))
    for connection, thread in talks:
        connection.close()
        thread.join()
