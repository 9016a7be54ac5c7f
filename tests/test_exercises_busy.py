"""Checks whose own peers pause, as on a busy machine: the verdict is the one that it is without a pause."""

from __future__ import annotations

import contextlib
import re
import time
from types import SimpleNamespace

import pytest

from answer_files import answers, function
from labsupport.exercises import nb08_server, nb18_receiver
from labsupport.exercises.checking import _wrong
from labsupport.exercises.exercise import named
from labsupport.exercises.learner import Learner
from labsupport.exercises.nb09_clients import Server
from labsupport.exercises.trial import Trial

PAUSE = 0.6  # seconds: more than any of these functions waits for its peer


def found(name, case, source):
    """What the case of that name finds wrong with `source`, or None."""
    (chosen,) = [one for one in named(name).cases if one.__name__ == case]
    with contextlib.closing(Learner(function(name, source))) as learner:
        return _wrong(chosen, learner)


def solution(name):
    return named(name).solution.read_text()


def answer(name, title):
    (one,) = [one for one in answers(name) if one.title == title]
    return one


@pytest.fixture
def pausing(monkeypatch):
    """Call it with (owner, name): the next call of that function pauses first, or then, where `after`."""

    def pausing(owner, name, after=False):
        real, paused = getattr(owner, name), []

        def call(*args, **kwargs):
            first, _ = not paused, paused.append(1)
            if first and not after:
                time.sleep(PAUSE)
            result = real(*args, **kwargs)
            if first and after:
                time.sleep(PAUSE)
            return result

        monkeypatch.setattr(owner, name, call)

    return pausing


def test_a_server_that_answers_late_asks_again(pausing):
    pausing(nb08_server, "first_line")
    assert found("run_client", "_falls_silent", solution("run_client")) is None


def test_clients_end_before_the_time_runs(pausing):
    pausing(Trial, "call", after=True)
    assert found("shut_down", "_one_stays", solution("shut_down")) is None


@pytest.mark.parametrize(
    ("name", "case", "title", "owner", "pauses"),
    [
        ("fetch", "_trickles", "a timeout for each call", Trial, "trickle"),
        ("close_within", "_trickles", "each recv has the whole time", Trial, "call"),
        ("shut_down", "_trickles", "a thread for each, and a timeout for each recv", Trial, "call"),
        (
            "deliver",
            "_old_ones_without_end",
            "the wait begins anew with whatever comes",
            nb18_receiver.Receiver,
            "acknowledge",
        ),
    ],
)
def test_a_pause_is_no_silence(name, case, title, owner, pauses, pausing):
    pausing(owner, pauses, after=owner is Trial and pauses == "call")
    one = answer(name, title)
    wrong = found(name, case, one.source)
    assert wrong is not None and re.search(one.says, str(wrong)), wrong


def test_a_function_that_reads_late_is_waited_for():
    one = answer("deliver", "whatever comes is the acknowledgment")
    late = one.source.replace("sock.recv", "time.sleep(0.3) or sock.recv")
    assert late != one.source
    wrong = found("deliver", "_no_acknowledgment", "import time\n" + late)
    assert re.search(one.says, str(wrong)), wrong


def test_clients_are_given_back_one_by_one():
    began = time.monotonic()
    slow = SimpleNamespace(connections=lambda: max(2, 8 - int((time.monotonic() - began) / 0.1)))
    assert Server.gives_back(slow, 2, patience=0.3)
    assert not Server.gives_back(SimpleNamespace(connections=lambda: 3), 2, patience=0.05)
