#!/usr/bin/env python3
"""Sets up the course and opens it: `python3 lab.py --help` lists what it can do.

One file, standard library only, because it runs before anything is installed. It writes into the course's
folder or, where that is read-only, into one folder of the user's. The environment counts as made only when
its stamp, the last thing written, says so: whatever was interrupted before that is noticed and made again.

The syntax stays within Python 3.6, so that an older Python can read as far as the sentence naming the remedy.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"This course needs Python 3.11 or later; this is {sys.version_info[0]}.{sys.version_info[1]} "
        f"({sys.executable}).\nInstall a newer one, from your system's packages or python.org, and start "
        "with it, for example: python3.12 lab.py"
    )

import contextlib
import datetime
import errno
import glob
import hashlib
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import threading
import time
import tomllib

HELP = """\
python3 lab.py [OPTIONS]        open the course in JupyterLab (set up first, if need be)
python3 lab.py setup [EXTRA]    set up, and stop before JupyterLab; with an EXTRA: classroom, c, test, ...
python3 lab.py fresh 05 ...     a new copy of notebook 05; yours is kept beside it
python3 lab.py test [--long]    set up, and run the tests; --long adds those that take minutes
python3 lab.py wheels [EXTRA]   fill wheels/, from which another machine sets up without a network
python3 lab.py hub [OPTIONS]    what a JupyterHub starts for each learner: see classroom/README.md

OPTIONS go on to JupyterLab (--no-browser, --port 9000, ...), those of `test` to pytest.
Your notebooks are in my-notebooks/. Nothing there is ever overwritten: what the course has a newer one of
is offered beside yours, as NAME.new-DATE."""

ROOT = pathlib.Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
PYTHON = getattr(sys, "_base_executable", None) or sys.executable  # not that of a venv to be removed
RUNNING = sys.implementation.cache_tag  # "cpython-311": an environment serves one minor version of Python
ROOM = 600  # MB that a set-up needs
PATIENCE = 900  # seconds to wait for another lab.py that is setting up
SPARE = 10**6  # bytes that a home on a hub must have left, beside the copies
SEEN = ".course.json"  # in the learner's folder: which of the course's files were copied, or offered
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
PORT, ROOT_DIR = ("--port", "--ServerApp.port"), ("--ServerApp.root_dir", "--notebook-dir")
URL = ("--LabApp.default_url", "--ServerApp.default_url")
# jsonschema, with which Jupyter checks its messages, imports all that it may ever need. One, for a form
# of address (IRI) that no schema of Jupyter's names, computes a grammar first: over a second of a processor,
# half of a server's start, and thirty learners come at once. Where it is absent, jsonschema does without.
LEAN = "import runpy, sys; sys.modules['rfc3987_syntax'] = None; "
# JupyterLab without its news pop-up, and without the panel that asks leave to fetch from the web.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}


class Trouble(Exception):
    """What went wrong and what to do about it, as the learner is to read it."""


def say(text):
    print(text, flush=True)


# ---- Where things are ------------------------------------------------------------------------------------


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


def find_places(extras=()):
    """The places of this course. One that is read-only gets a folder of the user's to write in."""
    if writable(ROOT):
        return Places(ROOT, ROOT)
    home = user_folder() / "sockets-live"
    if not writable(home):
        raise Trouble(
            f"Neither {ROOT} nor {home} can be written.\nCopy the course to a folder of your own, or set "
            "XDG_DATA_HOME to a folder that can be written."
        )
    say(f"The course's folder is read-only, so what is yours goes to {home}")
    shared = Places(ROOT, home, ROOT / ".venv")  # a teacher may have set it up for all
    return Places(ROOT, home) if lacking(shared, extras) else shared


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
    state = places.state
    if not state and not writable(pathlib.Path(os.path.expanduser("~"))):  # a container's nameless user, say
        state = places.home / ".venv-home"
    if state:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            variables.setdefault(name, str(state / name.lower()))
    return variables


