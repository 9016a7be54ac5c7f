"""The file that ships, classroom/jupyterhub_config.py: what JupyterHub makes of it, and what its spawners do.

Systemd and sudo are not there; stand-ins in their places start what they would start, and note how.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from traitlets.config import PyFileConfigLoader

from nboutputs import ROOT

hubs = pytest.importorskip("hubs")
if reason := hubs.why_not():
    pytest.skip(reason, allow_module_level=True)
sys.path.insert(0, str(ROOT / "classroom"))

from hub_course import copy_of_the_course  # noqa: E402
from rehearsal import Visit  # noqa: E402

NAME = getpass.getuser()  # a spawner that asks the system for its users knows this one


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course that nobody can change, with the environment that runs this test."""
    return copy_of_the_course(tmp_path_factory.mktemp("course") / "course")


def shipped(tmp_path, spawner="local") -> dict:
    """What the file sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOCKETS_LIVE_HUB_STATE", str(tmp_path / "state"))
        patch.setenv("SOCKETS_LIVE_HUB_SPAWNER", spawner)
        return PyFileConfigLoader(str(ROOT / hubs.SHIPPED)).load_config()


def test_jupyterhub_itself_takes_the_file(tmp_path):
    environment = {**os.environ, "SOCKETS_LIVE_HUB_STATE": str(tmp_path / "state")}
    command = [sys.executable, "-m", "jupyterhub", "-f", str(ROOT / hubs.SHIPPED), "--show-config-json"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["Spawner"]["cmd"][1:] == [str(ROOT / "lab.py"), "hub"]


def test_with_systemd_each_learner_has_limits_and_keeps_the_network(tmp_path):
    config = shipped(tmp_path, "systemd")
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
    config = shipped(tmp_path, spawner)
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


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_guides_certificate_is_one_that_the_hub_takes(tmp_path):
    guide = (ROOT / "classroom" / "README.md").read_text("utf-8")
    command = re.search(r"^    (openssl req .*\\\n.*)$", guide, re.M).group(1)
    assert command.count("/var/lib/sockets-live-hub/") == 2
    state = tmp_path / "state"
    state.mkdir()
    typed = command.replace("/var/lib/sockets-live-hub", shlex.quote(str(state)))
    subprocess.run(["sh", "-c", typed], check=True, capture_output=True, timeout=60)
    assert (state / "hub.key").stat().st_mode & 0o077 == 0
    hub = shipped(tmp_path)["JupyterHub"]
    assert hub["bind_url"] == "https://:443"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(hub["ssl_cert"], hub["ssl_key"])  # raises where they do not belong together


def test_the_hub_is_started_in_one_way_everywhere():
    for name in ("README.md", "jupyterhub_config.py", "sockets-live-hub.service"):
        text = (ROOT / "classroom" / name).read_text("utf-8")
        assert ".venv/bin/python -m jupyterhub -f classroom/jupyterhub_config.py" in text, name
        assert "bin/jupyterhub " not in text, name


def test_a_spawner_that_there_is_not_is_said(tmp_path):
    with pytest.raises(SystemExit, match='SPAWNER is "systemd", "sudo" or "local"'):
        shipped(tmp_path, "docker")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A function that puts a shell script where the hub looks for a program first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def put(name, line):
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)

    return put


def serve(course, more):
    """One learner's server, started by the hub: its command line, and its limits."""
    with (
        tempfile.TemporaryDirectory(prefix="class-") as folder,
        hubs.Hub(folder, [NAME], course=course, more=more) as hub,
    ):
        return asyncio.run(server_of(hub))


async def server_of(hub):
    visit = Visit(hub, NAME)
    try:
        await visit.learner.log_in()
        await visit.learner.start()
        assert await visit.find("03")
        found = [Path(f"/proc/{pid}") for pid in hubs.processes_of(hub.token, NAME)[0]]
        lines = {at: (at / "cmdline").read_text().replace("\0", " ") for at in found}
        server = next(at for at, line in lines.items() if "singleuser" in line)
        return lines[server], (server / "limits").read_text()
    finally:
        await visit.close()


@pytest.mark.long
def test_sudos_helper_starts_a_learner_under_limits(course, stand_in):
    stand_in("sudo", f'[ "$1 $2 $3" = "-u {NAME} -nH" ] && shift 3 && exec "$@"')
    helper = course / "classroom" / "sudo" / "sudospawner"
    more = f"""
c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"
c.SudoSpawner.sudospawner_path = {str(helper)!r}
"""
    line, limits = serve(course, more)
    assert "jupyterhub.singleuser" in line and "transport=ipc" in line
    assert re.search(r"Max processes +512 ", limits) and re.search(r"Max core file size +0 ", limits)


@pytest.mark.long
def test_systemd_is_told_each_learners_limits(course, stand_in, tmp_path, monkeypatch):
    notes = tmp_path / "units"
    notes.mkdir()
    monkeypatch.setenv("SOCKETS_LIVE_HUB_SPAWNER", "systemd")
    for name in ("systemd-run", "systemctl"):
        command = [sys.executable, str(Path(__file__).with_name("stand_in_systemd.py")), str(notes), name]
        stand_in(name, f'exec {" ".join(command)} "$@"')
    more = f"""
import systemdspawner.systemd
systemdspawner.systemd.RUN_ROOT = {str(tmp_path)!r}
c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
"""
    assert "jupyterhub.singleuser" in serve(course, more)[0]
    (unit,) = [json.loads(file.read_text()) for file in notes.iterdir()]
    said = dict(entry.split("=", 1) for entry in unit["properties"])
    assert said["MemoryMax"] == str(1536 * 2**20) and said["CPUQuota"] == "100%"
    assert said["TasksMax"] == "512" and said["OOMPolicy"] == "continue" and said["NoNewPrivileges"] == "yes"
    assert said["PrivateTmp"] == "yes" and said["ReadOnlyDirectories"] == str(course)
    assert not {"PrivateDevices", "RestrictNamespaces", "ProtectKernelTunables"} & set(said)
    assert unit["command"][1:3] == [str(course / "lab.py"), "hub"]
