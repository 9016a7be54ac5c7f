"""The README's picture, `docs/course.png`, from a real run: the whole conversation of notebook 00.

    python tools/picture.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import labpage
import screenshots
from nboutputs import ROOT

NOTEBOOK = "00-start-here.ipynb"
SHOWN, UNTIL = "on-the-wire", "on-the-wire"  # the cell whose views are shown; the last cell that is run
WIDTH, HEIGHT = 1000, 1400  # pixels


def main() -> int:
    """Take the picture. Returns 1 where Chromium is missing."""
    if labpage.chromium() is None:
        print("no Chromium here: install Debian's package chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="picture-") as folder:
        copy = Path(folder, "notebooks")
        copy.mkdir()
        shutil.copy(ROOT / "notebooks" / NOTEBOOK, copy)
        command = screenshots.lab_command(copy, Path(folder))
        with labpage.running_lab(command, cwd=copy, env=screenshots.surroundings()) as (address, token):
            with labpage.browser_page(WIDTH, HEIGHT) as page:
                labpage.open_notebook(page, address, token, NOTEBOOK)
                _run_until(page)
                labpage.output_of(page, SHOWN).screenshot(path=_target())
    print(_target().relative_to(ROOT))
    return 0


def _run_until(page) -> None:
    for cell in labpage.cells(page):
        if cell["type"] == "code":
            labpage.run_cell(page, cell["id"])
        if cell["id"] == UNTIL:
            break
    page.wait_for_timeout(400)  # a live view draws at 10 Hz


def _target() -> Path:
    path = ROOT / "docs" / "course.png"
    path.parent.mkdir(exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
