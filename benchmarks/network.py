"""How soon a private network is up and gone: beside `unshare -Urn true`, and a Python that does nothing.

All in turn, so that whatever else the machine does meets all alike. The network is two hosts with a wire,
addresses and routes; `unshare` makes one empty namespace. Further: thirty at once, and what a request costs.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from labsupport import Network

GOAL = 0.1  # seconds until a network is up
CROWD = 30
PYTHON = [sys.executable, "-I", "-S", "-c", "pass"]
UNSHARE = ["unshare", "-Urn", "true"]


def main(quick=False):
    """Measure, print, and say whether the goals were reached."""
    if not Network.available():
        print("   no private network can be had here")
        return True
    rounds = 5 if quick else 30
    bare = [UNSHARE] if shutil.which("unshare") else []
    figures = {"Network() up": [], "… and closed": [], "python -I -S -c pass": []}
    figures.update({" ".join(command): [] for command in bare})
    for _ in range(rounds):
        began = time.perf_counter()
        net = Network()
        figures["Network() up"].append(time.perf_counter() - began)
        figures["… and closed"].append(_seconds(net.close))
        for name, command in (("python -I -S -c pass", PYTHON), *((" ".join(one), one) for one in bare)):
            figures[name].append(_seconds(lambda command=command: subprocess.run(command, check=True)))
    up = statistics.median(figures["Network() up"])
    for name, times in figures.items():
        middle, worst = statistics.median(times), max(times)
        goal = f"   (goal {GOAL * 1000:g} ms)" if times is figures["Network() up"] else ""
        print(f"{name:24}{middle * 1000:8.1f} ms, worst {worst * 1000:6.1f}, {up / middle:5.2f} of it{goal}")
    _crowd()
    _requests(200 if quick else 2000)
    return up <= GOAL


def _seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _crowd():
    """As many networks at once as a class has kernels, made by as many threads."""
    nets = []
    print(f"{CROWD} networks at once   {_each(CROWD, lambda _: nets.append(Network())):10.2f} s", end="")
    print(f", closed {_each(CROWD, lambda number: nets[number].close()):.2f} s")


def _each(count, call):
    threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _requests(count):
    """Microseconds for what scenes and learners ask for most, beside a plain socket."""
    with Network() as net, net.b.socket() as listener, net.a.socket() as client:
        listener.bind((net.b.address, 80))
        listener.listen()
        client.connect((net.b.address, 80))
        asked = {
            "host.socket()": lambda: net.a.socket().close(),
            "socket.socket()": lambda: socket.socket().close(),
            "host.sockets": lambda: net.b.sockets,
        }
        for name, call in asked.items():
            cost = _seconds(lambda call=call: [call() for _ in range(count)]) / count
            print(f"{name:24}{cost * 1e6:8.1f} µs")
