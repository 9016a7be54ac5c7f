"""What lives on a host of the private network: what its kernel tells, servers and programs."""

from __future__ import annotations

import errno
import os
import socket
import subprocess

import pytest
from between_hosts import connected
from needs import needs_network

import labsupport
from labsupport import EchoServer, Network, background, observe, until
from labsupport.network.listing import Listed

pytestmark = needs_network


@pytest.fixture
def net(shared_net):
    return shared_net


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
