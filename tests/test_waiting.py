"""Readiness of descriptors, whatever their number: below select(2)'s limit and above it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from labsupport.waiting import readable, writable
from needs import needs_network

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="descriptors as Linux numbers them")
# Run in a process of its own: it takes all descriptors below 1024, which is FD_SETSIZE.
HIGH = """
import os, resource, select, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if hard != resource.RLIM_INFINITY and hard < 2048:
    sys.exit("skip: no more than %d descriptors here" % hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
def take_the_low_ones():
    taken = [os.open(os.devnull, os.O_RDONLY)]
    while taken[-1] < 1024:
        taken.append(os.dup(taken[0]))
"""
ENDS = """
take_the_low_ones()
from labsupport.waiting import readable, writable
ours, theirs = socket.socketpair()
assert ours.fileno() > 1023
try:
    select.select([ours], [], [], 0)
except ValueError:
    print("select cannot")
print(readable([ours, theirs], 0), writable([ours], 0) == [ours])
theirs.send(b"x")
print(readable([theirs, ours]) == [ours], readable([ours.fileno()], 5) == [ours.fileno()])
theirs.close()
print(readable([ours], 5) == [ours])
for gone in (theirs, 2000):
    try:
        readable([gone], 0)
    except (OSError, ValueError) as error:
        print(type(error).__name__)
"""
WIRE = """
take_the_low_ones()
from labsupport import Network, until
def one(net, number):
    with net.a.socket(type=socket.SOCK_DGRAM) as here, net.b.socket(type=socket.SOCK_DGRAM) as there:
        there.bind((net.b.address, 7))
        there.settimeout(20)
        here.sendto(b"%d" % number, (net.b.address, 7))
        return there.recv(100).decode()
with Network() as net:
    assert min(net.wire.fds) > 1023
    print("by the thread", one(net, 1))
    net.wire.delay = 0.001
    until(lambda: net.wire.apart, 20)
    print("apart", one(net, 2))
    net.hold()
    with net.a.socket(type=socket.SOCK_DGRAM) as here:
        here.sendto(b"x", (net.b.address, 7))
        print("by hand", net.wire.readable(20), net.step().payload.decode())
    net.release()
    print("again", one(net, 3), net.wire.errors)
"""
BUTTONS = """
take_the_low_ones()
from labsupport.widgets import controls
ours, theirs = socket.socketpair()
print(controls._receive(ours), controls._send(theirs, b"hello"), controls._receive(ours), sep="; ")
"""
CHECK = """
take_the_low_ones()
from labsupport import check
from labsupport.exercises.solutions.recv_exactly import recv_exactly
verdict = check(recv_exactly)
print(verdict.passed or verdict.message)
"""


def said(program):
    """What a process prints that has no descriptor below 1024 to spare, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", HIGH + program], capture_output=True, text=True, timeout=100, check=False
    )
    if done.stderr.startswith("skip: "):
        pytest.skip(done.stderr[6:])
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_is_ready_in_the_order_asked():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert readable([ours, theirs], 0) == [] and writable([theirs, ours], 0) == [theirs, ours]
        theirs.send(b"x")
        assert readable([theirs, ours], 5) == [ours] and readable([ours.fileno()]) == [ours.fileno()]
    with pytest.raises(ValueError):
        readable([ours], 0)
    gone = os.open(os.devnull, os.O_RDONLY)
    os.close(gone)
    if sys.platform != "win32":
        with pytest.raises(OSError, match="Bad file descriptor"):
            readable([gone], 0)


@linux
def test_descriptors_that_select_does_not_know():
    assert said(ENDS) == ["select cannot", "[] True", "True True", "True", "ValueError", "OSError"]


@needs_network
def test_a_wire_of_such_descriptors_carries_packets():
    assert said(WIRE) == ["by the thread 1", "apart 2", "by hand True x", "again 3 []"]


@linux
def test_the_buttons_work_on_such_sockets():
    assert said(BUTTONS) == ["nothing there yet; 5 of 5 bytes taken; b'hello'"]


@linux
def test_a_check_is_made_with_such_sockets(scores_elsewhere):
    assert said(CHECK) == ["True"]
