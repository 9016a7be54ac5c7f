import socket


def connected(family, kind, protocol, address, timeout):
    """A blocking socket, connected to this one address."""
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(timeout)  # before connect: the kernel's own patience is about two minutes
        sock.connect(address)
    except BaseException:
        sock.close()  # a socket whose connect has failed is of no further use
        raise
    sock.settimeout(None)  # the timeout was for connecting; the caller gets a blocking socket
    return sock


def connect_any(host, port, timeout):
    """A blocking socket, connected to the first of the addresses of `host` that answers."""
    last = None
    # Without the type each address would come three times: for streams, datagrams and raw sockets.
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return connected(family, kind, protocol, address, timeout)
        except OSError as error:  # refused, timed out, no way, no such family: the next may do better
            last = error  # kept under another name: `error` is gone after this block
    raise last  # getaddrinfo raises where there is no address at all, so there was an error
