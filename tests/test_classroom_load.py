"""Thirty good clients beside one joker: 1,000 connections, 50,000 inputs, a slow-loris, and no byte lost."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from class_clients import Client, exchange

from labsupport import EchoServer, until
from labsupport.classroom.roll import GOALS

PROGRAM = str(Path(__file__).parent / "rowdy.py")
GOOD = 30
MEMORY = 80_000_000  # bytes: of the room's whole process, Python and all


@contextlib.contextmanager
def program(*words):
    """rowdy.py with these arguments, a process of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, PROGRAM, *words], **pipes, text=True) as process:
        try:
            yield process
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            process.kill()


class Room:
    """The room in a process of its own, as far as clients see it."""

    def __init__(self, process):
        self._process = process
        self.address = "127.0.0.1", int(process.stdout.readline())

    def report(self):
        """What the room is like now, as JSON has it."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def work(room, name, server, over):
    """A good client: lines sent and checked while the joker is there, and then all that earns goals."""
    count = 0
    with Client(room, name, seconds=60) as client:
        assert client.greeting == f"hello, {name}"
        while not over.is_set() or count < 1000:
            lines = [f"{name} déjà vu {number}" for number in range(count, count + 20)]
            client.send("\n".join(lines))
            assert [client.line() for _ in lines] == lines
            count += len(lines)
            if count % 1000 == 0:  # a newcomer in the middle of it
                assert list(exchange(room.address, [f"I am {name}", "é"], timeout=60)) == [
                    client.greeting,
                    "é",
                ]
        assert client.end() == b""
    word = list(exchange(room.address, [f"I am {name}", "word?"], timeout=60))[1]
    much = ["eight megabytes, " * 200] * 2500
    lines = [f"I am {name}", f"word {word}", *much, f"visit {server.port} reset"]
    answers = list(exchange(room.address, lines, timeout=60))
    assert (
        answers[:2] == [client.greeting, "right"] and answers[2:-1] == lines[2:-1] and answers[-1] == "coming"
    )
    return count


def all_at_once(room, server, over):
    """The good clients in threads: (what each returned or raised, the threads)."""
    results = {}

    def run(name):
        try:
            results[name] = work(room, name, server, over)
        except BaseException as error:
            results[name] = error

    threads = [threading.Thread(target=run, args=(f"Good {number}",)) for number in range(GOOD)]
    for thread in threads:
        thread.start()
    return results, threads


@pytest.mark.long
@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.1"])
def test_good_clients_beside_a_joker(source):
    over = threading.Event()
    with program("room") as process, EchoServer() as server:
        room = Room(process)
        before = room.report()
        results, threads = all_at_once(room, server, over)
        try:
            with program("joker", str(room.address[1]), source) as joker:
                did = json.loads(joker.stdout.readline())
                during = room.report()
                over.set()
                for thread in threads:
                    thread.join(120)
                assert not any(thread.is_alive() for thread in threads)
        finally:
            over.set()
        assert [(name, said) for name, said in results.items() if not isinstance(said, int)] == []
        until(lambda: goals(room) == dict.fromkeys(results, set(GOALS)), timeout=60)
        after = room.report()
        with Client(room, "Late", seconds=60) as late:
            assert late.greeting == "hello, Late"
    print(
        did,
        {key: value for key, value in after.items() if key != "rows"},
        before["peak"],
        sum(results.values()),
    )
    assert did["sent"] >= 50_000 and did["held"] + did["refused"] == 1000
    for report in during, after:
        assert report["alive"] and report["errors"] == []
        assert report["connections"] <= 512 and report["descriptors"] < 700
        assert len(report["rows"]) <= 200 and report["log"] <= 20_000
        assert report["peak"] < MEMORY and report["pending"] < MEMORY // 4
    assert sum(after["turned away"].values()) > 500


def goals(room):
    """What the good clients got right, by name."""
    return {row["name"]: set(row["done"]) for row in room.report()["rows"] if row["name"].startswith("Good ")}
