"""The class's board: what it draws, that nothing a learner gives is more than text, and its page."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import re
import socket
import threading
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from class_clients import Client
from classes import GOAL_LIST, JOKER, model, row
from nboutputs import ROOT

from labsupport import tidy, until
from labsupport.classroom import page as page_module
from labsupport.classroom.addresses import reachable
from labsupport.classroom.page import Page, trusted
from labsupport.draw.board import amount, board_text, columns, place
from labsupport.draw.board_html import FEW, board_html, rows_html, size_class
from labsupport.draw.board_style import page_style

BIDI = "\N{RIGHT-TO-LEFT OVERRIDE}"
VOID = {"img", "br", "link", "meta"}


class Reader(HTMLParser):
    """The elements and the text of some HTML; a nesting that is wrong is an AssertionError."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self._open = [], [], []
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


# The drawing


def test_the_text_has_a_line_a_learner():
    done = frozenset({"named", "pieces"})
    ada = row("Ada", state="ESTABLISHED", connections=1, received=1234, sent=999, done=done)
    grace = row("Grace Hopper", server=8080, visits=(("reset", "gone"), ("good", "answered right")))
    lines = board_text(model(ada, grace)).splitlines()
    assert lines[0] == "2 learners, 1 connected; answers come whole"
    assert lines[1] == "  come in: address 192.0.2.7, port 40123"
    assert re.fullmatch(r"  Ada +ESTABLISHED +received 1,234 +sent 999 +✓ 2 of 8: named, pieces", lines[2])
    assert re.search(r"○ 0 of 8 +server 8080, good: answered right$", lines[3])
    assert lines[2].index("received") == lines[3].index("received")


def test_the_settled_text_has_no_port_and_no_address():
    ada = row("Ada", server=54321, visits=(("good", "answered right"),))
    text = board_text(model(ada), settled=True)
    assert "54321" not in text and "192.0.2.7" not in text and "40123" not in text
    assert "server, good: answered right" in text


def test_an_empty_room_says_how_to_come_in():
    text = board_text(model())
    assert "nobody is here yet" in text and "address 192.0.2.7, port 40123" in text
    assert [line in text for line in ("I am Ada", "word?", "visit 8080")] == [True] * 3
    said = " ".join(Reader(board_html(model())).texts)
    assert "192.0.2.7" in said and "40123" in said and "I am Ada" in said


def test_columns_stand_below_each_other_for_wide_letters_too():
    lines = board_text(model(row("李小龍"), row("Zoe\N{COMBINING DIAERESIS}"), row("Ada"))).splitlines()[2:]
    assert len({columns(line.partition("CLOSED")[0]) for line in lines}) == 1


def test_every_goal_has_a_column_and_a_word_in_its_cell():
    ada = row(done=frozenset({"volume"}))
    read = Reader(board_html(model(ada)))
    heads = [given for tag, given in read.tags if tag == "th"]
    assert len(heads) == 4 + len(GOAL_LIST) + 2
    assert "✓ 8 MB" in "".join(read.texts)
    missing = [given["aria-label"] for tag, given in read.tags if "no" in given.get("class", "").split()]
    assert missing == [f"{goal.title}: not yet" for goal in GOAL_LIST if goal.key != "volume"]


def test_how_many_got_a_goal_right_stands_in_its_head():
    rows = [row(f"L{number}", done=frozenset({"named"} if number else ())) for number in range(30)]
    assert "29 of 30" in board_html(model(*rows))


@pytest.mark.parametrize("draw", [board_html, rows_html])
def test_what_learners_give_is_text_and_nothing_else(draw):
    visits = ((JOKER, JOKER),)
    given = model(
        row(JOKER, server=8080, visits=visits), turned_away=((JOKER, 3),), addresses=(JOKER + ":1",)
    )
    read = Reader(draw(given))
    assert "img" not in {tag for tag, _ in read.tags}
    assert not [name for _, given in read.tags for name in given if name.startswith("on")]
    assert JOKER in read.texts
    assert JOKER in [
        given["title"] for tag, given in read.tags if given.get("class") == "name" and tag == "td"
    ]


def test_nothing_moves_a_terminals_cursor_or_turns_the_line_around():
    evil = f"\x1b[2J{BIDI}\r\nAda\x00"
    given = model(row(evil, server=1, visits=((evil, evil),)), turned_away=((evil, 1),))
    for text in (board_text(given), board_text(given, settled=True)):
        assert all(letter.isprintable() or letter == "\n" for letter in text), repr(text)
    assert not set(f"\x1b\x00{BIDI}") & set(board_html(given))


