import select
import struct
import time


def next_acknowledgment(sock, deadline):
    """The number in the next acknowledgment, or None when the deadline has passed."""
    # select waits, and the socket's own timeout, which is the caller's, is left alone.
    if not select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
        return None
    return struct.unpack("!I", sock.recv(4))[0]


def deliver_window(sock, pieces, window, timeout, tries):
    """Get all pieces across, up to `window` on their way at a time; how many datagrams it took."""
    datagrams = [struct.pack("!I", number) + piece for number, piece in enumerate(pieces)]
    acked = following = 0  # how many the receiver has in order; the next that was never sent
    sent = equal = silences = 0
    deadline = time.monotonic() + timeout
    while acked < len(datagrams):
        for datagram in datagrams[following : acked + window]:  # whatever there is room for
            sock.send(datagram)
            following += 1
            sent += 1
        said = next_acknowledgment(sock, deadline)
        if said is None:
            silences += 1
        elif said == acked:  # something has come there, and it was not this piece
            equal += 1
        elif said > acked:  # everything before it has come, also what no answer came for
            acked, equal, silences = said, 0, 0
            deadline = time.monotonic() + timeout
        if silences == tries:
            raise TimeoutError(f"no acknowledgment, {tries} times")
        # Two equal ones may be two pieces that swapped places; the third is taken for a loss.
        if said is None or (said == acked and equal == 3):
            sock.send(datagrams[acked])  # this one alone: what is beyond the gap may well be there
            sent += 1
            deadline = time.monotonic() + timeout
    return sent
