"""What can be typed behind lab.py. A command is given the course's folder, and the words behind its name."""

import os
import platform
import shutil

from labsetup import jupyter
from labsetup.copies import add, copy_course, find_notebook, fingerprint, recall, remember, set_aside
from labsetup.environment import pip, set_up
from labsetup.hub import hub
from labsetup.lock import alone
from labsetup.places import Places, user_folder, writable
from labsetup.stamp import RUNNING, check_extras, lacking, project, requirements
from labsetup.steps import hand_over, run
from labsetup.trouble import Trouble, say

HELP = """\
python3 lab.py [OPTIONS]        open the course in JupyterLab (set up first, if need be)
python3 lab.py setup [EXTRA]    set up, and stop before JupyterLab; with an EXTRA: classroom, c, test, ...
python3 lab.py fresh 05 ...     a new copy of notebook 05; yours is kept beside it
python3 lab.py test [--long]    set up, and run the tests; --long adds those that take minutes
python3 lab.py wheels [EXTRA]   fill wheels/, from which another machine sets up without a network
python3 lab.py hub [OPTIONS]    what a JupyterHub starts for each learner: see classroom/README.md

OPTIONS go on to JupyterLab (--no-browser, --port 9000, ...), those of `test` to pytest.
Your notebooks are in my-notebooks/. Nothing there is ever overwritten: what the course has a newer one of
is offered beside yours: 05-new-DATE-NAME beside 05-NAME."""


def find_places(root, extras=()):
    """The places of the course in `root`. One that is read-only gets a folder of the user's to write in, and
    shares an environment that is there and has `extras`. Trouble where nothing can be written."""
    if writable(root):
        return Places(root, root)
    home = user_folder() / "sockets-live"
    if not writable(home):
        raise Trouble(
            f"Neither {root} nor {home} can be written.\nCopy the course to a folder of your own, or set "
            "XDG_DATA_HOME to a folder that can be written."
        )
    say(f"The course's folder is read-only, so what is yours goes to {home}")
    shared = Places(root, home, root / ".venv")  # a teacher may have set it up for all
    found = lacking(shared, extras)
    if not found:
        return shared
    if os.path.exists(shared.stamp):
        say(f"{shared.venv} is not used: {found[1]}")
    return Places(root, home)


def start(root, arguments):
    """Become JupyterLab in the learner's folder, all of which is there by then."""
    jupyter.check_port(arguments)
    places = find_places(root)
    set_up(places)
    with alone(places):
        jupyter.trust(places, copy_course(places))
    say(f"Opening {places.mine} in JupyterLab; Ctrl-C, twice, ends it")
    hand_over(places, places.mine, [*jupyter.lean("jupyterlab"), *jupyter.options(places.mine, arguments)])


def setup(root, extras):
    """Make the environment, with `extras`, and no more."""
    check_extras(root, extras)
    set_up(find_places(root, extras), extras)
    say("Ready. To open the course: python3 lab.py")


def test(root, arguments):
    """Become pytest in the course's folder."""
    places = find_places(root, ["test"])
    set_up(places, ["test"])
    chosen = ["-m", ""] if "--long" in arguments else []  # undoes the "not long" of pyproject.toml
    if places.home != places.root:
        chosen += ["-o", f"cache_dir={places.home / '.pytest_cache'}"]
    chosen += [argument for argument in arguments if argument != "--long"]
    hand_over(places, places.root, ["-m", "pytest", *chosen])


def fresh(root, numbers):
    """Give new copies of the notebooks with these `numbers`, and keep the old ones beside them."""
    places = find_places(root)
    for source in [find_notebook(places, number) for number in numbers or [""]]:
        mine = places.mine / source.name
        with alone(places):
            while not add(source, mine):  # more than once only if JupyterLab saves in between
                say(f"Kept: {set_aside(mine)}")
            remember(places, dict(recall(places), **{source.name: fingerprint(source)}))
            if places.python.exists():
                jupyter.trust(places, [mine])
        say(f"New:  {mine}\nIf it is open in JupyterLab, close its tab without saving and open it again.")


def wheels(root, extras):
    """Fill wheels/ with what the course, its tests and `extras` are installed from; all of it or none."""
    check_extras(root, extras)
    places = Places(root, find_places(root).home)
    places.wheels = None  # from the network, not from an older folder
    set_up(places)
    wanted = requirements(root, sorted({"test", *extras})) + project(root)["build-system"]["requires"]
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


COMMANDS = {"start": start, "setup": setup, "fresh": fresh, "test": test, "wheels": wheels, "hub": hub}
