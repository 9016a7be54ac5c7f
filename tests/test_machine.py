"""doctor(): every ability is tried, whatever is in its way is an answer, the settled text is settled."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labsupport import doctor, machine
from labsupport.machine import Ability, Report


@pytest.fixture(scope="module")
def report():
    return doctor()


def run(*arguments, code=None):
    """The finished `python -m labsupport …`, or `python -c code`."""
    what = ["-c", textwrap.dedent(code)] if code else ["-m", "labsupport", *arguments]
    return subprocess.run([sys.executable, *what], capture_output=True, text=True, timeout=60, check=False)


def test_the_settled_text_is_the_same_on_every_machine(report):
    worse = Report(tuple(dataclasses.replace(a, present=False, found="nothing") for a in report.abilities))
    assert repr(report) == repr(worse)
    assert repr(report).startswith(f"doctor() looked at {len(report.abilities)} abilities; ")


def test_every_ability_says_what_was_found_and_has_a_remedy(report):
    assert len({ability.name for ability in report.abilities}) == len(report.abilities)
    for ability in report.abilities:
        assert isinstance(ability.present, bool) and ability.found and ability.remedy, ability


def test_what_this_machine_certainly_has(report):
    assert report["Python"].present and sys.version.split()[0] in report["Python"].found
    assert report["Linux"].present == sys.platform.startswith("linux")
    with pytest.raises(KeyError, match="no ability 'TCP'; there are Python, Linux"):
        report["TCP"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's own settings")
def test_it_agrees_with_the_machine(report):
    assert report["TCP counters"].present and report["after close"].present
    assert report["TUN devices"].present <= report["user namespaces"].present
    assert report["TUN devices"].present <= os.path.exists("/dev/net/tun")
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        raw = True
    except PermissionError:
        raw = False
    assert report["raw sockets"].present == raw
    assert report["IPv6 loopback"].present == (machine.ipv6_missing() == "")


def test_text_has_the_remedy_of_what_is_missing():
    abilities = (Ability("one", True, "1", "buy one"), Ability("another", False, "naught — 0", "buy two"))
    report = Report(abilities)
    assert report.text().splitlines() == [
        "yes  one      1",
        "no   another  naught ? 0",
        "              to get it: buy two",
    ]
    assert json.loads(report.json())["abilities"][1] == {
        "name": "another",
        "present": False,
        "found": "naught — 0",
        "remedy": "buy two",
    }


def test_whatever_is_in_the_way_is_an_answer():
    def refuse():
        raise PermissionError(13, "Permission denied")

    def break_down():
        raise RuntimeError

    assert machine._tried("a", refuse, "r") == Ability("a", False, "Permission denied", "r")
    assert machine._tried("b", break_down, "r") == Ability("b", False, "RuntimeError", "r")


def test_it_draws_itself_and_falls_back_to_text(report):
    bundle = report._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(report)
    done = run(
        code="""
        import sys
        sys.modules["labsupport.widgets"] = None
        from labsupport import doctor
        report = doctor()
        assert report._repr_mimebundle_() == {"text/plain": repr(report)}
        """
    )
    assert done.returncode == 0, done.stderr


def test_command_line():
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "Python" in done.stdout
    done = run("doctor", "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["abilities"]) == done.stdout.count('"name"') > 10
    done = run()
    assert done.returncode == 0 and "doctor" in done.stdout


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives root's privileges up")
def test_as_an_ordinary_user():
    """The privilege given up in a process of its own; not `unshare`, the interpreter may be root's alone."""
    done = run(
        code="""
        import os
        from labsupport import machine
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        print(machine._tried("low", machine._low_ports, ""))
        print(machine._tried("raw", machine._raw, ""))
        """
    )
    low, raw = done.stdout.splitlines()
    assert "present=False" in raw and "not permitted" in raw
    everyone = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1
    assert ("present=True" in low) == everyone


def test_it_leaves_nothing_behind(report):
    before = sorted(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None
    doctor()
    if before is not None:
        assert sorted(os.listdir("/proc/self/fd")) == before
