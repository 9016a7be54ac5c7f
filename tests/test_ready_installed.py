"""What the ready check finds installed, and what a hub needs: files, packages, ports, accounts."""

from __future__ import annotations

import contextlib
import http.server
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from readiness import SETTING, of

from labsupport.classroom import hub, installed
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a class's machine has Linux")


# What is installed


@pytest.fixture
def course(tmp_path):
    """A copy that is as it should be, in a folder that all may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    copy = tmp_path / "course"
    shutil.copytree(installed.COURSE / "notebooks", copy / "notebooks")
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    if installed.shared(tmp_path)[0]:
        pytest.skip(f"others may not enter {installed.shared(tmp_path)[0][0]}")
    return copy


def test_an_environment_that_is_shared_as_it_should_be(course):
    (course / ".lock").touch(0o666)
    (course / "link").symlink_to("nowhere")
    assert installed.shared(course) == ([], [])


def test_what_others_may_change_and_may_not_read(course, monkeypatch):
    file = course / "notebooks" / "00-start-here.ipynb"
    file.chmod(0o666)
    assert installed.shared(course) == ([], [file])
    monkeypatch.setattr(installed, "places", lambda: [("the course", course)])
    finding = installed.environment(SETTING)
    assert (
        finding.state == CANNOT and finding.found == f"others may change {file}" and "chmod" in finding.remedy
    )
    assert installed.environment(of(hub=False)).state == LOOK
    file.chmod(0o640)
    assert installed.shared(course) == ([file], [])
    assert installed.environment(SETTING).found == f"others may not read {file}"
    file.chmod(0o644)
    compiled = course / "__pycache__" / "module.pyc"
    compiled.parent.mkdir(0o700)
    compiled.touch(0o600)
    assert installed.shared(course) == ([], [])
    compiled.chmod(0o606)
    assert installed.shared(course) == ([], [compiled])
    compiled.chmod(0o600)
    course.chmod(0o777)
    assert course in installed.shared(file)[1]  # a folder in which it could be replaced
    course.chmod(0o700)
    assert installed.shared(file)[0] == [course]


def test_which_of_them_lies_in_a_closed_folder_is_said(tmp_path, course, monkeypatch):
    """ "/root" alone does not tell whether to move the course or to take another Python."""
    roots = {name: tmp_path / "home" / name for name in ("python", "library", "course")}
    for root in roots.values():
        root.mkdir(0o755, parents=True)
    pythons = [("the Python", roots["python"]), ("the Python", roots["library"])]
    monkeypatch.setattr(installed, "places", lambda: [("the course", course), *pythons])
    home = roots["python"].parent
    home.chmod(0o700)
    assert installed.environment(SETTING).found == f"others may not read {home}, where the Python is"
    others = [("the environment", roots["course"]), ("the course", roots["course"])]
    monkeypatch.setattr(installed, "places", lambda: [*others, *pythons])
    all_three = f"{home}, where the environment, the course and the Python are"
    assert installed.environment(SETTING).found == f"others may not read {all_three}"
    file = roots["course"] / "lab.py"
    file.touch(0o640)
    assert installed.environment(SETTING).found == f"others may not read {all_three}; {file}"
    home.chmod(0o777)
    file.chmod(0o644)
    assert installed.environment(SETTING).found == f"others may change {all_three}"


def test_what_a_kernel_reads_is_named():
    assert list(dict.fromkeys(what for what, _ in installed.places())) == [
        "the environment",
        "the course",
        "the Python",
    ]


def test_packages_as_pinned(monkeypatch):
    pins = installed._pins()
    as_pinned = {name: installed._version(name) for name in installed._wanted(False)}
    monkeypatch.setattr(installed, "_pins", lambda: pins | as_pinned)
    assert installed.versions(of(hub=False)).state == OK
    monkeypatch.setattr(installed, "_pins", lambda: pins | as_pinned | {"ipykernel": "0.1"})
    finding = installed.versions(of(hub=False))
    assert finding.state == LOOK and "ipykernel" in finding.found
    monkeypatch.setattr(installed, "_wanted", lambda hub: {"ipykernel", "no-such-package"})
    finding = installed.versions(SETTING)
    assert finding == Finding(CANNOT, "not installed: no-such-package", "`python3 lab.py setup classroom`")
    monkeypatch.setattr(installed, "_pins", dict)
    assert installed.versions(SETTING).state == LOOK


def test_what_a_hub_needs_is_asked_for_with_a_hub():
    assert "jupyterhub" in installed._wanted(True) and "jupyterhub" not in installed._wanted(False)
    assert {"jupyterlab", "tornado", "zipp"} & installed._wanted(False) >= {"jupyterlab", "tornado"}


def test_notebooks_that_are_gone_damaged_or_bare(course):
    folder = course / "notebooks"
    assert installed.notebooks(SETTING, folder).state == OK
    gone, damaged, bare = (next(folder.glob(f"{number}-*")) for number in ("03", "05", "07"))
    gone.unlink()
    damaged.write_text("{")
    bare.write_text('{"cells": []}')
    finding = installed.notebooks(SETTING, folder)
    assert finding.state == CANNOT
    assert finding.found == (
        f"03 is not in {folder}; {damaged.name} cannot be read (JSONDecodeError); {bare.name} has no outputs"
    )


def test_solutions_are_told(monkeypatch):
    monkeypatch.setattr(installed.worked, "withheld", lambda: True)
    assert installed.solutions(SETTING).found.startswith("withheld")
    monkeypatch.setattr(installed.worked, "withheld", lambda: False)
    assert installed.solutions(SETTING).found.startswith("shown")


# What a hub needs


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def spare():
    """A free port that the kernel hands out to nobody meanwhile: none of its ephemeral ones, ip(7)."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    others = [port for port in range(1024, 65536) if not first <= port <= last]
    for port in random.sample(others or range(first, last + 1), 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    pytest.skip("no port is free")


def test_a_taken_port(taken, spare, monkeypatch):
    assert hub.free(spare) and not hub.free(taken)
    for name in ("PORT", "ENCRYPTED"):
        monkeypatch.setattr(hub, name, spare)
    monkeypatch.setattr(hub, "OTHERS", (taken,))
    finding = hub.ports(SETTING)
    assert finding.state == CANNOT and finding.found == f"taken by another program: {taken}"
    monkeypatch.setattr(hub, "OTHERS", ())
    assert hub.ports(SETTING) == Finding(OK, f"{spare} are free")


class AHub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"version": "5.4.0"}' if self.path == "/hub/api/" else b"")

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def answering(monkeypatch, name, context=None):
    """What answers as a hub does, at a port that the check takes for `name`; that port."""
    with http.server.HTTPServer(("127.0.0.1", 0), AHub) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        monkeypatch.setattr(hub, name, server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_hub_that_runs_is_no_trouble(monkeypatch):
    with answering(monkeypatch, "PORT") as port:
        assert hub.ports(SETTING) == Finding(OK, f"JupyterHub 5.4.0 is running at port {port}")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_hub_with_a_certificate_is_no_trouble_either(monkeypatch, taken, spare, tmp_path):
    files = [str(tmp_path / name) for name in ("hub.crt", "hub.key")]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=hub"]
    subprocess.run([*made, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    monkeypatch.setattr(hub, "PORT", spare)
    monkeypatch.setattr(hub, "OTHERS", (taken,))  # its proxy's and its own, which it holds itself
    with answering(monkeypatch, "ENCRYPTED", context) as port:
        assert hub.ports(SETTING) == Finding(OK, f"JupyterHub 5.4.0 is running at port {port}")


def test_who_starts_the_servers(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "BOOTED", tmp_path)
    assert hub.spawner(of(root=True)).state == OK
    monkeypatch.setattr(hub, "BOOTED", tmp_path / "none")
    assert hub.spawner(of(root=True)).state == LOOK
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hub.spawner(of(root=False)).state == CANNOT
    (tmp_path / "sudo").touch(0o755)
    assert hub.spawner(of(root=False)).state == (
        LOOK if hub.importlib.util.find_spec("sudospawner") else CANNOT
    )


def test_who_may_log_in(monkeypatch, tmp_path):
    assert hub.learners_group() == "learners"
    monkeypatch.setattr(hub, "_pamela", lambda: True)
    monkeypatch.setattr(hub, "PAM", tmp_path)
    config = tmp_path / "config.py"
    monkeypatch.setattr(hub, "CONFIG", config)
    config.write_text("LEARNERS = 'no such group'\n")
    finding = hub.accounts(SETTING)
    assert finding.state == CANNOT and "no group 'no such group'" in finding.found
    config.write_text("LEARNERS = 'root'\n")
    assert hub.accounts(of(learners=1)).state == OK and hub.accounts(of(learners=500)).state == LOOK
    config.write_text("LEARNERS = None\n")
    assert "every account" in hub.accounts(SETTING).found
    monkeypatch.setattr(hub, "PAM", tmp_path / "none")
    assert hub.accounts(SETTING).state == CANNOT
