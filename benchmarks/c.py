"""What C costs here: a call through libc, and a C program's call noted by our preloaded library.

A program sends and receives one byte through a socket pair, so that a call is as short as it can be: bare,
noted, and under strace where that is installed. libc's getpid-like worst case is `htons`, beside Python's
own.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from labsupport import compile_c, libc
from labsupport.c import NoCompiler
from labsupport.c.trace import SLOTS

GOALS = {"noted": 3.9, "libc": 30.0}  # µs a call, at most
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1, p[2];
    char c = 'x';
    struct timespec from[2], to[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from[0]);
    clock_gettime(CLOCK_MONOTONIC, &from[1]);
    for (int i = 0; i < rounds; i++) {
        send(p[0], &c, 1, 0);
        recv(p[1], &c, 1, 0);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to[0]);
    clock_gettime(CLOCK_MONOTONIC, &to[1]);
    for (int i = 0; i < 2; i++)
        printf("%.3f ", ((to[i].tv_sec - from[i].tv_sec) * 1e6
                         + (to[i].tv_nsec - from[i].tv_nsec) / 1e3) / rounds / 2);
}
"""


def program_costs(repeats, rounds):
    """Medians of microseconds a call: bare and noted in processor time, bare and under strace by the clock.

    A tracer's work is another process's, so processor time would not show it; None where there is no strace.
    """
    with compile_c(PROGRAM) as program:
        bare, noted = [], []
        for _ in range(repeats):
            bare.append([float(word) for word in program.run(rounds, deadline=60).output.split()])
            noted.append(float(program.run(rounds, deadline=60, record=True).output.split()[0]))
        traced = under_strace(program, min(rounds, 2000))
    used, clock = (statistics.median(column) for column in zip(*bare, strict=True))
    return used, statistics.median(noted), clock, traced


def under_strace(program, rounds):
    """The same under strace, its output to a file."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    with tempfile.NamedTemporaryFile() as file:
        command = [strace, "-f", "-tt", "-o", file.name, str(program.folder / "program"), str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return float(done.stdout.split()[1]) if done.returncode == 0 else None


def libc_costs(repeats, rounds):
    """Microseconds of one byte's send and recv, each, through libc and by Python's own methods."""
    lib = libc(
        "ssize_t send(int socket, const void *buffer, size_t length, int flags);",
        "ssize_t recv(int socket, void *buffer, size_t length, int flags);",
    )
    one, other = socket.socketpair()
    buffer, figures = bytearray(1), {"python": [], "libc": []}
    with one, other:
        for _ in range(repeats):
            began = time.thread_time()
            for _ in range(rounds):
                one.send(b"x")
                other.recv(1)
            between = time.thread_time()
            for _ in range(rounds):
                lib.send(one, b"x", 1, 0)
                lib.recv(other, buffer, 1, 0)
            ended = time.thread_time()
            figures["python"].append((between - began) / rounds / 2 * 1e6)
            figures["libc"].append((ended - between) / rounds / 2 * 1e6)
    return statistics.median(figures["python"]), statistics.median(figures["libc"])


def main(quick=False):
    """Print the table; True when the goals were reached."""
    repeats, rounds = (3, 2000) if quick else (9, SLOTS // 4 - 10)
    python, through = libc_costs(repeats, rounds)
    print(f"   one byte by Python's methods {python:6.2f} µs a call, through libc {through:6.2f} µs", end="")
    print(f"   (goal: {GOALS['libc']:g} µs)")
    try:
        bare, noted, clock, traced = program_costs(repeats, rounds)
    except NoCompiler as missing:
        print(f"   a C program: not measured, {missing}")
        return through <= GOALS["libc"]
    strace = "is not installed" if traced is None else f"adds {traced - clock:.1f} µs by the clock"
    print(
        f"   a C program's call takes {bare:.2f} µs; noting it adds {noted - bare:.2f} µs, strace {strace}"
        f"   (goal: {GOALS['noted']:g} µs)"
    )
    return through <= GOALS["libc"] and noted - bare <= GOALS["noted"]
