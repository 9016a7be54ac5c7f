"""However a private network ends, nothing is left: no process, namespace, descriptor, thread or file."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from needs import needs_network

from labsupport import EchoServer, Network, background, observe, tidy, until
from labsupport.kernels.linux import STATES
from labsupport.kernels.sockdiag import SockDiag

pytestmark = needs_network

LAUNCH = str(Path(__file__).with_name("launch.py"))
PATIENCE = 20  # seconds; it takes one, on a crowded machine a few


def here():
    """What this process has: its descriptors, children, and threads but for calls of other tests that end."""
    children = [Path(task, "children").read_text() for task in Path("/proc/self/task").iterdir()]
    threads = [thread.name for thread in threading.enumerate() if "labsupport-background" not in thread.name]
    return sorted(os.listdir("/proc/self/fd")), sorted(threads), children


def namespaces(net):
    """The hosts' network namespaces, as in lsns(8)."""
    return {
        os.readlink(f"/proc/{program.pid}/ns/net")
        for program in (host.run(["sleep", "99"]) for host in net.hosts)
    }


def in_use():
    """The network namespaces of all processes."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add(os.readlink(process / "ns/net"))
        except OSError:
            continue  # it ended meanwhile
    return found


def ended(pid, within=PATIENCE):
    """Wait for the end of a process that is not our child's to wait for; whether it came."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ends = select.poll()
        ends.register(fd, select.POLLIN)
        return bool(ends.poll(within * 1000))
    finally:
        os.close(fd)


class Parent:
    """A process with a network, which says what was asked for on its first line."""

    def __init__(self, code, *, before=(), **options):
        program = textwrap.dedent(code)
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def line(self):
        """The next line, as numbers."""
        line = background(self.process.stdout.readline).result(PATIENCE)
        assert line, self.process.stderr.read()
        return [int(word) for word in line.split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


NETWORK = """
import os, signal, socket, subprocess, sys, threading
from labsupport import Network, until
net = Network()
program = net.a.run(["sh", "-c", "setsid sleep 1000 & echo $!; exec sleep 1000"])
until(lambda: program.stdout)
net.wire.delay = 0.001  # kept by a process of its own
until(lambda: net.wire.apart)
inner = open(f"/proc/{program.pid}/task/{program.pid}/children").read()
def tell(*numbers):  # in one write: two processes may have this end of the pipe
    os.write(1, (" ".join(map(str, numbers)) + chr(10)).encode())
def say(*more):
    tell(net._control.pid, program.pid, *inner.split(), net.wire._apart.pid, *more)
"""


def test_close_leaves_nothing():
    Network().close()  # what is made once in a process is made
    before = here()
    net = Network(hosts=3)
    mine = namespaces(net)
    assert len(mine) == 3 and mine <= in_use()
    listener = net.b.socket()
    listener.bind((net.b.address, 80))
    listener.listen()
    client = net.a.socket()
    client.connect((net.b.address, 80))
    helper = net._control.pid
    net.close()
    assert not os.path.exists(f"/proc/{helper}") and not mine & in_use()
    client.close()
    listener.close()
    assert here() == before


def test_an_exception_in_the_block():
    before = here()
    with pytest.raises(ZeroDivisionError), Network() as net:
        net.a.run(["sleep", "1000"])
        raise ZeroDivisionError
    assert here() == before


def test_tidy_closes_a_forgotten_one():
    tidy()
    before = here()
    Network()
    net = Network()
    EchoServer(host=net.b)
    assert repr(tidy()) == "closed: 1 server, 2 networks"
    assert "closed" in repr(net)
    del net
    assert here() == before


def test_close_from_many_threads():
    net = Network()
    calls = [background(net.close) for _ in range(8)]
    for call in calls:
        call.result(PATIENCE)
    assert not os.path.exists(f"/proc/{net._control.pid}")


def test_requests_while_it_closes():
    """Each is answered, or refused because the network is closed."""
    net, refused = Network(), []

    def ask():
        try:
            while True:
                net.a.socket().close()
        except OSError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=ask, name=f"asks-{number}") for number in range(4)]
    for thread in threads:
        thread.start()
    net.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert refused == ["[Errno 100] this network is closed"] * 4


