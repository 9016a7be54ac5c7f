"""Interrupting the kernel in a waiting cell gives control back within a second, and the next cells run."""

from __future__ import annotations

import ast
import contextlib
import os
import queue
import time

import nbformat
import pytest

import own_kernels
from nbform import code_cells
from nboutputs import ROOT
from notebook_runs import HERE, NOTEBOOKS, TIMEOUT

WITHIN = 1.0  # seconds, beyond what the same takes in a plain sleep: a machine under load is slow at that too
TRIES = 3  # the machine may be busy; the wait itself is the same in each
WAITS = 0.2  # seconds of sleep: whoever sleeps longer waits for something

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"), reason="looks into Linux's /proc for who waits"
)

PREPARE = """
import socket
from socket import create_connection as call
import leftovers
from labsupport import SilentServer, Visitor, background, tidy, until
%load_ext labsupport
listener = socket.create_server(("127.0.0.1", 0))
one, other = socket.socketpair()
leftovers.note()
"""

WAITING = {
    "accept": "listener.accept()",
    "recv": "one.recv(1)",
    "recv with a deadline": "one.settimeout(30); one.recv(1)",
    "until": "until(lambda: False, timeout=30)",
    "result": "background(one.recv, 1).result(timeout=30)",
    "silent server": "quiet = SilentServer(); caller = call(quiet.address); caller.recv(1)",
    "a visitor": "visitor = Visitor(listener.getsockname(), 'talk'); visitor.wait(30)",
    "child": "%%child\nimport socket\nsocket.create_server(('127.0.0.1', 0)).accept()",
}


