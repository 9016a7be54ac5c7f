"""A client and a server, each in C and in Python: all four pairs, over IPv4, IPv6 and the private network."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import struct
import subprocess
import threading

import pytest
from c_programs import COMPILERS, SANITIZED, STRICT, WAITS, build, python_client, python_server, serving
from abilities import has_ipv6

from labsupport import Network, until

pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs a C compiler: gcc or clang")
compilers = pytest.mark.parametrize("compiler", COMPILERS)
pairs = pytest.mark.parametrize(
    ("client", "server"), [(client, server) for client in ("C", "Python") for server in ("C", "Python")]
)
needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="needs IPv6 on loopback")
MEBIBYTE = 1 << 20
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def commands(folder):
    """{(program, language): command without host and port}."""
    return {
        ("client", "C"): [str(build("client", COMPILERS[0], folder))],
        ("server", "C"): [str(build("server", COMPILERS[0], folder))],
        ("client", "Python"): python_client(),
        ("server", "Python"): python_server(),
    }


def lines(seed):
    """A mebibyte of UTF-8 lines of all lengths, the empty one and a very long one among them."""
    dice, text = random.Random(seed), ["", "x" * 200_000, "déjà vu €"]
    while sum(map(len, text)) < MEBIBYTE:
        text.append("".join(dice.choices("abc é€𝄞\r\u2028 ", k=dice.randrange(3000))))
    return "".join(line + "\n" for line in text).encode()


@contextlib.contextmanager
def client_of(command, host, port):
    process = subprocess.Popen(
        [*command, host, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for file in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                file.close()


def in_pieces(file, data, seed):
    """Write `data` in random pieces, and close; in a thread where what comes back has to be read meanwhile."""
    dice, at = random.Random(seed), 0
    with file:
        while at < len(data):
            size = dice.choice((1, 7, 1000, 60_000))
            file.write(data[at : at + size])
            file.flush()
            at += size


def exchanged(process, data):
    """What the client prints while it is fed `data` in pieces."""
    feeding = threading.Thread(target=in_pieces, args=(process.stdin, data, 5))
    feeding.start()
    printed = process.stdout.read()
    feeding.join(WAITS)
    assert process.wait(WAITS) == 0, process.stderr.read()
    return printed


@pairs
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_mebibyte_there_and_back(client, server, host, commands):
    data = lines(1)
    with serving(commands["server", server], host) as (_, port):
        with client_of(commands["client", client], host, port) as process:
            assert exchanged(process, data) == data


@pairs
@pytest.mark.skipif(not Network.available(), reason="needs a private network")
def test_a_mebibyte_over_the_private_network(client, server, commands):
    data = lines(2)
    with Network() as net:
        command = commands["server", server]
        words = [*command, net.b.address, *(["0"] if server == "C" else [])]
        reading, writing = os.pipe()
        with open(writing, "wb", 0), open(reading, "rb") as listening:
            serves = net.b.run(words, stdin=subprocess.PIPE, stdout=writing)
            port = listening.readline().split()[-1].decode()
            talks = net.a.run([*commands["client", client], net.b.address, port], stdin=subprocess.PIPE)
            with contextlib.suppress(BrokenPipeError):  # what it says on its way out is more telling
                in_pieces(talks.stdin, data, 7)
            printed, complained = talks.communicate(timeout=WAITS)
            assert (complained, talks.returncode) == ("", 0)
            assert printed == data.decode()
            serves.stdin.close()  # it ends with its input, the one in C by a signal
            if server == "C":
                serves.terminate()
            assert serves.communicate(timeout=WAITS)[1] == "" and serves.returncode == 0


@compilers
@pytest.mark.parametrize("name", ["client", "server"])
def test_not_one_warning(name, compiler, folder):
    build(name, compiler, folder, (*STRICT, "-Wshadow", "-Wconversion", "-pedantic"))


def clean(compiler, folder, name):
    """The program with sanitizers, or skip where this compiler has none."""
    probe = subprocess.run(
        [compiler, "-fsanitize=address,undefined", "-xc", "-", "-o", folder / f"probe-{compiler}"],
        input="int main(void) { return 0; }",
        capture_output=True,
        text=True,
    )
    if probe.returncode:
        pytest.skip(f"{compiler} has no sanitizers here")
    return [str(build(name, compiler, folder, SANITIZED))]


@compilers
def test_clean_under_the_sanitizers(compiler, folder):
    data = lines(3)
    with serving(clean(compiler, folder, "server"), "127.0.0.1") as (server, port):
        with client_of(clean(compiler, folder, "client"), "127.0.0.1", port) as process:
            assert exchanged(process, data) == data
        misbehave(port)
        assert asked(port, b"still here?") == b"still here?"


def misbehave(port):
    """What clients do: come and leave, break off, leave with their echo unread, take one byte at a time."""
    for message in (b"", b"x" * 300_000):
        for reset in (False, True):
            with socket.create_connection(("127.0.0.1", int(port)), timeout=WAITS) as rude:
                rude.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    rude.sendall(message)
                if reset:
                    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def asked(port, message):
    """What the server gives back for `message`, to the end."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=WAITS) as sock:
        sock.sendall(message)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_the_server_serves_many_and_one_is_silent(commands):
    with serving(commands["server", "C"], "127.0.0.1") as (_, port):
        with socket.create_connection(("127.0.0.1", int(port))):
            misbehave(port)
            answers = [asked(port, bytes([number]) * 1000) for number in range(20)]
    assert answers == [bytes([number]) * 1000 for number in range(20)]


