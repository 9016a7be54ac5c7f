"""A check on a busy machine: what comes late is waited for, and what has no processor is not said to wait."""

from __future__ import annotations

import socket
import threading

from labsupport.background import background, is_waiting, until
from labsupport.exercises import runner
from labsupport.exercises.learner import SPAWNING, Call, Learner


class Messages:
    """A channel's end that keeps what is sent there; `meanwhile(kind)` is called before a message is."""

    def __init__(self, meanwhile=None):
        self.sent, self._meanwhile = [], meanwhile

    def send(self, kind, value=None):
        if self._meanwhile:
            self._meanwhile(kind)
        self.sent.append(kind)


class Over:
    """A run that has just ended."""

    over = False

    def report(self, value, error):
        return {}


def test_who_asks_at_the_very_end_has_the_outcome_first():
    asked = []

    def meanwhile(kind):
        if kind == "ended":  # at this moment the other thread is asked
            asked.append(background(lambda: channel.send("where", over._where())))

    channel = Messages(meanwhile)
    over = runner.Runner(channel)
    over._running = Over()
    over._tell(over._running, None, None, None)
    asked[0].result()
    assert channel.sent == ["ended", "where"]


def test_an_item_that_comes_while_it_is_asked_where_it_is_counts():
    class Late(Call):
        def _take(self, seconds):
            return False

        def _where(self):
            self.items.append("late")

    learner = Learner.__new__(Learner)
    learner.channel = Messages()
    assert Late(learner, (), {}, True, None).item(0) == "late"


def test_a_call_begins_when_no_process_has_a_copy_of_what_was_closed():
    learner = Learner.__new__(Learner)
    learner.channel = Messages()
    with SPAWNING:
        call = background(Call, learner, (), {}, False, None)
        assert not learner.channel.sent
    call.result()
    assert learner.channel.sent == ["call"]


def test_a_process_that_is_slow_to_end_has_an_end():
    class Slow:
        status = None

        def ends_within(self, seconds):
            return seconds > 1  # it has given its descriptors back, and is not gone yet

        def end(self):
            self.status = "exit 7"

    learner = Learner.__new__(Learner)
    learner._process = Slow()
    assert learner.death() == "exit 7"


class Standing:
    """A run that stands at the same call, `looks` times; then it has got on."""

    def __init__(self, looks):
        self._left = looks

    def standing(self):
        self._left -= 1
        return ("recv", 1 if self._left >= 0 else 2)


def test_who_has_no_processor_is_not_blocked(monkeypatch):
    monkeypatch.setattr(runner, "is_waiting", lambda thread: False)
    assert runner._blocked(Standing(5)) is None
    monkeypatch.setattr(runner, "is_waiting", lambda thread: True)
    assert runner._blocked(Standing(5)) == "recv"


def test_a_thread_waits_in_the_kernel_and_not_for_the_interpreter():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        call = background(ours.recv, 1)
        until(lambda: is_waiting(call.thread))
        theirs.sendall(b"x")
        call.result()
    over = threading.Event()

    def spin():
        while not over.is_set():
            pass

    spinning = threading.Thread(target=spin, daemon=True)
    spinning.start()
    try:
        assert not is_waiting(spinning)
    finally:
        over.set()
        spinning.join()
