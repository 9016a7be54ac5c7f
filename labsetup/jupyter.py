"""How JupyterLab is started: what it is told, and what is done so that it starts fast."""

import contextlib
import os
import socket
import subprocess

from labsetup.copies import own
from labsetup.places import WINDOWS, surroundings
from labsetup.trouble import Trouble

PORT, ROOT_DIR = ("--port", "--ServerApp.port"), ("--ServerApp.root_dir", "--notebook-dir")
URL = ("--LabApp.default_url", "--ServerApp.default_url")
# jsonschema, with which Jupyter checks its messages, imports all that it may ever need. One, for a form
# of address (IRI) that no schema of Jupyter's names, computes a grammar first: over a second of a processor,
# half of a server's start, and thirty learners come at once. Where it is absent, jsonschema does without.
LEAN = "import runpy, sys; sys.modules['rfc3987_syntax'] = None; "
# At its import JupyterLab's application has node say where Yarn gets packages from, which a build alone would
# ask: 0.8 s of a processor wherever there is node, and a hub has it for its proxy. Without node in sight
# JupyterLab does without; whatever runs later finds it as ever. An empty PATH would be taken for the usual
# one. Windows' is for more than programs.
NO_NODE = "import importlib.util, os; path = os.environ.get('PATH', os.defpath); "
NO_NODE += "os.environ['PATH'] = '/dev/null'; "
NO_NODE += "importlib.util.find_spec('jupyterlab') and __import__('jupyterlab.labapp'); "
NO_NODE += "os.environ['PATH'] = path; "


def lean(module):
    """Python's arguments that run `module`, a server, as -m does, but LEAN and NO_NODE."""
    before = LEAN if WINDOWS else LEAN + NO_NODE
    return ["-c", f"{before}runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"]


def trust(places, notebooks):
    """Sign our own fresh copies: JupyterLab shows the pictures stored in a notebook that was signed here
    alone.

    Where that fails nothing is lost: until a cell is run its output stands there as text.
    """
    if notebooks:
        code = LEAN + "from nbformat.sign import TrustNotebookApp; TrustNotebookApp.launch_instance()"
        command = [str(part) for part in (places.python, "-c", code, *notebooks)]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command, env=surroundings(places), timeout=60, **quiet)


def given(arguments, *names):
    """The value of the first option among `arguments` that has one of the `names`; None without one."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else "".join(arguments[place + 1 : place + 2])
    return None


def options(folder, arguments, on_hub=False):
    """What JupyterLab in `folder` is told: whatever `arguments`, or a hub, leave open, then `arguments`."""
    ours, said, url = {ROOT_DIR: folder, ("--LabApp.extension_manager",): "readonly"}, arguments, URL
    if on_hub:  # it tells the server by variables where to listen, and what its own settings say
        url, variables = URL[::-1], {"JUPYTERHUB_ROOT_DIR": ROOT_DIR, "JUPYTERHUB_DEFAULT_URL": URL}
        said = arguments + [f"{names[0]}=" for name, names in variables.items() if name in os.environ]
    else:
        ours["--ServerApp.ip", "--ip"] = "127.0.0.1"
    first = [] if given(said, *ROOT_DIR) is not None else own(folder, "00")
    ours[url] = f"/lab/tree/{first[0].name}" if first else "/lab"
    if given(said, *PORT) is not None:
        ours["--ServerApp.port_retries", "--port-retries"] = "0"  # the port that was asked for, or none
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours["--ServerApp.allow_root", "--allow-root"] = "True"
    return [f"{names[0]}={value}" for names, value in ours.items() if given(said, *names) is None] + arguments


def check_port(arguments):
    """Refuse a port that was asked for and is taken. When none is, JupyterLab looks for a free one."""
    port = given(arguments, *PORT)
    if port is None:
        return
    if not port.isdecimal() or int(port) > 65535:
        raise Trouble(f"A port is a number up to 65535, not {port!r}.")
    with socket.socket() as probe:
        if not WINDOWS:  # there, two servers could then share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            raise Trouble(f"Port {port}: {error.strerror}.\nName another; or none, and a free one is found.")
