"""However a process with a private network ends, forks or is interrupted, nothing of the network is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from needs import needs_network
from network_parts import PATIENCE, ended, in_use

from labsupport import background, until

pytestmark = needs_network
LAUNCH = str(Path(__file__).with_name("launch.py"))


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
