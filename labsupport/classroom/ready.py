"""`python -m labsupport ready`: can a class start on this machine? Each check is one line of a table.

Settings say what was meant, trying says what is: where it can be done in a moment, it is done.
"""

from __future__ import annotations

import os
from pathlib import Path

from labsupport.classroom import hub, installed, resources, trials
from labsupport.classroom.addresses import literal
from labsupport.classroom.findings import CANNOT, LOOK, OK, Finding, Report, Setting

USUAL = 30  # learners
# No lesson needs these; what doctor() says of them is for whoever asks.
DISPENSABLE = ("ports below 1024", "raw sockets", "SYN cookies", "TUN devices", "user namespaces")
ROOTS = (
    "As root, ready also tries the kernel and the networks as another account, "
    "and knows whether the hub may start servers."
)


def abilities(setting):
    """What the notebooks can show: doctor()'s abilities but for the network, which is tried for the class."""
    from labsupport.machine import doctor

    report = doctor()
    if not report["Python"].present:
        return Finding(CANNOT, report["Python"].found, report["Python"].remedy)
    looked = [ability for ability in report.abilities if ability.name not in DISPENSABLE]
    missing = [ability for ability in looked if not ability.present]
    if missing:
        found = "; ".join(f"{ability.name}: {ability.found}" for ability in missing)
        return Finding(
            LOOK, f"less than everything: {found}", "`python -m labsupport doctor` has the remedies"
        )
    return Finding(OK, f"{len(looked)} abilities, all here")


# name, check, whether it is for a hub alone
CHECKS = (
    ("abilities", abilities, False),
    ("private networks", trials.networks, False),
    ("kernel", trials.kernel, False),
    ("memory", resources.memory, False),
    ("processors", resources.processors, False),
    ("disk", resources.disk, False),
    ("limits", resources.limits, False),
    ("ephemeral ports", resources.ports, False),
    ("environment", installed.environment, False),
    ("versions", installed.versions, False),
    ("notebooks", installed.notebooks, False),
    ("solutions", installed.solutions, False),
    ("class server", trials.class_server, False),
    ("hub", hub.importable, True),
    ("hub's proxy", trials.proxy, True),
    ("hub's ports", hub.ports, True),
    ("hub's spawner", hub.spawner, True),
    ("hub's accounts", hub.accounts, True),
)
NAMES = tuple(name for name, _, _ in CHECKS)


def ready(learners=USUAL, host="127.0.0.1", *, homes=None, hub_too=None, without=()) -> Report:
    """Whether a class of so many `learners` can start here: a Report. It takes some seconds.

    `host`: where the class's server will listen. `homes`: the folder of the learners' homes, where None means
    /home if that is there. `hub_too`: whether a hub is checked, where None means if JupyterHub is installed.
    `without`: names of checks to leave out. Raises TypeError or ValueError for other arguments.
    """
    if isinstance(learners, bool) or not isinstance(learners, int):
        raise TypeError(f"learners must be a whole number, not {learners!r}")
    if not 1 <= learners <= 1000:
        raise ValueError(f"learners must be 1 to 1000, not {learners}")
    strange = sorted(set(without) - set(NAMES))
    if strange:
        raise ValueError(f"no check is called {strange[0]!r}; there are {', '.join(NAMES)}")
    setting = Setting(
        learners=learners,
        host=literal(host),
        homes=str(homes or _homes()),
        hub=hub.installed() if hub_too is None else hub_too,
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
    )
    chosen = [(name, check) for name, check, of_hub in CHECKS if setting.hub or not of_hub]
    return Report(
        setting, tuple((name, _checked(check, setting)) for name, check in chosen if name not in without)
    )


def run(chosen) -> int:
    """The command: print the report; 0 if a class can start, 1 if not."""
    try:
        report = ready(
            chosen.learners,
            chosen.host,
            homes=chosen.homes,
            hub_too=True if chosen.hub else None,
            without=chosen.without or (),
        )
    except ValueError as error:
        chosen.refuse(str(error))
    print(report.json() if chosen.json else report.text())
    if not report.setting.root and not chosen.json:
        print(ROOTS)
    return 0 if report.ready else 1


def _homes():
    return Path("/home") if Path("/home").is_dir() else Path.home()


def _checked(check, setting):
    try:
        return check(setting)
    except Exception as error:  # whatever stands in the way is the answer, and the other checks go on
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Finding(CANNOT, f"could not be checked: {said or type(error).__name__}", "see what that means")
