"""What a JupyterHub starts for each learner: `lab.py hub`."""

import contextlib
import importlib.util
import os
import pathlib
import sys
import tempfile

from labsetup import jupyter
from labsetup.copies import add, copy_course, masters, own
from labsetup.lock import alone
from labsetup.places import Places, user_folder, writable
from labsetup.steps import hand_over
from labsetup.trouble import Trouble

SPARE = 10**6  # bytes that a home on a hub must have left, beside the copies


def hub(root, arguments):
    """What a JupyterHub starts for each learner, in whichever environment this Python is.

    The course's folder is only read, even by those who could write there. A home that takes no copies keeps
    nobody out: JupyterLab then shows what is there already or, without that, the course itself.
    """
    if importlib.util.find_spec("jupyterhub") is None:
        raise Trouble(f"{sys.executable} has no jupyterhub. Add it: python3 lab.py setup classroom")
    if "JUPYTERHUB_SERVICE_URL" not in os.environ:
        raise Trouble("JupyterHub runs this for each learner. To open the course: python3 lab.py")
    places = Places(root, user_folder() / "sockets-live", pathlib.Path(sys.prefix))
    places.python, folder = pathlib.Path(sys.executable), places.mine
    try:
        check_room(places)
        with alone(places, patience=20):
            jupyter.trust(places, copy_course(places))
    except (Trouble, OSError) as error:
        folder = shown_instead(places)
        said = f"{error}\n{places.mine} took no copies: make room there, and see that it can be written."
        print(f"{said}\nShown is {folder}; Jupyter's own files are in {places.state}.", file=sys.stderr)
    options = jupyter.options(folder, arguments, on_hub=True)
    hand_over(places, folder, [*jupyter.lean("jupyterhub.singleuser"), *options])


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
    if own(places.mine, "00"):
        return places.mine
    if not os.access(places.course, os.W_OK):
        return places.course
    shown = places.state / "notebooks"  # for who could save into the course itself: a copy to read
    for name, source in masters(places).items():
        add(source, shown / name)
        (shown / name).chmod(0o444)
    return shown
