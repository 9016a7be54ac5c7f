"""What `record()` costs: a socket call inside its block against the same call outside, interleaved.

Short calls are the worst case: one byte through a socket pair and through TCP on loopback, where nothing
waits and nothing is copied. After the block the calls are the bare ones again, which is measured too.
Measured in processor time of the one thread, so that a busy machine changes the ratios little.
"""

from __future__ import annotations

import socket
import statistics
import time

from labsupport.timeline import record

CASES = {"a socket pair": 12.0, "TCP on loopback": 8.0}  # the greatest ratio, recorded to bare
AFTER = 1.1  # the greatest ratio, after the block to before


def tcp_pair():
    """Two ends of a TCP connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def ping(pair, rounds):
    """Processor seconds a call, of `rounds` one-byte send and recv."""
    one, other = pair
    began = time.thread_time()
    for _ in range(rounds):
        one.send(b"x")
        other.recv(1)
    return (time.thread_time() - began) / rounds / 2


def measure(make, repeats, rounds):
    """Medians, in seconds a call: before, recorded, after, and what telling it took."""
    figures = []
    pair = make()
    ping(pair, rounds)
    for _ in range(repeats):
        before = ping(pair, rounds)
        with record() as timeline:
            recorded = ping(pair, rounds)
            ended = time.thread_time()
        told = (time.thread_time() - ended) / len(timeline.calls)
        figures.append((before, recorded, ping(pair, rounds), told))
    for sock in pair:
        sock.close()
    return [statistics.median(column) for column in zip(*figures, strict=True)]


def main(quick=False):
    """Print the table; True when the goals were reached."""
    repeats, rounds = (3, 500) if quick else (10, 3000)
    print(f"   {'one byte through':18}{'bare':>9}{'recorded':>11}{'ratio':>7}{'after':>7}{'telling it':>12}")
    reached = True
    for (name, goal), make in zip(CASES.items(), (socket.socketpair, tcp_pair), strict=True):
        bare, recorded, after, told = measure(make, repeats, rounds)
        print(
            f"   {name:18}{bare * 1e6:6.2f} µs{recorded * 1e6:8.2f} µs{recorded / bare:7.2f}"
            f"{after / bare:7.2f}{told * 1e6:9.2f} µs   (goal: ratio {goal:g}, after {AFTER:g})"
        )
        reached &= recorded / bare <= goal and after / bare <= AFTER
    return reached
