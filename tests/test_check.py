"""`check` itself: whatever the learner's code does, it does elsewhere, and a verdict says so."""

from __future__ import annotations

import functools
import os
import re
import signal
import socket
import textwrap
import threading
import time
import uuid

import pytest
from answer_files import function

from labsupport import check
from labsupport.background import until
from labsupport.exercises.checking import judge
from labsupport.exercises.exercise import catalog, named

EXERCISE = named("recv_exactly")
LOOP = """
        data = b""
        while len(data) < count:
            piece = sock.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
"""


def verdict_on(body, before=""):
    """The verdict on `recv_exactly` with this body."""
    head = textwrap.dedent(before) + "\ndef recv_exactly(sock, count):\n"
    return judge(function("recv_exactly", head + textwrap.indent(textwrap.dedent(body), "    ")), EXERCISE)


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch):
    """No descriptor, thread or process stays, whatever the learner's code did."""
    mark = f"TEST_CHECK_{uuid.uuid4().hex}"
    monkeypatch.setenv(mark, "1")  # inherited by what a check starts
    descriptors, threads = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    yield
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    assert set(threading.enumerate()) <= threads
    until(lambda: not marked(mark))  # killed, and gone when it gets a processor


def marked(mark):
    """The processes with `mark` in the environment that they began with (proc(5))."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                found += [pid] * (f"{mark}=".encode() in file.read())
        except OSError:
            continue
    return found


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors in /proc: Linux")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("while True:\n    pass", r"still running at `(while True:|pass)` when the 2 s were over"),
        ("return sum(range(10**12))", "busy when the 2 s were over, and let nothing else run"),
        ("import time\ntime.sleep(60)", r"still running at `time.sleep\(60\)` when the 2 s were over"),
        ("import sys\nsys.exit(3)", "called `sys.exit`"),
        ("import os\nos._exit(0)", r"ended the whole process \(`os._exit`\)"),
        ("import os\nos._exit(7)", r"ended the whole process \(exit 7\)"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", r"ended the whole process \(killed by SIGKILL\)"),
        ("import os\nos.closerange(3, 2000)\nreturn b''", "closed descriptors that are not its own"),
        ("raise KeyboardInterrupt", "It raised KeyboardInterrupt"),
        ("raise Exception('no')", r"It raised Exception: no, at `raise Exception\('no'\)`"),
        ("return b'x' * 10**9", "a bytes of length 1000000000|when the 2 s were over"),
        ("return b'x' * 10**10", "It raised MemoryError"),
        ("keep = []\nwhile True:\n    keep.append(bytearray(10**8))", "It raised MemoryError|still running at `keep"),
        ("return recv_exactly(sock, count)", "It raised RecursionError"),
        ("return object()", "you returned an object"),
        ("return recv_exactly", "you returned the function recv_exactly"),
        ("def recv_exactly(): pass\nreturn lambda: 1", "you returned the function <lambda>"),
        ("class Odd(bytes):\n    pass\nreturn Odd(b'1')", "you returned an Odd"),
        ("print('x' * 10**7)\nreturn b''", "you returned b"),
        ("import os\nif os.fork() == 0:\n    while True: pass\nreturn sock.recv(count)", "in three pieces; you returned after the first"),
        ("import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass\nreturn sock.recv(count)", "in three pieces"),
        ("import os\nos.fork()\nreturn b''", "you returned b"),
        ("import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\nreturn b''", "you returned b"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nreturn b''", "you returned b"),
        ("sock.close()\nreturn b''", "you returned b"),
        ("sock.detach()\nreturn b''", "you returned b"),
        ("import socket\nsocket.socket.recv = None\nreturn b''", "you returned b"),
        ("import sys\nsys.stdout.close()\nreturn b''", "you returned b"),
        ("import os\nos.close(1)\nos.close(2)\nreturn b''", "you returned b"),
        ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    pass", "when the 2 s were over"),
        ("import sys\nsys.setrecursionlimit(10**9)\nreturn b''", "you returned b"),
        ("import builtins\ndel builtins.len\nreturn b''", "It changed Python itself"),
    ],
)  # fmt: skip
def test_whatever_the_code_does_there_is_a_verdict(body, says):
    verdict = verdict_on(body)
    assert not verdict and re.search(says, verdict.message), repr(verdict)


def test_the_text_is_the_same_from_run_to_run():
    for body in ("return sock.recv(count)", "while True:\n    sock.recv(count)", "return socket"):
        first, second = (repr(verdict_on(body)) for _ in range(2))
        assert first == second


def test_prints_are_shown():
    verdict = verdict_on("print('asked for', count)\nreturn sock.recv(count)")
    assert "It printed:\n    asked for 16\n" in repr(verdict)


def test_names_from_earlier_cells_travel():
    before = f"""
    import enum
    START = b""

    class Left(Exception):
        pass

    def pieces(sock, count):
        {LOOP}

    class Reader:
        def __init__(self, sock):
            self.sock = sock

        def read(self, count):
            return START + pieces(self.sock, count)
    """
    assert verdict_on("return Reader(sock).read(count)", before.replace("\n        \n", "\n"))


def test_closures_travel():
    def made(size):
        def recv_exactly(sock, count):
            data = b""
            while len(data) < count:
                piece = sock.recv(min(size, count - len(data)))
                if not piece:
                    raise EOFError
                data += piece
            return data

        recv_exactly.__module__ = "__main__"  # as in a notebook: by value
        return recv_exactly

    assert judge(made(5), EXERCISE)


@pytest.mark.parametrize(
    ("before", "use", "named"),
    [
        ("import socket\nother = socket.socket()", "other.fileno()", "`other`, a socket of the notebook"),
        ("import threading\nlock = threading.Lock()", "lock.acquire()", "`lock`, a lock of the notebook"),
        ("import socket\nfile = socket.socket().makefile('rwb')", "file.read()", "`file`, a BufferedRWPair of the notebook"),
        ("source = (n for n in range(3))", "next(source)", "`source`, a generator of the notebook"),
        (
            "import socket\nother = socket.socket()\ndef inner():\n    return other.fileno()",
            "inner()",
            "`other`, a socket of the notebook",
        ),
    ],
)
def test_what_cannot_travel_is_named(before, use, named):
    source = f"{before}\ndef recv_exactly(sock, count):\n    return {use}\n"
    made = function("recv_exactly", source)
    try:
        verdict = judge(made, EXERCISE)
    finally:
        for value in list(made.__globals__.values()):
            if isinstance(value, socket.socket) or hasattr(value, "readline"):
                value.close()
    assert not verdict and named in verdict.message and "cannot travel" in verdict.message


def test_what_cannot_be_loaded_there_is_said():
    class Odd:
        def __reduce__(self):
            return (int, ("no number",))

    made = function("recv_exactly", "def recv_exactly(sock, count):\n    return odd\n")
    made.__globals__["odd"] = Odd()
    verdict = judge(made, EXERCISE)
    assert "could not be loaded" in verdict.message and "ValueError" in verdict.message


def test_the_timeline_of_the_run_that_failed_is_there():
    verdict = verdict_on("return sock.recv(count)")
    assert [(call.call, call.result) for call in verdict.timeline.calls] == [("recv", 'b"012"')]
    assert 'recv(16) → b"012"' in repr(verdict)


def test_a_verdict_is_true_when_passed():
    assert verdict_on(LOOP) and verdict_on(LOOP).beyond
    with pytest.raises(AssertionError):
        assert verdict_on("return b''")


@pytest.mark.parametrize("nothing", [None, 3, "recv_exactly", functools.partial(print)])
def test_only_a_function_can_be_checked(nothing):
    with pytest.raises(TypeError, match="check takes the function itself"):
        check(nothing)


def test_an_unknown_name_is_an_error_that_names_the_exercises():
    def no_such_exercise():
        pass

    with pytest.raises(ValueError, match="recv_exactly"):
        check(no_such_exercise)


def test_an_interrupt_ends_the_check_and_its_process():
    """As the notebook's stop button does; what was started is gone (see nothing_left)."""
    timer = threading.Timer(0.7, signal.raise_signal, [signal.SIGINT])
    before = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            verdict_on("while True:\n    pass")
            time.sleep(3)
    finally:
        timer.join()
    assert time.monotonic() - before < 60


def test_an_interrupt_while_the_process_comes_up_ends_it():
    """What the function needs is loaded first, and here that takes a minute (see nothing_left)."""
    slow = """
        import time

        class Slow:
            def __reduce__(self):
                return time.sleep, (60,)

        slow = Slow()
    """
    timer = threading.Timer(0.7, os.kill, [os.getpid(), signal.SIGINT])  # to the thread that waits
    before = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            verdict_on("return slow", slow)
            time.sleep(3)
    finally:
        timer.join()
    assert time.monotonic() - before < 15  # the check itself waits for 20 s


def test_the_exercises_that_are_asked_for_exist():
    asked = """open_socket speak bind_first_free same_port_both_families room_in_queue restartable_listener
    accept_within accept_by_peer connect_any why_not recv_exactly send_all recv_lines ask_udp finish stop_waiting
    talk serve read_message write_message""".split()
    missing = set(asked) - set(catalog())
    assert not missing
