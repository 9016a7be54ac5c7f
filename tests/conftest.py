"""What several test files share: what nbval may not ask of this machine, and fixtures."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading

import nbval.kernel
import own_kernels
import pytest
from abilities import missing_here
from between_hosts import datagrams


def pytest_configure():
    """nbval's kernels, too, are reached by paths of their own."""
    nbval.kernel.KernelManager = own_kernels.OwnKernel


def pytest_collection_modifyitems(items):
    """Where an ability is missing, cells that need it are still executed; test_notebooks looks at the line
    that they give.
    """
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and missing_here() & set(cell.metadata.get("tags", ())):
            item.options["check"] = False


@pytest.fixture
def nothing_taken():
    """Every test gives back the descriptors and the threads that it took."""
    from labsupport import tidy

    socket.getaddrinfo("localhost", None)  # what the resolver keeps open is there before
    descriptors, threads = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    yield
    tidy()
    assert set(threading.enumerate()) <= threads  # one of an earlier test may end meanwhile
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.fixture
def room():
    """A room with common limits, whose thread met no error."""
    from labsupport import Classroom

    with Classroom() as room:
        yield room
        assert room.errors == []


@pytest.fixture
def server():
    """An echo server on loopback."""
    from labsupport import EchoServer

    with EchoServer() as server:
        yield server


@pytest.fixture
def client(server):
    """A socket that is connected to it."""
    with socket.create_connection(server.address) as client:
        yield client


@pytest.fixture
def ends(net):
    """A socket on a that is connected to one on b, both for datagrams; on the `net` of the test's file."""
    here, there = datagrams(net)
    with here, there:
        yield here, there


@pytest.fixture(scope="module")
def interactive():
    """An IPython as a notebook has it."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False  # it has a thread of its own
    return InteractiveShell(config=config)


@pytest.fixture
def shell(interactive, capsys):
    """The same, with the course's cell magics."""
    interactive.run_line_magic("load_ext", "labsupport")
    capsys.readouterr()
    return interactive


@pytest.fixture
def scores_elsewhere(tmp_path, monkeypatch):
    """A data folder that is not the user's."""
    from labsupport.exercises import scores

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(scores, "_unsaved", [])
    if tmp_path not in scores.path().parents:
        pytest.skip("this system does not ask XDG_DATA_HOME for the user's data folder")


@pytest.fixture
def socket_class_as_before():
    """Every test leaves `socket.socket` as it was, and nobody recording."""
    from labsupport import recorder

    before = dict(socket.socket.__dict__)
    yield
    assert list(socket.socket.__dict__.items()) == list(before.items())
    assert recorder._recorders == () and not recorder._inside


@pytest.fixture(params=["epoll", "selectors"])
def each_poller(request, monkeypatch):
    """The helper servers on Linux's own readiness loop, and on the one of other systems."""
    from labsupport.servers import loop

    if request.param == "selectors":
        monkeypatch.setattr(loop, "new_poller", loop.SelectorPoller)


@pytest.fixture
def no_sampler_left():
    """After every test the thread that samples for live views has ended."""
    from views import sampler_threads

    from labsupport import tidy

    yield
    tidy()
    assert sampler_threads() == []


@pytest.fixture
def nothing_of_programs_left(tmp_path_factory, monkeypatch):
    """No thread, no descriptor, and nothing in the folder for temporary files, which is this test's own."""
    linux = sys.platform.startswith("linux")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
    before, descriptors = set(threading.enumerate()), os.listdir("/proc/self/fd") if linux else []
    yield
    assert set(threading.enumerate()) <= before
    assert not linux or len(os.listdir("/proc/self/fd")) <= len(descriptors)
    assert os.listdir(tempfile.gettempdir()) == []


@pytest.fixture
def keep():
    """Closes what it was given, in the end."""
    kept = []
    yield lambda *socks: kept.extend(socks) or (socks[0] if len(socks) == 1 else socks)
    for sock in kept:
        sock.close()


@pytest.fixture
def net():
    """A private network of two hosts, in whose wire nothing was raised."""
    from labsupport import Network

    with Network() as net:
        yield net
        net.wire.check()


@pytest.fixture(scope="module")
def three_hosts():
    """A private network of three hosts with IPv6, for all tests of a module."""
    from labsupport import Network

    with Network(hosts=3, ipv6=True) as net:
        yield net


@pytest.fixture
def shared_net(three_hosts):
    """The same with its wire free afterwards, for tests that close what they open."""
    yield three_hosts
    three_hosts.wire.release()
