import select


def accept_within(listener, seconds):
    """(connection, address) of the next caller, or None where nobody comes within `seconds`."""
    # select waits, and so the listener's own timeout need not be touched; 0 seconds: a look.
    ready, _, _ = select.select([listener], [], [], seconds)
    if not ready:
        return None
    return listener.accept()  # does not wait: somebody is in the queue, even one who has left again
