# === right: IPv6 first, closed by hand
import errno
import socket


def attempt():
    v6 = socket.socket(socket.AF_INET6)
    try:
        v6.bind(("::1", 0))
        v4 = socket.socket()
        try:
            v4.bind(("127.0.0.1", v6.getsockname()[1]))
        except OSError:
            v4.close()
            raise
    except OSError:
        v6.close()
        raise
    return v4, v6


def same_port_both_families():
    for _ in range(19):
        try:
            return attempt()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return attempt()


# === right: any error is one more try
import socket


def same_port_both_families():
    tries = 0
    while tries < 20:
        tries += 1
        made = []
        try:
            made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            made.append(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
            made[0].bind(("127.0.0.1", 0))
            made[1].bind(("::1", made[0].getsockname()[1]))
            return tuple(made)
        except OSError as error:
            last = error
            for sock in made:
                sock.close()
    raise last


# === right: a number found first, then asked for twice
import socket


class Pair:
    def __init__(self, port):
        self.v4 = socket.socket()
        self.v6 = None
        try:
            self.v6 = socket.socket(socket.AF_INET6)
            self.v4.bind(("127.0.0.1", port))
            self.v6.bind(("::1", port))
        except BaseException:
            self.v4.close()
            if self.v6:
                self.v6.close()
            raise


def some_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def same_port_both_families():
    for at in range(20):
        try:
            pair = Pair(some_port())
            return pair.v4, pair.v6
        except OSError:
            if at == 19:
                raise


# === equivalent: dropped: if error.errno != errno.EADDRINUSE: ==> another error ends the tries later, and in OSError too: the contract asks for no more
# === equivalent: dropped: raise ==> another error ends the tries later, and in OSError too: the contract asks for no more
# === wrong: each its own port ==> The two sockets have two port numbers: each `bind` to port 0 picks one of its own
import socket


def same_port_both_families():
    v4 = socket.socket(socket.AF_INET)
    v6 = socket.socket(socket.AF_INET6)
    v4.bind(("127.0.0.1", 0))
    v6.bind(("::1", 0))
    return v4, v6


# === wrong: one try ==> The first port was free at one address and taken at the other: you raised EADDRINUSE, at `v6.bind\(.*; another port was to be tried
import socket


def same_port_both_families():
    v4 = socket.socket(socket.AF_INET)
    v6 = socket.socket(socket.AF_INET6)
    v4.bind(("127.0.0.1", 0))
    v6.bind(("::1", v4.getsockname()[1]))
    return v4, v6


# === wrong: tries for ever ==> Every port was taken at the other address: you went on trying; after 20 tries OSError was to be raised
import socket


def same_port_both_families():
    while True:
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", 0))
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()


# === wrong: the sockets of a try in vain stay open ==> taken at the other, it never closes a socket
import socket


def same_port_both_families():
    for _ in range(20):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        v4.bind(("127.0.0.1", 0))
        try:
            v6.bind(("::1", v4.getsockname()[1]))
        except OSError:
            continue
        return v4, v6
    raise OSError("none")


# === wrong: only one of the two is closed ==> taken at the other, it never closes a socket \(`v4`\)
import socket


def same_port_both_families():
    for _ in range(20):
        v4 = socket.socket(socket.AF_INET)
        v4.bind(("127.0.0.1", 0))
        v6 = socket.socket(socket.AF_INET6)
        try:
            v6.bind(("::1", v4.getsockname()[1]))
        except OSError:
            v6.close()
            continue
        return v4, v6
    raise OSError("none")


# === wrong: bound again ==> You bound a socket a second time: an address is given once
import socket


def same_port_both_families():
    v4 = socket.socket(socket.AF_INET)
    v6 = socket.socket(socket.AF_INET6)
    for _ in range(20):
        v4.bind(("127.0.0.1", 0))
        try:
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            pass
    v4.close()
    v6.close()
    raise OSError("none")


# === wrong: every address ==> You bound `v4` to 0.0.0.0, every address of this machine; 127.0.0.1 was asked for
import socket


def same_port_both_families():
    for _ in range(20):
        v4 = socket.socket(socket.AF_INET)
        v4.bind(("", 0))
        v6 = socket.socket(socket.AF_INET6)
        v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            v6.bind(("::", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()
    raise OSError("none")


# === wrong: one socket for both ==> `v4` is one of AF_INET6 and SOCK_STREAM; it takes AF_INET
import socket


def same_port_both_families():
    both = socket.socket(socket.AF_INET6)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    both.bind(("::", 0))
    return both, both


# === wrong: the other way round ==> `v4` is one of AF_INET6 and SOCK_STREAM; it takes AF_INET
import socket


def same_port_both_families():
    v4 = socket.socket(socket.AF_INET)
    v6 = socket.socket(socket.AF_INET6)
    v4.bind(("127.0.0.1", 0))
    v6.bind(("::1", v4.getsockname()[1]))
    return v6, v4


# === wrong: the addresses, not the sockets ==> You returned \(\("127.0.0.1", \d+\), \("::1", \d+, 0, 0\)\)|You returned \("127.0.0.1", port\), and a socket was asked for
import socket


def same_port_both_families():
    with socket.socket(socket.AF_INET) as v4, socket.socket(socket.AF_INET6) as v6:
        v4.bind(("127.0.0.1", 0))
        v6.bind(("::1", v4.getsockname()[1]))
        return v4.getsockname(), v6.getsockname()


# === wrong: servers ==> `v4` listens; it was to be bound, and no more
import socket


def same_port_both_families():
    v4 = socket.create_server(("127.0.0.1", 0))
    v6 = socket.create_server(("::1", v4.getsockname()[1]), family=socket.AF_INET6)
    return v4, v6


# === wrong: the same number each time ==> The first port was free at one address and taken at the other: you raised EADDRINUSE, .*; another port was to be tried
import errno
import random
import socket


def same_port_both_families():
    port = random.randrange(20000, 30000)
    for _ in range(20):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", port))
            v6.bind(("::1", port))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: None at the end ==> Every port was taken at the other address: OSError was to be raised; you returned None
import socket


def same_port_both_families():
    for _ in range(20):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", 0))
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()


# === wrong: three tries ==> 19 ports were taken at the other address, and 20 tries were allowed: you raised EADDRINUSE
import errno
import socket


def same_port_both_families():
    for _ in range(3):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", 0))
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: a hundred tries ==> Every port was taken at the other address: you went on trying; after 20 tries
import errno
import socket


def same_port_both_families():
    for _ in range(100):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", 0))
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            v4.close()
            v6.close()
    raise OSError(errno.EADDRINUSE, "none")


# === wrong: not closed at the last try ==> where every port was taken at the other address it leaves a socket
import socket


def same_port_both_families():
    for at in range(20):
        v4 = socket.socket(socket.AF_INET)
        v6 = socket.socket(socket.AF_INET6)
        try:
            v4.bind(("127.0.0.1", 0))
            v6.bind(("::1", v4.getsockname()[1]))
            return v4, v6
        except OSError:
            if at == 19:
                raise
            v4.close()
            v6.close()
