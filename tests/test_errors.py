"""`caught` keeps an error as a value, and keeps nothing else."""

import gc
import socket
import weakref

import pytest

from labsupport.errors import caught


def test_an_os_error_is_named():
    with socket.socket() as sock, caught() as error:
        sock.listen()
        sock.listen()
        sock.bind(("127.0.0.1", 0))
    assert error.name == "EINVAL"
    assert repr(error) == "OSError: Invalid argument  (errno 22, EINVAL)"


def test_another_error_has_no_errno():
    with caught() as error:
        b"".decode(3)
    assert error.name is None
    assert repr(error).startswith("TypeError: ")


def test_nothing_raised_is_said():
    with caught() as error:
        pass
    assert (error.error, error.name, repr(error)) == (None, None, "nothing was raised")


def test_an_interrupt_passes():
    with pytest.raises(KeyboardInterrupt), caught():
        raise KeyboardInterrupt


def test_no_socket_is_kept_by_the_traceback():
    def provoke():
        sock = socket.socket()
        gone.append(weakref.ref(sock))
        try:
            sock.getpeername()
        finally:
            sock.close()

    gone = []
    with caught() as error:
        provoke()
    gc.collect()
    assert error.name == "ENOTCONN"
    assert gone[0]() is None


def test_the_socket_pages_name_wins():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, caught() as error:
        sock.listen()
    assert error.name == "EOPNOTSUPP"
