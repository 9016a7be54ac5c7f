"""A bound for whatever is sent to the class's server, and none that a good client meets."""

import contextlib
import random
import socket
import threading
import time

import pytest
from class_clients import (
    Client,
    exchange,
    joins,
    limited,
    row,
    settled,
)

from labsupport import until
from labsupport.classroom import words
from labsupport.classroom.limits import FREE, Account, Accounts, Bucket, Limits
from labsupport.classroom.roll import Full, Roll

pytestmark = pytest.mark.usefixtures("nothing_taken")


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
        until(lambda: room.turned_away, timeout=20)
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
            left = [client for client in (nonsense, *silent, spoke) if client not in gone]
            gone.append(until(lambda left=left: next(filter(ended, left), None), timeout=20))
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
        # 2.3 s, and no second without an answer: what is read last, 16 KiB at most, is paid after its answer
        assert time.monotonic() - began >= 400 * 116 / rate


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
