"""Scenes and the network's panel in a real JupyterLab: walked by keys, live while a cell blocks."""

from __future__ import annotations

import re
import time

import nbformat
import pytest

import labpage
import test_browser
from labsupport import Network
from test_browser import called, checkout, page, press, served, text_until  # noqa: F401: some are fixtures

pytestmark = [
    *test_browser.pytestmark,
    pytest.mark.skipif(not Network.available(), reason="needs a network of one's own"),
]

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
IMPORTS = "%load_ext labsupport\nimport socket, threading\nfrom labsupport import *"
SCENE = """
@scene
def hello(net):
    listener = net.b.socket()
    listener.bind((net.b.address, 80))
    listener.listen()
    client = net.a.socket()
    client.connect((net.b.address, 80))
    client.send(b"hello")
    client.close()

hello
"""
HELD = """
listener = net.b.socket()
listener.bind((net.b.address, 80))
listener.listen()
client = net.a.socket()
net.hold()
call = background(client.connect, (net.b.address, 80))
"""
BLOCKS = """
net.release()
call.result()
server, _ = listener.accept()
import pathlib
beat = threading.Event()
for _ in range(200):  # until the test has seen enough, and says so by a file
    if pathlib.Path("seen").exists():
        break
    client.send(b"0123456789")
    beat.wait(0.25)
"""


@pytest.fixture
def cell(page, served, checkout, request):  # noqa: F811
    """Add a cell to a new notebook with a kernel of its own, and run it; its id is its name."""
    name = f"{request.node.name}.ipynb"
    imports = nbformat.v4.new_code_cell(IMPORTS, id="imports")
    notebook = nbformat.v4.new_notebook(cells=[imports], metadata=KERNEL)
    nbformat.write(notebook, checkout / "my-notebooks" / name)
    labpage.open_notebook(page, *served, name)
    labpage.run_cell(page, "imports")

    def run(name, source, wait=True):
        labpage.insert_cell(page, name, source)
        (labpage.run_cell if wait else labpage.start_cell)(page, name)

    run.fails = 0  # how many cells are meant to
    yield run
    assert len(labpage.errors(page)) == run.fails, labpage.errors(page)


def test_a_scene_is_walked_by_buttons_and_by_keys(page, cell):  # noqa: F811
    cell("scene", SCENE)
    text_until(page, "scene", "The whole scene")
    press(page, "scene", "first")
    text_until(page, "scene", r"1 of \d+ The server calls bind")
    press(page, "scene", "next")
    text_until(page, "scene", r"2 of \d+")
    slider = labpage.output_of(page, "scene").query_selector("[role=slider]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    text_until(page, "scene", r"\b3 of \d+")
    page.keyboard.press("ArrowLeft")
    text_until(page, "scene", r"\b2 of \d+")
    page.keyboard.press("End")
    text_until(page, "scene", "The whole scene")
    page.keyboard.press("Home")
    text_until(page, "scene", r"\b1 of \d+")
    assert slider.evaluate("one => one === document.activeElement")


def test_every_control_can_be_reached_and_used_by_the_keyboard(page, cell):  # noqa: F811
    cell("scene", SCENE)
    text_until(page, "scene", "The whole scene")
    labpage.output_of(page, "scene").query_selector("button").focus()
    page.keyboard.press("Enter")
    text_until(page, "scene", r"\b1 of \d+")
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("() => document.activeElement.innerText.trim() || document.activeElement.role")
        )
    assert reached == ["back", "slider", "next", "last", "whole", "save as SVG", "save as pcap"]


def test_a_scene_is_saved_beside_the_notebook(page, cell, checkout):  # noqa: F811
    cell("scene", SCENE)
    press(page, "scene", "save as SVG")
    name = re.search(r"saved: (\S+)", text_until(page, "scene", r"saved: \S+\.svg"))[1]
    assert (checkout / "my-notebooks" / name).read_text().startswith("<svg")


def test_the_wire_is_stepped_until_a_call_returns(page, cell):  # noqa: F811
    cell("net", "net = Network()\nnet")
    text_until(page, "net", "the wire carries by itself")
    cell("held", HELD)
    text_until(page, "net", r"SYN-SENT[\s\S]*next\s+a → b\s+SYN")
    press(page, "net", "Step")
    text_until(page, "net", r"Carried a → b: SYN\.[\s\S]*next\s+b → a\s+SYN, ACK")
    press(page, "net", "Step")
    text_until(page, "net", r"Carried b → a: SYN, ACK\.[\s\S]*ESTABLISHED")
    cell("returned", "call.result() is None")
    assert "True" in labpage.output_of(page, "returned").inner_text()
    cell("end", "tidy()")
    text_until(page, "net", "The network is closed")


def test_the_panel_and_watched_hosts_change_while_a_cell_blocks(page, cell, checkout):  # noqa: F811
    cell("net", "net = Network()\nnet")
    cell("held", HELD)
    cell("watch", "watch(net)")
    cell("blocks", BLOCKS, wait=False)
    panel, hosts = set(), set()
    ends = time.monotonic() + labpage.PATIENCE
    while not labpage.is_over(page, "blocks") and time.monotonic() < ends:
        for name, seen in (("net", panel), ("watch", hosts)):
            text = labpage.output_of(page, name).inner_text()
            if not labpage.is_over(page, "blocks"):  # what was read was there while the cell was running
                seen.update(re.findall(r"\b\d{1,3}0\b", text))
        if min(len(panel), len(hosts)) >= 5:  # a host and a port are among them
            (checkout / "my-notebooks" / "seen").touch()
    assert len(panel) >= 5, panel
    assert len(hosts) >= 5, hosts
    cell("end", "tidy()")


def test_what_a_cell_needs_is_there(page, cell):  # noqa: F811
    cell("needs", "%%needs network ipv6\n6 * 7")
    text_until(page, "needs", "42|not available here: IPv6")
    cell("unknown", "%%needs beer")
    cell.fails = 1
    assert "it knows network, ipv6, compiler" in labpage.errors(page)[0]
