"""A socket is known by its cookie: looks at descriptors that were closed, reused, or taken away."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading

import pytest
from conversations import connect, drain, linux, reaches  # noqa: F401

from labsupport import observe, until
from labsupport.kernels import other
from labsupport.observe import seen

pytestmark = linux


def test_a_reused_descriptor_is_not_the_old_socket(connect):
    client, server = connect()
    client.sendall(b"old")
    old = observe(client)
    new, far = connect()
    os.dup2(new.fileno(), client.fileno())  # behind Python's back
    new.sendall(b"new and longer")
    snapshot = reaches(client, "FIN-WAIT-2")
    assert (snapshot.fd, snapshot.peer, snapshot.bytes_sent) == (None, old.peer, 3)
    assert observe(new).bytes_sent == 14
    drain(server, 3)
    server.close()
    assert reaches(client, "TIME-WAIT").peer == old.peer


def test_a_descriptor_that_is_no_socket_any_more(connect):
    client, _ = connect()
    observe(client)
    with open(os.devnull) as file:
        os.dup2(file.fileno(), client.fileno())
    assert reaches(client, "FIN-WAIT-2").fd is None


def test_a_descriptor_closed_behind_pythons_back(connect):
    client, server = connect()
    observe(client)
    os.close(client.fileno())
    assert reaches(client, "FIN-WAIT-2").fd is None
    client.detach()


def test_reuse_under_threads(keep):
    """While one thread closes and opens sockets, the other's looks never take one for another."""
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    listener.settimeout(5)
    stop, wrong, current = threading.Event(), [], []

    def churn():
        while not stop.is_set():
            client = socket.create_connection(listener.getsockname(), timeout=5)
            server, _ = listener.accept()
            seen(client)
            current[:] = [(client, client.getsockname())]
            client.close()
            with socket.socket() as other, server:
                other.bind(("127.0.0.1", 0))

    thread = threading.Thread(target=churn, daemon=True)
    thread.start()
    until(lambda: current)
    for _ in range(3000):
        sock, local = current[0]
        snapshot = observe(sock)
        if snapshot.local != local or snapshot.state == "LISTEN":
            wrong.append((snapshot, local))
    stop.set()
    thread.join(10)
    assert not wrong and not thread.is_alive()


def test_a_watched_socket_is_not_held(connect):
    client, server = connect()
    observe(client)
    client.close()
    reaches(server, "CLOSE-WAIT")  # a duplicate of ours would have kept it open
    for_good = socket.socket()
    observe(for_good)
    fd = for_good.fileno()
    with pytest.warns(ResourceWarning):
        del for_good
        gc.collect()
    with pytest.raises(OSError):
        os.fstat(fd)


def test_looks_leave_no_descriptor(connect):
    client, _ = connect()
    observe(client)
    client.close()
    there = sorted(os.listdir("/proc/self/fd"))
    for _ in range(10):
        observe(client)
    assert sorted(os.listdir("/proc/self/fd")) == there


def test_a_look_is_no_call_of_the_learners(connect, monkeypatch):
    def never(*_):
        raise AssertionError("observe called a method of socket.socket")

    client, _ = connect()
    for name in ("getsockopt", "getsockname", "getpeername", "recv", "ioctl"):
        monkeypatch.setattr(socket.socket, name, never, raising=False)
    assert observe(client).state == "ESTABLISHED"
    client.close()
    assert observe(client).state != "ESTABLISHED"


def test_nobody_to_ask():
    """No descriptor is left for a question to the kernel: the state is unknown, and known again later."""
    code = """if True:
        import os, resource, socket
        from labsupport import observe, until
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        observe(client)
        client.close()
        hole = os.open(os.devnull, os.O_RDONLY)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hole + 1, hard))
        print(observe(client).state)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        until(lambda: observe(client).state == "FIN-WAIT-2")
        print(observe(client).state)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["None", "FIN-WAIT-2"], done.stderr


def test_after_a_fork_both_processes_can_ask():
    code = """if True:
        import os, socket
        from labsupport import observe
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        observe(client)
        child = os.fork()
        client.close()
        states = {observe(client).state for _ in range(200)}
        if child:
            _, status = os.waitpid(child, 0)
            states.add("child" if status else "well")
        # While the other process holds it, it is established.
        assert states <= {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "well"}, states
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