class Kernel:
    """A kernel that is given one cell after the other, and can be interrupted in one."""

    def __init__(self, folder):
        paths = os.pathsep.join([str(ROOT), str(HERE)])
        self.manager, self.client = own_kernels.start(
            cwd=str(folder), env={**os.environ, "PYTHONPATH": paths}
        )
        self.passed_over = set()  # messages whose replies came while another was waited for

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()  # as JupyterLab ends it: asked first

    def begin(self, source: str) -> str:
        """Send a cell off. Returns its message id."""
        with contextlib.suppress(queue.Empty):
            while True:  # what earlier ones showed
                self.client.get_iopub_msg(timeout=0)
        return self.client.execute(source, store_history=False, stop_on_error=False)

    def reply(self, message: str, timeout: float = TIMEOUT) -> dict:
        """The reply to a cell. queue.Empty: there is none within `timeout` seconds."""
        ends = time.monotonic() + timeout
        while True:
            answer = self.client.get_shell_msg(timeout=max(0.0, ends - time.monotonic()))
            answered = answer["parent_header"].get("msg_id")
            if answered == message:
                return answer["content"]
            self.passed_over.add(answered)

    def run(self, source: str) -> dict:
        """A cell's reply."""
        return self.reply(self.begin(source))

    def value(self, expression: str) -> str:
        """The text of an expression's value."""
        reply = self.client.execute("", user_expressions={"it": expression}, store_history=False)
        return self.reply(reply)["user_expressions"]["it"]["data"]["text/plain"]

    def is_asleep(self) -> bool:
        """Whether the kernel's main thread waits for something: state S, see proc(5)."""
        pid = self.manager.provisioner.process.pid
        with open(f"/proc/{pid}/task/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "S"

    def is_begun(self, message: str) -> None:
        """Wait until the kernel has the cell: before that it sleeps as well, and heeds no interrupt."""
        while self.client.get_iopub_msg(timeout=TIMEOUT)["parent_header"].get("msg_id") != message:
            pass

    def waits_in(self, message: str) -> bool:
        """Whether the cell comes to a wait: its thread is asleep at each look, for `WAITS` seconds.

        False: it ended first; its reply is taken.
        """
        self.is_begun(message)
        since = time.monotonic()
        while time.monotonic() - since < WAITS:
            with contextlib.suppress(queue.Empty):
                self.reply(message, timeout=0.02)
                return False
            if not self.is_asleep():
                since = time.monotonic()
        return True

    def interrupt(self, message: str) -> tuple[float, dict]:
        """Interrupt the cell. Returns the seconds until its reply came, and the reply.

        An interrupt that comes just as the cell has ended hits ipykernel in sending the reply, which is lost:
        no seconds, and no status, if the kernel goes on.
        """
        began = time.monotonic()
        self.manager.interrupt_kernel()
        try:
            reply = self.reply(message, timeout=10)
        except queue.Empty:
            if self.value("1 + 1") != "2" or message in self.passed_over:
                raise
            return 0.0, {"status": None}
        return time.monotonic() - began, reply

    def yardstick(self) -> float:
        """The seconds that it takes to interrupt a cell which does nothing but sleep."""
        message = self.begin(f"__import__('time').sleep({TIMEOUT})")
        assert self.waits_in(message)
        return self.interrupt(message)[0]


@contextlib.contextmanager
def running(folder):
    kernel = Kernel(folder)
    try:
        yield kernel
    finally:
        kernel.close()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kernel")) as kernel:
        assert kernel.run(PREPARE)["status"] == "ok"
        kernel.run("1 / 0  # what shows a traceback is imported when the first one is shown")
        yield kernel


@pytest.mark.parametrize("waits", WAITING)
def test_a_waiting_cell_is_interrupted(kernel, waits):
    took = []
    for _ in range(TRIES):
        message = kernel.begin(WAITING[waits])
        assert kernel.waits_in(message)
        seconds, reply = kernel.interrupt(message)
        assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
        took.append(seconds - kernel.yardstick())
        if took[-1] < WITHIN:
            break
    assert min(took) < WITHIN, took
    assert kernel.value("1 + 1") == "2"


def test_nothing_is_left_after_the_interrupts(kernel):
    kernel.run("caller = quiet = visitor = None; tidy(); one.close(); other.close(); listener.close()")
    assert kernel.value("[what for what in leftovers.found() if not what.startswith('descriptor')]") == "[]"


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_waiting_cell_of_a_notebook_is_interrupted(path, tmp_path):
    cells = code_cells(nbformat.read(path, as_version=4))
    # One that seems slow is tried again, each time in a kernel of its own: the machine may have been busy.
    for number in slow_to_end(cells, tmp_path):
        took = [interrupted_in(cells, number, tmp_path) for _ in range(TRIES)]
        assert min(took) < WITHIN, f"{cells[number].id}: {took}"


def slow_to_end(cells, folder) -> list[int]:
    """Interrupt, in one kernel, each cell in which the main thread waits, then let it run to its end.

    Returns the places of those that took long to be interrupted. A hang anywhere is a queue.Empty.
    """
    slow = []
    with running(folder) as kernel:
        kernel.run("1 / 0  # what shows a traceback is imported when the first one is shown")
        kernel.run("import labsupport, leftovers; leftovers.note()")
        for number, cell in enumerate(cells):
            message = kernel.begin(cell.source)
            if kernel.waits_in(message):
                if kernel.interrupt(message)[0] - kernel.yardstick() >= WITHIN:
                    slow.append(number)
                kernel.run(cell.source)  # an error is right where half of it was done; a hang is not
        kernel.run(cells[-1].source)
        threads, children = remains(kernel)
    assert threads == "[]", threads
    assert not (left := outliving(children)), f"after the kernel's end: {left}"
    return slow


def interrupted_in(cells, number: int, folder) -> float:
    """Interrupt one of the cells, in a new kernel. Returns how much longer than a plain sleep that took."""
    with running(folder) as kernel:
        kernel.run("1 / 0  # what shows a traceback is imported when the first one is shown")
        kernel.run("import labsupport, leftovers; leftovers.note()")
        for cell in cells[:number]:
            kernel.run(cell.source)
        message = kernel.begin(cells[number].source)
        if not kernel.waits_in(message):
            return 0.0  # this time it did not wait
        seconds = kernel.interrupt(message)[0] - kernel.yardstick()
        for cell in cells[number + 1 :]:
            kernel.run(cell.source)  # an error is right where a name is missing now; a hang is not
        threads, children = remains(kernel)
    assert threads == "[]", f"after {cells[number].id}: {threads}"
    assert not (left := outliving(children)), f"after {cells[number].id}, and after the kernel's end: {left}"
    return seconds


def remains(kernel) -> tuple[str, list[str]]:
    """The threads that a kernel has beyond the start, as text, and its child processes."""
    threads = kernel.value("[what for what in leftovers.found() if what.startswith('thread')]")
    return threads, ast.literal_eval(kernel.value("leftovers.children()"))


def outliving(children: list[str]) -> list[str]:
    """Those of an ended kernel's children that run on."""
    ends = time.monotonic() + TIMEOUT
    while (left := [child for child in children if runs(child.split()[0])]) and time.monotonic() < ends:
        time.sleep(0.05)
    return left


def runs(pid: str) -> bool:
    """Whether a process has not ended.

    One that has is a zombie (Z) for as long as nobody asks how it ended, see proc(5): here an interrupted
    cell's own Popen, and then, at the kernel's end, the machine's first process, which takes its time.
    """
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
