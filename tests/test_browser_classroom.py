"""The class's board in a real browser: thirty who come and go, names that are but names, a lost server."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading

import labpage
import nbformat
import pytest
import test_browser
from class_clients import Client
from classes import JOKER
from test_browser import called, checkout, served, text_until  # noqa: F401
from test_browser import page as lab_page  # noqa: F401

from labsupport import EchoServer
from labsupport.classroom.page import Page

pytestmark = test_browser.pytestmark
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SIZES = [(1920, 1080), (1280, 720)]
OVERFLOWS = """() => {
    const root = document.documentElement, wide = root.clientWidth, high = root.clientHeight;
    const seen = [...document.querySelectorAll('th, td, header *, footer *, section *')].filter(
        one => !one.closest('.few thead') && one.getClientRects().length);
    const out = seen.filter(one => {
        const box = one.getBoundingClientRect();
        return box.right > wide + 1 || box.bottom > high + 1 || box.left < -1 || box.top < -1; });
    return [root.scrollWidth > wide, root.scrollHeight > high,
        out.map(one => one.outerHTML.slice(0, 120))]; }"""
COVERED = """() => [...document.querySelectorAll('td.g.yes, td.state span')].filter(
    one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"""


@pytest.fixture
def board(room):
    with Page(room) as board:
        yield board


@pytest.fixture
def page():
    with labpage.browser_page(*SIZES[0]) as page:
        page.complaints = []
        page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        yield page
        assert not labpage.strangers(page)


@contextlib.contextmanager
def class_of(room, names):
    """A Client for each name."""
    with contextlib.ExitStack() as opened:
        yield [opened.enter_context(Client(room, name)) for name in names]


def shows(page, pattern):
    """Wait until the page's text matches."""
    page.wait_for_function(
        "pattern => new RegExp(pattern, 's').test(document.body.innerText)", arg=pattern, polling=100
    )


def fits(page):
    """Nothing reaches beyond the screen, and no mark or state is cut off."""
    for wide, high in SIZES:
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate(OVERFLOWS) == [False, False, []], (wide, high)
        assert page.evaluate(COVERED) == [], (wide, high)


def test_thirty_come_get_goals_and_go(page, room, board):
    page.goto(board.url)
    shows(page, "Nobody is here yet")
    fits(page)
    with class_of(room, [f"Learner {number}" for number in range(1, 31)]) as learners:
        shows(page, "30 learners, 30 connected")
        for learner in learners[:20]:
            learner.ask("é")
        shows(page, r"20 of 30")
        with EchoServer() as server:
            learners[0].ask(f"visit {server.port}")
            shows(page, r"good: answered")
        for learner in learners[:10]:
            learner.end()
        shows(page, "30 learners, 20 connected")
        assert page.locator("tbody tr").count() == 30
        assert page.locator("td.yes", has_text="UTF-8").count() == 20
        fits(page)
    assert page.complaints == []


@pytest.mark.parametrize("count", [1, 3, 12, 13])
def test_a_smaller_class_fits_as_well(page, room, board, count):
    names = ["W" * 24, "李小龍" * 8, "e\N{COMBINING DIAERESIS}" * 20, "x"][:count]
    with class_of(room, names + [f"Learner {number}" for number in range(count - len(names))]):
        page.goto(board.url)
        shows(page, f"{count} learners?, {count} connected")
        fits(page)


def test_letters_are_large_enough_for_the_last_row(page, room, board):
    """On a screen of 1080 lines: 18 pixels for thirty, a sixtieth of its height; and for a few, more."""
    page.goto(board.url)
    size = "() => parseFloat(getComputedStyle(document.querySelector('td.name')).fontSize)"
    with class_of(room, ["Ada", "Grace", "Linus"]) as few:
        shows(page, "3 learners, 3 connected")
        assert page.evaluate(size) >= 40
        with class_of(room, [f"Learner {number}" for number in range(30 - len(few))]):
            shows(page, "30 learners, 30 connected")
            assert page.evaluate(size) >= 18


def test_names_with_html_in_them_do_nothing(page, room, board):
    names = [
        "<b>bold</b>",
        "<script>alert(1)</script>",
        JOKER,
        "<style>*{display:none}",
        '" onclick="alert(1)',
    ]
    with class_of(room, names):
        page.goto(board.url)
        shows(page, f"{len(names)} learners, {len(names)} connected")
        shown = page.locator("tbody td.name").all_inner_texts()
        # Cleaned and cut by the server, perhaps; but each is there, as the text that it is.
        assert [one[:6] for one in shown] == [name[:6] for name in names]
        assert page.locator("tbody script, tbody img, tbody style, tbody td.name b").count() == 0
        assert page.evaluate("() => [...document.querySelectorAll('*')].every(one => !one.onclick)")
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_color_schemes_can_be_read(page, room, board, scheme):
    """WCAG 2.1, 1.4.3: at least 4.5 : 1 for text, 3 : 1 where it is large."""
    page.emulate_media(color_scheme=scheme)
    with class_of(room, [f"Learner {number}" for number in range(14)]) as learners:
        learners[0].ask("é")
        page.goto(board.url)
        shows(page, "1 of 14")
        inks = page.evaluate(
            """() => { const ink = one => getComputedStyle(document.querySelector(one)).color;
            const paper = getComputedStyle(document.documentElement).backgroundColor;
            const even = document.querySelector('tbody tr:nth-child(even)');
            const soft = getComputedStyle(even).backgroundColor;
            return {papers: [paper, soft], 
                inks: ['td.name', 'td.yes', 'td.no', '.now span', 'th', '.on'].map(ink)}; }"""
        )
    assert (luminance(inks["papers"][0]) > 0.5) == (scheme == "light")
    for paper in inks["papers"]:
        for ink in inks["inks"]:
            assert contrast(ink, paper) >= 4.5, (ink, paper)


def luminance(color):
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_a_lost_server_is_said_and_a_new_one_found(page, room):
    board = Page(room)
    port = board.address[1]
    with class_of(room, ["Ada", *map(str, range(29))]):
        page.goto(board.url)
        shows(page, "30 learners, 30 connected")
        assert not page.locator(".lost").is_visible()
        board.close()
        shows(page, "The connection to the class's server is lost since")
        assert "Ada" in page.inner_text("body")
        fits(page)
        edges = """() => [...document.querySelectorAll('tbody tr:last-child, .lost')].map(
            one => one.getBoundingClientRect()).map(box => [box.top, box.bottom])"""
        (lost_top, _), (_, last_row) = sorted(page.evaluate(edges), reverse=True)
        assert last_row <= lost_top  # it covers no learner
        with Page(room, port=port), class_of(room, ["Grace"]):
            shows(page, "31 learners, 31 connected")
            page.wait_for_selector(".lost", state="hidden")


def test_a_server_that_hangs_is_lost_too(page, room, board):
    """What a laptop meets that slept: the connection is there, and nothing comes any more."""
    page.goto(board.url)
    shows(page, "Nobody is here yet")
    page.route("**/board?*", lambda route: None)
    shows(page, "The connection to the class's server is lost since")
    page.unroute("**/board?*")
    page.wait_for_selector(".lost", state="hidden")


def test_the_end_of_the_class_is_said(page, room, board):
    with class_of(room, ["Ada"]):
        page.goto(board.url)
        shows(page, "Ada")
        room.close()
        shows(page, "The class is over")
        assert "Ada" in page.inner_text("body")


def test_another_page_cannot_read_or_frame_the_board(page, room, board):
    html = f"""<iframe src="{board.url}"></iframe><script>
        fetch("{board.url}board").then(() => document.title = "read", () => document.title = "refused")
        </script>"""

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other, class_of(room, ["Ada"]):
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            page.goto(f"http://localhost:{other.server_address[1]}/")
            page.wait_for_function("() => document.title === 'refused' || document.title === 'read'")
            assert page.title() == "refused"
            frame = page.frames[1]
            assert "Ada" not in frame.evaluate("() => document.body ? document.body.innerText : ''")
        finally:
            other.shutdown()
            thread.join(10)


# The same in the teacher's notebook

TEACHER = """
import socket
from labsupport import *
room = Classroom()
room
"""
COMES = """
client = socket.create_connection(room.address)
client.sendall("I am <b>Ada</b>\\né\\n".encode())
server = EchoServer()
client.sendall(f"visit {server.port}\\n".encode())
until(lambda: room.rows and "server" in room.rows[0].done)
"""


CROWD = """
server, sockets = EchoServer(), []
def comes(name, *lines):
    sockets.append(socket.create_connection(room.address))
    sockets[-1].sendall("\\n".join([f"I am {name}", *lines, ""]).encode())
for number in range(30):
    comes(f"{number} Maximiliane-Wilhelmine"[:24], "é", f"visit {server.port}")
until(lambda: sum("server" in row.done for row in room.rows) == 30, timeout=60)
"""
PANE = """() => {
    const pane = document.querySelector('.labsupport-room'), frame = pane.querySelector('.board-frame');
    const cell = frame.querySelector('td.name').getBoundingClientRect(), box = frame.getBoundingClientRect();
    const ends = [...frame.querySelectorAll('td.visit')].map(one => one.getBoundingClientRect().right);
    const cut = [...frame.querySelectorAll('td.name, td.visit')].filter(
        one => one.scrollWidth > one.clientWidth + 1);
    return {pane: pane.scrollWidth - pane.clientWidth, frame: frame.scrollWidth - frame.clientWidth,
        beyond: Math.max(...ends) - box.right, name: cell.left - box.left, high: box.height / innerHeight,
        head: frame.querySelector('th').getBoundingClientRect().top - box.top, cut: cut.length,
        at: [frame.scrollLeft, frame.scrollTop]}; }"""


def test_a_pane_of_thirty_fits_or_scrolls_and_stays_where_it_was_scrolled_to(lab_page, served, checkout):  # noqa: F811
    page = lab_page
    cell = nbformat.v4.new_code_cell(TEACHER, id="room")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL)
    nbformat.write(notebook, checkout / "my-notebooks" / "thirty.ipynb")
    before = page.viewport_size
    try:
        page.set_viewport_size({"width": 1150, "height": 1000})
        labpage.open_notebook(page, *served, "thirty.ipynb")
        labpage.run_cell(page, "room")
        labpage.insert_cell(page, "crowd", CROWD)
        labpage.run_cell(page, "crowd")
        text_until(page, "room", r"30 learners, 30 connected[\s\S]*29 Maximiliane[\s\S]*answered")
        page.wait_for_function("() => document.querySelectorAll('.board-frame td.visit b').length === 30")
        for wide in (1400, 1150):
            page.set_viewport_size({"width": wide, "height": 1000})
            page.wait_for_function(f"() => ({PANE})().frame <= 0")  # laid out anew
            seen = page.evaluate(PANE)
            assert seen["pane"] <= 0 and seen["beyond"] <= 0 and seen["cut"] == 0, (wide, seen)
            assert seen["high"] < 0.7, "the controls below are out of sight"
        page.set_viewport_size({"width": 800, "height": 1000})
        page.wait_for_function(f"() => ({PANE})().frame > 100")
        page.evaluate("() => document.querySelector('.board-frame').scrollTo(90, 60)")
        labpage.insert_cell(page, "more", "comes('Grace', 'hello')")
        labpage.run_cell(page, "more")
        text_until(page, "room", "31 learners, 31 connected")
        page.wait_for_function("() => document.querySelectorAll('.board-frame tbody tr').length === 31")
        seen = page.evaluate(PANE)
        assert seen["at"] == [90, 60] and seen["pane"] <= 0
        assert abs(seen["name"]) < 3 and abs(seen["head"]) < 3  # whose row and which column are still said
        labpage.insert_cell(page, "end", "for sock in sockets: sock.close()\ntidy()")
        labpage.run_cell(page, "end")
        assert not labpage.errors(page)
    finally:
        page.set_viewport_size(before)


