import socket


def room_in_queue(address, timeout):
    """How many connections the listener at `address`, which nobody accepts from, still lets in."""
    clients = []
    try:
        while len(clients) < 64:  # a queue may be thousands long: no count is worth that many sockets
            # Takes names and both families; and closes its socket itself where the connect does not succeed.
            clients.append(socket.create_connection(address, timeout=timeout))
    except (TimeoutError, ConnectionRefusedError):
        pass  # full (the SYN is dropped without a word), or nobody listens; other errors are no answer
    finally:
        for client in clients:  # whichever way the loop ended
            client.close()
    return len(clients)
