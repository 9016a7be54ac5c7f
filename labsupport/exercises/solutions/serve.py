import contextlib
import socket
import threading


def serve(listener, stop):
    """Echo to many clients, a thread for each, until the Event `stop` is set."""
    conversations = {}  # thread: its connection, to be able to end it
    listener.settimeout(0.1)  # so that `stop` is looked at ten times a second, which costs next to nothing
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:  # nobody came in that tenth, or a caller has left the queue again
            continue
        thread = threading.Thread(target=converse, args=(connection,))
        # Forget those that have ended, or the list grows with every client that ever came.
        conversations = {old: sock for old, sock in conversations.items() if old.is_alive()}
        conversations[thread] = connection
        thread.start()
    for thread, connection in conversations.items():
        with contextlib.suppress(OSError):  # it may have ended by itself meanwhile
            connection.shutdown(socket.SHUT_RDWR)  # wakes a thread in recv or sendall; close would not
    for thread in conversations:  # all were woken before the first is waited for
        thread.join()


def converse(connection):
    """Send back what comes until the client has ended."""
    # The thread closes its own connection, on every way out. An error here is this client's alone.
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):  # b"": the client has ended, and all that it sent is sent back
            connection.sendall(data)  # waits where the client does not read, and lets nobody else wait
