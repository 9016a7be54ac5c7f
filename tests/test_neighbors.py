"""On a machine that others share a helper serves its own user alone, and a check judges its learner alone."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from abilities import has_ipv6
from answer_files import answers as known
from neighbor import Neighbor, missing

from labsupport import DiscardServer, EchoServer, until, watch
from labsupport.neighbors import Neighbors, is_neighbor
from labsupport.otherend import Kernel
from labsupport.servers import door
from labsupport.widgets.eyes import eye_of

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells whose a socket is"
)
others = pytest.mark.skipif(missing() is not None, reason=f"needs another user: {missing()}")
HOSTS = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")),
]

# argv: host, port, family, type of socket. A line when it is connected, then it waits to be told to go on.
CALLS = """
family, kind = int(sys.argv[4]), int(sys.argv[5])
sock = socket.socket(family, kind)
sock.connect((sys.argv[2], int(sys.argv[3])))
sock.settimeout(5)
sock.send(b"neighbor")
print(sock.getsockname()[1])
sys.stdin.readline()
"""
LEAVES = CALLS + "sock.close(); print('left'); sys.stdin.readline()"
# What it meets, fifty times over: "b'…'", or the error's name.
FIFTY = """
kept = []
for _ in range(50):
    sock = socket.socket(int(sys.argv[4]), int(sys.argv[5]))
    kept.append(sock)
    sock.settimeout(0.05 if int(sys.argv[5]) == socket.SOCK_DGRAM else 5)
    try:
        sock.connect((sys.argv[2], int(sys.argv[3])))
        sock.send(b"neighbor")
        said = repr(sock.recv(100))
    except OSError as error:
        said = type(error).__name__
    print(said)
"""


def calling(source, address, kind=socket.SOCK_STREAM):
    """A Neighbor that runs `source` on an address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    return Neighbor(source, *address[:2], int(family), int(kind))


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


# --- whose the other end is -----------------------------------------------------------------------


@others
@pytest.mark.parametrize("host", HOSTS)
def test_the_kernel_tells_a_neighbors_connection_from_ones_own(host):
    with socket.create_server((host, 0), family=family_of(host)) as listener:
        listener.settimeout(5)
        with calling(CALLS, listener.getsockname()) as neighbor:
            neighbor.said()
            theirs, _ = listener.accept()
            with theirs, socket.create_connection(listener.getsockname()[:2]) as client:
                ours, _ = listener.accept()
                with ours:
                    assert is_neighbor(theirs) is True
                    assert is_neighbor(ours) is False
                    assert is_neighbor(client) is False


@others
@pytest.mark.parametrize("host", HOSTS)
def test_it_tells_whose_a_datagram_is(host):
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(5)
        with calling(CALLS, sock.getsockname(), socket.SOCK_DGRAM) as neighbor:
            neighbor.said()
            _, sender = sock.recvfrom(100)
            sock.connect(sender)
            assert is_neighbor(sock) is True
        with socket.socket(family_of(host), socket.SOCK_DGRAM) as own:
            own.bind((host, 0))
            sock.connect(own.getsockname())
            assert is_neighbor(sock) is False


@others
def test_of_a_connection_that_its_client_has_closed_nobody_can_tell():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        with calling(LEAVES, listener.getsockname()) as neighbor:
            neighbor.said()
            theirs, _ = listener.accept()
            with theirs:
                neighbor.go_on()
                assert neighbor.said() == "left"
                assert is_neighbor(theirs) is False


@others
def test_a_unix_socket_says_who_connected(tmp_path):
    source = (
        "sock = socket.socket(socket.AF_UNIX); sock.connect(sys.argv[2]); print('in'); sys.stdin.readline()"
    )
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "here")
        listener.bind(path)
        listener.listen()
        with Neighbor(source, path) as neighbor:
            assert neighbor.said() == ""  # its mode keeps others out
        os.chmod(path, 0o777)
        with Neighbor(source, path) as neighbor, socket.socket(socket.AF_UNIX) as own:
            assert neighbor.said() == "in"
            own.connect(path)
            found = [is_neighbor(listener.accept()[0]) for _ in range(2)]
    assert found == [True, False]


def test_of_other_addresses_than_loopbacks_nobody_can_tell():
    neighbors = Neighbors()
    assert neighbors.owner(socket.AF_INET, ("192.0.2.2", 7), ("192.0.2.1", 9)) is None
    neighbors.close()


def test_a_socket_without_a_peer_is_refused():
    with socket.socket() as sock, pytest.raises(OSError):
        is_neighbor(sock)


