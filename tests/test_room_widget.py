"""The class's board in the teacher's notebook: settled where stored, small messages, gone when closed."""

from __future__ import annotations

import itertools
import re
import threading
import time

import pytest

from class_clients import Client
from classes import JOKER, model, row
from labsupport import EchoServer, tidy, until
from labsupport.classroom.roll import GOALS
from labsupport.classroom.room import Classroom
from labsupport.widgets import room as room_module
from labsupport.widgets import room_parts
from labsupport.widgets.bundle import WIDGET
from labsupport.widgets.room import mimebundle, show
from labsupport.widgets.sampler import NAME


@pytest.fixture
def room():
    with Classroom() as room:
        yield room
    tidy()
    assert NAME not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
def ada(room):
    with EchoServer() as server, Client(room, "Ada") as ada:
        ada.ask(f"visit {server.port}")
        until(lambda: "server" in room.rows[0].done, timeout=20)
        yield ada


def test_a_classroom_shows_itself_and_what_is_stored_is_settled(room, ada):
    data, _ = room._repr_mimebundle_()
    assert set(data) == {"text/plain", WIDGET}
    assert re.search(r"Ada +ESTABLISHED .*server, good: answered", data["text/plain"])
    assert str(room.address[1]) not in data["text/plain"] and not re.search(r"\d{5}", data["text/plain"])


def test_shown_again_it_is_the_same_view(room):
    first, again = mimebundle(room)[0][WIDGET], mimebundle(room)[0][WIDGET]
    assert first == again and show(room) is show(room)


def test_it_follows_what_learners_do(room, ada):
    view = show(room)
    view.widget
    until(lambda: "Ada" in view._rows.value)
    view.refresh()  # what came with it is there, too
    assert [label for label, _ in view._whom.options] == ["everybody who serves", "Ada"]
    ada.ask("é")
    until(lambda: "got right utf-8" in view._log.value)


def test_the_controls_do_what_they_say(room, ada):
    view = show(room)
    view.widget
    view.refresh()
    view._answers.value = "pieces"
    assert room.answers == "pieces" and "come in pieces" in view._status.value
    view._whom.value, view._how.value = "Ada", "reset"
    view._send.click()
    assert "is on its way to Ada" in view._status.value
    until(lambda: "withstood" in room.rows[0].done, timeout=20)
    assert view._whom.value == "Ada"
    view.visit("nobody", "good")
    assert "nobody here is called" in view._status.value
    view._end.click()
    assert room.closed and view.closed and "The class is over" in view._status.value
    assert all(control.disabled for control in (view._answers, view._send, view._dismiss, view._end))


def test_a_button_that_is_pressed_while_the_board_is_drawn_is_not_undone(room, monkeypatch):
    view = show(room)
    view.widget
    view.refresh()
    presses = threading.Thread(target=lambda: setattr(view._answers, "value", "pieces"))
    offer = view._offer

    def pressed_meanwhile(names):
        presses.start()
        until(lambda: room.answers == "pieces", timeout=20)
        offer(names)

    monkeypatch.setattr(view, "_offer", pressed_meanwhile)
    with Client(room, "Ada"):
        view.refresh()
        presses.join(20)
    assert room.answers == view._answers.value == "pieces"


def test_what_a_program_sets_is_shown(room):
    view = show(room)
    view.widget
    room.answers = "late"
    until(lambda: view._answers.value == "late")


def test_a_chosen_learner_stays_chosen_while_others_come(room, ada):
    view = show(room)
    view.widget
    view.refresh()
    view._whom.value = "Ada"
    with Client(room, "Grace"):
        until(lambda: len(view._whom.options) == 3)
        view.refresh()
        assert view._whom.value == "Ada"
    room.dismiss("Ada")
    until(lambda: len(view._whom.options) == 2)
    view.refresh()
    assert view._whom.value == ""


