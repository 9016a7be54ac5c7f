"""The class's own server: a line for a line, each goal for what earns it, a bound for whatever is sent."""

import contextlib
import functools
import json
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from abilities import has_ipv6

from labsupport import Classroom, EchoServer, SilentServer, tidy, until
from labsupport.classroom import addresses, guests, words
from labsupport.classroom.limits import FREE, Account, Accounts, Bucket, Limits
from labsupport.classroom.owed import Reading
from labsupport.classroom.roll import GOALS, Full, Roll
from labsupport.otherend import OtherEnd
from labsupport.servers import ClosesHalfway, GarbageServer, JoiningServer, ResetsHalfway

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ABORT = struct.pack("ii", 1, 0)


def cells(notebook, *names):
    """The source of these cells of a notebook, each behind the other."""
    (path,) = NOTEBOOKS.glob(f"{notebook}-*.ipynb")
    sources = {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]}
    return [sources[name] for name in names]


CLIENT = cells("08", "read-lines", "sending", "exchange", "explain", "main")
SERVER = cells("09", "carry-on", "welcome", "serve-many", "part")


def loaded(sources, **names):
    """What the cells define, in a namespace that has `names` and the notebook's imports."""
    modules = (contextlib, selectors, socket, sys, threading, time)
    space = {module.__name__: module for module in modules} | {"SimpleNamespace": SimpleNamespace} | names
    for source in sources:
        exec(source.partition("\nlistener.close()")[0], space)
    return SimpleNamespace(**space)


