import select
import struct
import time


def acknowledged(sock, head, patience):
    """Whether the datagram `head` comes within `patience` seconds, whatever else comes."""
    deadline = time.monotonic() + patience  # fixed before the first wait: what is ignored prolongs nothing
    # select waits, and the socket's own timeout, which is the caller's, is left alone.
    while select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
        answer = sock.recv(len(head) + 1)  # one more: a longer datagram, cut, would look like this one
        if answer == head:  # not "something came": it may be old, and come late or twice
            return True
    return False


def deliver(sock, pieces, timeout, tries):
    """Get every piece across, one after another; how many datagrams it took."""
    sent = 0
    for number, piece in enumerate(pieces):
        head = struct.pack("!I", number)
        for attempt in range(tries):
            sock.send(head + piece)  # the same number again: so the receiver knows it for a copy
            sent += 1
            # Silence may mean that the network is overloaded: so each time wait longer.
            if acknowledged(sock, head, timeout * 2**attempt):
                break
        else:  # no break: every try was in vain
            raise TimeoutError(f"no acknowledgment of piece {number} in {tries} tries")
    return sent
