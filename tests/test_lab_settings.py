"""What lab.py sets of Jupyter's own settings: read wherever JupyterLab is, after those of the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import lab_course

from labsetup import jupyter
from labsetup.places import surroundings

places, made = lab_course.places, lab_course.made
# What the page of JupyterLab is told, and what the server is, each as Jupyter itself reads it.
READ = """
import json
from jupyter_lsp.manager import LanguageServerManager
from jupyter_server.serverapp import ServerApp
from jupyterlab_server.config import get_page_config
server = ServerApp()
server.load_config_file()
manager = LanguageServerManager(parent=server)
print(json.dumps([get_page_config([])["buildCheck"], manager.autodetect]))
"""
# Tells of every program that Python starts from here on.
WATCH = """
import sys
sys.addaudithook(lambda event, told: event == "subprocess.Popen" and print(*told[:2]))
"""


def read(made, folder):
    """What Jupyter reads in the surroundings of the course, with its other settings in `folder`."""
    variables = dict(surroundings(made), JUPYTER_CONFIG_DIR=str(folder))
    command = [sys.executable, "-c", READ]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_build_is_asked_for_and_no_language_server_is_looked_for(made, tmp_path):
    assert read(made, tmp_path / "none") == [False, False]


def test_what_the_machine_says_comes_first(made, tmp_path, monkeypatch):
    (tmp_path / "machine/labconfig").mkdir(parents=True)
    (tmp_path / "machine/labconfig/page_config.json").write_text('{"buildCheck": true}')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "machine"))
    assert read(made, tmp_path / "none") == [True, False]


@lab_course.posix
def test_node_is_out_of_sight_while_jupyterlab_is_imported_and_no_longer(tmp_path):
    lab_course.pretend(tmp_path / "bin/node", "exit 0")
    # Python imports it before all else. So a node where programs usually are is noticed, too.
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    (tmp_path / "told.py").write_text(
        "import os, sys; print(os.environ['PATH'], 'jupyterlab.labapp' in sys.modules)"
    )
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, *jupyter.lean("told")]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{path} True\n", done.stderr
