"""The hub that ships: thirty learners at once, those beside them who do their worst, and who comes again.

Who logs in and who starts the servers is changed for the test, as rehearsal.py says; the rest is what ships.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from labsupport import Network, until
from nboutputs import ROOT

hubs = pytest.importorskip("hubs")
if reason := hubs.why_not():
    pytest.skip(reason, allow_module_level=True)
sys.path.insert(0, str(ROOT / "classroom"))

from hub_course import copy_of_the_course  # noqa: E402
from hub_neighbors import NAMES, Neighbors, small_disk  # noqa: E402
from rehearsal import CORES, Attendance, Visit, complaints, rehearse  # noqa: E402

THIRTY = [f"learner-{count:02}" for count in range(1, 31)]
A_LEARNER = 512 * 2**20  # bytes: 30 of them fit into 16 GB
CHANGED = "Changed by its owner."


@dataclasses.dataclass
class Class:
    """What a class did, and what was there afterward."""

    attendances: list[Attendance]
    did: dict
    before: str
    after: str
    copies: dict[str, str]
    left: list[int]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course that nobody can change, with the environment that runs this test."""
    return copy_of_the_course(tmp_path_factory.mktemp("course") / "course")


def digest(folder: Path) -> str:
    """One short text for the names and contents of all files in a folder that learners get copies of."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    parts = [f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def mounting_fails() -> str | None:
    """The reason why this machine gives nobody a small disk, or None."""
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run([*small_disk(Path(folder)), "true"], capture_output=True, text=True)
    return f"no small disk here: {tried.stderr.strip()}" if tried.returncode else None


@pytest.fixture(scope="module")
def thirty(course):
    """Thirty learners run the cores of 00 and 03 to 07 at the same time, with four neighbors beside them."""
    if why := mounting_fails():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:  # short: sockets' paths go on from there
        before = digest(course / "notebooks")
        home = Path(folder) / "home" / "full"
        hub = hubs.Hub(Path(folder), [*THIRTY, *NAMES], course=course, prefix=small_disk(home))
        try:
            neighbors = Neighbors(hub)
            done = asyncio.run(rehearse(hub, THIRTY, alone=False, others=neighbors.all()))
        finally:
            hub.close()
        copies = {name: digest(hub.notebooks(name)) for name in THIRTY}
        left = hubs.marked(hub.token)
        yield Class(done, neighbors.did, before, digest(course / "notebooks"), copies, left)


@pytest.mark.long
def test_every_output_is_as_stored_for_each_of_thirty(thirty):
    if said := complaints(thirty.attendances):
        pytest.fail(said)  # all of it: pytest would cut a comparison short
    assert [sorted(each.cores) for each in thirty.attendances] == [sorted(CORES)] * 30


@pytest.mark.long
@pytest.mark.skipif(not Network.available(), reason="this machine has no private networks")
def test_every_kernel_has_a_private_network(thirty):
    assert [each.networks for each in thirty.attendances] == [dict.fromkeys(CORES, True)] * 30


@pytest.mark.long
def test_each_learner_has_a_copy_and_the_master_is_as_before(thirty):
    assert set(thirty.copies.values()) == {thirty.before} == {thirty.after}


@pytest.mark.long
def test_neighbors_did_their_worst_meanwhile(thirty):
    did = thirty.did
    assert "trouble" not in did, did["trouble"]
    assert "restarting" in did["killed"] and did["afterward"] == []
    assert (did["full"], did["save"], did["still"]) == ("'ENOSPC'", 500, "42")
    assert did["loop"] > 1  # second of a processor that thirty others want too
    assert did["hungry"] > 2**30


@pytest.mark.long
def test_a_learner_takes_no_more_memory_than_the_account_says(thirty):
    most = max(each.server + max(each.kernels.values()) for each in thirty.attendances)
    assert most < A_LEARNER


@pytest.mark.long
def test_nothing_is_left_of_thirty(thirty):
    assert thirty.left == []


@pytest.mark.long
def test_three_come_again_and_find_their_own(tmp_path_factory):
    course = copy_of_the_course(tmp_path_factory.mktemp("newer") / "course")
    names = ["ada", "grace", "edsger"]
    with (
        tempfile.TemporaryDirectory(prefix="class-") as folder,
        hubs.Hub(folder, names, course=course) as hub,
    ):
        first = asyncio.run(rehearse(hub, names, ["00"], alone=False))
        assert complaints(first) == ""
        found = asyncio.run(change_and_come_again(hub, names[0], course))
        others = [digest(hub.notebooks(name)) for name in names[1:]]
    assert found["mine"].endswith(CHANGED) and not found["beside"].endswith(CHANGED)
    assert found["beside"].endswith("newer")
    assert others[0] == others[1]


async def change_and_come_again(hub, name, course):
    """Save a change, stop the server, let the course have a newer master, and start the server again."""
    visit = Visit(hub, name)
    try:
        await visit.learner.log_in()
        await visit.learner.start()
        file = await visit.find("03")
        notebook = await visit.learner.notebook(file)
        notebook.cells[-1].source = CHANGED
        assert await visit.learner.save(file, notebook) == 200
        await visit.learner.stop()
        renew(course / "notebooks" / file)
        await visit.learner.start()
        beside = [other for other in await visit.learner.files() if other.startswith("03-new-")]
        assert len(beside) == 1
        own, new = await visit.learner.notebook(file), await visit.learner.notebook(beside[0])
        return {"mine": own.cells[-1].source, "beside": new.cells[-1].source}
    finally:
        await visit.close()


def renew(path: Path) -> None:
    """The teacher puts a newer notebook into the course."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += "newer"
    path.chmod(0o644)
    nbformat.write(notebook, path)
    path.chmod(0o444)


@pytest.mark.long
def test_an_interrupted_rehearsal_leaves_nothing(tmp_path):
    mine = f"THIS_TEST={secrets.token_hex(8)}"
    command = [sys.executable, ROOT / "classroom" / "rehearsal.py", "--learners", "1", "--notebooks", "00"]
    environment = {**os.environ, **dict([mine.split("=")]), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        token = until(lambda: hubs.token_beside(mine), timeout=60)
        until(lambda: any(hubs.processes_of(token, "alone")), timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    assert hubs.marked(token) == [] and list(tmp_path.iterdir()) == []