def test_a_listener_that_got_the_port_later_is_not_taken_for_the_peer():
    kernel = Kernel()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        here, there = client.getpeername(), client.getsockname()
        assert kernel.other_end(socket.AF_INET, here, there).uid == os.geteuid()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        with socket.create_server(there):
            assert kernel.other_end(socket.AF_INET, here, there) is None
    kernel.close()


# --- helper servers -------------------------------------------------------------------------------


@others
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
@pytest.mark.parametrize("host", HOSTS)
def test_fifty_calls_of_a_neighbor_count_nowhere(host, kind):
    with EchoServer(host, type=kind) as server, socket.socket(family_of(host), kind) as client:
        client.settimeout(5)
        client.connect(server.address)
        client.send(b"before")
        assert client.recv(100) == b"before"
        with calling(FIFTY, server.address, kind) as neighbor:
            for _ in range(50):
                assert neighbor.said() in ("ConnectionResetError", "BrokenPipeError", "TimeoutError")
                client.send(b"during")
                assert client.recv(100) == b"during"
        assert server.turned_away == 50
        assert (server.connections, server.bytes_received) == (1 if kind == socket.SOCK_STREAM else 0, 306)
        assert server.bytes_sent == 306
        entries = [entry.what for entry in server.log if entry.what in ("accepted", "failed", "reset")]
        assert entries == ["accepted"] * (kind == socket.SOCK_STREAM)


@others
def test_watch_says_it_live_and_in_no_text():
    with EchoServer() as server:
        view = watch(server)
        before = repr(view)
        with calling(FIFTY, server.address) as neighbor:
            neighbor.said()
        assert server.turned_away
        eye = eye_of(server, "server")
        eye.sample()
        assert "turned away" in eye.live().aside
        assert repr(view) == before
        view.close()


class _Everybodys(EchoServer):
    _open_to_all = True


@others
@pytest.mark.parametrize(
    "make", [_Everybodys, lambda: EchoServer("0.0.0.0")], ids=["meant-for-all", "on-all-addresses"]
)
def test_a_server_for_everybody_serves_neighbors(make):
    with make() as server:
        with calling(FIFTY, ("127.0.0.1", server.port)) as neighbor:
            assert neighbor.said() == "b'neighbor'"
        assert server.connections and not server.turned_away


def test_ones_own_client_is_served_though_it_left_before_it_was_accepted():
    with DiscardServer() as server:
        for _ in range(20):
            with socket.create_connection(server.address) as client:
                client.send(b"x")
        until(lambda: server.bytes_received == 20)
        assert server.connections == 20 and not server.turned_away


def test_where_the_kernel_cannot_be_asked_everybody_is_served(monkeypatch):
    monkeypatch.setattr("labsupport.otherend._LINUX", False)
    with EchoServer() as server, socket.create_connection(server.address, timeout=5) as client:
        client.send(b"hello")
        assert client.recv(100) == b"hello" and not server.turned_away


# --- the word -------------------------------------------------------------------------------------


def answers(server, *pieces):
    """What comes back to one who sends these pieces, or the name of the error."""
    with socket.create_connection(server.address, timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.send(piece)
            return client.recv(100)
        except OSError as error:
            return type(error).__name__


def test_whoever_says_the_word_is_served_and_the_word_counts_nowhere():
    with EchoServer(word="Sesam öffne") as server:
        word = "Sesam öffne\n".encode()
        assert answers(server, word + b"hello") == b"hello"
        assert answers(server, word[:3], word[3:8], word[8:] + b"again") == b"again"
        until(lambda: not server.sockets)
        assert (server.connections, server.bytes_received, server.bytes_sent) == (2, 10, 10)
        assert server.turned_away == 0


@pytest.mark.parametrize("said", [b"hello\n", b"\n", b"sesam\n", b"sesame ", b"sesame\r\n", b"x" * 10_000])
def test_whoever_says_another_is_not(said):
    with EchoServer(word="sesame") as server:
        assert answers(server, said) in ("ConnectionResetError", "BrokenPipeError")
        until(lambda: server.turned_away == 1)
        assert (server.connections, server.bytes_received) == (0, 0)
        assert [entry.what for entry in server.log] == ["listening"]


def test_who_leaves_or_ends_without_it_is_not_counted():
    with EchoServer(word="sesame") as server:
        with socket.create_connection(server.address) as client:
            client.send(b"ses")
        until(lambda: server.turned_away == 1)
        assert server.connections == 0


def test_who_keeps_silent_has_to_go(monkeypatch):
    monkeypatch.setattr(door, "PATIENCE", 0.05)
    with EchoServer(word="sesame") as server, socket.create_connection(server.address, timeout=5) as client:
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert server.turned_away == 1


def test_many_silent_ones_keep_nobody_out():
    with EchoServer(word="sesame") as server:
        silent = [socket.create_connection(server.address, timeout=5) for _ in range(door.MOST + 10)]
        assert answers(server, b"sesame\nhello") == b"hello"
        assert server.turned_away >= 10
        for sock in silent:
            sock.close()


def test_close_ends_those_who_have_not_said_it():
    before = set(os.listdir("/proc/self/fd"))
    server = EchoServer(word="sesame")
    with socket.create_connection(server.address, timeout=5) as client:
        client.send(b"ses")
        until(lambda: server._door._waiting)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "word, error",
    [(b"sesame", TypeError), (5, TypeError), ("", ValueError), ("a\nb", ValueError), ("x" * 101, ValueError)],
)
def test_a_word_that_is_none_is_refused(word, error):
    with pytest.raises(error, match="word must be"):
        EchoServer(word=word)


