"""Where things are, and the variables of whatever runs there."""

import os
import pathlib
import sys

from labsetup.trouble import DISK_FULL

WINDOWS = os.name == "nt"
# Jupyter's, in whichever environment it runs. Without them JupyterLab asks at each load of the page whether
# it has to be built, and its server looks for language servers: both start node where there is one. Nobody
# builds JupyterLab here, the course has no language server, and thirty learners come at once.
SETTINGS = pathlib.Path(__file__).resolve().parent / "settings"


class Places:
    """Where things are. `root`: the course. `home`: where to write (`root`, or a folder of the user's)."""

    def __init__(self, root, home, venv=None):
        self.root, self.home = root, home
        self.course, self.mine = root / "notebooks", home / "my-notebooks"
        self.venv = venv or home / ".venv"
        self.bin = self.venv / ("Scripts" if WINDOWS else "bin")
        self.python = self.bin / ("python.exe" if WINDOWS else "python")
        self.stamp = self.venv / "lab-stamp.json"
        self.state = None  # where Jupyter keeps its own files, unless that is where it always does
        self.wheels = next((at / "wheels" for at in (root, home) if os.path.isdir(at / "wheels")), None)


def user_folder():
    """Where this system keeps a user's data (the XDG base directory; Windows and macOS have their own)."""
    macos = sys.platform == "darwin"
    usual = "AppData/Local" if WINDOWS else "Library/Application Support" if macos else ".local/share"
    return pathlib.Path(os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), usual))


def writable(folder):
    """Whether files can be made in `folder`, itself made if need be. Tried: modes do not tell it all."""
    probe = folder / f".writable-{os.getpid()}"
    if not folder.is_absolute():  # a user without a home
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return False
    return True


def surroundings(places):
    """The environment variables of whatever runs in the course's environment."""
    variables = dict(os.environ, VIRTUAL_ENV=str(places.venv), JUPYTER_PREFER_ENV_PATH="1")
    variables["PATH"] = str(places.bin) + os.pathsep + variables.get("PATH", os.defpath)
    # Another Python's packages would come before the pinned ones; uncompiled, each start takes seconds more.
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        variables.pop(name, None)
    ways = [variables.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]  # what the machine says comes first
    variables["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, ways))
    state = places.state
    if not state and not writable(pathlib.Path(os.path.expanduser("~"))):  # a container's nameless user, say
        state = places.home / ".venv-home"
    if state:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            variables.setdefault(name, str(state / name.lower()))
    return variables
