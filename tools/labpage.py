"""A real JupyterLab in a headless Chromium, for the browser test and for the screenshots.

JupyterLab is asked to expose its application object (`--expose-app-in-browser`), so that a page is driven
by the commands behind its menus, and not by clicking at places that move between versions.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds
LAB_OPTIONS = ("--no-browser", "--expose-app-in-browser", "--port=0")
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*?\?token=(\w+)")
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
CELL = f"Array.from({NOTEBOOK}.content.model.cells).find(cell => cell.id === id)"
OVER = "cell.executionState === 'idle' && cell.executionCount !== null"


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextlib.contextmanager
def running_lab(command: list[str], **options) -> Iterator[tuple[str, str]]:
    """JupyterLab started by `command`: (address, token) once it serves. Its kernels end with it."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )
    said: list[str] = []
    address, reader = [], None
    try:
        for line in process.stdout:
            said.append(line)
            if found := ADDRESS.search(line):
                address = list(found.groups())
                break
        if not address:
            raise RuntimeError("JupyterLab did not start:\n" + "".join(said))
        reader = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
        reader.start()  # a pipe that nobody reads would stop the server
        yield tuple(address)
    finally:
        _end(process)
        if reader:
            reader.join(5)


def _end(process) -> None:
    """SIGTERM makes the server end its kernels; SIGKILL goes to whatever is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def browser_page(width: int = 1150, height: int = 1500) -> Iterator:
    """A new page of a new headless Chromium. Its attribute `asked` lists the addresses of all requests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            page.on("websocket", lambda sock: page.asked.append(sock.url))
            page.set_default_timeout(PATIENCE * 1000)
            yield page
        finally:
            browser.close()


def strangers(page) -> list[str]:
    """Requests of the page that did not go to this machine."""
    inside = {"data", "blob", "about", "chrome", "devtools"}
    local = {"127.0.0.1", "localhost"}
    return [
        url
        for url in page.asked
        if urlsplit(url).scheme not in inside and urlsplit(url).hostname not in local
    ]


def open_notebook(page, address: str, token: str, name: str) -> None:
    """Show notebook `name`, alone, with its kernel idle."""
    page.goto(f"{address}/lab/tree/{name}?reset&token={token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(
        f"""() => {{ const widget = {NOTEBOOK}; const context = widget && widget.sessionContext;
            return context && context.isReady && context.session && context.session.kernel
                && context.session.kernel.status === 'idle'; }}"""
    )
    if page.locator("#jp-left-stack").is_visible():
        command(page, "application:toggle-left-area")


def command(page, name: str, **arguments) -> None:
    """Run one of JupyterLab's commands and wait until it is done."""
    page.evaluate(
        "([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => null)",
        [name, arguments],
    )


def cells(page) -> list[dict]:
    """The notebook's cells as `{"id", "type"}`, in order."""
    return page.evaluate(
        f"() => Array.from({NOTEBOOK}.content.model.cells).map(cell => ({{id: cell.id, type: cell.type}}))"
    )


def start_cell(page, cell_id: str) -> None:
    """Begin to execute the cell of this id, without waiting for its end."""
    page.evaluate(
        f"""id => {{ const content = {NOTEBOOK}.content;
            content.activeCellIndex = Array.from(content.model.cells).findIndex(cell => cell.id === id);
            content.deselectAll();
            window.jupyterapp.commands.execute('notebook:run-cell'); }}""",
        cell_id,
    )


def run_cell(page, cell_id: str) -> None:
    """Execute the cell of this id and wait for its end."""
    start_cell(page, cell_id)
    page.wait_for_function(f"id => {{ const cell = {CELL}; return {OVER}; }}", arg=cell_id)


def run_all(page) -> None:
    """Execute all cells and wait until the last is done."""
    command(page, "notebook:run-all-cells")


def insert_cell(page, cell_id: str, source: str) -> None:
    """Add a code cell at the notebook's end."""
    page.evaluate(
        f"""([id, source]) => {{ const model = {NOTEBOOK}.content.model;
            const cell = {{cell_type: 'code', id, source, metadata: {{}}}};
            model.sharedModel.insertCell(model.cells.length, cell); }}""",
        [cell_id, source],
    )


def output_of(page, cell_id: str):
    """The element of the cell's output area, scrolled into view: JupyterLab draws only what is near."""
    handle = page.evaluate_handle(
        f"""async id => {{ const content = {NOTEBOOK}.content;
            const index = Array.from(content.model.cells).findIndex(cell => cell.id === id);
            await content.scrollToItem(index);
            return content.widgets[index].node.querySelector('.jp-Cell-outputArea'); }}""",
        cell_id,
    )
    return handle.as_element()


def is_over(page, cell_id: str) -> bool:
    """Whether the cell has been executed to its end."""
    return page.evaluate(f"id => {{ const cell = {CELL}; return {OVER}; }}", cell_id)


def errors(page) -> list[str]:
    """`cell-id: Error: message` for every cell that shows an error."""
    return page.evaluate(
        f"""() => Array.from({NOTEBOOK}.content.model.cells).flatMap(cell =>
            (cell.sharedModel.toJSON().outputs || []).filter(output => output.output_type === 'error')
                .map(output => `${{cell.id}}: ${{output.ename}}: ${{output.evalue}}`))"""
    )