def test_datagrams_have_no_first_line():
    with pytest.raises(ValueError, match="leave it out"):
        EchoServer(type=socket.SOCK_DGRAM, word="sesame")


# --- checks ---------------------------------------------------------------------------------------

# In a network of its own, for the neighbor calls at every port there is: at a listener again and again.
FLOODS = """
kept, datagrams = [], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def ports(path, state):
    for row in open(path).read().splitlines()[1:]:
        _, local, _, what, *_ = row.split()
        if what == state:
            host, port = local.split(":")
            yield socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)
print("floods", flush=True)
while True:
    for address in ports("/proc/self/net/tcp", "0A"):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(address)
        kept.append(sock)
        if len(kept) > int(sys.argv[2]):
            kept.pop(0).close()
    for address in ports("/proc/self/net/udp", "07"):
        try:
            datagrams.sendto(b"neighbor", address)
        except OSError:
            pass
    time.sleep(0.001)
"""
# argv: how many connections the neighbor keeps open; then exercises. A line for each verdict that is not as
# it should be.
JUDGES = f"""
import ctypes, fcntl, os, re, socket, struct, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(CLONE_NEWNET):
    sys.exit("skip: " + os.strerror(ctypes.get_errno()))
with socket.socket() as sock:
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
from answer_files import Judged, answers
from neighbor import Neighbor
every = [answer for name in sys.argv[2:] for answer in answers(name)]
with Neighbor({FLOODS!r}, sys.argv[1]) as neighbor:
    assert neighbor.said() == "floods"
    judged = Judged([(answer.name, answer.source) for answer in every])
    for answer in every:
        verdict = judged[answer.name, answer.source]
        if verdict.passed != (answer.kind == "right") or not re.search(answer.says, verdict.message):
            print(answer, verdict.message)
kinds = [answer.kind for answer in every]
print("judged", kinds.count("right") > 0, kinds.count("wrong") > 0)
"""


def flooded(kept, *exercises):
    """What is wrong about the verdicts on all known answers to these exercises beside a flooding neighbor."""
    command = [sys.executable, "-c", JUDGES, str(kept), *exercises]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    if done.stderr.startswith("skip: "):
        pytest.skip(f"no network of its own for the neighbor to flood: {done.stderr[6:].strip()}")
    assert done.returncode == 0, done.stderr
    *found, last = done.stdout.splitlines()
    assert last == "judged True True"
    return found


@others
@pytest.mark.parametrize("kept", [200, 0], ids=["stays", "leaves-at-once"])
def test_a_verdict_is_the_same_beside_a_neighbor_that_floods(kept):
    assert flooded(kept, "last_callers", "accept_by_peer") == []


# Not room_in_queue beside one that leaves at once: it asks how much room the kernel's queue has, a neighbor's
# call takes some of it, and the kernel does not keep whose it was when it has gone.
@pytest.mark.long
@others
@pytest.mark.parametrize(
    ("exercise", "kept"),
    [
        (name, kept)
        for name in ("accept_within", "connect_any", "ask_and_read", "run_client", "serve", "room_in_queue")
        for kept in (200, 0)
        if (name, kept) != ("room_in_queue", 0)
    ],
)
def test_every_verdict_is_the_same_beside_a_neighbor_that_floods(exercise, kept):
    assert flooded(kept, exercise) == []


@pytest.mark.long
@others
def test_a_right_client_of_udp_is_right_beside_strangers_datagrams():
    """They reach its own socket, as they may anywhere; who takes them for answers may be told otherwise."""
    right = [f"{answer} " for answer in known("ask_udp") if answer.kind == "right"]
    assert right and not [said for said in flooded(200, "ask_udp") if said.startswith(tuple(right))]