def test_a_helper_that_was_killed():
    before = here()
    net = Network()
    program = net.a.run(["sh", "-c", "setsid sleep 1000 & exec sleep 1000"])
    os.kill(net._control.pid, signal.SIGKILL)
    with pytest.raises(OSError, match="this network is closed"):
        while True:
            net.a.socket().close()
    assert program.wait(PATIENCE) == -9  # init goes with its parent, and all go with init
    net.close()
    del net, program
    assert here() == before


@pytest.mark.parametrize("how", ("kill", "exit", "crash", "exec"))
def test_the_end_of_the_parent(how):
    ways = {
        "kill": "signal.pause()",
        "exit": "sys.stdin.read()",
        "crash": "sys.stdin.read(); os.abort()",
        "exec": "sys.stdin.read(); os.execvp('sleep', ['sleep', '1000'])",
    }
    with Parent(NETWORK + "say()\n" + ways[how]) as parent:
        numbers = parent.line()
        assert len(numbers) == 4
        mine = {os.readlink(f"/proc/{numbers[1]}/ns/net")}
        if how == "kill":
            parent.process.kill()
        else:
            parent.process.stdin.close()
            parent.process.stdin = None
        assert all(map(ended, numbers)), numbers
        if how == "exit":
            assert (parent.process.wait(PATIENCE), parent.process.stderr.read()) == (0, "")
    until(lambda: not mine & in_use())


def test_a_fork_that_outlives_the_parent():
    """It has copies of the parent's descriptors, the control socket's end among them: it gives them up."""
    with Parent(
        NETWORK
        + textwrap.dedent("""
        before = set(os.listdir("/proc/self/fd"))
        pid = os.fork()
        if not pid:
            net.close()  # nothing: it is not this process's
            net = None
            held = [f"/proc/self/fd/{fd}" for fd in before]
            links = [os.readlink(path) for path in held if os.path.exists(path)]
            tell(sum("tun" in link or "socket" in link for link in links))
            signal.pause()
        say(pid)
        signal.pause()
        """)
    ) as parent:
        lines = sorted((parent.line(), parent.line()), key=len)
        assert lines[0] == [0]
        *numbers, fork = lines[1]
        parent.process.kill()
        try:
            assert all(map(ended, numbers))
        finally:
            os.kill(fork, signal.SIGKILL)


def test_a_fork_that_holds_the_control_socket():
    """As a fork made in C would: the helper watches its parent too."""
    with Parent(
        NETWORK
        + textwrap.dedent("""
        import ctypes
        pid = ctypes.CDLL(None).fork()
        if not pid:
            signal.pause()
        say(pid)
        signal.pause()
        """)
    ) as parent:
        *numbers, fork = parent.line()
        parent.process.kill()
        try:
            assert all(map(ended, numbers))
        finally:
            os.kill(fork, signal.SIGKILL)


def test_close_while_a_fork_holds_the_control_socket():
    with Parent(
        NETWORK
        + textwrap.dedent("""
        import ctypes
        pid = ctypes.CDLL(None).fork()
        if not pid:
            signal.pause()
        say(pid)
        net.close()
        print(net._control._process.returncode, flush=True)
        sys.stdin.read()
        """)
    ) as parent:
        *numbers, fork = parent.line()
        try:
            assert parent.line() == [0]
            assert all(map(ended, numbers))
        finally:
            os.kill(fork, signal.SIGKILL)


def test_an_interrupt_is_not_for_the_helper():
    """Jupyter sends SIGINT to the kernel's process group."""
    with Parent(
        NETWORK
        + textwrap.dedent("""
        try:
            say()
            signal.pause()
        except KeyboardInterrupt:
            net.a.socket().close()
            print(program.poll() is None and 1, flush=True)
        """),
        start_new_session=True,
    ) as parent:
        numbers = parent.line()
        os.killpg(parent.process.pid, signal.SIGINT)
        assert parent.line() == [1]
        assert all(map(ended, numbers))


