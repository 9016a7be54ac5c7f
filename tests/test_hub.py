"""The hub that ships: thirty learners at once, those beside them who do their worst, and the file itself.

Who logs in and who starts the servers is changed for the test, as rehearsal.py says; the rest is what ships.
"""

from __future__ import annotations

import asyncio
import dataclasses
import getpass
import hashlib
import json
import os
import re
import secrets
import shutil
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


def copy_of_the_course(course: Path) -> Path:
    for name in ("notebooks", "classroom"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("lab.py", "pyproject.toml", "pins.txt"):
        shutil.copy(ROOT / name, course)
    (course / ".venv").symlink_to(sys.prefix)
    for path in course.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    return course


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
    assert complaints(thirty.attendances) == ""
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
        beside = [other for other in await visit.learner.files() if other.startswith(f"{file[:-6]}.new-")]
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


# ---- The file that ships ----------------------------------------------------------------------------------


def shipped(tmp_path, **variables) -> dict:
    """What JupyterHub makes of the file, as its own `--show-config-json` says."""
    environment = {**os.environ, "SOCKETS_LIVE_HUB_STATE": str(tmp_path / "state"), **variables}
    command = [sys.executable, "-m", "jupyterhub", "-f", str(ROOT / hubs.SHIPPED), "--show-config-json"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_with_systemd_each_learner_has_limits_and_keeps_the_network(tmp_path):
    config = shipped(tmp_path, SOCKETS_LIVE_HUB_SPAWNER="systemd")
    spawner = config["SystemdSpawner"]
    assert config["JupyterHub"]["spawner_class"] == "systemdspawner.SystemdSpawner"
    assert spawner["mem_limit"] and spawner["cpu_limit"] and int(spawner["unit_extra_properties"]["TasksMax"])
    assert spawner["isolate_tmp"] and spawner["readonly_paths"] == [str(ROOT)]
    taken = {"PrivateDevices", "RestrictNamespaces", "ProtectKernelTunables", "DeviceAllow", "DevicePolicy"}
    assert not spawner["isolate_devices"] and not taken & set(spawner["unit_extra_properties"])
    # The spawner formats them, and would give the first learner's name to all.
    assert not any("{" in value for value in spawner["unit_extra_properties"].values())


@pytest.mark.parametrize("spawner", ["systemd", "sudo", "local"])
def test_every_setting_is_one_that_its_class_has(tmp_path, spawner):
    jupyterhub_app = pytest.importorskip("jupyterhub.app")
    from jupyterhub.auth import PAMAuthenticator
    from jupyterhub.proxy import ConfigurableHTTPProxy
    from jupyterhub.spawner import Spawner
    from sudospawner import SudoSpawner
    from systemdspawner import SystemdSpawner

    known = (jupyterhub_app.JupyterHub, PAMAuthenticator, ConfigurableHTTPProxy, Spawner)
    classes = {each.__name__: each for each in (*known, SudoSpawner, SystemdSpawner)}
    config = shipped(tmp_path, SOCKETS_LIVE_HUB_SPAWNER=spawner)
    for section, settings in config.items():
        assert set(settings) <= set(classes[section].class_traits(config=True)), section


def test_who_gets_in_is_asked_of_the_machine(tmp_path):
    config = shipped(tmp_path)
    assert config["JupyterHub"]["authenticator_class"] == "pam"
    assert config["PAMAuthenticator"]["allowed_groups"] or config["PAMAuthenticator"]["allow_all"]


def test_the_hub_keeps_its_files_out_of_the_course_and_listens_here_alone_without_a_certificate(tmp_path):
    hub = shipped(tmp_path)["JupyterHub"]
    state = tmp_path / "state"
    assert state.stat().st_mode & 0o077 == 0
    assert hub["db_url"] == f"sqlite:///{state}/hub.sqlite"
    assert Path(hub["cookie_secret_file"]).parent == state
    assert hub["bind_url"] == "http://127.0.0.1:8000"
    for name in ("hub.key", "hub.crt"):
        (state / name).touch()
    assert shipped(tmp_path)["JupyterHub"]["bind_url"] == "https://:443"


def test_a_spawner_that_there_is_not_is_said(tmp_path):
    with pytest.raises(AssertionError, match='SPAWNER is "systemd", "sudo" or "local"'):
        shipped(tmp_path, SOCKETS_LIVE_HUB_SPAWNER="docker")


@pytest.mark.long
def test_sudos_helper_starts_a_learner_under_limits(course, tmp_path, monkeypatch):
    """sudo itself is left out: a script in its place runs what it would run, for who runs this test."""
    name = getpass.getuser()
    stand_in = tmp_path / "bin" / "sudo"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "-u {name} -nH" ] && shift 3 && exec "$@"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    more = 'c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"\n'
    helper = course / "classroom" / "sudo" / "sudospawner"
    more += f"c.SudoSpawner.sudospawner_path = {str(helper)!r}\n"
    with (
        tempfile.TemporaryDirectory(prefix="class-") as folder,
        hubs.Hub(folder, [name], course=course, more=more) as hub,
    ):
        server, limits = asyncio.run(limits_of_a_server(hub, name))
    assert "lab.py" not in server and "jupyterhub.singleuser" in server
    assert re.search(r"Max processes +512 ", limits) and re.search(r"Max core file size +0 ", limits)


async def limits_of_a_server(hub, name):
    """The command line and the limits of the process that serves a learner."""
    visit = Visit(hub, name)
    try:
        await visit.learner.log_in()
        await visit.learner.start()
        assert await visit.find("03")
        found = [Path(f"/proc/{pid}") for pid in hubs.processes_of(hub.token, name)[0]]
        lines = {at: (at / "cmdline").read_text().replace("\0", " ") for at in found}
        server = next(at for at, line in lines.items() if "singleuser" in line)
        return lines[server], (server / "limits").read_text()
    finally:
        await visit.close()


@pytest.mark.long
def test_an_interrupted_rehearsal_leaves_nothing(tmp_path):
    mine = f"THIS_TEST={secrets.token_hex(8)}"
    command = [sys.executable, ROOT / "classroom" / "rehearsal.py", "--learners", "1", "--notebooks", "00"]
    environment = {**os.environ, **dict([mine.split("=")]), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: hubs.token_beside(mine) is not None, timeout=60)
        token = hubs.token_beside(mine)
        until(lambda: any(hubs.processes_of(token, "alone")), timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    assert hubs.marked(token) == [] and list(tmp_path.iterdir()) == []
