"""What a look costs: `observe` a socket, beside a bare getsockopt(TCP_INFO) in the same rounds.

Absolute figures belong to an idle machine; the ratio holds on a busy one too.
"""

from __future__ import annotations

import socket
import statistics
import time

from labsupport.observe import observe

GOAL = 10.0  # µs a socket, on an idle machine
TCP_INFO = 11


def main(quick=False):
    """Measure, print, and say whether every open socket was looked at within the goal."""
    rounds, looks = (20, 500) if quick else (100, 2000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server, socket.socket() as fresh, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            _fill(client)
            cases = {
                "ESTABLISHED, idle": socket.create_connection(listener.getsockname()),
                "ESTABLISHED, bytes unread": server,
                "ESTABLISHED, bytes not sent": client,
                "LISTEN": listener,
                "CLOSED, fresh": fresh,
            }
            reached = _table({name: (sock, sock) for name, sock in cases.items()}, rounds, looks)
            reached &= _table({"UDP": (datagrams, client)}, rounds, looks)
            idle = cases["ESTABLISHED, idle"]
            idle.close()
            _table({"after close (sock_diag)": (idle, client)}, rounds // 4, looks // 10, goal=None)
    return reached


def _table(cases, rounds, looks, goal=GOAL):
    print(f"{'':30}{'observe':>10}{'TCP_INFO':>10}{'ratio':>8}   µs, medians of {rounds} rounds of {looks}")
    reached = True
    for name, (sock, bare) in cases.items():
        times, bare_times = [], []
        observe(sock)
        for _ in range(rounds):
            times.append(_each(looks, observe, sock))
            bare_times.append(_each(looks, _tcp_info, bare))
        ours, theirs = statistics.median(times), statistics.median(bare_times)
        reached &= goal is None or ours <= goal
        said = f"   (goal {goal:g})" if goal else ""
        print(f"{name:30}{ours:10.2f}{theirs:10.2f}{ours / theirs:8.1f}{said}")
    return reached


def _tcp_info(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 512)


def _each(count, function, argument):
    """Microseconds a call, of this thread's own time: what else the machine does is left out."""
    began = time.thread_time_ns()
    for _ in range(count):
        function(argument)
    return (time.thread_time_ns() - began) / count / 1e3


def _fill(sock):
    sock.setblocking(False)
    try:
        while True:
            sock.send(b"x" * 65536)
    except BlockingIOError:
        return
