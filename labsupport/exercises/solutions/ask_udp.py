import socket
import time


def ask_udp(address, request, timeout, tries):
    """The answer to `request` from `address`; it is asked at most `tries` times, `timeout` seconds apart."""
    found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)  # a name or a literal, of either family
    family, kind, protocol, _, server = found[0]  # server: numbers, in the form that recvfrom gives
    with socket.socket(family, kind, protocol) as sock:  # one for all tries: a late answer still finds it
        for _ in range(tries):
            sock.sendto(request, server)
            deadline = time.monotonic() + timeout  # of this try, whatever comes meanwhile
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)  # not timeout: strangers' datagrams would prolong the wait
                try:
                    answer, sender = sock.recvfrom(65535)  # more than any datagram: what is cut off is gone
                except TimeoutError:
                    break  # this try is over; the next one sends again
                if sender == server:  # all else is somebody else's, and no answer
                    return answer
    # No refusal comes up here: Linux tells it to a connected socket, and this one is not connected.
    raise TimeoutError(f"no answer in {tries} tries")
