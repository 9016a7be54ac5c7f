"""Who is there: rows that outlive connections, and names that belong to somebody."""

import random
import socket

import pytest
from class_clients import Client, row, settled

from labsupport.classroom import words
from labsupport.classroom.limits import Account, Limits
from labsupport.classroom.owed import Reading
from labsupport.classroom.roll import Roll
from labsupport.otherend import OtherEnd

pytestmark = pytest.mark.usefixtures("nothing_taken")


def test_a_row_outlives_its_connections(room):
    with Client(room, "Ada") as first, Client(room, "Ada") as second:
        first.ask("é")
        assert (row(room).connections, row(room).state) == (2, "ESTABLISHED")
        second.sock.shutdown(socket.SHUT_WR)
        second.reader.read()
    settled(room)
    before = row(room)
    assert (before.connections, before.state, before.received, before.sent) == (
        0,
        "CLOSED",
        9 + 3 + 9,
        11 + 3 + 11,
    )
    with Client(room, "Ada"):
        after = row(room)
    assert len(room.rows) == 1
    assert after.received == before.received + 9
    assert after.done >= {"named", "utf-8", "in order"}


def test_a_name_belongs_to_the_address_that_said_it_first(room):
    with Client(room, "Ada") as first, Client(room, "ADA", source="127.0.0.2") as second:
        assert first.greeting == "hello, Ada"
        assert second.greeting == "hello, ADA (2) (somebody else here is ADA)"
    with Client(room, "Ada", source="127.0.0.2") as again, Client(room, "Ada (2)", source="127.0.0.2") as own:
        assert again.greeting.startswith("hello, ADA (2)")
        assert own.greeting == "hello, ADA (2)"
    assert [(each.name, each.address) for each in room.rows] == [
        ("Ada", "127.0.0.1"),
        ("ADA (2)", "127.0.0.2"),
    ]


def test_users_of_one_machine_are_told_apart(room, monkeypatch):
    with Client(room, "Ada"):
        monkeypatch.setattr(Reading, "other_end", lambda self, sock: OtherEnd(0, 54321))
        with Client(room, "Ada") as second:
            assert second.greeting.startswith("hello, Ada (2)")


def test_one_name_a_connection(room):
    with Client(room, "Ada") as client:
        assert client.ask("I am ada") == "hello, Ada"
        assert client.ask("I am Bob").startswith("you are Ada on this connection")
    assert [row.name for row in room.rows] == ["Ada"]


@pytest.mark.parametrize(
    "said, kept",
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("\x1b[31mred\x1b[0m\x07", "[31mred[0m"),
        ("Ada\u202egnp.exe", "Adagnp.exe"),
        ("\u2066A\u200bd\u00ada\ufeff", "Ada"),
        ("Z\u0301\u0302\u0303\u0304\u0305lgo", "Ź\u0302\u0303lgo"),
        ("\u0301\u0301a", "a"),
        ("\u3164\u115f\u2800\ufe0f", ""),
        ("\ud800\ue000\U000e0041", ""),
        ("<script>alert(1)</script>", "<script>alert(1)</script"),
        ("Việt Nguyễn", "Việt Nguyễn"),
        ("Vie\u0323\u0302t", "Việt"),
        ("x" * 10_000, "x" * 24),
        ("a\u2028b\tc\x00d", "a b cd"),
        ("李小龍", "李小龍"),
    ],
)
def test_what_is_left_of_a_name(said, kept):
    assert words.cleaned(said) == kept
    assert words.cleaned(kept) == kept


def test_any_text_gives_a_harmless_name():
    source = random.Random(1)
    for _ in range(3000):
        text = "".join(chr(source.randrange(0x110000)) for _ in range(source.randrange(40)))
        name = words.cleaned(text)
        assert len(name) <= words.LONGEST_NAME and name.isprintable() and name == name.strip()


def test_any_line_has_a_meaning():
    source = random.Random(2)
    starts = [b"", b"I am", b"i AM ", b"word", b"word ", b"visit ", b"visit 80", b"visit 8080 "]
    for _ in range(3000):
        line = source.choice(starts) + source.randbytes(source.randrange(20))
        assert words.meaning(line).what in {"name", "ask", "word", "visit", "no port", "echo", "not text"}
        words.quoted(line).encode()


def test_names_that_are_as_long_as_can_be_stay_apart():
    roll, limits = Roll(Limits()), Limits()
    given = [
        roll.enter(Account(number, str(number), True, 1), "x" * 24).name for number in range(limits.rows)
    ]
    assert len(set(given)) == limits.rows and max(map(len, given)) == 24
