def last_callers(listener):
    """Accept everyone who waits in the queue of `listener`, close it, and return their connections."""
    connections = []
    with listener:  # closes it at the end, whichever that is; not before: closing resets those who wait
        listener.setblocking(False)  # accept says "nobody waits" instead of waiting for somebody
        while True:
            try:
                connection, _ = listener.accept()  # the new socket blocks, whatever its listener does
            except BlockingIOError:  # the queue is empty: the one error that is the end of the loop
                return connections
            connections.append(connection)
