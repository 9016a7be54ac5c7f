"""JupyterHub for a class on one machine: thirty learners, one environment that none of them can change.

    sudo python3 lab.py setup classroom         # once; root's, and the learners read it
    sudo npm install -g configurable-http-proxy # once; the hub's proxy
    sudo .venv/bin/python -m jupyterhub -f classroom/jupyterhub_config.py
                                                # each time; or sockets-live-hub.service, beside it

What you may want to change stands in capitals at the top. Everything below has its reason beside it. Try it
before the class: `python3 classroom/rehearsal.py --learners 30`.
"""

import os
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
ENVIRONMENT = COURSE / ".venv"

# Who may log in: the members of this Unix group, with the passwords of this machine. None: all who have an
# account here. JupyterHub lets nobody in unless it is told whom.
LEARNERS = "learners"

# What each learner may use. MEMORY is a limit and not a reservation: rehearsal.py says what a learner takes.
# It counts the server and all kernels; what goes beyond it is ended, and nobody else's is.
MEMORY = "1536M"
PROCESSORS = 1.0  # one runaway loop takes one processor at most, and less where others want it too
TASKS = 512  # processes and threads: where a fork bomb ends. A learner with six open notebooks has about 150

# A kernel that nobody looks at and that runs nothing ends after so many seconds, and its memory is free.
# Two hours outlast a class. 0: kernels stay until the learner or the hub ends them.
IDLE = 2 * 60 * 60

# The hub's own files: its database, its secrets. Not in the course, which learners read.
STATE = Path(os.environ.get("SOCKETS_LIVE_HUB_STATE", "/var/lib/sockets-live-hub"))

# With hub.key and hub.crt in STATE the hub speaks HTTPS to the whole room. Without them it listens on this
# machine alone, for passwords do not go over a network unencrypted. classroom/README.md has the command that
# makes both, and what a browser says then.
KEY, CERTIFICATE = STATE / "hub.key", STATE / "hub.crt"
ENCRYPTED = KEY.exists() and CERTIFICATE.exists()
ADDRESS, PORT = ("" if ENCRYPTED else "127.0.0.1"), (443 if ENCRYPTED else 8000)

# Who starts the learners' servers:
#   "systemd"  each one is a unit of its own with the limits above. systemd is process 1, the hub root.
#   "sudo"     the hub is an ordinary user, and sudo lets it start servers for the group, and nothing else.
#              Its limits, and what to tell sudo: classroom/sudo/sudospawner-singleuser. None for memory.
#   "local"    the hub is root and starts them itself. No limits: for a room of people who are careful.
SYSTEMD = Path("/run/systemd/system").is_dir()  # sd_booted(3)
FOUND = "sudo" if os.geteuid() else "systemd" if SYSTEMD else "local"
SPAWNER = os.environ.get("SOCKETS_LIVE_HUB_SPAWNER", FOUND)

c = get_config()  # noqa: F821  JupyterHub gives it

# ---- Who gets in -------------------------------------------------------------------------------------------

c.JupyterHub.authenticator_class = "pam"
if LEARNERS:
    c.PAMAuthenticator.allowed_groups = {LEARNERS}
else:
    c.PAMAuthenticator.allow_all = True
# A session of PAM belongs to the process that opens it. That is the hub and not the learner's server, so it
# would bring nothing, and some of PAM's modules move the hub itself about.
c.PAMAuthenticator.open_sessions = False

# ---- Where the hub listens, and where it keeps its files ---------------------------------------------------

c.JupyterHub.bind_url = f"{'https' if ENCRYPTED else 'http'}://{ADDRESS}:{PORT}"
if ENCRYPTED:
    c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = str(KEY), str(CERTIFICATE)
try:
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    sys.exit(f"{STATE} cannot be made ({error.strerror}).\nStart as root, or set SOCKETS_LIVE_HUB_STATE.")
# Absolute: the usual ones are in whatever folder the hub was started from. A cookie's secret that lasts keeps
# learners logged in when the hub is started anew in the middle of a class.
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie-secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")

# ---- What is started for a learner -------------------------------------------------------------------------

# lab.py copies the notebooks that this learner does not have yet, overwrites none, and becomes the server.
# Not a jupyterhub-singleuser found on a PATH: the one environment, named in full.
c.Spawner.cmd = [str(ENVIRONMENT / "bin" / "python"), str(COURSE / "lab.py"), "hub"]
c.Spawner.args = [
    # A server and its kernels talk over Unix sockets in a folder that is the learner's alone. Over TCP every
    # kernel needs five ports that are picked before they are bound, so that thirty kernels starting at once
    # can take each other's; and any neighbor can read along at a kernel's output.
    "--KernelManager.transport=ipc",
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    "--MappingKernelManager.cull_connected=False",
]
# All come in the same minute. On two processors the thirtieth server takes longer than the usual 30 seconds.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
# Beyond this many at once the hub would send learners away; they all come at once, so none are sent away.
c.JupyterHub.concurrent_spawn_limit = 0
# A learner's log says what was started where. Nothing goes from the hub's environment but what is named here.
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "TZ"]

if SPAWNER == "systemd":
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
    c.SystemdSpawner.mem_limit = MEMORY
    c.SystemdSpawner.cpu_limit = PROCESSORS
    # A /tmp for each learner: nobody finds, fills or guesses another's files there. It goes with the server.
    c.SystemdSpawner.isolate_tmp = True
    # The course and its environment, which is inside it, cannot be changed, whatever their modes say.
    c.SystemdSpawner.readonly_paths = [str(COURSE)]
    # No way to become root from a notebook. User namespaces do not need one.
    c.SystemdSpawner.disable_user_sudo = True
    # The private network opens /dev/net/tun in a user namespace of its own and writes to its /proc/sys. So
    # these stay as they are: PrivateDevices (isolate_devices) takes the device away, RestrictNamespaces the
    # namespaces, ProtectKernelTunables and ProtectProc what is below /proc.
    c.SystemdSpawner.isolate_devices = False
    c.SystemdSpawner.unit_extra_properties = {
        "TasksMax": str(TASKS),
        "MemorySwapMax": "0",  # at the limit it ends, and does not drag the machine into its swap
        "CPUWeight": "100",  # the same for all; the system's own services, the hub among them, stand beside
        "LimitCORE": "0",  # C programs crash in this course; their core files would fill the disk
    }
    # Short, the learner's alone, and gone with the server: a Unix socket's path has 107 bytes at most.
    c.Spawner.environment = {"JUPYTER_RUNTIME_DIR": lambda spawner: f"/run/{spawner.unit_name}"}
elif SPAWNER == "sudo":
    c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"
    # sudospawner takes no command from the hub. It starts the `sudospawner-singleuser` that is beside it, and
    # nothing else: that sets the limits and calls lab.py.
    c.SudoSpawner.sudospawner_path = str(COURSE / "classroom" / "sudo" / "sudospawner")
elif SPAWNER == "local":
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
else:
    sys.exit(f'SPAWNER is "systemd", "sudo" or "local", not {SPAWNER!r}.')
