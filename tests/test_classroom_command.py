"""`python -m labsupport classroom` as a process of its own: what it says, does and leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request

import pytest

from class_clients import Client
from labsupport import EchoServer, until
from nboutputs import ROOT

TIMEOUT = 60  # seconds: a start takes some on a busy machine


class Class:
    """The command, started and ready; `said` is what it printed so far."""

    def __init__(self, *options, stdin=subprocess.PIPE):
        command = [sys.executable, "-u", "-m", "labsupport", "classroom", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until(r"Ctrl-C ends the class")
        host, port = re.search(r"listens on (\S+).*?, port (\d+)", self.said).groups()
        self.address = {"0.0.0.0": "127.0.0.1"}.get(host, host), int(port)
        self.board = re.search(r"http://\S+", self.said)[0]

    def _read(self):
        for line in self.process.stdout:
            self.said += line.decode()

    def until(self, pattern):
        """Wait until what it printed matches."""
        until(lambda: re.search(pattern, self.said) or self.process.poll() is not None, TIMEOUT)
        assert re.search(pattern, self.said), (self.said, self.process.poll())

    def shows(self, text):
        """Whether the board has shown this; it is asked for once more."""
        self.type("board")
        return text in self.said

    def type(self, line):
        """Type a line, as the teacher does."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def ended(self):
        """(status, what was printed, what came on standard error), once it ended by itself."""
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return status, self.said, self.process.stderr.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._reader.join(TIMEOUT)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def running():
    with Class() as running:
        yield running


def test_it_says_where_learners_connect_and_where_the_board_is(running):
    assert "Only programs on this machine can connect" in running.said
    assert "Only a browser on this machine finds it" in running.said
    with urllib.request.urlopen(running.board, timeout=10) as page:
        assert f"{running.address[1]}" in page.read().decode()
    with Client(running) as learner:
        assert learner.ask("I am Ada") == "hello, Ada"


def test_commands_do_what_they_say(running):
    with EchoServer() as served, Client(running, "Ada Lovelace") as ada:
        running.type("answers pieces")
        running.until("From now on answers come in pieces")
        running.type("visit Ada Lovelace good")
        running.until("Ada Lovelace has no server yet")
        assert ada.ask(f"visit {served.port}") == "coming"
        running.type("board")
        running.until(r"Ada Lovelace +ESTABLISHED .*named")
        running.type("visit nobody good")
        running.until("nobody here is called 'nobody'")
        running.type("visit all tickle")
        running.until("behavior must be one of good,")
        running.type("tickle")
        running.until("'tickle' is no command")
        running.type("help")
        running.until("behaviors: good, ")
        until(lambda: running.shows("good: answered 3 of 3 lines"), TIMEOUT)  # and nobody is on the way
        running.type("visit all good")
        running.until(r"Visitors \(good\) are on their way to Ada Lovelace")
        running.type("dismiss Ada Lovelace")
        running.until("is forgotten")
        running.type("answers")
        running.until("Answers come in pieces. To change it")
        running.type("answers backwards")
        running.until("backwards")
    running.type("quit")
    status, said, trouble = running.ended()
    assert (status, trouble) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order_with_the_board(running, name):
    with Client(running, "Ada") as ada:
        ada.ask("é")
        running.process.send_signal(getattr(signal, name))
        status, said, trouble = running.ended()
    assert (status, trouble) == (0, "")
    last = said.rpartition("Ctrl-C ends the class.")[2]
    assert "the class is over; 1 learner came" in last and "come in" not in last
    assert re.search(r"Ada +ESTABLISHED .*✓ 2 of 8: named, UTF-8", last)


def test_the_end_of_input_is_not_the_end_of_the_class():
    with Class(stdin=subprocess.DEVNULL) as running:
        with Client(running) as learner:
            assert learner.ask("I am Ada") == "hello, Ada"
        running.process.terminate()
        status, said, trouble = running.ended()
        assert (status, trouble) == (0, "") and "1 learner" in said


def test_a_last_line_without_a_newline_and_bytes_that_are_no_text_are_survived(running):
    running.process.stdin.write(b"\xff\xfe\x00\n" + b"x" * 100_000 + b"\nboard")
    running.process.stdin.close()
    running.until("nobody is here yet")
    assert running.process.poll() is None
    running.process.stdin = None


def test_other_machines_are_named_where_they_can_come_in():
    with Class("--host", "0.0.0.0", "--board-host", "0.0.0.0", "--answers", "late") as running:
        assert "Everybody who reaches one of these addresses can connect" in running.said
        assert "Everybody who reaches this machine can look at the board" in running.said
        assert re.search(r"^    \S+:%d$" % running.address[1], running.said, re.MULTILINE)
        running.type("answers")
        running.until("Answers come late")


def test_localhost_is_loopback_of_ipv4():
    with Class("--host", "localhost", "--board-host", "localhost") as running:
        assert "listens on 127.0.0.1, port" in running.said
        assert "Only programs on this machine can connect" in running.said
        assert running.board.startswith("http://127.0.0.1:")


def test_limits_can_be_given():
    with Class("--line-bytes", "64", "--rows", "1", "--crowded", "192.0.2.1") as running:
        with Client(running, "Ada") as ada:
            ada.sock.sendall(b"x" * 1000 + b"\n")
            until(lambda: _is_over(ada.sock), TIMEOUT)


def _is_over(sock):
    sock.settimeout(1)
    try:
        return sock.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--idle", "0"), "idle must be more than 0"),
        (("--host", "203.0.113.7"), "no address of this machine"),
        (("--host", "classroom.example"), "host must be an IPv4 or IPv6 address"),
        (("--port", "70000"), "port must be from 0"),
        (("--board-host", "203.0.113.7"), "no address of this machine"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(options, said):
    command = [sys.executable, "-m", "labsupport", "classroom", *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, cwd=ROOT
    )
    assert done.returncode == 1 and said in done.stderr
    assert done.stderr.startswith("The class cannot begin: ") and "Traceback" not in done.stderr


def test_a_taken_port_is_named(running):
    command = [sys.executable, "-m", "labsupport", "classroom", "--port", str(running.address[1])]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, cwd=ROOT
    )
    assert done.returncode == 1 and "another program has that port" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
def test_at_a_terminal_the_end_of_input_is_survived_and_control_c_ends_it():
    import pty

    terminal, its = pty.openpty()
    try:
        with Class(stdin=its) as running:
            os.write(terminal, b"answers pieces\n")
            running.until("From now on answers come in pieces")
            os.write(terminal, b"\x04")
            with Client(running) as learner:
                assert learner.ask("I am Ada") == "hello, Ada"
            running.process.send_signal(signal.SIGINT)
            status, said, trouble = running.ended()
            assert (status, trouble) == (0, "") and "1 learner" in said
    finally:
        os.close(terminal)
        os.close(its)
