"""`libc`: the reference's prototypes called on real sockets: results, errors, blocking, arguments."""

from __future__ import annotations

import errno
import gc
import os
import socket
import subprocess
import sys
import threading
import time

import nbrun
import pytest

from labsupport import c_int, libc, sockaddr_in, socklen_t
from labsupport.c.declarations import SYSTEM

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the C library there has no sockets(7)")
SOCKETS = """
#include <sys/socket.h>
/**
 * @brief Creates a socket; the comment has a semicolon and a ( of its own.
*/
int socket(int domain, int type, int protocol);
int bind(int socket, const struct sockaddr *address, socklen_t addr_len);
int listen(int socket, int backlog);   // the backlog; capped
int accept(int socket, struct sockaddr *restrict address, socklen_t *restrict addr_len);
int connect(int socket, const struct sockaddr *address, socklen_t addr_len);
ssize_t send(int socket, const void *buf, size_t len, int flags);
ssize_t recv(int socket, void *buf, size_t len, int flags);
int close(int socket);
"""
MORE = [
    SYSTEM[name][1] for name in ("getsockname", "setsockopt", "getsockopt", "socketpair", "shutdown", "read")
]


@pytest.fixture(scope="module")
def lib():
    return libc(SOCKETS, *MORE)


@pytest.fixture
def listener(lib):
    """A listening descriptor made by C's calls alone, and where it listens."""
    fd = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = sockaddr_in(port=0, addr="127.0.0.1")
    assert lib.bind(fd, address, len(address)) == lib.listen(fd, 5) == 0
    assert lib.getsockname(fd, address, socklen_t(len(address))) == 0
    yield fd, address
    lib.close(fd)


def test_the_nine_sections_calls_by_hand(lib, listener):
    fd, where = listener
    client = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    assert lib.connect(client, where, len(where)) == 0
    peer, length = sockaddr_in(), socklen_t(len(where))
    served = lib.accept(fd, peer, length)
    assert length.value == 16 and peer.addr == "127.0.0.1" and peer.port > 0
    assert lib.send(client, b"hello", 5, 0) == 5
    buffer = bytearray(16)
    assert lib.recv(served, buffer, len(buffer), 0) == 5 and buffer[:5] == b"hello"
    assert lib.close(client) == 0
    assert lib.recv(served, memoryview(buffer), 16, 0) == 0  # the end of the stream
    assert lib.close(served) == 0


def test_accept_writes_no_more_than_the_length_says(lib, listener):
    fd, where = listener
    with socket.create_connection(where.address):
        peer, length = sockaddr_in(), socklen_t(4)
        served = lib.accept(fd, peer, length)
        lib.close(served)
    assert length.value == 16  # how much there was, of which four bytes were written
    assert peer.port > 0 and peer.addr == "0.0.0.0"


def test_a_null_pointer(lib, listener):
    fd, where = listener
    with socket.create_connection(where.address) as client:
        served = lib.accept(fd, None, None)
        assert socket.socket(fileno=served).getpeername() == client.getsockname()


def test_a_descriptor_becomes_a_python_socket_and_back(lib):
    fd = lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    sock = socket.socket(fileno=fd)
    assert (sock.family, sock.type) == (socket.AF_INET, socket.SOCK_STREAM)
    assert lib.listen(sock, 1) == 0
    assert lib.close(sock.detach()) == 0
    with pytest.raises(OSError):
        os.fstat(fd)


def test_a_python_socket_is_not_closed_behind_its_back(lib):
    with socket.socket() as sock:
        with pytest.raises(TypeError, match=r"close\(sock.detach\(\)\)"):
            lib.close(sock)
        assert sock.fileno() >= 0


def test_options_by_pointer(lib):
    with socket.socket() as sock:
        on = c_int(1)
        assert lib.setsockopt(sock, socket.SOL_SOCKET, socket.SO_KEEPALIVE, on, len(on)) == 0
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        kind, length = c_int(), socklen_t(4)
        assert lib.getsockopt(sock, socket.SOL_SOCKET, socket.SO_TYPE, kind, length) == 0
        assert (kind.value, length.value) == (socket.SOCK_STREAM, 4)


def test_a_pair_of_descriptors(lib):
    import array

    pair = array.array("i", [0, 0])
    assert lib.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, pair) == 0
    assert lib.send(pair[0], bytearray(b"x"), 1, 0) == 1
    buffer = bytearray(1)
    assert lib.read(pair[1], buffer, 1) == 1 and buffer == b"x"
    for fd in pair:
        lib.close(fd)


# --- errors of the call ---------------------------------------------------------------------------