def test_the_server_ends_by_a_signal_without_loss_and_restarts_at_once(commands):
    command = commands["server", "C"]
    with serving(command, "127.0.0.1") as (server, port):
        with socket.create_connection(("127.0.0.1", int(port)), timeout=WAITS) as sock:
            sock.sendall(b"x" * 50_000)
            assert sock.recv(1) == b"x"  # it has begun with these
            server.terminate()
            rest = b"".join(iter(lambda: sock.recv(65536), b""))
        assert len(rest) == 49_999
        assert server.wait(WAITS) == 0
    again = subprocess.Popen([*command, "127.0.0.1", port], stdout=subprocess.PIPE, text=True)
    try:
        assert again.stdout.readline().split()[-1] == port, "TIME-WAIT kept the port"
    finally:
        again.terminate()
        again.communicate()
    assert again.returncode == 0


def test_a_client_that_does_not_end_keeps_the_server_for_two_seconds_at_most(commands):
    with serving(commands["server", "C"], "127.0.0.1") as (server, port):
        with socket.create_connection(("127.0.0.1", int(port)), timeout=WAITS) as sock:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
            server.send_signal(signal.SIGINT)
            assert sock.recv(1) == b""
            assert server.wait(WAITS) == 0


@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("refuse", "Connection refused"),
        ("reset", "the server broke off"),
        ("leave", "ended before it was told to"),
        ("no name", "not known|No address|nor servname"),
    ],
)
def test_the_client_says_what_went_wrong(act, says, commands):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if act != "refuse":
            listener.listen()
        host = "no/such/host" if act == "no name" else "127.0.0.1"
        with client_of(commands["client", "C"], host, str(listener.getsockname()[1])) as process:
            if act in ("reset", "leave"):
                sock, _ = listener.accept()
                process.stdin.write(b"hello\n")
                process.stdin.flush()
                assert sock.recv(6, socket.MSG_WAITALL) == b"hello\n"
                if act == "reset":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                sock.close()
            status = process.wait(WAITS)
            complained = process.stderr.read().decode()
    assert status == 1 and re.search(says, complained), complained


def test_the_client_outlives_a_server_that_is_gone_while_it_sends(commands):
    """No SIGPIPE: an error with a word, and a status."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with client_of(commands["client", "C"], "127.0.0.1", str(listener.getsockname()[1])) as process:
            sock, _ = listener.accept()
            sock.close()
            with contextlib.suppress(BrokenPipeError):
                for _ in range(1000):
                    process.stdin.write(b"x" * 65536)
                process.stdin.flush()
            assert process.wait(WAITS) == 1
            assert process.stderr.read().startswith(b"client: ")


@pytest.mark.parametrize("name", ["client", "server"])
def test_without_arguments_it_says_how_it_is_used(name, commands):
    done = subprocess.run(commands[name, "C"], capture_output=True, text=True, timeout=WAITS)
    assert done.returncode == 1 and done.stderr.startswith(f"usage: {name} ")


@needs_ipv6
def test_the_server_knows_both_families_at_once(commands):
    with serving(commands["server", "C"], "::") as (_, port):
        assert asked(port, b"over IPv4") == b"over IPv4"
        with socket.create_connection(("::1", int(port)), timeout=WAITS) as sock:
            sock.sendall(b"over IPv6")
            assert sock.recv(9, socket.MSG_WAITALL) == b"over IPv6"


def test_without_descriptors_the_server_waits_and_goes_on(commands):
    """Callers stay in the queue while it has no descriptor; it does not spin, and does not end."""
    limited = ["sh", "-c", f'ulimit -n 12; exec {commands["server", "C"][0]} "$@"', "server"]
    with serving(limited, "127.0.0.1") as (server, port):
        first = [socket.create_connection(("127.0.0.1", int(port)), timeout=WAITS) for _ in range(12)]
        until(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) == 12)
        for sock in first:
            sock.close()
        assert asked(port, b"after all") == b"after all"
