"""systemd-run and systemctl for a machine without systemd: a unit is a process, its properties are noted.

    stand_in_systemd.py FOLDER systemd-run --unit NAME … COMMAND
    stand_in_systemd.py FOLDER systemctl is-active NAME

FOLDER/NAME.json has what the unit was started with. No property is acted upon but EnvironmentFile.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path


def run(folder: Path, arguments: list[str]) -> int:
    """Start the unit, and note it."""
    options, properties, command = {}, [], list(arguments)
    while command[0].startswith("--"):
        name, equals, value = command.pop(0).partition("=")
        value = value if equals else command.pop(0)
        if name == "--property":
            properties.append(value)
        options[name] = value
    environment = {}
    for line in properties:
        if line.startswith("EnvironmentFile="):
            for entry in shlex.split(Path(line.partition("=")[2]).read_text()):
                name, _, value = entry.partition("=")
                environment[name] = value
    process = subprocess.Popen(
        command, cwd=options["--working-directory"], env=environment, start_new_session=True
    )
    unit = {"pid": process.pid, "properties": properties, "command": command}
    (folder / f"{options['--unit']}.json").write_text(json.dumps(unit))
    return 0


def control(folder: Path, action: str, name: str = "") -> int:
    """What systemctl is asked by the spawner: whether a unit is there, and to stop it."""
    if action == "--version":
        print("systemd 252 (252)")
        return 0
    file = folder / f"{name}.json"
    if action == "is-failed" or not file.exists():
        return 1
    pid = json.loads(file.read_text())["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM if action == "stop" else 0)
        return 0
    return 3


if __name__ == "__main__":
    place, what, *rest = sys.argv[1:]
    sys.exit(run(Path(place), rest) if what == "systemd-run" else control(Path(place), *rest))
