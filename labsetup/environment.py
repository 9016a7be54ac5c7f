"""The environment: made, filled with what is pinned, and brought up to date."""

import json
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import time

from labsetup.lock import alone
from labsetup.places import surroundings
from labsetup.stamp import extras_of, lacking, read_stamp, requirements, write_stamp
from labsetup.steps import ROOM, no_room, run, step
from labsetup.trouble import Trouble, say

PYTHON = getattr(sys, "_base_executable", None) or sys.executable  # not that of a venv to be removed
# JupyterLab without its news pop-up, and without the panel that asks leave to fetch from the web.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}


def set_up(places, extras=()):
    """Make the environment, or bring it up to date; at once when there is nothing to do."""
    if not lacking(places, extras):
        return
    with alone(places):
        found = lacking(places, extras)  # looked at again: another lab.py may have done it meanwhile
        if not found:
            return
        began = time.monotonic()
        say(f"Setting up {places.venv} ({found[1]})")
        known = extras_of(places.root)
        extras = [extra for extra in known if extra in {*extras, *read_stamp(places).get("extras", ())}]
        if found[0] == "make":
            make(places)
        places.stamp.unlink(missing_ok=True)
        install(places, requirements(places.root, extras))
        finish(places, extras)
        write_stamp(places, extras)
        say(f"Set up in {time.monotonic() - began:.0f} s")


def make(places):
    """A new, empty environment in place of whatever is there."""
    if places.venv.is_symlink():
        places.venv.unlink()
    elif places.venv.exists():
        places.stamp.unlink(missing_ok=True)
        with step("removing the old one"):
            shutil.rmtree(places.venv)
    if shutil.disk_usage(places.home).free < ROOM * 10**6:
        raise Trouble(no_room(places))
    run([PYTHON, "-m", "venv", "--without-pip", places.venv], "making it", places)


def install(places, wanted):
    """Install `wanted` as pinned: with uv where it is found, else with pip."""
    packages = ["-c", places.root / "pins.txt", *wanted]
    if places.wheels:
        packages += ["--no-index", "--find-links", places.wheels]
    uv = shutil.which("uv")
    if uv:
        try:
            run([uv, "pip", "install", "--python", places.python, *packages], "installing with uv", places)
            return
        except Trouble as trouble:
            say(f"{trouble}\nuv could not do it; trying pip")
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    options += ["--no-compile"]  # as uv does: a third of the time, most of it for modules that are never used
    run([*pip(places), "install", *options, *packages], "installing with pip", places)


def pip(places):
    """The command that runs pip on the environment: with its own pip, or that of the Python outside."""

    def works(*command):
        return not subprocess.run(command, env=surroundings(places), capture_output=True).returncode

    own, outer = [str(places.python), "-m", "pip"], [PYTHON, "-m", "pip", "--python", str(places.python)]
    if works(*own, "--version") or works(str(places.python), "-m", "ensurepip", "--default-pip"):
        return own
    if works(*outer, "--version"):  # Debian without python3-venv has no ensurepip
        return outer
    raise Trouble(
        f"Neither uv nor pip was found for {PYTHON}.\nInstall one, try again: on Debian and Ubuntu "
        "`sudo apt install python3-venv`, on Fedora `sudo dnf install python3-pip`; see also pip's site."
    )


def finish(places, extras=()):
    """What the environment has besides packages: labsupport itself, and JupyterLab's settings."""
    # A path line; `pip install -e` would need setuptools, a network to get it, and to write in the course.
    base = {"base": str(places.venv), "platbase": str(places.venv)}
    packages = pathlib.Path(sysconfig.get_path("purelib", "venv", base))
    encoding = "utf-8" if sys.version_info >= (3, 13) else "locale"
    (packages / "labsupport-course.pth").write_text(f"{places.root}\n", encoding)
    folder = places.venv / "share/jupyter/lab/settings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overrides.json").write_text(json.dumps(SETTINGS, indent=1), "utf-8")
    trial = "import labsupport, jupyterlab.labapp, ipykernel.kernelapp, ipywidgets, matplotlib.pyplot"
    run([places.python, "-c", trial], "trying it", places)
    if "classroom" in extras:  # its learners cannot write what Python compiles
        folders = [str(packages), str(places.root / "labsupport")]
        code = f"import compileall; [compileall.compile_dir(f, quiet=2, workers=0) for f in {folders}]"
        run([places.python, "-c", code], "compiling it", places)
