"""`libc` and prototypes: faulty ones are refused with what differs from the system's."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys

import nbrun
import pytest

from labsupport import libc
from labsupport.c import ConflictingTypes
from labsupport.c.declarations import SYSTEM

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the C library there has no sockets(7)")
FAULTY = {
    "int bind(int socket, struct sockaddr *address, int addr_len);": (
        "parameter 2, address: yours is struct sockaddr *, the system's const struct sockaddr *",
        "parameter 3, addr_len: yours is int, the system's socklen_t",
    ),
    "int accept(int socket, struct sockaddr *address, int *addr_len);": (
        "parameter 3, addr_len: yours is int *, the system's socklen_t *",
    ),
    "int connect(int socket, struct sockaddr *address, int addr_len);": (
        "parameter 2, address: yours is struct sockaddr *, the system's const struct sockaddr *",
        "parameter 3, addr_len: yours is int, the system's socklen_t",
    ),
}


@pytest.mark.parametrize("text", FAULTY)
def test_the_references_faulty_prototypes_are_refused_with_what_differs(text):
    with pytest.raises(ConflictingTypes) as raised:
        libc(text)
    name = text.split("(")[0].split()[1]
    lines = str(raised.value).splitlines()
    assert lines[0] == f"conflicting types for '{name}', which <sys/socket.h> declares:"
    assert tuple(line.strip() for line in lines[1:-1]) == FAULTY[text]
    assert lines[-1] == f"the system's: {SYSTEM[name][1]}"


@pytest.mark.parametrize(
    "text",
    [
        "int socket(int domain, int type, int protocol);",
        "int listen(int socket, int backlog);",
        "ssize_t send(int socket, const void *buf, size_t len, int flags);",
        "ssize_t recv(int socket, void *buf, size_t len, int flags);",
        "int close(int socket);",
        "extern int bind(int, struct sockaddr const *, unsigned int);",
        "int\nbind(const int fd, const struct sockaddr * a, socklen_t l) ;",
        "int setsockopt(int s, int l, int o, const void v[], socklen_t n);",
    ],
)
def test_what_c_takes_as_the_same_type_is_accepted(text):
    libc(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int listen(int socket);", "yours takes 1 parameter, the system's 2 parameters"),
        (
            "int send(int s, const void *b, size_t l, int f);",
            "the result: yours is int, the system's ssize_t",
        ),
        ("int fcntl(int fd, int cmd);", "the system's 2 parameters and more"),
        ("char *gai_strerror(int ecode);", r"yours is char \*, the system's const char \*"),
    ],
)
def test_other_differences(text, said):
    with pytest.raises(ConflictingTypes, match=said):
        libc(text)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("int listen(int socket, int backlog)", ValueError, "ends with a semicolon"),
        ("int listen(int socket, int backlog);\nint close(int fd)", ValueError, "ends with a semicolon"),
        ("listen;", ValueError, "no function's prototype: 'listen'"),
        ("int listen(int, int;", ValueError, "no function's prototype"),
        ("", ValueError, "no prototype in ''"),
        ("int no_such_function(int x);", ValueError, "the C library has no function 'no_such_function'"),
        ("int bind(sockaddr *a);", ValueError, "sockaddr is no type here; struct sockaddr is"),
        ("int listen(int a, foo_t b);", ValueError, "foo_t is no type here"),
        (b"int close(int fd);", TypeError, "a prototype is text"),
        (7, TypeError, "a prototype is text"),
    ],
)
def test_what_is_no_prototype(given, error, said):
    with pytest.raises(error, match=said):
        libc(given)


def test_without_a_prototype_at_all():
    with pytest.raises(TypeError, match="libc takes prototypes"):
        libc()


def test_it_shows_the_header_of_each():
    lib = libc("int close(int socket); int listen(int socket, int backlog);")
    assert repr(lib).splitlines() == [
        "int close(int socket);  <unistd.h>",
        "int listen(int socket, int backlog);  <sys/socket.h>",
    ]
    assert {"close", "listen", "errno"} <= set(dir(lib))


@pytest.mark.skipif(not ctypes.util.find_library("c"), reason="needs a C library that can be found")
def test_every_prototype_of_the_table_is_one_of_this_c_library():
    lib = libc(*(text for _, text in SYSTEM.values()))
    assert set(SYSTEM) <= set(dir(lib))


def test_without_cffi_it_says_how_to_get_it():
    program = """
import sys
sys.modules["cffi"] = None
from labsupport import libc, sockaddr_in
print(len(sockaddr_in(port=80)))
try:
    libc("int close(int fildes);")
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=nbrun.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.splitlines()[0] == "16"
    assert "needs the package cffi" in done.stdout and "lab.py setup" in done.stdout, done.stderr
