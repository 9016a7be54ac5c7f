# === right: a thread for each
import socket
import threading
import time


def finish(connection, deadline, ended):
    try:
        connection.shutdown(socket.SHUT_WR)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            connection.settimeout(left)
            if not connection.recv(4096):
                ended.append(connection)
                return
    except OSError:
        pass
    finally:
        connection.close()


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, []
    threads = [threading.Thread(target=finish, args=(connection, deadline, ended)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ended)


# === right: select, in a class
import select
import socket
import time


class Farewell:
    def __init__(self, connections):
        self.waiting, self.ended = [], 0
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_WR)
                self.waiting.append(connection)
            except OSError:
                connection.close()

    def look(self, seconds):
        for connection in select.select(self.waiting, [], [], seconds)[0]:
            try:
                if connection.recv(10_000):
                    continue
                self.ended += 1
            except OSError:
                pass
            connection.close()
            self.waiting.remove(connection)


def shut_down(listener, connections, seconds):
    listener.close()
    farewell, began = Farewell(connections), time.monotonic()
    try:
        while farewell.waiting and time.monotonic() - began < seconds:
            farewell.look(seconds - (time.monotonic() - began) if seconds - (time.monotonic() - began) > 0 else 0)
    finally:
        for connection in farewell.waiting:
            connection.close()
    return farewell.ended


# === wrong: the reference's way: close and be done ==> in order and in time, and you returned|your end broke the connection off|it met a reset
def shut_down(listener, connections, seconds):
    for connection in connections:
        connection.close()
    listener.close()
    return len(connections)


# === wrong: close and be done, nobody counted ==> 3 ended in order and in time, and you returned 0
def shut_down(listener, connections, seconds):
    listener.close()
    for connection in connections:
        connection.close()
    return 0


# === wrong: one after another ==> The clients ended in another order than that of your list; a client waited for your end and it did not come
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, 0
    for connection in connections:
        with connection:
            try:
                connection.shutdown(socket.SHUT_WR)
                while (left := deadline - time.monotonic()) > 0:
                    connection.settimeout(left)
                    if not connection.recv(65536):
                        ended += 1
                        break
            except OSError:
                pass
    return ended


# === wrong: all are told, and waited for one after another ==> Of three clients the first stayed silent, and the others ended at once: 2 ended in order and in time, and you returned 0
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, 0
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    for connection in connections:
        with connection:
            try:
                while (left := deadline - time.monotonic()) > 0:
                    connection.settimeout(left)
                    if not connection.recv(65536):
                        ended += 1
                        break
            except OSError:
                pass
    return ended


# === wrong: the seconds for each ==> None of eight clients ended; the time was over long ago, and you still waited: the seconds are for all of them together
import socket


def shut_down(listener, connections, seconds):
    listener.close()
    ended = 0
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    for connection in connections:
        with connection:
            try:
                connection.settimeout(seconds)
                while connection.recv(65536):
                    pass
                ended += 1
            except OSError:
                pass
    return ended


# === wrong: a thread for each, and a timeout for each recv ==> A client went on sending a byte now and then; the time was over long ago, and you still waited
import socket
import threading


def finish(connection, seconds, ended):
    with connection:
        try:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(seconds)
            while connection.recv(65536):
                pass
            ended.append(1)
        except OSError:
            pass


def shut_down(listener, connections, seconds):
    listener.close()
    ended = []
    threads = [threading.Thread(target=finish, args=(connection, seconds, ended)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ended)


# === wrong: nobody is told ==> Three clients ended as soon as you had; a client waited for your end and it did not come
import selectors


def shut_down(listener, connections, seconds):
    listener.close()
    ended = 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        for key, _ in selector.select(seconds):
            ended += key.fileobj.recv(65536) == b""
    for connection in connections:
        connection.close()
    return ended


# === wrong: the listener last ==> While you waited for a client, another one connected: close the listener first
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    deadline, ended = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                try:
                    if key.fileobj.recv(65536):
                        continue
                    ended += 1
                except OSError:
                    pass
                selector.unregister(key.fileobj)
    for connection in connections:
        connection.close()
    listener.close()
    return ended


# === wrong: the listener is not closed ==> you returned, and the listener is not closed|another one connected
import threading
import socket
import time


def finish(connection, deadline, ended):
    with connection:
        try:
            connection.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                connection.settimeout(left)
                if not connection.recv(65536):
                    ended.append(1)
                    break
        except OSError:
            pass


def shut_down(listener, connections, seconds):
    deadline, ended = time.monotonic() + seconds, []
    threads = [threading.Thread(target=finish, args=(connection, deadline, ended)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ended)


# === wrong: waits the whole time ==> Three clients ended as soon as you had; the time was over long ago|and you waited until the time was over: nobody was left to wait for
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    time.sleep(seconds)
    ended = 0
    for connection in connections:
        with connection:
            try:
                connection.setblocking(False)
                while connection.recv(65536):
                    pass
                ended += 1
            except OSError:
                pass
    return ended


# === wrong: reads once ==> A client was still sending when you ended
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                try:
                    key.fileobj.recv(65536)
                    ended += 1
                except OSError:
                    pass
                selector.unregister(key.fileobj)
                key.fileobj.close()
    for connection in connections:
        connection.close()
    return ended


# === wrong: those that stay are not closed ==> you returned, and not every connection is closed
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                try:
                    if key.fileobj.recv(65536):
                        continue
                    ended += 1
                except OSError:
                    pass
                selector.unregister(key.fileobj)
                key.fileobj.close()
    return ended


# === wrong: one that broke off ends all ==> It raised (ConnectionResetError|OSError|BrokenPipeError).* when of two clients one reset its connection
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline, ended = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.shutdown(socket.SHUT_WR)
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if not key.fileobj.recv(65536):
                    ended += 1
                    selector.unregister(key.fileobj)
    for connection in connections:
        connection.close()
    return ended


# === wrong: one that broke off is counted ==> Of two clients one reset its connection, and the other ended: 1 ended in order and in time, and you returned 2
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    listener.close()
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                try:
                    if key.fileobj.recv(65536):
                        continue
                except OSError:
                    pass
                selector.unregister(key.fileobj)
        ended = len(connections) - len(selector.get_map())
    for connection in connections:
        connection.close()
    return ended


# === equivalent: (left := (deadline - time.monotonic())) > 0: Gt swapped ==> it differs only at the very moment when 0.0 s are left
# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
