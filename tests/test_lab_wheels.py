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
from lab_course import ROOT, copy_parts

COURSE = ("labsupport", "notebooks")  # and what lab.py needs
NO_NETWORK = "could not be reached"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="a network namespace takes the network away"),
]


def find_uv() -> str | None:
    """uv on the path, or in the environment that runs the tests."""
    return shutil.which("uv") or shutil.which("uv", path=str(pathlib.Path(sys.executable).parent))


def bare(folder: pathlib.Path) -> dict[str, str]:
    """Variables that lead to no cache, to no settings of pip or uv, and to the system's programs alone."""
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "PYENV_VERSION") if name in os.environ}
    ours = {name: str(folder / name.lower()) for name in ("HOME", "UV_CACHE_DIR", "PIP_CACHE_DIR")}
    return {**kept, **ours, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def stick(tmp_path_factory):
    """The course with a filled wheels/."""
    folder = copy_parts(tmp_path_factory.mktemp("made") / "stick", *COURSE)
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
    room = copy_parts(tmp_path / "room", *COURSE, "wheels", source=stick)
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


@pytest.mark.skipif(not (shutil.which("npm") and shutil.which("node")), reason="needs node and npm")
def test_the_hubs_proxy_comes_from_a_stick_too(tmp_path):
    made = ["npm", "install", "--silent", "--prefix", "proxy", "configurable-http-proxy@5"]
    done = subprocess.run(made, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm's registry gave no proxy: {done.stderr[-300:]}")
    subprocess.run(["tar", "-czf", "proxy.tar.gz", "proxy"], cwd=tmp_path, check=True, timeout=60)
    (tmp_path / "room").mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "proxy.tar.gz"], cwd=tmp_path / "room", check=True, timeout=60)
    shutil.rmtree(tmp_path / "proxy")
    node = pathlib.Path(shutil.which("node")).parent
    variables = bare(tmp_path / "bare") | {"CONFIGPROXY_AUTH_TOKEN": "word"}
    variables["PATH"] = f"{tmp_path / 'room/proxy/node_modules/.bin'}:{node}:/usr/bin:/bin"
    inside = [sys.executable, ROOT / "tests/offline_room.py", "proxy"]
    without = [sys.executable, ROOT / "tests/launch.py", "--no-ipv6", "--", *inside]
    done = subprocess.run(without, env=variables, capture_output=True, text=True, timeout=120)
    if done.returncode == launch.CANNOT:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"reached": False, "routes": {}}
