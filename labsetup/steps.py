"""Programs that are run: shown while they take their time, and what to say when one fails."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from labsetup.places import WINDOWS, surroundings
from labsetup.stamp import RUNNING
from labsetup.trouble import Trouble, say

ROOM = 600  # MB that a set-up needs


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