@contextlib.contextmanager
def alone(places, patience=None):
    """Held while something is made, so that two lab.py never make it at once. Ends with the process. Another
    one is waited for, `patience` seconds at most (PATIENCE by default); then it is Trouble."""
    patience = PATIENCE if patience is None else patience
    with open(places.home / ".venv.lock", "a+b") as file:
        deadline, told = time.monotonic() + patience, False
        while not locked(file):
            if not told:
                say("Another lab.py is at work here; waiting for it")
            if time.monotonic() > deadline:
                raise Trouble(f"It has been at it for more than {patience} s. End it, then try again.")
            told = True
            time.sleep(0.2)
        yield


def locked(file):
    """Take the lock on `file`; False while another process has it."""
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # others: a file system without locks, where we go on without
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


# ---- The environment -------------------------------------------------------------------------------------


def project(root):
    """pyproject.toml, the one source of dependencies."""
    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def extras_of(root):
    """{extra: its requirements}, from pyproject.toml."""
    return project(root)["project"]["optional-dependencies"]


def requirements(root, extras=()):
    """The requirements in pyproject.toml, those of `extras` included."""
    there = extras_of(root)
    return sum((there.get(extra, []) for extra in extras), project(root)["project"]["dependencies"])


def digest(root, extras):
    """What an environment with `extras` is made from, as one short text."""
    wanted = json.dumps(requirements(root, extras)).encode()
    return hashlib.sha256((root / "pins.txt").read_bytes() + wanted).hexdigest()


