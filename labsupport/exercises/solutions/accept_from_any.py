import select


def accept_from_any(listeners, seconds):
    """(connection, address) of the next caller at any of the listeners, or None after `seconds`."""
    ready, _, _ = select.select(listeners, [], [], seconds)  # one wait for all; the kernel says who is called
    if not ready:
        return None
    return ready[0].accept()  # one alone: the callers of the others stay in their queues, for the next time
