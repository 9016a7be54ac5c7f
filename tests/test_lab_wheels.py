"""A stick with `wheels/` sets a room up where no registry can be reached, with uv and with pip alone.

The stick is filled from the network, or from what pip and uv have kept. It is used in a network namespace
that has nothing but its loopback, with empty caches: what comes from elsewhere could not have come.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import launch
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
COURSE = ("lab.py", "pyproject.toml", "pins.txt", "labsupport", "notebooks")
NO_NETWORK = "could not be reached"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="a network namespace takes the network away"),
]


def find_uv() -> str | None:
    """uv on the path, or in the environment that runs the tests."""
    return shutil.which("uv") or shutil.which("uv", path=str(pathlib.Path(sys.executable).parent))


def copy(source: pathlib.Path, folder: pathlib.Path, names: tuple[str, ...]) -> pathlib.Path:
    """The course as it would be on a stick: without any environment, nor what Python compiled."""
    folder.mkdir()
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, folder)
    return folder


def bare(folder: pathlib.Path) -> dict[str, str]:
    """Variables that lead to no cache, to no settings of pip or uv, and to the system's programs alone."""
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "PYENV_VERSION") if name in os.environ}
    ours = {name: str(folder / name.lower()) for name in ("HOME", "UV_CACHE_DIR", "PIP_CACHE_DIR")}
    return {**kept, **ours, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def stick(tmp_path_factory):
    """The course with a filled wheels/."""
    folder = copy(ROOT, tmp_path_factory.mktemp("made") / "stick", COURSE)
    variables = dict(os.environ)
    if uv := find_uv():
        variables["PATH"] = f"{pathlib.Path(uv).parent}:{variables['PATH']}"
    done = subprocess.run(
        [sys.executable, folder / "lab.py", "wheels", "classroom"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode and NO_NETWORK in done.stderr:
        pytest.skip("the package index cannot be reached, and the caches lack some of the wheels")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wheels for" in done.stdout
    return folder


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_stick_sets_a_room_up_without_a_network(stick, tmp_path, installer):
    room = copy(stick, tmp_path / "room", (*COURSE, "wheels"))
    variables = bare(tmp_path / "bare")
    uv = find_uv()
    if installer == "uv":
        if not uv:
            pytest.skip("needs uv")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/uv").symlink_to(uv)
        variables["PATH"] = f"{tmp_path / 'bin'}:{variables['PATH']}"
    else:
        assert shutil.which("uv", path=variables["PATH"]) is None
    inside = [sys.executable, ROOT / "tests/offline_room.py", room, "classroom", "test"]
    without = [sys.executable, ROOT / "tests/launch.py", "--no-ipv6", "--", *inside]
    done = subprocess.run(without, env=variables, capture_output=True, text=True, timeout=900)
    if done.returncode == launch.CANNOT:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["reached"] is False and told["interfaces"] == ["lo"]
    assert f"installing with {installer}: " in told["setup"] and "failed" not in told["setup"]
    assert "jupyter-config-data" in told["page"]
    mine = [name for name in told["notebooks"] if name.endswith(".ipynb")]
    assert sorted(mine) == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