def test_no_style_and_no_script_stand_in_the_drawing():
    """The page's policy allows neither; a cell that needed one would look right in a notebook alone."""
    read = Reader(board_html(model(*[row(f"L{number}") for number in range(30)])))
    assert not [given for tag, given in read.tags if "style" in given or tag in ("style", "script")]


def test_few_learners_have_large_letters_and_many_have_a_line_each():
    assert size_class(model()) == "few n1"
    assert size_class(model(*[row()] * FEW)) == f"few n{FEW}"
    assert size_class(model(*[row()] * 30)) == "n30"
    assert all(f".{size_class(model(*[row()] * count)).split()[-1]}{{" in page_style() for count in range(99))


def test_what_came_of_a_visit_has_room_beside_many_learners():
    """A cell that ends in "half-close: refu…" says nothing to a room."""
    visited = row("Ada", server=8080, visits=(("half-close", "refused: nothing listens on port 8080"),))
    assert size_class(model(visited)) == "few n1"
    assert size_class(model(*[visited] * 30)) == "visited n30"
    drawn = board_html(model(*[visited] * 30))
    assert "<b>half-close</b>: refused: nothing listens</td>" in drawn and ">8080</td>" in drawn


def test_a_long_name_has_smaller_letters():
    drawn = board_html(model(row("Ada"), row("Bartholomäus Oberhuber"), row("李小龍" * 4)))
    assert re.findall(r"<bdi(.*?)>", drawn) == ["", ' class="long"', ' class="long"']


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0"),
        (999_999, "999,999"),
        (1_000_000, "1.00 MB"),
        (7_999_999, "7.99 MB"),
        (123_456_789, "123 MB"),
        (5 * 10**9, "5.00 GB"),
        (7 * 10**15, "7000 TB"),
    ],
)
def test_bytes_are_short_and_never_rounded_up(count, said):
    assert amount(count) == said


def test_an_address_is_told_as_connect_wants_it():
    assert place("192.0.2.7:80") == ("192.0.2.7", "80")
    assert place("[2001:db8::1]:80") == ("2001:db8::1", "80")


# The page


@pytest.fixture
def page(room):
    with Page(room) as page:
        yield page


def got(page, path="", host=None, method="GET"):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection(*page.address, timeout=10)
    try:
        connection.request(method, f"/{path}", headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def news(page, seen=""):
    """The answer to "what is new"."""
    return json.loads(got(page, f"board?seen={seen}")[2])


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(page):
    status, headers, body = got(page)
    assert status == 200 and "Nobody is here yet" in body
    links = re.findall(r'(?:src|href)="([^"]*)"', body)
    assert links and all(re.fullmatch(r"data:,|board\.(css|js)", link) for link in links)
    for name, kind in (("board.css", "text/css"), ("board.js", "text/javascript")):
        status, headers, body = got(page, name)
        assert status == 200 and headers["Content-Type"].startswith(kind)
        assert "://" not in body and "@import" not in body


@pytest.mark.parametrize("path", ["", "board", "board.css", "board.js", "nowhere"])
def test_every_answer_has_the_policy(page, path):
    headers = got(page, path)[1]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers and "Tornado" not in headers["Server"]


def test_the_board_follows_what_learners_do(room, page):
    empty = news(page)
    assert news(page, empty["version"])["html"] is None
    with Client(room, "Zoë") as zoe:
        now = news(page, empty["version"])
        assert "Zoë" in now["html"] and "ESTABLISHED" in now["html"] and now["size"] == "few n1"
        zoe.ask("é")
        assert "✓ <span>UTF-8" in news(page, now["version"])["html"]
        zoe.end()
    until(lambda: not room.rows[0].connections, timeout=20)
    assert 'class="off">CLOSED' in news(page)["html"]


def test_a_name_with_html_in_it_is_a_name(room, page):
    with Client(room, "<b>Ada</b>"):
        assert "&lt;b&gt;Ada&lt;/b&gt;" in got(page)[2]
        assert "<b>Ada" not in got(page)[2]


def test_braces_in_a_name_do_not_disturb_the_page(room, page):
    with Client(room, "{0.__class__} {html}"):
        assert "{html}" in got(page)[2] and "{0.__class__}" in got(page)[2]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_nothing_can_be_changed_through_it(page, method):
    for path in ("", "board", "board.js"):
        assert got(page, path, method=method)[0] == 405


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8888", "127.0.0.1.evil.example", "", "[::1].evil"]
)
def test_a_strangers_name_for_this_machine_is_refused(page, host):
    """DNS rebinding: a page of evil.example, whose name now points to 127.0.0.1."""
    for path in ("", "board", "board.js", "nowhere"):
        if not host:
            assert not trusted(host)
            continue
        status, _, body = got(page, path, host=host)
        assert status == 403 and "Ada" not in body


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.1:8", "192.0.2.7", "[::1]:80", "[::1]"]
)
def test_an_address_may_stand_for_this_machine(page, host):
    assert got(page, host=host)[0] == 200


