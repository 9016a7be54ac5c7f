"""What `record()` costs: a socket call inside its block against the same call outside, interleaved in one run.

Short calls are the worst case: one byte through a socket pair and through TCP on loopback, where nothing waits and nothing
is copied. After the block the calls are the bare ones again, which is measured too.
"""

from __future__ import annotations

import socket
import statistics
import time

from labsupport.timeline import record

GOALS = {"microseconds a call, more": 15.0, "after the block": 1.05}


def tcp_pair():
    """Two ends of a TCP connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def ping(pair, rounds):
    """Seconds a call, of `rounds` one-byte send and recv."""
    one, other = pair
    began = time.perf_counter()
    for _ in range(rounds):
        one.send(b"x")
        other.recv(1)
    return (time.perf_counter() - began) / rounds / 2


def measure(make, repeats, rounds):
    """Medians of (before, recorded, after) in seconds a call, and of the seconds that telling took, a call."""
    figures = []
    pair = make()
    ping(pair, rounds)
    for _ in range(repeats):
        before = ping(pair, rounds)
        with record() as timeline:
            recorded = ping(pair, rounds)
            ended = time.perf_counter()
        told = (time.perf_counter() - ended) / len(timeline.calls)
        figures.append((before, recorded, ping(pair, rounds), told))
    for sock in pair:
        sock.close()
    return [statistics.median(column) for column in zip(*figures, strict=True)]


def main(quick=False):
    """Print the table; True when the goals were reached."""
    repeats, rounds = (3, 500) if quick else (10, 3000)
    print(f"   {'one byte through':22} {'bare':>8} {'recorded':>9} {'ratio':>6} {'more':>8} {'after':>6} {'telling it':>11}")
    reached = True
    for name, make in (("a socket pair", socket.socketpair), ("TCP on loopback", tcp_pair)):
        bare, recorded, after, told = measure(make, repeats, rounds)
        more = (recorded - bare) * 1e6
        print(
            f"   {name:22} {bare * 1e6:5.2f} µs {recorded * 1e6:6.2f} µs {recorded / bare:6.2f} {more:5.2f} µs"
            f" {after / bare:6.2f} {told * 1e6:8.2f} µs"
        )
        reached &= more <= GOALS["microseconds a call, more"] and after / bare <= GOALS["after the block"]
    print("   goals: " + ", ".join(f"{name} at most {goal}" for name, goal in GOALS.items()))
    return reached
