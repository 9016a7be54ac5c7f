"""What being watched costs a bulk transfer.

One process sends to itself over loopback, in turn unwatched and watched, the order changing from round to
round: whatever else the machine does meets both alike. The watched one has live cards as in a notebook: a
widget with its messages, though no page at the other end. A figure is the median of the rounds' ratios.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time

from labsupport import watch

ROUNDS, QUICK_ROUNDS = 40, 8
SECONDS, QUICK_SECONDS = 0.5, 0.3
GOAL = 0.98


def main(quick=False):
    """Measure, print, and say whether the goal was reached."""
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    both = {"watched": [], "plain": []}
    transfer(seconds, watched=True)  # imports and caches
    for number in range(rounds):
        for name in sorted(both, reverse=bool(number % 2)):
            both[name].append(transfer(seconds, watched=name == "watched"))
    ratio = statistics.median(one / other for one, other in zip(both["watched"], both["plain"], strict=True))
    for name, figures in both.items():
        median = statistics.median(figures)
        print(f"   {name:8} {median:9,.0f} MB/s  ({min(figures):,.0f} to {max(figures):,.0f})")
    print(f"   watched / plain {ratio:.3f}  (goal: at least {GOAL})")
    return ratio >= GOAL


def transfer(seconds, watched):
    """MB/s from one socket to another of this process, for `seconds`."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as sender,
    ):
        receiver, _ = listener.accept()
        with receiver:
            view = watch(sender, receiver) if watched else None
            if view is not None:
                view._repr_mimebundle_()
            try:
                return _pump(sender, receiver, seconds)
            finally:
                if view is not None:
                    view.close()


def _pump(sender, receiver, seconds):
    received = []
    reader = threading.Thread(target=lambda: received.append(_drain(receiver)))
    reader.start()
    block = bytes(256 * 1024)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        sender.sendall(block)
    sender.shutdown(socket.SHUT_WR)
    reader.join()
    return received[0] / 1e6 / (time.perf_counter() - began)


def _drain(sock):
    total, buffer = 0, bytearray(256 * 1024)
    while count := sock.recv_into(buffer):
        total += count
    return total
