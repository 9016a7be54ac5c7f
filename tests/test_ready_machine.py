"""What the ready check tries and counts on a machine, each made to fail for real where it can be."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import types
from pathlib import Path

import pytest
from readiness import LAUNCH, SETTING, asked, of

from labsupport import EchoServer, Network
from labsupport.classroom import resources, trials
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding
from labsupport.classroom.room import Classroom

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a class's machine has Linux")


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