def test_a_learner_is_dismissed(room, ada):
    view = show(room)
    view.widget
    view.refresh()
    with Client(room, "Joker") as joker:
        until(lambda: [name for _, name in view._who.options] == ["", "Ada", "Joker"])
        view.refresh()
        view._who.value = "Joker"
        view._dismiss.click()
        assert [row.name for row in room.rows] == ["Ada"]
        assert "Joker is forgotten, and may come again." in view._status.value
        assert view._who.value == "" and [name for _, name in view._who.options] == ["", "Ada"]
        assert joker.line() == "your teacher ended this connection"
    assert ada.ask("still here") == "still here"


def test_nobody_is_dismissed_unless_chosen(room, ada):
    view = show(room)
    view.widget
    view.refresh()
    view._dismiss.click()
    assert "Choose whom to dismiss" in view._status.value and len(room.rows) == 1
    assert not view._dismiss.disabled  # a control that is disabled while it has the focus loses the keyboard


def test_the_choice_of_whom_to_dismiss_stays_while_others_come_and_go(room, ada):
    view = show(room)
    view.widget
    view.refresh()
    with Client(room, "Grace"), Client(room, "Joker"):
        until(lambda: len(view._who.options) == 4)
        view.refresh()
        view._who.value = "Joker"
        with Client(room, "Zoë"):
            until(lambda: len(view._who.options) == 5)
            view.refresh()
            assert view._who.value == "Joker"
        room.dismiss("Grace")
        until(lambda: len(view._who.options) == 4)
        view.refresh()
        assert view._who.value == "Joker"
        room.dismiss("Joker")  # from the command line, say
        until(lambda: len(view._who.options) == 3)
        view.refresh()
        assert view._who.value == ""
    view.dismiss("Joker")
    assert "nobody here is called" in view._status.value


def test_a_jokers_name_is_text(room):
    with Client(room, JOKER):
        view = show(room)
        view.widget
        view.refresh()
        parts = view._head.value + view._rows.value + view._log.value + view._status.value
    assert "<img" not in parts and "&lt;img" in parts


def test_a_message_is_never_so_large_that_a_thread_stays():
    """More than 64 kB make pyzmq start one."""
    visits = (("half-close", "<" * 200),)
    full = model(*[row("&" * 24, done=frozenset(GOALS), server=50000, visits=visits) for _ in range(200)])
    html = room_parts.rows(full)
    assert len(html.encode()) <= room_parts.LARGEST < 64_000
    assert re.search(r"and \d+ more learners", html)
    thirty = model(*[row("Ada Lovelace, Countess", done=frozenset(GOALS), server=50000)] * 30)
    assert "more learner" not in room_parts.rows(thirty)


def test_what_scrolls_outlasts_the_table_that_is_drawn_anew(room, ada):
    """Otherwise it jumps back with every byte that comes."""
    view = show(room)
    frame = next(part for part in view.widget.children if view._rows in getattr(part, "children", ()))
    assert frame.layout.overflow == "auto" and frame.layout.max_height.endswith("vh")
    assert "overflow-x" not in view._rows.value


def test_closing_the_view_leaves_the_class(room, ada):
    view = show(room)
    view.close()
    assert view.closed and not room.closed and show(room) is not view
    assert ada.ask("still here") == "still here"


def test_a_class_that_is_over_is_text(room, ada):
    view = show(room)
    room.close()
    data, _ = room._repr_mimebundle_()
    assert set(data) == {"text/plain"} and data["text/plain"].startswith("the class is over; 1 learner came")
    assert view.closed


def test_a_log_that_took_long_to_tell_is_told_again_soon(room, monkeypatch):
    """It may have been the collector's time, and not the log's."""
    view = show(room)
    view.close()
    times = itertools.count()
    monkeypatch.setattr(time, "thread_time", lambda: next(times))
    view._count = None
    assert view._tail(room, 1.0) and view._not_before == 1.0 + room_module.LOG_PAUSE


def test_an_error_while_looking_stands_in_the_view(room, monkeypatch):
    view = show(room)
    view.widget

    def fails(_room):
        raise RuntimeError("no board today")

    monkeypatch.setattr(room_module, "board_of", fails)
    until(lambda: "looking ended: RuntimeError: no board today" in view._status.value)
    assert view.closed