exchange = functools.partial(loaded(CLIENT).exchange, timeout=20)  # a busy machine may take its time


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test gives back the descriptors and the threads that it took."""
    socket.getaddrinfo("localhost", None)  # what the resolver keeps open is there before
    descriptors, threads = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    yield
    tidy()
    assert set(threading.enumerate()) == threads
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.fixture
def room():
    """A room with common limits, whose thread met no error."""
    with Classroom() as room:
        yield room
        assert room.errors == []


class Client:
    """A client that speaks in lines, from an address of its choice, and never waits for ever."""

    def __init__(self, room, name=None, source=None, seconds=30):
        where = (source, 0) if source else None
        self.sock = socket.create_connection(room.address, timeout=seconds, source_address=where)
        self.reader = self.sock.makefile("rb")
        if name is not None:
            self.greeting = self.ask(f"I am {name}")

    def send(self, line):
        self.sock.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")

    def line(self):
        return self.reader.readline().decode().rstrip("\n")

    def ask(self, line):
        self.send(line)
        return self.line()

    def end(self):
        """End in order."""
        self.sock.shutdown(socket.SHUT_WR)
        return self.reader.read()

    def abort(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def close(self):
        self.reader.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def row(room, name="Ada"):
    """The row of `name`."""
    return next(row for row in room.rows if row.name == name)


def settled(room):
    """Wait until nobody is connected."""
    until(lambda: not room.connections, timeout=20)


# The protocol


@pytest.mark.parametrize("answers", ["whole", "pieces", "late"])
def test_the_learners_client_of_08_as_it_is(room, answers):
    room.answers = answers
    lines = ["I am Ada", "hello", "", "déjà vu", "Hello, I am, word, visit", "\tcr\r", "word?"]
    *came, word = exchange(room.address, lines)
    assert came == ["hello, Ada", *lines[1:-1]]
    assert not word.isascii()
    assert list(exchange(room.address, ["I am Ada", f"word {word}"])) == ["hello, Ada", "right"]
    settled(room)
    assert row(room).done == {"named", "utf-8", "pieces", "in order"}


def test_two_megabytes_while_the_client_still_sends(room):
    lines = ["I am Ada", *["a line that is a little longer than the others"] * 45_000]
    assert list(exchange(room.address, lines)) == ["hello, Ada", *lines[1:]]
    settled(room)
    size = sum(map(len, lines)) + len(lines)
    assert (row(room).received, row(room).sent) == (size, size + len("hello, ") - len("I am "))
    assert row(room).done == {"named", "many", "volume", "in order"}


def test_the_learners_program_of_08(room):
    text = "import contextlib, socket, sys, threading\nfrom types import SimpleNamespace\n"
    command = [sys.executable, "-c", "\n".join([text, *CLIENT, "main()"]), *map(str, room.address)]
    ran = subprocess.run(
        command, input="I am Zoë\nhello\n", capture_output=True, encoding="utf-8", timeout=30
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("hello, Zoë\nhello\n", "", 0)


def test_pieces_are_pieces_and_late_is_late(room):
    room.answers = "pieces"
    with Client(room) as client:
        client.send("a line of some length")
        assert len(client.sock.recv(100)) < 5
    room.answers = "late"
    with Client(room) as client:
        began = time.monotonic()
        assert [client.ask("one"), client.ask("two")] == ["one", "two"]
        assert time.monotonic() - began >= 1


def test_a_word_is_cut_within_a_letter(room):
    with Client(room, "Ada") as client:
        client.send("word?")
        first = client.sock.recv(100)
        with pytest.raises(UnicodeDecodeError):
            first.decode()


def test_a_line_without_its_end_comes_back_as_it_is(room):
    with Client(room, "Ada") as client:
        client.send(b"hal")
        assert client.end() == b"hal"


def test_what_is_asked_for_without_a_name(room):
    with Client(room) as client:
        assert (
            client.ask("word?")
            == client.ask("word x")
            == client.ask("visit 5000")
            == ("say who you are first: I am and your name")
        )
        assert client.ask("I am \u200b\x07") == "there is no name in that: say I am and your name, in letters"
    settled(room)
    assert room.rows == ()


def test_what_is_no_text_is_said_so_and_no_crash(room):
    with Client(room, "Ada") as client:
        assert client.ask("dé".encode("latin-1") + b"\n") == "this line is not UTF-8 text: d\ufffd"
        assert client.ask(b"\xff\x00\x1b[2J\n") == "this line is not UTF-8 text: \ufffd\ufffd\ufffd[2J"
        assert client.ask("fine") == "fine"
    assert "utf-8" not in row(room).done


# The goals: each for a program that earns it, and not for one that nearly does


def named(client):
    client.ask("I am Ada")


def no_name(client):
    client.ask("i am Ada")


def ascii_only(client):
    named(client)
    client.ask("deja vu")


def latin_1(client):
    named(client)
    client.ask("déjà vu".encode("latin-1") + b"\n")


def utf_8(client):
    named(client)
    client.ask("déjà vu")


def utf_8_before_the_name(client):
    client.ask("déjà vu")
    named(client)


def lines(count):
    def many(client):
        named(client)
        client.send(b"x\n" * (count - 1))
        for _ in range(count - 1):
            client.line()

    return many


def reads_meanwhile(client):
    named(client)
    for _ in range(80):
        client.send(b"x" * 9999 + b"\n" + b"y" * 14_999 + b"\n")
        client.line(), client.line()


def reads_nothing(client):
    """Its kernel, ours and the server take some of this; then its `send` blocks."""
    named(client)
    client.sock.settimeout(1)
    with contextlib.suppress(TimeoutError):
        for _ in range(5000):
            client.send(b"x" * 9999 + b"\n")
    client.abort()


def joins(client):
    named(client)
    client.ask("word " + client.ask("word?"))


def takes_the_first_piece(client):
    named(client)
    client.send("word?")
    piece = client.sock.recv(100).decode(errors="ignore").strip()
    client.reader.readline()
    assert client.ask(f"word {piece}") == "wrong"


def guesses(client):
    named(client)
    assert client.ask("word \u00e9") == "wrong"


def ends(client):
    named(client)
    client.end()


def closes_unread(client):
    named(client)
    client.send("hello")
    until(lambda: client.sock.recv(100, socket.MSG_PEEK), timeout=20)
    client.close()


def shuts_down_and_closes_unread(client):
    named(client)
    client.send("hello")
    client.sock.shutdown(socket.SHUT_WR)
    client.close()


def closes_without_a_word(client):
    named(client)
    client.close()


def resets(client):
    named(client)
    client.abort()


GOOD_AND_BAD = {
    "named": ([named], [no_name]),
    "utf-8": ([utf_8, utf_8_before_the_name], [ascii_only, latin_1]),
    "many": ([lines(1000)], [lines(999)]),
    "volume": ([reads_meanwhile], [reads_nothing, lines(1000)]),
    "pieces": ([joins], [takes_the_first_piece, guesses]),
    "in order": ([ends], [closes_unread, shuts_down_and_closes_unread, closes_without_a_word, resets]),
}
PROGRAMS = [
    (goal, program, earned)
    for goal, both in GOOD_AND_BAD.items()
    for earned, programs in zip((True, False), both, strict=True)
    for program in programs
]


@pytest.mark.parametrize("goal, program, earned", PROGRAMS)
def test_a_goal_is_reached_by_what_earns_it(room, goal, program, earned):
    with Client(room) as client:
        program(client)
    settled(room)
    assert any(goal in row.done for row in room.rows) == earned


def test_every_goal_has_programs():
    assert set(GOALS) == {*GOOD_AND_BAD, "server", "withstood"}  # these two: below, with the visits


def test_a_word_may_be_answered_on_a_later_connection_and_once(room):
    with Client(room, "Ada") as client:
        word = client.ask("word?")
    with Client(room, "Bob") as client:
        assert client.ask(f"word {word}") == "wrong"
    with Client(room, "ada") as client:
        assert client.greeting == "hello, Ada"
        assert [client.ask(f"word {word}"), client.ask(f"word {word}")] == ["right", "wrong"]


# Rows and names


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
    starts = [b"", b"I am", b"I am ", b"word", b"word ", b"visit ", b"visit 80", b"visit 8080 "]
    for _ in range(3000):
        line = source.choice(starts) + source.randbytes(source.randrange(20))
        assert words.meaning(line).what in {"name", "ask", "word", "visit", "echo", "not text"}
        words.quoted(line).encode()


def test_names_that_are_as_long_as_can_be_stay_apart():
    roll, limits = Roll(Limits()), Limits()
    given = [
        roll.enter(Account(number, str(number), True, 1), "x" * 24).name for number in range(limits.rows)
    ]
    assert len(set(given)) == limits.rows and max(map(len, given)) == 24


# Limits


@contextlib.contextmanager
def limited(**limits):
    """A room with other limits, whose thread met no error."""
    with Classroom(limits=Limits(**limits)) as room:
        yield room
        assert room.errors == []


def test_a_line_that_is_too_long_gets_one_answer_and_an_end():
    with limited(line_bytes=100) as room, Client(room, "Ada") as client:
        assert client.ask("x" * 100) == "x" * 100
        client.send(b"fine\n" + b"x" * 101 + b"\nnever answered\n")
        assert client.line() == "fine"
        assert client.line() == "a line was longer than 100 bytes: send shorter ones"
        assert client.reader.read() == b""  # in order: no reset
        with Client(room, "Ada") as other:  # no end of the line is needed to see it
            assert other.ask(b"x" * 101) == "a line was longer than 100 bytes: send shorter ones"
        client.close()
        settled(room)
        assert room.turned_away == {"a line was too long": 2}


def test_who_was_turned_away_and_stays_is_closed():
    with limited(line_bytes=10, parting=0.2) as room, Client(room) as client:
        client.send(b"x" * 1000)
        settled(room)


def test_connections_from_one_address_are_limited_and_this_machine_is_many():
    with limited(connections_per_address=3) as room, contextlib.ExitStack() as stack:
        ours = [stack.enter_context(Client(room, f"L{number}")) for number in range(20)]
        theirs = [stack.enter_context(Client(room, f"M{number}", source="127.0.0.2")) for number in range(3)]
        with Client(room, source="127.0.0.2") as silent:
            assert silent.line().startswith("too many from one address")
        assert [client.ask("here") for client in ours + theirs] == ["here"] * 23
        theirs[0].end()
        until(lambda: room.connections == 22, timeout=20)
        with Client(room, "M0", source="127.0.0.2") as again:
            assert again.greeting == "hello, M0"
        assert room.turned_away == {"too many from one address": 1}


def test_when_places_are_short_the_silent_go_and_the_learners_stay():
    with limited(connections=10) as room, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(Client(room)) for _ in range(3)]
        until(lambda: room.connections == 3, timeout=20)
        spoke = stack.enter_context(Client(room))
        spoke.ask("hello")
        nonsense = stack.enter_context(Client(room))
        nonsense.ask(b"\xff\n")
        good = [stack.enter_context(Client(room, f"L{number}")) for number in range(5)]
        gone = []
        for number in range(5):
            good.append(stack.enter_context(Client(room, f"M{number}")))
            gone += [client for client in (nonsense, *silent, spoke) if client not in gone and ended(client)]
        names = {nonsense: "nonsense", spoke: "spoke", **{client: "silent" for client in silent}}
        assert [names[client] for client in gone] == ["nonsense", "silent", "silent", "silent", "spoke"]
        with Client(room) as newcomer:
            assert newcomer.line().startswith("the room was full")
        assert [client.ask("here") for client in good] == ["here"] * 10
        assert room.turned_away == {"the room was full": 6}


def ended(client):
    """Whether the server has ended this connection: with a line, then the end."""
    client.sock.settimeout(0)
    try:
        client.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    finally:
        client.sock.settimeout(30)
    return client.reader.read().endswith(b"who you are first\n")


def test_connections_of_one_name_are_limited_to_the_liveliest():
    with limited(connections_per_name=3) as room, contextlib.ExitStack() as stack:
        first, second, third = (stack.enter_context(Client(room, "Ada")) for _ in range(3))
        first.ask("still at work")
        stack.enter_context(Client(room, "Ada"))
        assert second.line() == "Ada has too many connections: this one ends"
        assert (first.ask("here"), third.ask("here")) == ("here", "here")
        assert room.turned_away == {"too many of one name": 1}


def test_names_from_one_address_are_limited():
    with limited(names_per_address=2) as room:
        for name in "Ada", "Bob":
            with Client(room, name, source="127.0.0.2"):
                pass
        with Client(room, "Cy", source="127.0.0.2") as third, Client(room, "Cy") as ours:
            assert third.greeting == "your address has 2 names already: use one of them, such as Ada"
            assert ours.greeting == "hello, Cy"
        assert len(room.rows) == 3


def test_the_roll_is_limited_and_keeps_who_got_something_right():
    with limited(rows=3) as room:
        with Client(room, "Ada") as client:
            joins(client)
        settled(room)
        with Client(room, "Bob") as bob:
            with Client(room, "Cy") as cy:
                cy.abort()
            until(lambda: room.connections == 1, timeout=20)
            with Client(room, "Di") as di, Client(room, "Ed") as ed:
                assert di.greeting == "hello, Di"
                assert ed.greeting.startswith("the class has 3 names, and no room for another")
            assert bob.ask("here") == "here"
        assert [row.name for row in room.rows] == ["Ada", "Bob", "Di"]
        assert room.turned_away == {"no room for a name": 1}


def test_a_full_roll_raises():
    roll, account = Roll(Limits(rows=1)), Account("k", "a", True, 1)
    roll.enter(account, "Ada").open[1] = None
    with pytest.raises(Full):
        roll.enter(account, "Bob")


def test_the_rate_is_limited_and_no_byte_is_lost():
    rate, burst = 20_000, 4 * 20_000
    line = "x" * 99
    count = (burst + FREE) // 116 + 600  # 600 beyond what is free: each 100 bytes and 16 for the line
    with limited(bytes_per_second=rate) as room:
        began = time.monotonic()
        assert list(exchange(room.address, ["I am Ada", *[line] * count]))[1:] == [line] * count
        assert time.monotonic() - began >= 500 * 116 / rate  # 2.9 s, and no second without an answer


def test_one_who_takes_much_keeps_nobody_waiting():
    with (
        limited(bytes_per_second=50_000) as room,
        Client(room, "Greedy") as greedy,
        Client(room, "Ada") as ada,
    ):
        stop = threading.Event()

        def shovel():
            greedy.sock.settimeout(0.2)
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    greedy.sock.sendall(b"\n" * 10_000)
                with contextlib.suppress(OSError):
                    greedy.sock.recv(100_000)

        thread = threading.Thread(target=shovel)
        thread.start()
        try:
            until(lambda: row(room, "Greedy").received > 14_000, timeout=20)
            for number in range(200):
                assert ada.ask(str(number)) == str(number)
        finally:
            stop.set()
            thread.join(10)


def test_a_bucket():
    bucket = Bucket(rate=10, burst=20)
    assert bucket.spend(20, 0.0) == 0
    assert bucket.spend(5, 0.0) == 0.5
    assert bucket.spend(0, 0.5) == 0
    assert not bucket.can_spend(1, 0.5) and bucket.can_spend(1, 0.7)
    assert bucket.spend(20, 100.0) == 0 and bucket.spend(1, 100.0) == 0.1


@pytest.mark.parametrize("name", [None, "Ada"])
def test_silence_ends(name):
    with limited(idle=1, stranger_idle=1) as room, Client(room, name) as client:
        assert client.line() == "nothing came for 1 s: connect again when you need me"
        assert client.reader.read() == b""
        assert room.turned_away == {"idle": 1}


def test_a_slow_loris_is_ended_by_the_time_of_a_line_and_a_lively_one_is_not():
    with limited(line_seconds=1, idle=30) as room, Client(room, "Ada") as ada, Client(room) as loris:
        stop = time.monotonic() + 20
        while not room.turned_away and time.monotonic() < stop:
            with contextlib.suppress(OSError):
                loris.send(b"x")
            assert ada.ask("here") == "here"
            threading.Event().wait(0.05)  # the loris' own pace
        assert loris.line() == "a line took longer than 1 s: end each one with a newline"
        assert room.turned_away == {"a line took too long": 1}
        assert ada.ask("here") == "here"


def test_who_does_not_read_is_not_read_from_and_costs_little(room):
    room.answers = "pieces"
    with Client(room, "Ada") as client:
        client.sock.setblocking(False)
        sent, last = 0, time.monotonic()
        while time.monotonic() - last < 0.5:
            with contextlib.suppress(BlockingIOError):
                sent += client.sock.send(b"x\n" * 5000)
                last = time.monotonic()
        taken = row(room).received
        assert taken < 1_000_000 < sent
        (talk,) = room._server._open.values()
        assert talk.memory.owed.size + talk.unsent < 200_000


def test_accounts_by_address():
    accounts = Accounts(Limits(crowded=("10.0.0.7",)))
    assert accounts.of("127.0.0.1", "127.0.0.1").crowded
    assert accounts.of("::ffff:10.0.0.1", "::ffff:10.0.0.2") is accounts.of("10.0.0.1", "10.0.0.2")
    assert not accounts.of("10.0.0.1", "10.0.0.2").crowded and accounts.of("10.0.0.7", "10.0.0.2").crowded
    assert accounts.of("2001:db8::1", "2001:db8::2") is not accounts.of("2001:db8:0:1::1", "2001:db8::2")
    assert accounts.of("2001:db8::1", "2001:db8::f") is accounts.of("2001:db8::abcd", "2001:db8::f")
    assert accounts.of("fe80::1%lo", "fe80::2%lo").address == "fe80::1"
    for number in range(5000):
        accounts.of(f"10.1.{number // 250}.{number % 250}", "10.0.0.2")
    assert len(accounts) <= 1024


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"idle": 0}, {"line_bytes": -1}, {"crowded": ("hub",)}])
def test_limits_that_are_none(wrong):
    with pytest.raises(ValueError):
        Limits(**wrong)


@pytest.mark.parametrize("wrong", [{"rows": "many"}, {"idle": None}, {"rows": 1.5}, {"crowded": "10.0.0.7"}])
def test_limits_of_no_kind(wrong):
    with pytest.raises(TypeError):
        Limits(**wrong)


def test_byte_soup_raises_nothing_in_the_servers_thread(room):
    source = random.Random(3)
    makers = [
        lambda: source.randbytes(source.randrange(2000)),
        lambda: b"I am " + source.randbytes(source.randrange(60)) + b"\n",
        lambda: b"I am \x1b]0;gone\x07<img src=x onerror=alert(1)>\nword?\n" * 3,
        lambda: b"\n" * source.randrange(5000),
        lambda: b"word?\nword \xff\nvisit 99999999\nvisit 1\nvisit 5000 \xc3\n" * 50,
        lambda: b"x" * source.randrange(40_000),
        lambda: "dé".encode("utf-16") * 100,
    ]
    with Client(room, "Ada") as ada:
        for number in range(400):
            room.answers = source.choice(["whole", "pieces", "late"])
            with Client(room) as joker:
                with contextlib.suppress(OSError):
                    for _ in range(source.randrange(1, 4)):
                        joker.send(source.choice(makers)())
                if source.random() < 0.5:
                    joker.abort()
            if number % 20 == 0:
                assert ada.ask(f"still {number}") == f"still {number}"
    settled(room)
    assert room.errors == []
    for each in room.rows:
        assert each.name == words.cleaned(each.name) and each.name.isprintable()


# Visits


@pytest.fixture
def serving():
    """The server of notebook 09 in a thread; its port."""
    space = loaded(SERVER, ENOUGH=65536, PATIENCE=2)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=space.serve_many, args=(listener, stop))
        thread.start()
        yield listener.getsockname()[1]
        stop.set()
        thread.join(10)


def visited(room, name="Ada", timeout=20):
    """Wait until no visitor is on the way; the visits."""
    until(lambda: not room._roll.find(name).visiting, timeout=timeout)
    return row(room, name).visits


def asked(room, port, behavior="", name="Ada"):
    """Ask for a visit; what came of it, and what that earned."""
    with Client(room, name) as client:
        assert client.ask(f"visit {port} {behavior}".strip()) == "coming"
        return visited(room, name), row(room, name).done & {"server", "withstood"}


def test_the_learners_server_of_09_is_visited_well(room, serving):
    assert asked(room, serving) == ((("good", "answered 3 of 3 lines"),), {"server"})
    assert row(room).server == serving


@pytest.mark.parametrize("behavior", guests.BAD)
def test_the_learners_server_of_09_withstands(room, serving, behavior):
    visits, done = asked(room, serving, behavior)
    assert [visit[0] for visit in visits] == [behavior, "good"]
    assert visits[1][1] == "answered 3 of 3 lines"
    assert done == {"server", "withstood"}


OUTCOMES = [
    (GarbageServer, "sent back something else: "),
    (lambda: ClosesHalfway(after=8), "answered 1 of 3 lines, then sent back something else: d"),
    (lambda: ClosesHalfway(after=6), "answered 1 of 3 lines, then it ended"),
    (lambda: ResetsHalfway(after=3), "it broke off (RST)"),
    (SilentServer, "no answer within 0.5 s"),
]


@pytest.mark.parametrize("make, outcome", OUTCOMES)
def test_servers_that_do_not_earn_it(room, monkeypatch, make, outcome):
    if make is SilentServer:
        monkeypatch.setattr(guests, "PATIENCE", 0.5)
    with make() as server:
        visits, done = asked(room, server.port)
    assert len(visits) == 1 and visits[0][1].startswith(outcome), visits
    assert done == set()


def test_a_server_that_does_not_end_has_not_answered_right(room, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo_for_ever():
            sock, _ = listener.accept()
            with sock:
                while data := sock.recv(100):
                    sock.sendall(data)
                stay.wait(20)

        stay, thread = threading.Event(), threading.Thread(target=echo_for_ever)
        thread.start()
        visits, done = asked(room, listener.getsockname()[1])
        stay.set()
        thread.join(10)
    assert visits == (("good", "answered 3 of 3 lines, then did not end when we had ended"),)
    assert done == set()


def test_a_server_that_serves_one_at_a_time_does_not_withstand_one_that_stays(room, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one_by_one():
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with sock, contextlib.suppress(OSError):
                        while data := sock.recv(100):
                            sock.sendall(data)

        thread = threading.Thread(target=one_by_one)
        thread.start()
        port = listener.getsockname()[1]
        assert asked(room, port)[1] == {"server"}
        monkeypatch.setattr(guests, "PATIENCE", 0.5)
        visits, done = asked(room, port, "connect")
        assert visits[1:] == (("connect", "came and said nothing"), ("good", "no answer within 0.5 s"))
        assert done == {"server"}
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_joining_server_may_take_its_time(room):
    with JoiningServer(quiet=0.05) as server:
        assert asked(room, server.port)[0] == (("good", "answered 3 of 3 lines"),)


def test_nobody_there(room):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert asked(room, port, "reset") == ((("reset", f"refused: nothing listens on port {port}"),), set())


def test_where_no_visitor_goes(room):
    with Client(room, "Ada") as client:
        own = room.address[1]
        room.keep_away(5001)
        assert client.ask("visit 80") == "nobody comes: the port must be from 1024 to 65535, not 80"
        assert client.ask("visit 70000") == "nobody comes: the port must be from 1024 to 65535, not 70000"
        assert client.ask(f"visit {own}") == f"nobody comes: port {own} is the class's own"
        assert client.ask("visit 5001 good") == "nobody comes: port 5001 is the class's own"
        assert client.ask("visit 5000 dance").startswith("nobody comes: dance is none of good, connect")
        assert client.ask("visit 127.0.0.9 5000") == "visit 127.0.0.9 5000"  # no address can be named
        assert row(room).visits == () and row(room).server is None
    with Client(room, "Bob", source="127.0.0.2") as client:
        assert client.ask(f"visit {own}") == f"nobody comes: port {own} is the class's own"


def test_a_visitor_goes_where_the_connection_came_from(room, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.2", 0)) as theirs, Client(room, "Ada", source="127.0.0.2") as client:
        port = theirs.getsockname()[1]
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as ours:
            theirs.settimeout(10)
            assert client.ask(f"visit {port} leave") == "coming"
            theirs.accept()[0].close()
            ours.setblocking(False)
            with pytest.raises(BlockingIOError):
                ours.accept()
        visited(room)


def test_one_visitor_at_a_time_and_so_many_a_minute():
    with limited(visits_per_minute=2) as room, SilentServer() as server, Client(room, "Ada") as client:
        assert client.ask(f"visit {server.port} silent") == "coming"
        assert client.ask(f"visit {server.port}") == "nobody comes: a visitor is there already"
        assert client.ask(f"visit {server.port}") == "nobody comes: there are no more than 2 visits a minute"


def test_the_teacher_sends_visitors(room):
    with EchoServer() as server, Client(room, "Ada") as client, Client(room, "Bob"):
        with pytest.raises(ValueError, match="Ada has no server yet"):
            room.visit("Ada")
        with pytest.raises(ValueError, match="nobody here is called 'Eve'"):
            room.visit("Eve")
        with pytest.raises(ValueError, match="behavior must be one of"):
            room.visit_all("dance")
        client.ask(f"visit {server.port}")
        visited(room)
        room.visit("ada", "reset")
        visited(room)
        assert room.visit_all("leave") == ("Ada",)
        assert [behavior for behavior, _ in visited(room)] == ["good", "reset", "good", "leave", "good"]


def test_visits_are_remembered_to_a_bound(room):
    with EchoServer() as server:
        asked(room, server.port)
        learner = room._roll.find("Ada")
        for number in range(100):
            room._visits._note(learner, "good", str(number))
    assert len(row(room).visits) == 20


@pytest.mark.parametrize("behavior", ["good", "half-close", "silent"])
def test_close_ends_visits_in_the_middle(behavior, monkeypatch):
    monkeypatch.setattr(guests, "PATIENCE", 60)
    with SilentServer() as server:
        with Classroom() as room, Client(room, "Ada") as client:
            client.ask(f"visit {server.port} {behavior}")
            until(lambda: server.connections, timeout=20)
            began = time.monotonic()
        assert time.monotonic() - began < 20  # not a minute


# The room


def test_close_says_so_to_everybody_and_takes_no_lines_any_more():
    room = Classroom()
    with Client(room, "Ada") as client:
        room.close()
        room.close()
        with contextlib.suppress(ConnectionResetError):
            assert client.reader.read() == b""
    assert room.closed and row(room).state == "CLOSED"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(room.address, timeout=5)


def test_tidy_closes_a_room():
    room = Classroom()
    assert repr(tidy()) == "closed: 1 server"
    assert room.closed


def test_an_error_of_ours_is_raised_where_the_teacher_looks(monkeypatch):
    room = Classroom()
    monkeypatch.setattr(words, "meaning", lambda line: 1 / 0)
    with Client(room) as client:
        client.send("I am Ada")
        with contextlib.suppress(ConnectionResetError):
            client.reader.read()
    with pytest.raises(ZeroDivisionError):
        room.close()


def test_a_dismissed_learner(room):
    with Client(room, "Joker") as joker:
        room.dismiss("joker")
        assert room.rows == ()
        assert joker.line() == "your teacher ended this connection"
    with pytest.raises(ValueError):
        room.dismiss("joker")


@pytest.mark.parametrize("wrong", ["slowly", "WHOLE"])
def test_answers_that_are_no_way_of_answering(room, wrong):
    with pytest.raises(ValueError):
        Classroom(answers=wrong)
    with pytest.raises(ValueError):
        room.answers = wrong
    assert room.answers == "whole"


@pytest.mark.parametrize("wrong", [{"answers": 1}, {"limits": 5}, {"host": 1}, {"port": "x"}])
def test_arguments_of_no_kind(wrong):
    with pytest.raises(TypeError):
        Classroom(**wrong)


def test_a_port_that_is_taken(room):
    with pytest.raises(OSError):
        Classroom(port=room.address[1])


def test_the_log_is_bounded_and_clean(room):
    with Client(room, "A\x1b[2Jda") as client:
        for _ in range(12_000):
            client.send(b"x\n")
        for _ in range(12_000):
            client.line()
    assert len(room.log) <= 20_000
    assert "\x1b" not in repr(room.log)


def test_loopback_unless_told_otherwise(room):
    assert room.address[0] == "127.0.0.1"
    assert room.addresses == (f"127.0.0.1:{room.address[1]}",)


def test_all_ipv4_addresses_of_the_machine():
    with Classroom("0.0.0.0") as room:
        port = room.address[1]
        assert room.addresses[-1] == f"127.0.0.1:{port}"
        for text in room.addresses:
            host = text.rpartition(":")[0]
            assert list(exchange((host, port), ["I am Ada", "hello"])) == ["hello, Ada", "hello"]


@pytest.mark.skipif(not has_ipv6(), reason="not available here: IPv6")
def test_ipv6():
    with Classroom("::1") as room:
        assert room.addresses == (f"[::1]:{room.address[1]}",)
        assert list(exchange(room.address, ["I am Ada", "word?"]))[0] == "hello, Ada"
        with EchoServer("::1") as server:
            assert asked(room, server.port)[0] == (("good", "answered 3 of 3 lines"),)
        assert row(room).address == "::1"


@pytest.mark.skipif(not has_ipv6(), reason="not available here: IPv6")
def test_all_addresses_of_both_kinds():
    with Classroom("::") as room:
        port = room.address[1]
        assert {f"127.0.0.1:{port}", f"[::1]:{port}"} <= set(room.addresses)
        with EchoServer() as server, Client(SimpleNamespace(address=("127.0.0.1", port)), "Ada") as client:
            assert client.ask(f"visit {port}").endswith("is the class's own")
            client.ask(f"visit {server.port}")
            assert visited(room) == (("good", "answered 3 of 3 lines"),)
        assert row(room).address == "127.0.0.1"


def test_addresses_are_those_of_interfaces_and_of_nobody_else():
    found = addresses.own_addresses(socket.AF_INET)
    assert "127.0.0.1" in found and "0.0.0.0" not in found
    for address in found:
        with socket.socket() as sock:
            sock.bind((address, 0))
