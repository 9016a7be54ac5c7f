"""The private network: hosts, sockets that live there, what they are set to, and what their kernels tell."""

from __future__ import annotations

import errno
import marshal
import os
import shutil
import socket
import subprocess
import threading

import pytest
from needs import needs_network

import labsupport
from labsupport import EchoServer, Network, background, observe, until
from labsupport.network.listing import Listed

pytestmark = needs_network


@pytest.fixture(scope="module")
def shared():
    with Network(hosts=3, ipv6=True) as net:
        yield net


@pytest.fixture
def net(shared):
    """The shared network, its wire free; for tests that close what they open."""
    yield shared
    shared.wire.release()


@pytest.fixture
def keep():
    kept = []
    yield lambda sock: kept.append(sock) or sock
    for sock in kept:
        sock.close()


def connected(net, keep, port=0, family=socket.AF_INET):
    """(client on a, server on b)."""
    address = net.b.address if family == socket.AF_INET else net.b.address6
    with net.b.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        listener.settimeout(5)
        client = keep(net.a.socket(family))
        client.settimeout(5)
        client.connect(listener.getsockname()[:2])
        server = keep(listener.accept()[0])
    server.settimeout(5)
    return client, server


def test_a_conversation(net, keep):
    client, server = connected(net, keep, port=80)
    assert (client.getpeername(), server.getpeername()[0]) == (("10.0.0.2", 80), "10.0.0.1")
    client.sendall(b"hello")
    assert server.recv(10) == b"hello"
    server.sendall(b"and back")
    assert client.recv(10) == b"and back"


def test_ipv6_is_usable_at_once_and_nothing_strays():
    with Network(ipv6=True) as fresh:
        with fresh.b.socket(socket.AF_INET6) as listener, fresh.a.socket(socket.AF_INET6) as client:
            listener.bind((fresh.b.address6, 80))
            listener.listen()
            client.settimeout(5)
            client.connect((fresh.b.address6, 80))
            assert client.getpeername()[0] == "fd00::2"
        assert {packet.protocol for packet in fresh.wire.packets} == {"TCP"}
        assert fresh.a.sysctl("net.ipv6.conf.wire0.addr_gen_mode") == "1"  # no link-local address, no routers


def test_the_sockets_are_ordinary(net, keep):
    sock, usual = keep(net.a.socket()), keep(socket.socket())
    assert type(sock) is socket.socket
    assert (sock.family, sock.type, sock.proto) == (usual.family, usual.type, usual.proto)
    assert not sock.get_inheritable() and sock.gettimeout() is None
    datagrams = keep(net.a.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
    assert (datagrams.type, datagrams.gettimeout()) == (socket.SOCK_DGRAM, 0)


def test_errors_are_sockets_own(net):
    with pytest.raises(OSError) as caught:
        net.a.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP)
    assert caught.value.errno == errno.EPROTONOSUPPORT
    with pytest.raises(OSError) as caught:
        net.a.socket(12345)
    assert caught.value.errno == errno.EAFNOSUPPORT
    with pytest.raises(OSError):
        net.a.socket(socket.AF_INET, socket.SOCK_STREAM, 1 << 70)
    for bad in ((None,), ("AF_INET",), (True,), (socket.AF_INET, 1.0)):
        with pytest.raises(TypeError, match="must be one of the socket module's constants"):
            net.a.socket(*bad)
    net.a.socket().close()  # and it goes on


