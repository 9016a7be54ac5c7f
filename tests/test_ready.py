"""The ready check as a command, its report, and what a learner lacks."""

from __future__ import annotations

import dataclasses
import json
import sys

import pytest
from readiness import SETTING, launched, of

from labsupport.classroom import ready, resources
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding, Report

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a class's machine has Linux")
# What depends on where this checkout is, and on who may log in to this machine.
OF_THE_MACHINE = ("environment", "versions", "hub", "hub's ports", "hub's spawner", "hub's accounts")


def without(*names):
    return [word for name in names for word in ("--without", name)]


def run(*arguments, launch=()):
    return launched("-m", "labsupport", "ready", *map(str, arguments), launch=launch)


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
    assert ready.ready(1, "localhost", without=ready.NAMES).setting.host == "127.0.0.1"
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