def test_another_path_is_not_there(page):
    for path in ("board.py", "../page.py", "%2e%2e/page.py", "static/x", "board.css/x"):
        assert got(page, path)[0] == 404


def test_garbage_does_not_end_it(page):
    for garbage in (b"\x00\xff" * 100, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 9000 + b"\r\n", b"\r\n\r\n\r\n"):
        with socket.create_connection(page.address, 10) as sock:
            sock.sendall(garbage)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(65536):
                    pass
            except ConnectionResetError:  # it did not want to read all of that
                pass
    assert got(page)[0] == 200 and page.errors == []


def test_it_takes_no_more_connections_than_it_should(page, monkeypatch):
    monkeypatch.setattr(page_module, "CONNECTIONS", 3)
    held = [socket.create_connection(page.address, 10) for _ in range(3)]
    for sock in held:  # each is known to be served before the next one comes
        sock.sendall(b"GET /board.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert sock.recv(1)
    with socket.create_connection(page.address, 10) as fourth:
        assert fourth.recv(1) == b""
    for sock in held:
        sock.close()
    until(lambda: _answers(page))


def _answers(page):
    try:
        return got(page)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_an_error_while_drawing_reaches_the_one_who_closes(room, monkeypatch):
    page = Page(room)

    def fails(_room):
        raise RuntimeError("no board today")

    monkeypatch.setattr(page_module, "board_of", fails)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(page.url, timeout=10)
    assert refused.value.code == 500
    refused.value.close()
    with pytest.raises(RuntimeError, match="no board today"):
        page.close()
    page.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux's list of descriptors")
def test_closing_leaves_nothing(room):
    def held():
        return set(threading.enumerate()), len(os.listdir("/proc/self/fd"))

    with Page(room) as first:
        got(first)
    before = held()
    with Page(room) as page:
        waits = socket.create_connection(page.address, 10)
        waits.sendall(b"GET /board HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert waits.recv(1)
        url = page.url
    assert page.closed and page.close() is None
    waits.close()
    threads, descriptors = held()
    assert threads <= before[0] and descriptors <= before[1]
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)


def test_tidy_closes_it(room):
    page = Page(room)
    tidy()
    assert page.closed


def test_a_page_for_other_machines_names_an_address_that_they_can_use(room):
    with Page(room, "0.0.0.0") as page:
        port = page.address[1]
        assert page.url == page.urls[-1] == f"http://127.0.0.1:{port}/"
        assert not [url for url in page.urls if "0.0.0.0" in url]
        assert sorted(page.urls) == sorted(f"http://{address}/" for address in reachable("0.0.0.0", port))


def test_what_the_teachers_notebook_tells_for_a_hub_reaches_beyond_this_machine(room):
    """There the teacher's browser is at another machine: a link to 127.0.0.1 leads it to itself."""
    text = Path(ROOT, "classroom", "teacher.ipynb").read_text("utf-8")
    (host,) = re.findall(r'Page\(room, \\"(\S+)\\"\)', text)
    with Page(room, host) as page:
        first = urlsplit(page.urls[0]).hostname
        assert not ipaddress.ip_address(page.address[0]).is_loopback
        assert len(page.urls) == 1 or not ipaddress.ip_address(first).is_loopback


def test_in_a_notebook_it_is_a_link_and_its_text_has_no_port(room):
    with Page(room) as page:
        data, _ = page._repr_mimebundle_()
        assert data["text/plain"] == "the class's board as a page"
        assert len(data) == 2  # and the live view
    assert list(page._repr_mimebundle_()[0].values()) == ["the class's board as a page, closed"]


def test_no_visitor_calls_at_the_page(room, page):
    with Client(room, "Ada") as ada:
        assert "own" in ada.ask(f"visit {page.address[1]}")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"host": "localhost"}, ValueError),
        ({"host": 7}, (TypeError, ValueError)),
        ({"port": "80"}, TypeError),
        ({"port": 65536}, ValueError),
        ({"host": "203.0.113.7"}, OSError),
    ],
)
def test_what_cannot_be_served_is_said_at_once(room, given, error):
    before = set(threading.enumerate())
    with pytest.raises(error):
        Page(room, **given)
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_is_said_at_once(room, page):
    with pytest.raises(OSError):
        Page(room, port=page.address[1])