def test_arguments():
    for bad in ({"hosts": 2.0}, {"hosts": True}, {"mtu": "1500"}, {"ipv6": 1}):
        with pytest.raises(TypeError, match=next(iter(bad))):
            Network(**bad)
    for bad in ({"hosts": 1}, {"hosts": 9}, {"mtu": 575}, {"mtu": 65536}, {"mtu": 1279, "ipv6": True}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Network(**bad)


def test_eight_hosts_and_the_largest_packets():
    with Network(hosts=8, mtu=65535) as net:
        assert [host.name for host in net.hosts] == list("abcdefgh")
        assert net.h is net.hosts[7] and net.h.address == "10.0.0.8" and net.h.address6 is None
        with net.h.socket(type=socket.SOCK_DGRAM) as there, net.c.socket(type=socket.SOCK_DGRAM) as here:
            there.bind((net.h.address, 0))
            there.settimeout(5)
            here.sendto(b"x" * 65507, there.getsockname())  # the longest datagram: in one packet
            assert there.recvfrom(65536)[1][0] == net.c.address
    with Network() as net, pytest.raises(AttributeError):
        net.c.socket()


def test_a_misspelled_setting_is_an_error(net):
    with pytest.raises(AttributeError):
        net.quick_ack = False
    with pytest.raises(TypeError):
        net.quickack = 0
    for bad in (None, "1", True):
        with pytest.raises(TypeError):
            net.rto_min = bad
    for bad in (0, -1, 1000, float("nan")):
        with pytest.raises(ValueError):
            net.rto_min = bad
    assert (net.quickack, net.rto_min) == (True, 0.2)


def retransmission_timeout(sock):
    """tcpi_rto, seconds."""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(raw[8:12], "little") / 1e6


@pytest.mark.parametrize("family", (socket.AF_INET, socket.AF_INET6))
def test_rto_min(net, keep, family):
    client, server = connected(net, keep, family=family)
    assert retransmission_timeout(client) < 60
    net.rto_min = 60
    try:
        client, server = connected(net, keep, family=family)
        client.sendall(b"hello")
        server.recv(5)
        until(lambda: observe(client).bytes_acked == 5)
        assert retransmission_timeout(client) >= 60
    finally:
        net.rto_min = 0.2


@pytest.mark.skipif(not shutil.which("ip"), reason="reads the routes with ip")
def test_quickack_is_a_metric_of_the_routes(net):
    for wanted in (True, False, True):
        net.quickack = wanted
        for version in ("-4", "-6"):
            shown, _ = net.c.run(["ip", version, "route", "show", "proto", "kernel"]).communicate()
            assert ("quickack" in shown) == wanted and "rto_min lock 200ms" in shown


def test_sysctl(net):
    assert net.a.sysctl("net.ipv4.ip_unprivileged_port_start") == "0"
    assert net.a.sysctl("net.ipv4.tcp_sack", 0) == "0"
    assert (net.a.sysctl("net.ipv4.tcp_sack"), net.b.sysctl("net.ipv4.tcp_sack")) == ("0", "1")
    net.a.sysctl("net.ipv4.tcp_sack", "1")
    assert len(net.a.sysctl("net.ipv4.tcp_rmem").split(" ")) == 3
    with pytest.raises(FileNotFoundError):
        net.a.sysctl("net.ipv4.nothing_of_that_name")
    with pytest.raises(OSError):
        net.a.sysctl("net.ipv4.tcp_sack", "soon")
    for bad in ("kernel.hostname", "net/ipv4/tcp_sack", "net...passwd", "net.ipv4.tcp_sack\0"):
        with pytest.raises(ValueError):
            net.a.sysctl(bad)
    for bad in ((5,), ("net.ipv4.tcp_sack", True), ("net.ipv4.tcp_sack", 1.0)):
        with pytest.raises(TypeError):
            net.a.sysctl(*bad)


# What the eyes see


def test_observe_after_close_what_accept_gave(net, keep):
    """In two networks whose addresses are the same."""
    with Network() as other:
        (client, server), (_, elsewhere) = connected(net, keep, port=8080), connected(other, keep, port=8080)
        assert net.b.same_network(server) and not net.a.same_network(server)
        assert other.b.same_network(elsewhere) and not net.b.same_network(elsewhere)
        copy = server.dup()
        observe(copy), observe(elsewhere), observe(client)
        server.close()
        copy.close()
        assert until(lambda: observe(copy).state == "FIN-WAIT-2")
        assert observe(elsewhere).state == "ESTABLISHED"
        client.close()
        assert until(lambda: observe(copy).state == "TIME-WAIT")
        assert until(lambda: observe(client).state == "CLOSED")
        elsewhere.close()
    assert observe(elsewhere).state == "CLOSED"  # its network is gone
    assert observe(copy).state == "TIME-WAIT"


def test_same_network(net, keep):
    mine, closed = keep(socket.socket()), socket.socket()
    closed.close()
    assert not net.a.same_network(mine) and not net.a.same_network(closed)
    theirs = net.a.socket()
    theirs.close()
    assert net.a.same_network(theirs)
    with pytest.raises(TypeError):
        net.a.same_network(5)


def test_what_ss_would_list():
    with Network() as net, net.b.socket() as listener, net.b.socket(type=socket.SOCK_DGRAM) as datagrams:
        assert net.a.sockets == () and repr(net.a.sockets) == "no sockets"
        datagrams.bind((net.b.address, 53))
        listener.bind((net.b.address, 80))
        assert [one.protocol for one in net.b.sockets] == ["UDP"]  # bound, that is not in use yet
        listener.listen(5)
        net.hold()
        client = net.a.socket()
        call = background(client.connect, (net.b.address, 80))
        assert repr(net.a.sockets) == (
            "State     Recv-Q  Send-Q  Local       Peer\nSYN-SENT       0       1  10.0.0.1:…  10.0.0.2:80"
        )
        assert net.a.sockets[0].timer == "retransmit" and net.a.sockets[0].expires > 0
        net.step()
        assert repr(net.b.sockets) == (
            "     State         Recv-Q  Send-Q  Local        Peer\n"
            "TCP  LISTEN             0       5  10.0.0.2:80  *\n"
            "TCP  SYN-RECEIVED       0       0  10.0.0.2:80  10.0.0.1:…\n"
            "UDP  UNCONN             0       0  10.0.0.2:53  *"
        )
        assert [one.owned for one in net.b.sockets] == [True, False, True]
        net.release()
        call.result()
        server, _ = listener.accept()
        server.close()
        until(lambda: [one.state for one in net.b.sockets] == ["LISTEN", "FIN-WAIT-2", "UNCONN"])
        client.close()
        until(lambda: [one.state for one in net.b.sockets] == ["LISTEN", "TIME-WAIT", "UNCONN"])
        left = net.b.sockets[1]
        assert isinstance(left, Listed) and (left.timer, left.owned) == ("TIME-WAIT", False)
        assert left.local == (net.b.address, 80) and left.peer[0] == net.a.address
        diag = net.b.diag
    assert diag.list() == []  # its network is gone


def test_ipv6_sockets_are_listed_of_a_host_without_ipv6_too():
    with Network() as net, net.a.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", 80))
        listener.listen(1)
        assert repr(net.a.sockets).splitlines()[1:] == ["LISTEN       0       1  [::]:80  *"]


# Whom to talk to there


STREAMS = (
    *("EchoServer", "DiscardServer", "ChargenServer", "DaytimeServer", "OneByteServer", "JoiningServer"),
    *(
        "LateServer",
        "SlowReader",
        "NeverReads",
        "ClosesHalfway",
        "ResetsHalfway",
        "GarbageServer",
        "SilentServer",
    ),
)


@pytest.mark.parametrize("name", STREAMS)
def test_every_server_lives_on_a_host(net, keep, name):
    with getattr(labsupport, name)(host=net.b) as server:
        assert server.address[0] == net.b.address and f"{name} on 10.0.0.2" in repr(server)
        client = keep(net.a.socket())
        client.settimeout(5)
        client.connect(server.address)
        until(lambda: server.connections == 1)
        assert net.b.same_network(server.listener) and all(map(net.b.same_network, server.sockets))


def test_datagrams_to_a_server_on_a_host(net, keep):
    with EchoServer(host=net.b, port=7, type=socket.SOCK_DGRAM) as server:
        client = keep(net.a.socket(type=socket.SOCK_DGRAM))
        client.settimeout(5)
        client.sendto(b"hello", server.address)
        assert client.recvfrom(10) == (b"hello", (net.b.address, 7))
    client.connect((net.b.address, 7))
    client.send(b"nobody is there now")
    with pytest.raises(ConnectionRefusedError):
        client.recv(10)


def test_what_is_no_host(net):
    for bad in (net, None, 5):
        with pytest.raises(
            TypeError, match="host must be an address such as '127.0.0.1' or a host of a network"
        ):
            EchoServer(host=bad)
    with EchoServer(host=net.b, port=8081), pytest.raises(OSError) as caught:
        EchoServer(host=net.b, port=8081)
    assert caught.value.errno == errno.EADDRINUSE


# Programs


def test_a_program_lives_there(net, keep):
    with EchoServer(host=net.b, port=7):
        talk = "exec 3<>/dev/tcp/$1/7; echo hello >&3; head -1 <&3; echo done >&2; exit 3"
        program = net.a.run(["bash", "-c", talk, "bash", net.b.address])
        assert program.communicate() == ("hello\n", "done\n")
    assert (program.wait(), program.returncode, repr(program)) == (3, 3, "bash, ended: 3")
    assert program.args[0] == "bash"


def test_what_a_program_is_given(net, tmp_path):
    program = net.a.run(["sh", "-c", "pwd; echo $LESSON; echo oh >&2"], env={"LESSON": "é"}, cwd=tmp_path)
    program.wait()
    assert program.stdout == f"{tmp_path}\né\n" and program.stderr == "oh\n"
    both = net.a.run(["sh", "-c", "echo one; echo two >&2; echo three"], stderr=subprocess.STDOUT)
    assert both.communicate() == ("one\ntwo\nthree\n", None)
    program = net.a.run(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    program.stdin.write(b"there and back")
    program.stdin.close()
    assert program.stdout.read() == b"there and back" and program.wait() == 0
    program.stdout.close()
    with open(tmp_path / "out", "w+b") as file:
        program = net.a.run(["echo", b"bytes"], stdout=file, stderr=subprocess.DEVNULL)
        assert program.communicate() == (None, None)
        file.seek(0)
        assert file.read() == b"bytes\n"


def test_a_program_that_cannot_start(net, tmp_path):
    (tmp_path / "text").write_text("no program")
    with pytest.raises(FileNotFoundError):
        net.a.run(["no such program"])
    with pytest.raises(FileNotFoundError):
        net.a.run(["ls"], cwd=tmp_path / "nowhere")
    with pytest.raises(PermissionError):
        net.a.run([tmp_path / "text"])
    for bad in ("ls -l", [5], ["ls", None], 5):
        with pytest.raises(TypeError):
            net.a.run(bad)
    for bad in ([], ["ls", "a\0b"]):
        with pytest.raises(ValueError):
            net.a.run(bad)
    assert net.a.run(["true"]).wait() == 0


def test_a_program_that_runs_on(net):
    program = net.a.run(["sh", "-c", "echo here; exec sleep 1000"])
    until(lambda: program.stdout == "here\n")
    assert program.poll() is None and repr(program) == "sh, running"
    with pytest.raises(TimeoutError, match="sh has not ended within 0.01 s"):
        program.wait(0.01)
    os.kill(program.pid, 0)  # its number is good here
    program.terminate()
    assert program.wait() == -15
    program.kill()  # nothing
    program = net.a.run(["sleep", "1000"])
    program.kill()
    assert program.wait() == -9


def test_more_output_than_anybody_wants(net):
    program = net.a.run(["sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x; echo late >&2"])
    assert program.wait(30) == 0
    assert program.stdout == "x" * (16 << 20) and program.stderr.endswith("late\n")


def test_many_programs_at_once(net):
    programs = [net.a.run(["sh", "-c", f"exit {status}"]) for status in range(20)]
    assert [program.wait() for program in reversed(programs)] == list(reversed(range(20)))


# Many at once, and the end


def test_any_thread_may_ask(net):
    made, threads = [], []

    def ask():
        for _ in range(50):
            with net.a.socket() as sock:
                made.append(net.a.same_network(sock))

    for number in range(8):
        threads.append(threading.Thread(target=ask, name=f"asks-{number}"))
        threads[-1].start()
    for thread in threads:
        thread.join(30)
    assert made == [True] * 400


def test_an_answer_that_nobody_waited_for(net):
    """As after an interrupt: it is thrown away, with its descriptor."""
    control = net._control
    before = len(os.listdir("/proc/self/fd"))
    control._socket.sendmsg([marshal.dumps((0, "socket", 0, 2, 1, 0))])
    assert net.a.sysctl("net.ipv4.tcp_sack") == "1"
    assert len(os.listdir("/proc/self/fd")) == before


def test_closed():
    net = Network()
    sock, program = net.a.socket(), net.a.run(["sleep", "1000"])
    quick = net.a.run(["sh", "-c", "exit 7"])
    until(lambda: not os.path.exists(f"/proc/{quick.pid}/exe"))
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2"
    net.close()
    net.close()
    assert repr(net) == "Network of a 10.0.0.1, b 10.0.0.2, closed"
    assert (quick.returncode, program.returncode) == (7, -9)
    for use in (net.a.socket, lambda: net.a.run(["ls"]), lambda: net.a.sysctl("net.ipv4.tcp_sack")):
        with pytest.raises(OSError, match="this network is closed") as caught:
            use()
        assert caught.value.errno == errno.ENETDOWN
    assert observe(sock).state == "CLOSED" and net.a.sockets == ()
    sock.close()


def test_record_sees_the_learners_calls_alone(net, keep):
    with labsupport.record() as timeline:
        sock = keep(net.a.socket())
        sock.bind((net.a.address, 0))
        assert observe(sock).state == "CLOSED"
    assert {event.call for event in timeline.events if hasattr(event, "call")} == {"bind"}


def test_descriptors_are_the_helpers_gift(net):
    """Asked for a socket, the helper keeps nothing of it."""
    before = len(os.listdir(f"/proc/{net._control.pid}/fd"))
    socks = [net.a.socket() for _ in range(50)]
    assert len(os.listdir(f"/proc/{net._control.pid}/fd")) == before
    for sock in socks:
        sock.close()
