"""Steps of lab.py: what is said when one fails, and what is left when one is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import lab_course
import pytest
from lab_course import LOAD, posix

from labsetup import steps
from labsetup.trouble import Trouble
from labsupport import until

places = lab_course.places


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "Make room"),
        ("error: failed to write: No space left on device (os error 28)", "Make room"),
        ("connection broken by NewConnectionError(...)", "lab.py wheels"),
        ("dns error: failed to lookup address information", "lab.py wheels"),
        ("something nobody has seen before", "Try again"),
    ],
)
def test_advice_fits_the_failure(places, output, remedy):
    assert remedy in steps.advice(output, places)


def test_advice_of_an_offline_set_up_is_about_the_folder(places):
    places.wheels = places.root / "wheels"
    assert "Fill it anew" in steps.advice("No matching distribution found", places)


def test_a_failed_step_shows_all_its_output(places, capsys):
    script = "import sys; print('first'); print('last', file=sys.stderr); sys.exit(3)"
    with pytest.raises(Trouble, match=r"(?s)first\nlast\n.*Try again"):
        steps.run([sys.executable, "-u", "-c", script], "trying", places)
    assert "trying: failed after" in capsys.readouterr().out


@posix
def test_an_interrupted_step_ends_its_command(places):
    pid_file = places.root / "pid"
    # More output than a pipe holds: once it is out, lab.py is known to be reading.
    waits = "import os, pathlib, signal; print('Collecting\\n' * 30000, flush=True); "
    waits += "pathlib.Path('new').write_text(str(os.getpid())); os.rename('new', 'pid'); signal.pause()"
    script = LOAD + "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    script += f"run([sys.executable, '-c', {waits!r}], 'waiting', places)"
    with subprocess.Popen([sys.executable, "-c", script, places.root], cwd=places.root) as process:
        until(pid_file.exists, timeout=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
