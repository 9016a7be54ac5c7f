"""The ready check: real runs, and each check made to fail for real where it can be."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from labsupport import EchoServer, Network
from labsupport.classroom import hub, installed, ready, resources, trials
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding, Report, Setting
from labsupport.classroom.room import Classroom

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a class's machine has Linux")
LAUNCH = str(Path(__file__).with_name("launch.py"))
SETTING = Setting(learners=2, host="127.0.0.1", homes="/tmp", hub=True, root=os.geteuid() == 0)
NOT_CANNOT = 77  # launch.py: this kernel does not let it be taken away
# What depends on where this checkout is, and on who may log in to this machine.
OF_THE_MACHINE = ("environment", "versions", "hub", "hub's ports", "hub's spawner", "hub's accounts")


def without(*names):
    return [word for name in names for word in ("--without", name)]


def run(*arguments, launch=(), **more):
    command = [sys.executable, "-m", "labsupport", "ready", *map(str, arguments)]
    if launch:
        command = [sys.executable, LAUNCH, *launch, "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)
    if launch and done.returncode == NOT_CANNOT:
        pytest.skip(done.stderr.strip())
    return done


def asked(check, launch=(), prologue="", learners=2):
    """The Finding of one check in a process from which something was taken."""
    module, name = check
    code = (
        f"import dataclasses, json, sys; from labsupport.classroom import {module}; {prologue}\n"
        f"from labsupport.classroom.findings import Setting\n"
        f"setting = Setting({learners}, '127.0.0.1', '/tmp', True, False)\n"
        f"print(json.dumps(dataclasses.asdict({module}.{name}(setting))))"
    )
    command = [sys.executable, "-c", code]
    if launch:
        command = [sys.executable, LAUNCH, *launch, "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == NOT_CANNOT:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Finding(**json.loads(done.stdout))


def of(**changes):
    return dataclasses.replace(SETTING, **changes)


# The command


def test_a_class_that_can_start():
    done = run("--learners", 2, "--json", *without(*OF_THE_MACHINE))
    told = json.loads(done.stdout)
    bad = [check for check in told["checks"] if check["state"] == CANNOT]
    assert (done.returncode, done.stderr, bad) == (0, "", [])
    assert (told["version"], told["ready"], told["learners"]) == (1, True, 2)
    names = [check["name"] for check in told["checks"]]
    assert names == [name for name in ready.NAMES if name not in OF_THE_MACHINE and (name in names)]
    assert {"private networks", "kernel", "memory", "class server", "solutions"} <= set(names)


def test_a_class_that_cannot_start_and_what_needs_root(tmp_path):
    few = ["private networks", "kernel", "limits", "class server", "hub's proxy"]
    done = run("--learners", 1000, *without(*few, *OF_THE_MACHINE[1:]), launch=["--user"])
    assert done.returncode == 1 and done.stdout.isascii()
    lines = done.stdout.splitlines()
    assert any(line.startswith("cannot start  memory") for line in lines) == (not enough_for(1000))
    assert lines[-1] == ready.ROOTS


def enough_for(learners):
    return resources.memory(of(learners=learners)).state != CANNOT


def test_arguments():
    assert "no check is called 'taste'; there are abilities, " in run("--without", "taste").stderr
    assert run("--learners", 0).returncode == 2
    with pytest.raises(TypeError, match="a whole number, not '30'"):
        ready.ready("30")
    with pytest.raises(ValueError, match="1 to 1000, not 0"):
        ready.ready(0)


def test_the_report():
    report = Report(
        of(learners=30), (("a", Finding(OK, "fine", "none")), ("bee", Finding(LOOK, "so", "mend")))
    )
    assert report.text().splitlines() == [
        "ok            a    fine",
        "look at this  bee  so",
        "                   do: mend",
        "A class of 30 can start here; 1 line says what will be less than it could be.",
    ]
    worse = Report(of(learners=30), (*report.findings, ("c", Finding(CANNOT, "no"))))
    assert not worse.ready and worse.verdict() == "A class of 30 cannot start here: c."
    assert [check["state"] for check in json.loads(worse.json())["checks"]] == [OK, LOOK, CANNOT]


def test_a_check_that_breaks_down_is_an_answer():
    def broken(setting):
        raise PermissionError(13, "Permission denied")

    assert ready._checked(broken, SETTING).state == CANNOT
    assert "Permission denied" in ready._checked(broken, SETTING).found


# What is tried


@pytest.mark.skipif(not Network.available(), reason="no private network here")
def test_networks_for_all_at_once():
    finding = trials.networks(of(learners=3))
    assert finding.state == OK and finding.found.startswith("3 made at once in ")
    assert "user and " in finding.found and " network namespaces" in finding.found


@pytest.mark.skipif(not Network.available(), reason="no private network here")
def test_what_root_may_says_nothing_of_a_learner_where_apparmor_is_in_between(monkeypatch):
    monkeypatch.setattr(trials, "_as_root", lambda: True)
    monkeypatch.setattr(trials, "read_setting", lambda name: "1")
    finding = trials.networks(of(learners=1))
    assert finding.state == LOOK and "AppArmor keeps ordinary users from it" in finding.found
    assert "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0" in finding.remedy


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--no-namespaces", "user.max_user_namespaces is 0"),
        ("--no-networks", "user.max_net_namespaces is 0"),
        ("--no-tun", "there is no /dev/net/tun"),
        ("--closed-tun", "/dev/net/tun may not be opened"),
        ("--no-unshare", "a filter on system calls"),
    ],
)
def test_networks_that_cannot_be_had(option, reason):
    finding = asked(("trials", "networks"), [option])
    assert finding.state == LOOK and "0 of 2 made" in finding.found and reason in finding.found
    assert "as they were recorded" in finding.remedy


@pytest.mark.skipif(not Network.available(), reason="no private network here")
def test_too_few_network_namespaces():
    """The limit as a machine has it that somebody tuned: some fit, and not all."""
    code = "open('/proc/sys/user/max_net_namespaces', 'w').write('4')"
    finding = asked(("trials", "networks"), learners=8, prologue=own_user_namespace(code))
    assert finding.state == LOOK and "too many network namespaces are in use" in finding.found
    assert (
        not finding.found.startswith(("0 of", "8 of")) and "sysctl user.max_net_namespaces" in finding.remedy
    )


def own_user_namespace(code):
    folder = str(Path(LAUNCH).parent)
    return (
        f"import os; sys.path.insert(0, {folder!r}); import launch; launch.new_user_namespace(0, 0); {code}"
    )


def test_a_kernel_starts_and_one_that_cannot_is_said(tmp_path, monkeypatch):
    finding = trials.kernel(SETTING)
    assert finding.state == OK and finding.found.startswith("starts and answers in ")
    monkeypatch.setattr(trials, "ordinary", dict)
    (tmp_path / "ipykernel").mkdir()
    (tmp_path / "ipykernel" / "__init__.py").write_text("raise ImportError('not this one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finding = trials.kernel(SETTING)
    assert finding.state == CANNOT and "a notebook's kernel does not work" in finding.found


def test_the_class_server_answers():
    finding = trials.class_server(SETTING)
    assert finding == Finding(OK, "a client gets its answer at 127.0.0.1")
    finding = trials.class_server(of(host="203.0.113.7"))  # RFC 5737: nobody's address
    assert finding.state == CANNOT and "203.0.113.7" in finding.found and "--host" in finding.remedy


def test_a_class_server_that_does_not_answer_as_it_should(monkeypatch):
    with EchoServer() as echo, Classroom() as room:
        wrong = f"127.0.0.1:{echo.port}"
        other = types.SimpleNamespace(addresses=(wrong,))
        monkeypatch.setattr("labsupport.classroom.room.Classroom", lambda host: contextlib.nullcontext(other))
        finding = trials.class_server(SETTING)
        assert finding.state == CANNOT and finding.found == f"no answer at {wrong} (it said b'I am Ready\\n')"
        port = room.address[1]
    assert trials._greeted(f"127.0.0.1:{port}") == "Connection refused"


def test_the_proxy_starts():
    if shutil.which(trials.PROXY) is None:
        pytest.skip(f"{trials.PROXY} is not installed; npm has it")
    finding = trials.proxy(SETTING)
    assert finding.state == OK and finding.found.endswith("starts and answers")


def test_no_proxy_on_the_path_and_one_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = trials.proxy(SETTING)
    assert finding.state == CANNOT and "not on the PATH" in finding.found and "npm install" in finding.remedy
    program = tmp_path / trials.PROXY
    program.write_text("#!/bin/sh\necho Error: too old\nexit 3\n")
    program.chmod(0o755)
    finding = trials.proxy(SETTING)
    assert finding.state == CANNOT and finding.found == f"{program} does not start: Error: too old"


# What is counted


def test_memory_disk_and_processors_for_too_many(tmp_path, monkeypatch):
    many = of(learners=10**6, homes=str(tmp_path / "not" / "yet"))
    assert resources.memory(many).state == resources.disk(many).state == CANNOT
    assert resources.processors(many).state == LOOK
    assert str(tmp_path) in resources.disk(many).found
    one = of(learners=1, homes=str(tmp_path))
    assert resources.disk(one).state == OK
    free = resources._memory_free()
    monkeypatch.setattr(
        resources, "LEARNER", dataclasses.replace(resources.LEARNER, memory=free * 2 // 3, base=0)
    )
    assert resources.memory(of(learners=2)).state == LOOK
    assert "enough for 1;" in resources.memory(of(learners=2)).remedy


def test_a_cgroups_own_limits_count(tmp_path, monkeypatch):
    for name, text in {
        "memory.max": "300000000",
        "memory.current": "100000000",
        "cpu.max": "50000 100000",
        "pids.max": "40",
    }.items():
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(resources, "_cgroups", lambda: [tmp_path, tmp_path / "none"])
    assert resources._memory_free() == 200_000_000
    assert resources.processors(SETTING).found.startswith("0.5 processors")
    finding = resources.limits(SETTING)
    assert finding.state == CANNOT and "40 processes and threads" in finding.found
    (tmp_path / "memory.max").write_text("max\n")
    assert resources._memory_free() > 200_000_000


@pytest.mark.parametrize(("limit", "shell"), [("NOFILE", "ulimit -n"), ("NPROC", "ulimit -u")])
def test_a_lowered_limit(limit, shell):
    lower = f"import resource; resource.setrlimit(resource.RLIMIT_{limit}, (100, 100))"
    finding = asked(("resources", "limits"), prologue=lower)
    assert finding.state == CANNOT and finding.found.startswith(f"{shell} is 100, ")
    assert "/etc/security/limits.conf" in finding.remedy and shell in finding.remedy


def test_too_few_numbers_in_all(monkeypatch):
    assert resources.limits(SETTING).state == OK and resources.ports(SETTING).state == OK
    small = {"kernel/pid_max": "200", "net/ipv4/ip_local_port_range": "50000\t50099"}
    monkeypatch.setattr(resources, "read_setting", small.get)
    finding = resources.limits(SETTING)
    assert finding.state == CANNOT and "kernel.pid_max is 200" in finding.found
    assert "sysctl kernel.pid_max=512" in finding.remedy
    assert resources.ports(SETTING).state == CANNOT and resources.ports(SETTING).found.startswith("100 ")
    monkeypatch.setattr(resources, "read_setting", lambda name: None)
    assert resources.ports(SETTING).state == LOOK


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
    monkeypatch.setattr(installed, "places", lambda: [course])
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


def test_a_taken_port(taken, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        spare = probe.getsockname()[1]
    assert hub.free(spare) and not hub.free(taken)
    monkeypatch.setattr(hub, "PORT", spare)
    monkeypatch.setattr(hub, "OTHERS", (taken,))
    finding = hub.ports(SETTING)
    assert finding.state == CANNOT and finding.found == f"taken by another program: {taken}"
    monkeypatch.setattr(hub, "OTHERS", ())
    assert hub.ports(SETTING) == Finding(OK, f"{spare} are free")


def test_a_hub_that_runs_is_no_trouble(monkeypatch):
    class Hub(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"version": "5.4.0"}' if self.path == "/hub/api/" else b"")

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(hub, "PORT", server.server_port)
        try:
            assert hub.ports(SETTING) == Finding(
                OK, f"JupyterHub 5.4.0 is running at port {server.server_port}"
            )
        finally:
            server.shutdown()
            thread.join()


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


def test_what_a_learner_lacks_is_said(monkeypatch):
    from labsupport import machine

    report = machine.doctor()
    poorer = machine.Report(
        tuple(dataclasses.replace(each, present=each.name != "C compiler") for each in report.abilities)
    )
    monkeypatch.setattr(machine, "doctor", lambda: poorer)
    finding = ready.abilities(SETTING)
    assert finding.state == LOOK and "C compiler" in finding.found and "IPv6" not in finding.found
    worse = machine.Report(tuple(dataclasses.replace(each, present=False) for each in report.abilities))
    monkeypatch.setattr(machine, "doctor", lambda: worse)
    assert ready.abilities(SETTING).state == CANNOT
