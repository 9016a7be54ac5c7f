"""Short, settled text for arguments and results."""

import errno
import socket

import pytest

from labsupport.shown import errno_name, shown, shown_call


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"hello", 'b"hello"'),
        (b'it\'s "it"\n', r'b"it' + "'" + r's \"it\"\n"'),
        (b"", 'b""'),
        (b"x" * 24, f'b"{"x" * 24}"'),
        (bytes(65536), "65536 bytes"),
        (bytearray(10), "a buffer of 10 bytes"),
        (memoryview(bytes(10)), "a buffer of 10 bytes"),
        ("naïve", '"naïve"'),
        ("x" * 100, "100 characters"),
        ("/tmp/tmpab12/echo", '"…/echo"'),
        (("127.0.0.1", 49152), '("127.0.0.1", port)'),
        (("127.0.0.1", 80), '("127.0.0.1", 80)'),
        (("", 0), '("", 0)'),
        (("::1", 49152, 0, 0), '("::1", port)'),
        ((1, 2.5), "(1, 2.5)"),
        (1.4999998290004442, "…"),
        ((None,), "(None,)"),
        (True, "True"),
        (socket.AF_INET, "AF_INET"),
        (socket.MSG_PEEK, "MSG_PEEK"),
        (len, "len"),
        (object(), "an object"),
    ],
)
def test_shown(value, text):
    assert shown(value) == text


@pytest.mark.parametrize("value", [b"'", b'"', b"\\'\"", b"it's", "'", '"', "\\'\""])
def test_quoted_text_is_python(value):
    assert eval(shown(value)) == value


def test_a_call_as_it_was_made():
    assert shown_call("recv", (1024,)) == "recv(1024)"
    assert shown_call("accept", ()) == "accept()"
    assert shown_call("makefile", ("rb",), {"buffering": 0}) == 'makefile("rb", buffering=0)'
    with socket.socket() as sock:
        assert shown_call("serve", (sock,)) == "serve(a socket)"


def test_errno_names():
    assert errno_name(ConnectionRefusedError(errno.ECONNREFUSED, "")) == "ECONNREFUSED"
    assert errno_name(TimeoutError("timed out")) is None
    assert errno_name(ValueError()) is None
    assert errno_name(socket.gaierror(socket.EAI_NONAME, "")) == "EAI_NONAME"