def test_the_teachers_widget_follows_and_its_controls_act(lab_page, served, checkout):  # noqa: F811
    page = lab_page
    cell = nbformat.v4.new_code_cell(TEACHER, id="room")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL)
    nbformat.write(notebook, checkout / "my-notebooks" / "class.ipynb")
    labpage.open_notebook(page, *served, "class.ipynb")
    labpage.run_cell(page, "room")
    text_until(page, "room", "Nobody is here yet")
    labpage.insert_cell(page, "comes", COMES)
    labpage.run_cell(page, "comes")
    text_until(page, "room", r"1 learner, 1 connected[\s\S]*<b>Ada</b>[\s\S]*ESTABLISHED")
    test_browser.press(page, "room", "in pieces")
    text_until(page, "room", "From now on answers come in pieces")
    output = labpage.output_of(page, "room")
    whom, how, who = output.query_selector_all("select")
    whom.select_option("<b>Ada</b>")
    how.select_option("half-close")
    test_browser.press(page, "room", "send")
    text_until(page, "room", r"half-close\) is on its way to <b>Ada</b>")
    assert whom.evaluate("one => one.selectedOptions[0].innerText") == "<b>Ada</b>"
    labpage.insert_cell(page, "withstood", "until(lambda: 'withstood' in room.rows[0].done, timeout=30)")
    labpage.run_cell(page, "withstood")
    # By the keyboard alone: an arrow key on a list that is shut is JupyterLab's, on an open one the list's.
    who.focus()
    for key in ("Space", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function("one => one.selectedOptions[0].innerText === '<b>Ada</b>'", arg=who)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    text_until(page, "room", r"Nobody is here yet[\s\S]*<b>Ada</b> is forgotten, and may come again")
    assert page.evaluate("() => document.activeElement.innerText").strip() == "dismiss"
    test_browser.press(page, "room", "close the class")
    text_until(page, "room", "The class is over")
    labpage.insert_cell(page, "end", "client.close()\ntidy()")
    labpage.run_cell(page, "end")
    assert "closed: 1 server" in labpage.output_of(page, "end").inner_text()
    assert not labpage.errors(page)