@pytest.mark.parametrize("user", (False, True))
def test_in_a_process_with_many_threads(user):
    with Parent(
        """
        import os, threading
        stop = threading.Event()
        for _ in range(100):
            threading.Thread(target=stop.wait).start()
        from labsupport import Network
        with Network() as net:
            with net.b.socket() as listener, net.a.socket() as client:
                listener.bind((net.b.address, 80))
                listener.listen()
                client.connect((net.b.address, 80))
                print(os.geteuid(), client.getpeername()[1], flush=True)
        stop.set()
        """,
        before=[sys.executable, LAUNCH, "--user", "--"] if user else (),
    ) as parent:
        assert parent.line() == [1000 if user else os.geteuid(), 80]
        assert parent.process.wait(PATIENCE) == 0


def test_thirty_in_one_process():
    Network().close()
    before = here()
    nets = []
    try:
        for _ in range(30):
            nets.append(Network())
            listener = nets[-1].b.socket()
            listener.bind((nets[-1].b.address, 80))  # each has its own port 80
            listener.listen()
            with listener, nets[-1].a.socket() as client:
                client.connect((nets[-1].b.address, 80))
        assert len({frozenset(namespaces(net)) for net in nets}) == 30
    finally:
        for net in nets:
            net.close()
    del net
    assert here() == before


def test_thirty_processes_at_once():
    code = """
    import sys
    from labsupport import Network
    with Network() as net:
        print(net._control.pid, flush=True)
        sys.stdin.readline()
        with net.b.socket() as listener, net.a.socket() as client:
            listener.bind((net.b.address, 80))
            listener.listen()
            client.connect((net.b.address, 80))
            print(client.getpeername()[1], flush=True)
    """
    parents = [Parent(code) for _ in range(30)]
    try:
        numbers = [parent.line()[0] for parent in parents]
        for parent in parents:
            parent.process.stdin.write("go\n")
            parent.process.stdin.flush()
        assert [parent.line() for parent in parents] == [[80]] * 30
        assert all(parent.process.wait(PATIENCE) == 0 for parent in parents)
        assert all(map(ended, numbers))
    finally:
        for parent in parents:
            parent.__exit__()


def test_connections_end_with_their_network():
    """Nothing goes on for minutes, which would keep the namespace; and nobody waits for ever."""
    net = Network()
    net.rto_min = 60
    eyes = SockDiag(net.a.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4))  # these outlive the network
    with net.b.socket() as listener, net.a.socket() as client, net.a.socket() as orphan:
        listener.bind((net.b.address, 80))
        listener.listen()
        client.connect((net.b.address, 80))
        orphan.connect((net.b.address, 80))
        waiting = background(client.recv, 1)
        net.wire.cut()
        orphan.send(b"never to arrive")
        orphan.close()
        until(lambda: observe(orphan).state == "FIN-WAIT-1")
        net.close()
        with pytest.raises(ConnectionAbortedError):
            waiting.result(PATIENCE)
        assert [STATES[found.state] for _, found in eyes.list()] == []
        assert observe(client).state == observe(orphan).state == "CLOSED"
    eyes.close()


def test_a_server_whose_network_ended_before_it():
    net = Network()
    server = EchoServer(host=net.b)
    with net.a.socket() as client:
        client.connect(server.address)
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        net.close()
        server.close()
    assert server.errors == []


def test_no_descriptor_is_handed_on():
    """To programs started here, or there."""
    with Network() as net:
        shown = net.a.run(["ls", "/proc/self/fd"]).communicate()[0]
        assert shown.split() == ["0", "1", "2", "3"]
        for fd in os.listdir("/proc/self/fd"):
            if os.path.exists(f"/proc/self/fd/{fd}") and "tun" in os.readlink(f"/proc/self/fd/{fd}"):
                assert not os.get_inheritable(int(fd))
        with net.a.socket() as sock, socket.socket() as usual:
            assert sock.get_inheritable() == usual.get_inheritable()