def test_minus_one_becomes_an_oserror_of_its_own_kind(lib, listener):
    fd, where = listener
    with socket.socket() as other, pytest.raises(OSError, match=r"bind: .* \(EADDRINUSE\)") as raised:
        lib.bind(other, where, len(where))
    assert raised.value.errno == errno.EADDRINUSE
    lib.close(other_fd := lib.socket(socket.AF_INET, socket.SOCK_STREAM, 0))
    with pytest.raises(OSError, match=r"listen: .* \(EBADF\)"):
        lib.listen(other_fd, 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = sockaddr_in(port=unused.getsockname()[1], addr="127.0.0.1")
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            lib.connect(client, closed, len(closed))


def test_raw_leaves_minus_one_with_errno_beside_it():
    raw = libc("int close(int fildes); int listen(int socket, int backlog);", raw=True)
    assert raw.errno == 0
    assert raw.close(-1) == -1 and raw.errno == errno.EBADF
    assert repr(raw.errno) == f"{errno.EBADF} (EBADF)"
    with socket.socket() as sock:
        assert raw.listen(sock, 1) == 0
    assert raw.errno == errno.EBADF  # a call that succeeds leaves it: errno(3)


def test_errno_is_each_threads_own():
    raw = libc("int close(int fildes);", raw=True)
    raw.close(-1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(int(raw.errno)))
    thread.start()
    thread.join()
    assert seen == [0] and raw.errno == errno.EBADF


def test_getaddrinfo_has_no_errno():
    lib = libc(SYSTEM["getaddrinfo"][1], SYSTEM["gai_strerror"][1])
    found = lib.ffi.new("struct addrinfo **")
    assert lib.getaddrinfo(b"no such host.invalid", None, None, found) != 0
    assert isinstance(lib.gai_strerror(-2), bytes)


def test_numbers_behind_the_dots():
    import fcntl

    lib = libc("int fcntl(int fildes, int cmd, ...);")
    with socket.socket() as sock:
        assert lib.fcntl(sock, fcntl.F_SETFD, 0) == 0
        assert lib.fcntl(sock, fcntl.F_GETFD) == 0
        with pytest.raises(ValueError, match="is no int"):
            lib.fcntl(sock, fcntl.F_SETFD, 2**40)
        with pytest.raises(TypeError, match="whole number or something in memory"):
            lib.fcntl(sock, fcntl.F_SETFD, "x")


# --- blocking calls -------------------------------------------------------------------------------


def test_a_blocking_call_lets_other_threads_run(lib):
    ours, other = socket.socketpair()
    buffer, got = bytearray(4), []
    waiting = threading.Thread(target=lambda: got.append(lib.recv(ours, buffer, 4, 0)))
    waiting.start()
    counted, until = 0, time.monotonic() + 0.2
    while (
        time.monotonic() < until
    ):  # were the interpreter's lock held, nothing here would run before recv ends
        counted += 1
    assert waiting.is_alive() and counted > 100
    other.send(b"done")
    waiting.join(5)
    assert got == [4] and buffer == b"done"
    ours.close()
    other.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sends a signal as Linux does")
def test_an_interrupt_ends_a_blocking_call():
    program = """
import os, signal, socket, threading
from labsupport import libc, until
from labsupport.background import _Look
lib = libc("ssize_t recv(int socket, void *buf, size_t len, int flags);")
ours, other = socket.socketpair()
look = _Look(threading.main_thread().native_id)

def interrupt():
    until(lambda: calling and look.blocked(), timeout=20)
    os.kill(os.getpid(), signal.SIGINT)

calling = []
threading.Thread(target=interrupt).start()
try:
    calling.append(True)
    lib.recv(ours, bytearray(1), 1, 0)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=nbrun.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "interrupted\n", done.stderr


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "error", "said"),
    [
        ("listen", (3,), TypeError, "listen takes 2 arguments, 1 given: int listen"),
        ("listen", (3, 4, 5), TypeError, "3 given"),
        ("listen", ("a", 1), TypeError, "listen's argument 1, int socket: a whole number, not 'a'"),
        ("listen", (3, 1.5), TypeError, "a whole number, not 1.5"),
        ("listen", (2**40, 1), ValueError, r"does not fit, from -2\*\*31 to 2\*\*31 - 1 does"),
        ("send", (3, "hi", 2, 0), TypeError, r"argument 2, const void \*buf: bytes, not text"),
        ("send", (3, b"hi", -1, 0), ValueError, "size_t len: -1 does not fit, from 0 to"),
        ("send", (3, b"hi", 3, 0), ValueError, "send reads up to 3 bytes, and there are 2"),
        ("recv", (3, bytearray(2), 3, 0), ValueError, "recv writes up to 3 bytes, and there are 2"),
        ("recv", (3, b"  ", 2, 0), TypeError, "bytes never change; give it a bytearray"),
        ("recv", (3, memoryview(b"  "), 2, 0), TypeError, "something in memory that C may write"),
        ("recv", (3, [1], 1, 0), TypeError, r"not \[1\]"),
        ("accept", (3, sockaddr_in(), 16), TypeError, r"not 16: socklen_t\(…\), made before the call"),
        ("bind", (3, socklen_t(16), 4), TypeError, r"not socklen_t\(16\)"),
        ("bind", (3, ("127.0.0.1", 80), 16), TypeError, "something in memory that C may read"),
        ("bind", (3, b"\2\0", 16), ValueError, "bind reads up to 16 bytes, and there are 2"),
        ("getsockopt", (3, 1, 1, c_int(), socklen_t(8)), ValueError, "writes up to 8 bytes, and there are 4"),
        ("socketpair", (1, 1, 0, bytearray(4)), ValueError, "writes up to 8 bytes, and there are 4"),
    ],
)
def test_what_is_refused_before_c_is_called(lib, name, given, error, said):
    with pytest.raises(error, match=said):
        getattr(lib, name)(*given)


def test_the_kernel_judges_the_length_of_an_address(lib):
    with socket.socket() as sock:
        address = sockaddr_in(port=0, addr="127.0.0.1")
        for length in (3, 1000):
            with pytest.raises(OSError, match="EINVAL"):
                lib.bind(sock, address, length)


def test_what_a_buffer_points_to_lives_as_long_as_the_call(lib):
    ours, other = socket.socketpair()
    got, sent = [], bytes(range(200))
    buffer = bytearray(200)
    waiting = threading.Thread(target=lambda: got.append(lib.recv(ours, buffer, 200, socket.MSG_WAITALL)))
    waiting.start()
    gc.collect()
    assert lib.send(other, sent, 200, 0) == 200
    waiting.join(5)
    assert got == [200] and buffer == sent
    ours.close()
    other.close()


def test_a_name_that_was_not_given(lib):
    with pytest.raises(
        AttributeError, match="no prototype of 'poll' was given to libc; there is socket, bind"
    ):
        lib.poll(None, 0, 0)
