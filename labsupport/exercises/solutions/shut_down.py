import contextlib
import selectors
import socket
import time


def shut_down(listener, connections, seconds):
    """End all conversations within `seconds`; the number of clients that ended in order."""
    deadline = time.monotonic() + seconds  # for all of them together
    listener.close()  # first: who comes now is refused at once, and does not wait in a queue for nobody
    ended = 0
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for connection in connections:
            stack.enter_context(connection)  # closed at the end, whatever becomes of it
            with contextlib.suppress(OSError):  # a client that has broken off: select will tell
                connection.shutdown(socket.SHUT_WR)  # to every client, before any is waited for
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                try:
                    # What still comes is read: a close with something unread would break the connection off.
                    over = not key.fileobj.recv(65536)
                    ended += over
                except OSError:  # this client broke off: it is over, not in order
                    over = True
                if over:
                    selector.unregister(key.fileobj)
    return ended
