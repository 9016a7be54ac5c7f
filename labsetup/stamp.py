"""What the environment is to hold, and whether it does: its stamp, the last thing written, says so."""

import hashlib
import json
import os
import sys
import tomllib

from labsetup.trouble import Trouble

RUNNING = sys.implementation.cache_tag  # "cpython-311": an environment serves one minor version of Python


def project(root):
    """pyproject.toml, the one source of dependencies."""
    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def extras_of(root):
    """{extra: its requirements}, from pyproject.toml."""
    return project(root)["project"]["optional-dependencies"]


def check_extras(root, extras):
    """Refuse, as Trouble, an extra that pyproject.toml does not have."""
    there = extras_of(root)
    for extra in extras:
        if extra not in there:
            raise Trouble(f"pyproject.toml has no extra {extra!r}. It has: {', '.join(there)}.")


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
    if stamp["venv"] != str(places.venv) or not os.access(places.python, os.X_OK):
        return "make", "its folder was moved, or its Python is gone or closed to this user"
    if stamp["root"] != str(places.root) or stamp["digest"] != digest(places.root, stamp["extras"]):
        return "install", "the pins have changed"
    if not set(extras) <= set(stamp["extras"]):
        return "install", f"{', '.join(sorted({*extras} - {*stamp['extras']}))} is asked for too"
    return None
