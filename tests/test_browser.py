"""The course in a real JupyterLab, started by lab.py: what a learner sees, and that nothing leaves.

lab.py runs in a copy of the checkout: the learner's own notebooks are not touched. The copy's environment
borrows the packages of the one that runs the tests, which takes a second instead of minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import labpage
from lab_course import copy_parts, pretend
from labsetup.environment import finish
from labsetup.places import Places
from labsetup.stamp import lacking, write_stamp
from nboutputs import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        labpage.chromium() is None, reason="there is no Chromium: install Debian's package chromium"
    ),
    pytest.mark.skipif(os.name == "nt", reason="borrows an environment by links"),
]

LAB = "share/jupyter/lab"
BORROWED = (
    "etc",
    "share/jupyter/kernels",
    "share/jupyter/labextensions",
    f"{LAB}/static",
    f"{LAB}/schemas",
    f"{LAB}/themes",
)
BLOCKS = """
import pathlib, threading
beat = threading.Event()
for seen, most in ("counts", 200), ("states", 80):  # until the test says so, by a file
    for _ in range(most):
        if pathlib.Path(seen).exists():
            break
        if seen == "counts":
            client.send(b"0123456789")
        beat.wait(0.25)
    if seen == "counts":
        client.shutdown(socket.SHUT_WR)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the course with an environment that lab.py takes for its own."""
    root = copy_parts(tmp_path_factory.mktemp("course"), "labsupport", "notebooks")
    places = Places(root, root)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", places.venv], check=True)
    packages = Path(
        sysconfig.get_path("purelib", "venv", {"base": str(places.venv), "platbase": str(places.venv)})
    )
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in BORROWED:
        if (there := Path(sys.prefix, name)).exists():
            (places.venv / name).parent.mkdir(parents=True, exist_ok=True)
            (places.venv / name).symlink_to(there)
    finish(places)
    write_stamp(places, ["test"])
    assert lacking(places) is None
    return root


@pytest.fixture(scope="module")
def called(tmp_path_factory):
    """The folder of a node and an npm that do nothing but leave a file, `calls`, that names them."""
    folder = tmp_path_factory.mktemp("called")
    for name in ("node", "nodejs", "npm"):
        pretend(folder / name, f'echo {name} "$@" >>"{folder}/calls"')
    return folder


@pytest.fixture(scope="module")
def served(checkout, called, tmp_path_factory):
    """JupyterLab started by lab.py, with `called` on its PATH: (address, token)."""
    path = f"{called}{os.pathsep}{os.environ['PATH']}"
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "PATH": path}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "XDG_", "IPYTHON"))
    }
    command = [sys.executable, str(checkout / "lab.py"), *labpage.LAB_OPTIONS]
    with labpage.running_lab(command, cwd=checkout, env={**kept, **home}) as address:
        yield address


@pytest.fixture
def page(served):
    with labpage.browser_page() as page:
        yield page
        assert not labpage.strangers(page)


def opened(page, served, number):
    (name,) = [path.name for path in (ROOT / "notebooks").glob(f"{number}-*.ipynb")]
    labpage.open_notebook(page, *served, name)


def text_until(page, cell_id, pattern):
    """The text of a cell's output, once it matches."""
    ends = time.monotonic() + labpage.PATIENCE
    while not re.search(pattern, text := labpage.output_of(page, cell_id).inner_text()):
        assert time.monotonic() < ends, f"{pattern!r} is never seen in {text!r}"
        page.wait_for_timeout(50)
    return text


def press(page, cell_id, name):
    """Press the first button of that name in a cell's output."""
    buttons = labpage.output_of(page, cell_id).query_selector_all("button")
    next(button for button in buttons if button.inner_text().strip() == name).click()


def run_through(page, last):
    """Run the cells from the first to the one named `last`."""
    for cell in labpage.cells(page):
        if cell["type"] == "code":
            labpage.run_cell(page, cell["id"])
        if cell["id"] == last:
            return


@pytest.mark.parametrize("number", ["00", "04", "06"])
def test_a_notebook_runs_from_top_to_bottom(page, served, number):
    opened(page, served, number)
    labpage.run_all(page)
    assert not labpage.errors(page)


def test_the_first_start_asks_for_nothing(page, served):
    address, token = served
    page.goto(f"{address}/?token={token}")
    page.wait_for_url("**/lab/tree/00-start-here.ipynb*")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_timeout(2000)  # the pop-up about news would come by now
    assert page.locator(".Toastify__toast, .jp-Dialog").all_inner_texts() == []


def test_neither_a_start_nor_a_page_asks_for_a_build_or_starts_node(page, served, called):
    opened(page, served, "00")
    asked = {urlsplit(url).path for url in page.asked}
    assert "/api/kernels" in asked and "/lsp/status" in asked  # when the latter is answered, the look is over
    assert "/lab/api/build" not in asked
    assert not (called / "calls").exists()
    labpage.insert_cell(page, "finds", "import shutil; shutil.which('node')")  # a learner's kernel finds it
    labpage.run_cell(page, "finds")
    text_until(page, "finds", re.escape(str(called / "node")))


def test_state_and_byte_counts_change_while_a_cell_blocks(page, served, checkout):
    opened(page, served, "06")
    run_through(page, "conversation")
    labpage.insert_cell(page, "blocks", BLOCKS)
    labpage.start_cell(page, "blocks")
    counts, states = set(), set()
    while not labpage.is_over(page, "blocks"):
        text = labpage.output_of(page, "conversation").inner_text()
        if not labpage.is_over(page, "blocks"):  # what was read was there while the cell was running
            counts.update(re.findall(r"sent\s+(\d+)", text))
            states.update(re.findall(r"ESTABLISHED|CLOSE-WAIT", text))
        for name, enough in (
            ("counts", len(counts) >= 3 and "ESTABLISHED" in states),
            ("states", "CLOSE-WAIT" in states),
        ):
            if enough:
                (checkout / "my-notebooks" / name).touch()
        page.wait_for_timeout(100)
    assert len(counts) >= 3, counts
    assert {"ESTABLISHED", "CLOSE-WAIT"} <= states
    assert not labpage.errors(page)


def test_a_button_sends_and_its_effect_is_seen(page, served):
    opened(page, served, "06")
    run_through(page, "conversation")
    press(page, "conversation", "send")
    assert "send: 5 of 5 bytes taken" in text_until(page, "conversation", r"bytes taken")
    text_until(page, "conversation", r"sent\s+5\b")


def test_a_button_frees_a_call_that_waits(page, served):
    opened(page, served, "04")
    run_through(page, "wait")
    text_until(page, "wait", "waiting")
    press(page, "wait", "a visitor connects")
    text_until(page, "wait", "returned")
