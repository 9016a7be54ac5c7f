"""doctor's JSON, whose keys stay, and the machines of a room side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS

from labsupport import doctor
from labsupport.affected import ABILITIES, affected
from labsupport.comparing import NotComparable, compared
from labsupport.machine import Ability, Report


def report(*missing):
    names = ("Python", "IPv6 loopback", "TUN devices", "C compiler")
    return Report(tuple(Ability(name, name not in missing, f"{name} found", f"get {name}") for name in names))


def write(folder, name, *missing):
    file = folder / f"{name}.json"
    file.write_text(report(*missing).json())
    return file


def test_the_keys_of_the_json_stay():
    told = json.loads(doctor().json())
    assert {"version", "machine", "abilities", "affected"} <= set(told) and told["version"] == 1
    assert all({"name", "present", "found", "remedy"} <= set(ability) for ability in told["abilities"])
    # What a teacher's own script may have noted: these names are not to change without a new version.
    assert [ability["name"] for ability in told["abilities"]] == [
        "Python",
        "Linux",
        "TCP counters",
        "after close",
        "IPv6 loopback",
        "Unix sockets",
        "ports below 1024",
        "raw sockets",
        "long backlogs",
        "SYN cookies",
        "user namespaces",
        "TUN devices",
        "C compiler",
    ]


def test_the_cells_that_lack_something_are_named():
    tagged = {}
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for tag in cell["metadata"].get("tags", ()):
                tagged.setdefault(tag, {}).setdefault(path.stem[:2], []).append(cell["id"])
    for tag, name in ABILITIES.items():
        found = affected(report(name).abilities)
        found.pop("BBR", None)
        assert found == {name: tagged[tag]} and found[name]
    assert "BBR" in affected(()) or affected(()) == {}
    needs = {tag for tag in tagged if tag.startswith("needs-")}
    assert needs - {"needs-bbr"} == set(ABILITIES), "a tag that no ability stands for"


def test_no_notebooks_and_damaged_ones(tmp_path):
    assert affected(report("C compiler").abilities, tmp_path) == {}
    (tmp_path / "03-a.ipynb").write_text("{")
    assert affected(report("C compiler").abilities, tmp_path) == {}


def test_machines_side_by_side(tmp_path):
    files = [
        write(tmp_path, "pc1"),
        write(tmp_path, "pc2", "TUN devices"),
        write(tmp_path, "pc10", "TUN devices", "IPv6 loopback"),
    ]
    cells = json.loads(files[1].read_text())["affected"]["TUN devices"]
    lines = compared(*files).splitlines()
    assert lines[:7] == [
        "               pc1  pc2  pc10",
        "Python         yes  yes  yes",
        "IPv6 loopback  yes  yes  no",
        "TUN devices    yes  no   no",
        "C compiler     yes  yes  yes",
        "",
        "IPv6 loopback: pc10: IPv6 loopback found",
    ]
    at = lines.index("TUN devices: pc2, pc10: TUN devices found")
    assert lines[at + 1] == "    to get it: get TUN devices"
    assert lines[at + 2].startswith(f"    cells that lack it: {len(cells['00'])} in 00, ")
    assert compared(files[0]).endswith("Every machine has all of it.")


def test_files_that_are_none(tmp_path):
    for number, text in enumerate(
        ("", "[]", "{}", '{"version": 1, "abilities": [{"name": 1}], "affected": {}}')
    ):
        file = tmp_path / f"{number}.json"
        file.write_text(text)
        with pytest.raises(NotComparable, match="doctor --json"):
            compared(file)
    file.write_text('{"version": 2}')
    with pytest.raises(NotComparable, match="version 2"):
        compared(file)
    with pytest.raises(ValueError, match="at least one"):
        compared()


def test_the_command(tmp_path):
    one, two = write(tmp_path, "one"), tmp_path / "two.json"
    two.write_bytes(report("C compiler").json().encode("utf-16"))  # PowerShell's >
    done = run("--compare", one, two)
    assert (done.returncode, done.stderr) == (0, "") and "C compiler: two: " in done.stdout
    assert run("--compare", tmp_path / "none").returncode == 1
    assert run("--compare", Path(__file__)).returncode == 1


def run(*arguments):
    command = [sys.executable, "-m", "labsupport", "doctor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
