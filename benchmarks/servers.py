"""EchoServer beside `socketserver.ThreadingTCPServer` and an asyncio server, in four things a server does.

All three run at once, each in a background thread of its own process; this process is the client. A round is
cut into slices, and the three take turns slice by slice, in an order that changes, so that whatever else the
machine does meets all alike. A figure is the median of the rounds.
"""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS, QUICK_ROUNDS = 10, 3
CLOSE_TO_BEST, AHEAD_IN = 0.95, 2
CONNECTIONS = 1000


def ping_pong(port, scale):
    """Round trips a second of 64 bytes, one at a time, on one connection."""
    count = int(10_000 * scale)
    with connected(port) as sock:
        message = b"x" * 64
        exchange(sock, message, 200)
        began = time.perf_counter()
        exchange(sock, message, count)
        return count / (time.perf_counter() - began)


def bulk(port, scale):
    """MB/s there and back again, written while reading, on one connection."""
    total = int(200e6 * scale)
    with connected(port) as sock:
        there_and_back(sock, 2_000_000)
        began = time.perf_counter()
        there_and_back(sock, total)
        return total / 1e6 / (time.perf_counter() - began)


def many(port, scale):
    """Round trips a second of 64 bytes on 1,000 connections, all waiting for their answers at once."""
    waves = max(1, int(15 * scale))
    message = b"x" * 64
    with contextlib.ExitStack() as stack:
        socks = {}
        for _ in range(CONNECTIONS):
            sock = stack.enter_context(connected(port))
            socks[sock.fileno()] = sock
        poller = stack.enter_context(contextlib.closing(select.epoll()))
        for fd in socks:
            poller.register(fd, select.EPOLLIN)
        wave(socks, poller, message)
        began = time.perf_counter()
        for _ in range(waves):
            wave(socks, poller, message)
        return waves * CONNECTIONS / (time.perf_counter() - began)


def connect_echo_close(port, scale):
    """Whole conversations a second, one after another: connect, 64 bytes there and back, close."""
    count = int(1500 * scale)
    message = b"x" * 64
    began = time.perf_counter()
    for _ in range(count):
        with connected(port) as sock:
            exchange(sock, message, 1)
    return count / (time.perf_counter() - began)


# Each with the number of slices that a round is cut into. Making 1,000 connections takes longer than a slice.
TASKS = {
    "ping-pong (1/s)": (ping_pong, 10),
    "bulk (MB/s)": (bulk, 5),
    "1,000 connections (1/s)": (many, 1),
    "connect-echo-close (1/s)": (connect_echo_close, 5),
}


def connected(port):
    """A client's socket, which fails rather than waits for ever."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def exchange(sock, message, count):
    """`count` messages, each sent when the one before has come back."""
    size = len(message)
    for _ in range(count):
        sock.send(message)
        if len(sock.recv(size)) < size:
            raise RuntimeError("the echo came in pieces or not at all")


def there_and_back(sock, total):
    """Write `total` bytes and read them back, both as there is room: one that only wrote would block."""
    out, back = memoryview(bytes(256 * 1024)), bytearray(256 * 1024)
    sent = received = 0
    sock.setblocking(False)
    poller = select.poll()
    poller.register(sock, select.POLLIN | select.POLLOUT)
    while received < total:
        poller.poll(10_000)
        with contextlib.suppress(BlockingIOError):
            received += sock.recv_into(back)
        if sent < total:
            with contextlib.suppress(BlockingIOError):
                sent += sock.send(out[: total - sent])
            if sent == total:
                poller.modify(sock, select.POLLIN)
    sock.setblocking(True)


def wave(socks, poller, message):
    """One message on every connection, and every answer."""
    for sock in socks.values():
        sock.send(message)
    missing = len(socks)
    while missing:
        for fd, _ in poller.poll(10):
            missing -= len(socks[fd].recv(len(message))) == len(message)


@contextlib.contextmanager
def contenders():
    """{name: port} of the three servers, running."""
    from benchmarks.contenders import CONTENDERS

    with contextlib.ExitStack() as stack:
        ports = {}
        for name in CONTENDERS:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.contenders", name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    cwd=Path(__file__).resolve().parent.parent,
                )
            )
            ports[name] = int(process.stdout.readline())
        yield ports


def measured(ports, rounds, scale):
    """{task: {name: [a figure each round]}}."""
    figures = {task: {name: [] for name in ports} for task in TASKS}
    for number in range(rounds):
        for task, (run, slices) in TASKS.items():
            for name, figure in one_round(ports, run, slices, scale, number).items():
                figures[task][name].append(figure)
    return figures


def one_round(ports, run, slices, scale, number):
    """{name: figure}: the median of the slices, so that one that was disturbed does not spoil the round."""
    names = list(ports)
    rates = {name: [] for name in names}
    for turn in range(number, number + slices):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            rates[name].append(run(ports[name], scale / slices))
    return {name: statistics.median(values) for name, values in rates.items()}


def main(quick=False):
    """Measure, print, and say whether EchoServer is where it should be."""
    # The client has 1,000 sockets open at a time, and so has each server.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    with contenders() as ports:
        figures = measured(ports, QUICK_ROUNDS if quick else ROUNDS, 0.3 if quick else 1)
    print(f"{'':26}" + "".join(f"{name:>20}" for name in ports) + f"{'of the better':>16}")
    ratios = []
    for task, by_name in figures.items():
        medians = {name: statistics.median(values) for name, values in by_name.items()}
        ours = medians["EchoServer"]
        ratios.append(ours / max(value for name, value in medians.items() if name != "EchoServer"))
        row = "".join(f"{value:>20,.0f}" for value in medians.values())
        print(f"{task:26}{row}{ratios[-1]:>16.2f}")
    print(f"   goals: at least {CLOSE_TO_BEST} of the better one everywhere, ahead in at least {AHEAD_IN}")
    return min(ratios) >= CLOSE_TO_BEST and sum(ratio > 1 for ratio in ratios) >= AHEAD_IN
