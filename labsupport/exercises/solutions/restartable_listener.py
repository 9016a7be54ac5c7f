import socket


def restartable_listener(port):
    """A TCP socket that listens on 127.0.0.1 and `port`, to be had again at once after a restart."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Before bind, which is the call that asks whether the port is free. Connections that an earlier
        # server closed are in TIME-WAIT on it; they are no obstacle if both listeners have said this.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))  # this machine alone; "" would show it to the network
        listener.listen()
    except OSError:  # somebody else listens there: the caller has to know, and the socket is not needed
        listener.close()
        raise
    return listener