def read_stamp(places):
    """What the stamp says; nothing when the environment is absent, or was left half made."""
    try:
        return json.loads(places.stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(places, extras):
    """Declare the environment made."""
    stamp = {"venv": str(places.venv), "root": str(places.root), "python": RUNNING, "extras": extras}
    draft = places.stamp.with_suffix(".draft")
    draft.write_text(json.dumps(dict(stamp, digest=digest(places.root, extras)), indent=1), "utf-8")
    os.replace(draft, places.stamp)


def lacking(places, extras=()):
    """What keeps the environment from use: None, or "make" or "install", with the reason in words."""
    stamp = read_stamp(places)
    if not places.venv.exists():
        return "make", "first start"
    if not stamp:
        return "make", "the last set-up was not finished"
    if stamp["python"] != RUNNING:
        return "make", f"it was made for {stamp['python']}, this is {RUNNING}"
    if stamp["venv"] != str(places.venv) or not places.python.exists():
        return "make", "its folder was moved, or its Python is gone"
    if stamp["root"] != str(places.root) or stamp["digest"] != digest(places.root, stamp["extras"]):
        return "install", "the pins have changed"
    if not set(extras) <= set(stamp["extras"]):
        return "install", f"{', '.join(sorted({*extras} - {*stamp['extras']}))} is asked for too"
    return None


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


# ---- Running things, and what to say when they fail ------------------------------------------------------


@contextlib.contextmanager
def step(title, detail=lambda: ""):
    """Show that `title` is going on, for how many seconds, and at the end how long it took."""
    began, ended, person, outcome = time.monotonic(), threading.Event(), sys.stdout.isatty(), "failed after "

    def tick():
        while not ended.wait(0.25):
            line = f"  {title}: {time.monotonic() - began:.0f} s  {detail()}"
            print(f"\r{line:78.78}", end="", flush=True)
        print(f"\r{'':78}\r", end="")

    ticker = threading.Thread(target=tick if person else ended.wait, daemon=True)
    ticker.start()
    try:
        yield
        outcome = ""
    finally:
        ended.set()
        ticker.join()
        say(f"  {title}: {outcome}{time.monotonic() - began:.1f} s")


def run(command, title, places):
    """Run `command` as a step. Its output is shown only if it fails, and then whole."""
    lines = []
    news = ("Collecting", "Downloading", "Using cached", "Installing", "Prepared", "Building")
    with step(title, lambda: next((line.strip() for line in reversed(lines) if line.startswith(news)), "")):
        process = subprocess.Popen(
            [str(part) for part in command],
            env=surroundings(places),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        try:
            lines.extend(iter(process.stdout.readline, ""))
        finally:
            if sys.exc_info()[0]:  # interrupted: end it with us
                process.kill()
            process.wait()
            process.stdout.close()
        if process.returncode:
            output = "".join(lines)
            raise Trouble(f"{output}\n{advice(output, places)}")


def no_room(places):
    """What to say of a full disk."""
    folders = (places.home, tempfile.gettempdir())  # pip and uv unpack in the second
    left = [f"{folder} has {shutil.disk_usage(folder).free // 10**6} MB left" for folder in folders]
    return f"Not enough room: {' and '.join(left)}.\nMake room for {ROOM} MB, then try again."


def advice(output, places):
    """What to do about a failed step, read off its output."""

    def said(*hints):
        return re.search("|".join(hints), output, re.IGNORECASE)

    if said("No space left", "Errno 28", "os error 28", "quota exceeded"):
        return no_room(places)
    if places.wheels:
        return (
            f"{places.wheels} may lack what {RUNNING} on {platform.platform()} needs.\nFill it anew on a "
            "machine of the same kind (python3 lab.py wheels), or remove it: then the network is used."
        )
    if said("connection", "name resolution", "lookup", "timed out", "unreachable", "sending request"):
        return (
            "The package index could not be reached. Check the network (behind a proxy, set HTTPS_PROXY) and "
            "try again.\nNo network? Run `python3 lab.py wheels` where there is one, and copy wheels/ here."
        )
    return "This step failed; its own words are above. Try again: what is half made will be made anew."


# ---- The learner's notebooks -----------------------------------------------------------------------------


def masters(places):
    """{name below notebooks/: path} of the course's files that learners get copies of, sorted."""
    found = [file for file in sorted(places.course.rglob("*")) if file.is_file() and os.access(file, os.R_OK)]
    files = {file.relative_to(places.course).as_posix(): file for file in found}
    return {name: file for name, file in files.items() if not re.search(r"(^|/)(\.|__)", name)}


def copy_course(places):
    """Copy what the learner does not have yet, and offer what the course has a newer one of. What is there
    stays as it is. Returns the new notebooks."""
    new, seen = [], recall(places)
    before = dict(seen)
    try:
        for name, source in masters(places).items():
            mine, now = places.mine / name, fingerprint(source)
            if add(source, mine):
                new.append(mine)
            elif seen.get(name, now) != now:
                new += offer(source, mine)
            seen[name] = now
    finally:
        if seen != before:
            remember(places, seen)
    return [path for path in new if path.suffix == ".ipynb"]


def fingerprint(file):
    """What is in `file`, as a short text; None where it cannot be read."""
    with contextlib.suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()


def recall(places):
    """{name: fingerprint of the course's file that the learner was last given, or offered}.

    A file that is not in it is taken for a copy of today's, since nothing tells when it was copied.
    """
    try:
        seen = json.loads((places.mine / SEEN).read_text("utf-8"))
        return {name: value for name, value in seen.items() if isinstance(value, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(places, seen):
    """Write what `recall` reads, whole or not at all."""
    draft = places.mine / f"{SEEN}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(seen, indent=1), "utf-8")
        os.replace(draft, places.mine / SEEN)
    finally:
        draft.unlink(missing_ok=True)


def offer(source, mine):
    """Put the course's newer file beside the learner's, unless it is there already. Returns what is new."""
    beside = mine.parent.glob(f"{glob.escape(mine.stem)}.new-*{mine.suffix}")
    if fingerprint(source) in {fingerprint(file) for file in (mine, *beside)}:
        return []
    offered = next(path for path in dated(mine, "new") if add(source, path))
    say(f"The course has a newer {source.name}: it is beside yours, which stays, as {offered.name}")
    return [offered]


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


def add(source, target):
    """Copy `source` to `target`, whole or not at all. False if something is there already: it is kept."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, draft)  # without its mode: a read-only course must not give read-only copies
        try:
            os.link(draft, target)  # unlike a rename, this never replaces a file that has come meanwhile
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            os.rename(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return True


def find_notebook(places, number):
    """The course's notebook with that number, as the learner typed it."""
    names = sorted(file.name for file in places.course.glob("[0-9][0-9]-*.ipynb"))
    for name in names:
        if number.isdecimal() and int(number) == int(name[:2]):
            return places.course / name
    raise Trouble(f"There is no notebook {number!r}. There are:\n  " + "\n  ".join(names))


def dated(file, word):
    """Names to try one after the other for a file beside `file`: NAME.WORD-2026-11-22, then with -2, -3 …"""
    for number in ("", *(f"-{count}" for count in range(2, 1000))):
        yield file.with_name(f"{file.stem}.{word}-{datetime.date.today()}{number}{file.suffix}")
    raise Trouble(f"{file.parent} has 999 copies of today. Move some elsewhere, then try again.")


def set_aside(notebook):
    """Rename `notebook` to a name with today's date that no other file has; returns the new path."""
    for kept in dated(notebook, "kept"):
        with contextlib.suppress(FileExistsError):
            kept.touch(exist_ok=False)  # the name is ours from here on, and replacing it loses nothing
            os.replace(notebook, kept)
            return kept


# ---- The commands ----------------------------------------------------------------------------------------


def start(arguments):
    check_port(arguments)
    places = find_places()
    set_up(places)
    with alone(places):
        trust(places, copy_course(places))
    say(f"Opening {places.mine} in JupyterLab; Ctrl-C, twice, ends it")
    hand_over(places, places.mine, [*jupyter("jupyterlab"), *jupyter_options(places.mine, arguments)])


def setup(extras):
    check_extras(extras)
    set_up(find_places(extras), extras)
    say("Ready. To open the course: python3 lab.py")


def test(arguments):
    places = find_places(["test"])
    set_up(places, ["test"])
    chosen = ["-m", ""] if "--long" in arguments else []  # undoes the "not long" of pyproject.toml
    if places.home != places.root:
        chosen += ["-o", f"cache_dir={places.home / '.pytest_cache'}"]
    chosen += [argument for argument in arguments if argument != "--long"]
    hand_over(places, places.root, ["-m", "pytest", *chosen])


def fresh(numbers):
    places = find_places()
    for source in [find_notebook(places, number) for number in numbers or [""]]:
        mine = places.mine / source.name
        with alone(places):
            while not add(source, mine):  # more than once only if JupyterLab saves in between
                say(f"Kept: {set_aside(mine)}")
            remember(places, dict(recall(places), **{source.name: fingerprint(source)}))
            if places.python.exists():
                trust(places, [mine])
        say(f"New:  {mine}\nIf it is open in JupyterLab, close its tab without saving and open it again.")


def wheels(extras):
    check_extras(extras)
    places = Places(ROOT, find_places().home)
    places.wheels = None  # from the network, not from an older folder
    set_up(places)
    wanted = requirements(ROOT, sorted({"test", *extras})) + project(ROOT)["build-system"]["requires"]
    folder, draft = places.home / "wheels", places.home / ".venv-wheels"
    with alone(places):
        shutil.rmtree(draft, ignore_errors=True)
        command = [*pip(places), "wheel", "--wheel-dir", draft, "-c", places.root / "pins.txt", *wanted]
        run(command, "fetching wheels", places)
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(draft, folder)
    say(f"{len(os.listdir(folder))} wheels for {RUNNING} on {platform.platform()} are in {folder}")
    say("With this folder beside it, lab.py on another machine of this kind needs no network.")


def hub(arguments):
    """What a JupyterHub starts for each learner, in whichever environment this Python is.

    The course's folder is only read, even by those who could write there. A home that takes no copies keeps
    nobody out: JupyterLab then shows what is there already or, without that, the course itself.
    """
    if importlib.util.find_spec("jupyterhub") is None:
        raise Trouble(f"{sys.executable} has no jupyterhub. Add it: python3 lab.py setup classroom")
    if "JUPYTERHUB_SERVICE_URL" not in os.environ:
        raise Trouble("JupyterHub runs this for each learner. To open the course: python3 lab.py")
    places = Places(ROOT, user_folder() / "sockets-live", pathlib.Path(sys.prefix))
    places.python, folder = pathlib.Path(sys.executable), places.mine
    try:
        check_room(places)
        with alone(places, patience=20):
            trust(places, copy_course(places))
    except (Trouble, OSError) as error:
        folder = shown_instead(places)
        said = f"{error}\n{places.mine} took no copies: make room there, and see that it can be written."
        print(f"{said}\nShown is {folder}; Jupyter's own files are in {places.state}.", file=sys.stderr)
    options = jupyter_options(folder, arguments, on_hub=True)
    hand_over(places, folder, [*jupyter("jupyterhub.singleuser"), *options])


def check_room(places):
    """Refuse to begin copies that do not all fit, with SPARE left. Tried: a quota shows in no other way."""
    if not writable(places.home):
        raise Trouble(f"{places.home} cannot be written.")
    files = masters(places).items()
    missing = [file for name, file in files if not (places.mine / name).exists()]
    fill(places.home, SPARE + sum(file.stat().st_size for file in missing))


def fill(folder, size):
    """Write `size` bytes in `folder` and remove them; OSError where they do not fit."""
    draft = folder / f".room-{os.getpid()}"
    try:
        draft.write_bytes(bytes(size))
    finally:
        draft.unlink(missing_ok=True)


def shown_instead(places):
    """What to show a learner whose home takes no copies: the old ones or, without them, the course.

    What Jupyter has to write goes to `places.state`, which becomes a folder elsewhere.
    """
    for parent in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp", "/dev/shm")):
        with contextlib.suppress(OSError):
            places.state = pathlib.Path(tempfile.mkdtemp(prefix="sockets-live-", dir=parent))
            fill(places.state, SPARE)
            break
    else:
        raise Trouble(f"Neither {places.home} nor /tmp takes files, so that no kernel could start.")
    if any(places.mine.glob("00-*.ipynb")):
        return places.mine
    if not os.access(places.course, os.W_OK):
        return places.course
    shown = places.state / "notebooks"  # for who could save into the course itself: a copy to read
    for name, source in masters(places).items():
        add(source, shown / name)
        (shown / name).chmod(0o444)
    return shown


COMMANDS = {"start": start, "setup": setup, "fresh": fresh, "test": test, "wheels": wheels, "hub": hub}


def check_extras(extras):
    there = extras_of(ROOT)
    for extra in extras:
        if extra not in there:
            raise Trouble(f"pyproject.toml has no extra {extra!r}. It has: {', '.join(there)}.")


def given(arguments, *names):
    """The value of the first option among `arguments` that has one of the `names`; None without one."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else "".join(arguments[place + 1 : place + 2])
    return None


def jupyter_options(folder, arguments, on_hub=False):
    """What JupyterLab in `folder` is told: whatever `arguments`, or a hub, leave open, then `arguments`."""
    ours, said, url = {ROOT_DIR: folder, ("--LabApp.extension_manager",): "readonly"}, arguments, URL
    if on_hub:  # it tells the server by variables where to listen, and what its own settings say
        url, variables = URL[::-1], {"JUPYTERHUB_ROOT_DIR": ROOT_DIR, "JUPYTERHUB_DEFAULT_URL": URL}
        said = arguments + [f"{names[0]}=" for name, names in variables.items() if name in os.environ]
    else:
        ours["--ServerApp.ip", "--ip"] = "127.0.0.1"
    first = [] if given(said, *ROOT_DIR) is not None else sorted(folder.glob("00-*.ipynb"))
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


def jupyter(module):
    """Python's arguments that run `module` as -m does, but LEAN."""
    return ["-c", f"{LEAN}runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"]


def hand_over(places, folder, arguments):
    """Become the environment's Python. Windows has no exec that keeps the console: there, wait for it."""
    command = [str(part) for part in (places.python, *arguments)]
    os.chdir(folder)
    if not WINDOWS:
        os.execve(command[0], command, surroundings(places))
    process = subprocess.Popen(command, env=surroundings(places))
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):  # the console tells the child too, and it decides
            process.wait()
    sys.exit(process.returncode)


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a running step is ended with us
    if arguments[:1] in (["--help"], ["-h"]):
        return say(HELP)
    named = arguments and not arguments[0].startswith("-")
    name, rest = (arguments[0], arguments[1:]) if named else ("start", arguments)
    try:
        if name not in COMMANDS:
            raise Trouble(f"Not understood: {' '.join(arguments)}\n\n{HELP}")
        COMMANDS[name](rest)
    except Trouble as trouble:
        sys.exit(f"\n{trouble}")
    except KeyboardInterrupt:
        say("\nStopped. What is half made will be made anew at the next start.")
        sys.exit(130)
    except OSError as error:
        if error.errno in DISK_FULL:
            sys.exit(f"\nThe disk is full ({error}). Make room ({ROOM} MB are needed), then try again.")
        denied = isinstance(error, PermissionError)
        sys.exit(f"\n{error}" + "\nIf another user made it, remove it or make it yours." * denied)


if __name__ == "__main__":
    main(sys.argv[1:])
