"""What repo2docker makes of the course: its Dockerfile, and those steps of it that need no container."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from labsetup.environment import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
SET_UP = {"wheels", "my-notebooks", "build", "labsupport.egg-info", "node_modules"}
INTO = "/srv/sockets-live"
TRUSTED = """
import nbformat, sys
from nbformat.sign import NotebookNotary
notary = NotebookNotary()
print(*(notary.check_signature(nbformat.read(name, 4)) for name in sys.argv[1:]))
"""


@pytest.fixture
def checkout(tmp_path):
    """The course as it is committed, in a folder of its own."""

    def left_out(folder, names):
        mine = SET_UP if Path(folder) == ROOT else set()
        return [name for name in names if name in mine or name == "__pycache__" or name.startswith(".")]

    return Path(shutil.copytree(ROOT, tmp_path.resolve() / "course", ignore=left_out))


def run(command, folder, **variables):
    """What `command` says; the test fails with it where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


# ---- The Dockerfile --------------------------------------------------------------------------------------


@pytest.fixture
def dockerfile(checkout):
    """The lines of repo2docker's dry build, for the image that classroom/README.md asks it for."""
    pytest.importorskip("repo2docker", reason="needs the extra `images`")
    asked = ["--no-build", "--debug", "--user-id=1000", "--user-name=jovyan"]
    asked += [f"--target-repo-dir={INTO}", "--image-name=sockets-live"]
    return run([sys.executable, "-m", "repo2docker", *asked, "."], checkout).splitlines()


def test_repo2docker_installs_from_the_whole_course_and_then_runs_post_build(dockerfile):
    copied = dockerfile.index("COPY --chown=1000:1000 src/ ${REPO_DIR}/")
    updated = next(at for at, line in enumerate(dockerfile) if "env update -p ${NB_PYTHON_PREFIX}" in line)
    built = dockerfile.index("RUN ./postBuild")
    # Else pins.txt and pyproject.toml would not be there yet when pip reads environment.yml's lines.
    assert copied < updated < built
    assert '--file "environment.yml"' in dockerfile[updated]


def test_repo2docker_has_a_base_for_our_python_and_installs_a_compiler(dockerfile):
    python = next(line for line in (ROOT / "environment.yml").read_text().splitlines() if "python=" in line)
    version = python.partition("=")[2].replace(".", "-2e")  # as it spells it in the name of a file
    assert any(line.startswith("COPY") and f"-2epy-2d{version}-2d" in line for line in dockerfile)
    (packages,) = (line for line in dockerfile if line.startswith("apt-get install --yes --no-install"))
    assert {"gcc", "libc6-dev", "iproute2"} <= set(packages.split())


def test_what_a_set_up_course_has_besides_stays_out_of_an_image(checkout):
    exclude_paths = pytest.importorskip("docker.utils.build", reason="needs the extra `images`").exclude_paths
    for name in (".venv/bin/python", ".git/HEAD", "my-notebooks/00.ipynb", "wheels/a.whl", "build/a.md"):
        (checkout / name).parent.mkdir(parents=True)
        (checkout / name).touch()
    (checkout / "labsupport/draw/__pycache__").mkdir()
    lines = (ROOT / ".dockerignore").read_text("ascii").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    kept = set(exclude_paths(str(checkout), patterns))
    tops = {Path(name).parts[0] for name in kept}
    assert not tops & {".venv", ".git", "my-notebooks", "wheels", "build"}
    assert not any("__pycache__" in name for name in kept)
    assert {"lab.py", "labsetup/commands.py", "postBuild", "pins.txt"} <= kept
    assert {"notebooks/c/client.c", "labsupport/c/shim.c"} <= kept


# ---- What it runs ----------------------------------------------------------------------------------------


@pytest.fixture
def prefix(tmp_path):
    """An environment to which postBuild may write, with the packages of this one."""
    folder = tmp_path.resolve() / "prefix"
    venv.create(folder, symlinks=os.name != "nt")
    base = {"base": str(folder), "platbase": str(folder)}
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    (packages / "those-of-the-tests.pth").write_text("\n".join(ours) + "\n")
    return folder


def post_build(checkout, prefix, home):
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}"
    data = {"JUPYTER_DATA_DIR": str(home / "jupyter"), "HOME": str(home)}
    return run([checkout / "postBuild"], checkout, PATH=path, **data)


def modes(folder):
    return {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


posix = pytest.mark.skipif(os.name == "nt", reason="images are built on Linux")


@posix
def test_post_build_on_binder_sets_jupyterlab_up_and_signs_the_notebooks(checkout, prefix):
    post_build(checkout, prefix, home=checkout)
    settings = "from jupyterlab.commands import get_app_dir; print(get_app_dir())"
    read_by_jupyterlab = run([prefix / "bin/python", "-c", settings], checkout).strip()
    overrides = Path(read_by_jupyterlab, "settings/overrides.json")
    assert overrides.is_relative_to(prefix)
    assert json.loads(overrides.read_text()) == SETTINGS
    notebooks = sorted(checkout.glob("notebooks/*.ipynb"))
    data = {"JUPYTER_DATA_DIR": str(checkout / "jupyter")}
    signed = run([prefix / "bin/python", "-c", TRUSTED, *notebooks], checkout, **data).split()
    assert signed == ["True"] * len(notebooks) != []
    assert all(mode & stat.S_IWUSR for mode in modes(checkout / "notebooks").values())
    assert list(checkout.glob("labsupport/draw/__pycache__/*.pyc"))


@posix
def test_post_build_beside_the_home_leaves_a_course_that_is_only_read(checkout, prefix, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    post_build(checkout, prefix, home)
    assert not [path for path, mode in modes(checkout).items() if mode & 0o222]
    assert not (home / "jupyter").exists()  # a volume will cover the home: what is signed there is lost
    assert list(checkout.glob("labsupport/draw/__pycache__/*.pyc"))


@posix
def test_post_build_fails_where_a_package_cannot_be_imported(checkout, prefix):
    (checkout / "labsupport/__init__.py").write_text("raise ImportError('left out')")
    with pytest.raises(AssertionError, match="left out"):
        post_build(checkout, prefix, home=checkout)


@posix
@pytest.mark.long
def test_pip_installs_what_environment_yml_names(checkout, tmp_path):
    """As mamba hands it over: the lines in a file beside environment.yml, to `pip install -U -r`."""
    import yaml

    environment = yaml.safe_load((checkout / "environment.yml").read_text("utf-8"))
    (checkout / "handed-over").write_text("\n".join(environment["dependencies"][-1]["pip"]) + "\n")
    folder = tmp_path / "empty"
    venv.create(folder, with_pip=True)
    pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    try:
        run([*pip, "download", "-q", "--no-deps", "-d", tmp_path, "platformdirs"], checkout)
    except AssertionError as error:
        pytest.skip(f"no package index can be reached: {str(error).splitlines()[-1]}")
    said = run([*pip, "install", "--dry-run", "-U", "--no-input", "-r", "handed-over"], checkout)
    would = said.split("Would install ")[1].split()
    pins = dict(line.split("==") for line in (ROOT / "pins.txt").read_text().splitlines())
    versions = [name.rpartition("-")[::2] for name in would if not name.startswith("labsupport-")]
    assert {name.lower() for name, _ in versions} >= {"jupyterlab", "notebook", "ipykernel", "matplotlib"}
    strays = [
        (name, version)
        for name, version in versions
        if pins.get(name.lower().replace("_", "-").replace(".", "-")) != version
    ]
    assert strays == []
