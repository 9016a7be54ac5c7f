"""A setting, and checks asked in a process from which something was taken, for the ready check's tests."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labsupport.classroom.findings import Finding, Setting

LAUNCH = str(Path(__file__).with_name("launch.py"))
SETTING = Setting(learners=2, host="127.0.0.1", homes="/tmp", hub=True, root=os.geteuid() == 0)
NOT_CANNOT = 77  # launch.py: this kernel does not let it be taken away


def launched(*command, launch=()):
    """How this Python's command ended where `launch` took something away; skipped where that cannot be."""
    before = [sys.executable, LAUNCH, *launch, "--"] if launch else []
    done = subprocess.run(
        [*before, sys.executable, *command], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode == NOT_CANNOT:
        pytest.skip(done.stderr.strip())
    return done


def asked(check, launch=(), prologue="", learners=2):
    """The Finding of one check in a process from which something was taken."""
    module, name = check
    code = (
        f"import dataclasses, json, sys; from labsupport.classroom import {module}; {prologue}\n"
        f"from labsupport.classroom.findings import Setting\n"
        f"setting = Setting({learners}, '127.0.0.1', '/tmp', True, False)\n"
        f"print(json.dumps(dataclasses.asdict({module}.{name}(setting))))"
    )
    done = launched("-c", code, launch=launch)
    assert done.returncode == 0, done.stderr
    return Finding(**json.loads(done.stdout))


def of(**changes):
    return dataclasses.replace(SETTING, **changes)
