# === wrong: the reference's own server: it prints ==> The first client sent a few bytes, and they did not come back
def serve(listener, stop):
    while True:
        clientsock, addr = listener.accept()
        while True:
            data = clientsock.recv(1024)
            if not data:
                break
            print(data)
        clientsock.close()


# === wrong: the reference's loop, with an echo ==> a second one got no answer: your server serves one client at a time
def serve(listener, stop):
    while True:
        clientsock, addr = listener.accept()
        while True:
            data = clientsock.recv(1024)
            if not data:
                break
            clientsock.sendall(data)
        clientsock.close()


# === wrong: one answer for each client ==> A client's second message did not come back
import threading


def converse(connection):
    with connection:
        connection.sendall(connection.recv(1024))


def serve(listener, stop):
    listener.settimeout(0.1)
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=converse, args=(connection,)).start()


# === wrong: text, cut at the zero ==> they did not come back. What came back was another thing|did not come back
import threading


def converse(connection):
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data.split(b"\0")[0])


def serve(listener, stop):
    while not stop.is_set():
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,)).start()
